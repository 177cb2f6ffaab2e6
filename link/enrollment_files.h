#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/status.h"
#include "base/unique_fd.h"

namespace reconcile {

// The folder of enrollment's files: ours, shut to others, used by one process at a time. One thread
// at a time. Errors: Invalid, with what to do, for what a person has to mend; Unavailable when the
// disk refuses.
class EnrollmentFolder {
 public:
  // Whether `path` is not there, or empty.
  static Result<bool> IsToBeMade(const std::string& path);
  // Makes it with these files, name to bytes: all of it, or, after a crash, nothing.
  static Status Make(const std::string& path, const std::map<std::string, std::string>& files);
  // Takes the lock. Invalid when the folder or a file in it belongs to or may be read by others;
  // Unavailable while another process has it.
  static Result<std::unique_ptr<EnrollmentFolder>> Open(const std::string& path);

  // At most `max_bytes`.
  Result<std::string> Read(const std::string& name, size_t max_bytes) const;
  // Replaces a file or makes it; durable when this returns. On failure the old one is as it was, or
  // the new one is there whole.
  Status Write(const std::string& name, const std::string& bytes);
  void Remove(const std::string& name);  // what is not there or stays does no harm
  std::string PathOf(const std::string& name) const { return path_ + "/" + name; }

 private:
  EnrollmentFolder(std::string path, UniqueFd lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  const std::string path_;
  const UniqueFd lock_;
};

// "cannot be used: WHY. What to do.": for a file that is missing or damaged.
Status DamagedFile(const std::string& path, const std::string& why);

}  // namespace reconcile
