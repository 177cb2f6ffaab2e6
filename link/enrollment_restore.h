#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/status.h"

namespace reconcile {

class EnrollmentFolder;

// Enrollment's folder in a restore: it is verified, and what was saved of it is put in place, where
// there is none, or merged into it (enrollment_merge.h). Holds the folder's lock. One thread.
class EnrollmentRestore {
 public:
  // `saved`: the files that were saved of the folder, by name; none: nothing was. Changes nothing.
  // Invalid or Conflict, with what to do, when the folder or what was saved is damaged, or the two
  // do not belong together; Unavailable while a controller uses it.
  static Result<std::unique_ptr<EnrollmentRestore>> Prepare(
      const std::string& folder, const std::map<std::string, std::string>& saved);
  ~EnrollmentRestore();

  // Of the CA that will be in force; "" when there is none.
  const std::string& cluster_id() const { return cluster_id_; }
  bool makes_folder() const { return !new_folder_.empty(); }
  bool changes_folder() const { return !new_list_.empty(); }

  // Durable when it returns. On failure, Undo.
  Status PutInPlace();
  // Makes the folder as it was.
  void Undo();

 private:
  explicit EnrollmentRestore(std::string folder);
  Status LookAt(const std::map<std::string, std::string>& saved);

  const std::string path_;
  std::string cluster_id_;
  std::unique_ptr<EnrollmentFolder> folder_;       // none where the folder is to be made
  std::map<std::string, std::string> new_folder_;  // all of it, where there is none
  std::map<std::string, std::string> new_files_;   // CAs that were not there
  std::string old_list_;
  std::string new_list_;  // "" when it stays
};

}  // namespace reconcile
