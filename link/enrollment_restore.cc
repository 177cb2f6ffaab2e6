#include "link/enrollment_restore.h"

#include <filesystem>
#include <functional>
#include <system_error>

#include "link/enrollment_authority.h"
#include "link/enrollment_files.h"
#include "link/enrollment_merge.h"

namespace reconcile {
namespace {

using Files = std::map<std::string, std::string>;
using ReadFunction = std::function<Result<std::string>(const std::string& name, size_t max_bytes)>;
using DamageFunction = std::function<Status(const std::string& name, const std::string& why)>;

struct Contents {
  EnrollmentState state;
  Files files;  // the list, and those that it names
};

// Verifies all that the list names.
Result<Contents> ReadContents(const ReadFunction& read, const DamageFunction& damage) {
  Contents contents;
  Result<std::string> list = read(kEnrollmentStateFile, kMaxStateBytes);
  if (!list.ok()) return list.status();
  Result<EnrollmentState> state = ReadEnrollmentState(*list);
  if (!state.ok()) return damage(kEnrollmentStateFile, state.status().message());
  contents.state = std::move(state).value();
  contents.files[kEnrollmentStateFile] = std::move(list).value();
  for (const AuthorityRecord& record : contents.state.authorities) {
    const std::string certificate_file = AuthorityCertificateFile(record.number);
    const std::string key_file = AuthorityKeyFile(record.number);
    Result<std::string> certificate = read(certificate_file, kMaxBundleBytes);
    if (!certificate.ok()) return certificate.status();
    Result<std::string> key = read(key_file, kMaxBundleBytes);
    if (!key.ok()) return key.status();
    const auto problem =
        CheckAuthorityFiles(contents.state.cluster_id, record, {*certificate, *key});
    if (problem) return damage(problem->file, problem->why);
    contents.files[certificate_file] = std::move(certificate).value();
    contents.files[key_file] = std::move(key).value();
  }
  return contents;
}

Result<Contents> ReadSaved(const Files& saved) {
  const DamageFunction damage = [](const std::string& name, const std::string& why) {
    return InvalidError("the saved ca/" + name + " cannot be used: " + why);
  };
  const ReadFunction read = [&](const std::string& name, size_t max_bytes) -> Result<std::string> {
    const auto found = saved.find(name);
    if (found == saved.end()) return damage(name, "it is missing");
    if (found->second.size() > max_bytes) return damage(name, "it is too large");
    return found->second;
  };
  return ReadContents(read, damage);
}

Result<Contents> ReadFolder(const EnrollmentFolder& folder) {
  return ReadContents([&](const std::string& name, size_t max) { return folder.Read(name, max); },
                      [&](const std::string& name, const std::string& why) {
                        return DamagedFile(folder.PathOf(name), why);
                      });
}

}  // namespace

EnrollmentRestore::EnrollmentRestore(std::string folder) : path_(std::move(folder)) {}
EnrollmentRestore::~EnrollmentRestore() = default;

Result<std::unique_ptr<EnrollmentRestore>> EnrollmentRestore::Prepare(const std::string& folder,
                                                                      const Files& saved) {
  std::unique_ptr<EnrollmentRestore> restore(new EnrollmentRestore(folder));
  RETURN_IF_ERROR(restore->LookAt(saved));
  return restore;
}

Status EnrollmentRestore::LookAt(const Files& saved) {
  Contents theirs;
  if (!saved.empty()) {
    Result<Contents> read = ReadSaved(saved);
    if (!read.ok()) return read.status();
    theirs = std::move(read).value();
    cluster_id_ = theirs.state.cluster_id;
  }
  const Result<bool> is_missing = EnrollmentFolder::IsToBeMade(path_);
  if (!is_missing.ok()) return is_missing.status();
  if (*is_missing) {
    if (saved.empty()) return OkStatus();
    new_folder_ = theirs.files;
    // They may have been used up or revoked since: nobody can tell any more.
    theirs.state.tokens.clear();
    Result<std::string> list = WriteEnrollmentState(theirs.state);
    if (!list.ok()) return list.status();
    new_folder_[kEnrollmentStateFile] = std::move(list).value();
    return OkStatus();
  }
  Result<std::unique_ptr<EnrollmentFolder>> opened = EnrollmentFolder::Open(path_);
  if (!opened.ok()) return opened.status();
  folder_ = std::move(opened).value();
  Result<Contents> ours = ReadFolder(*folder_);
  if (!ours.ok()) return ours.status();
  cluster_id_ = ours->state.cluster_id;
  if (saved.empty()) return OkStatus();
  const Result<EnrollmentState> merged = MergeEnrollment(ours->state, theirs.state);
  if (!merged.ok()) {
    return ConflictError(path_ + " is in the way: " + merged.status().message() +
                         ". Where the saved one is the one that hosts joined by: `mv " + path_ +
                         " " + path_ +
                         ".before`, and again; where this one is: without the saved "
                         "one (no --keys)");
  }
  Result<std::string> list = WriteEnrollmentState(*merged);
  if (!list.ok()) return list.status();
  old_list_ = ours->files.at(kEnrollmentStateFile);
  if (*list == old_list_) return OkStatus();
  new_list_ = std::move(list).value();
  for (const AuthorityRecord& record : merged->authorities) {
    for (const std::string& name :
         {AuthorityKeyFile(record.number), AuthorityCertificateFile(record.number)}) {
      if (!ours->files.contains(name)) new_files_[name] = theirs.files.at(name);
    }
  }
  return OkStatus();
}

// The list names the CAs, so it is written last; files that it does not name do no harm.
Status EnrollmentRestore::PutInPlace() {
  if (!new_folder_.empty()) return EnrollmentFolder::Make(path_, new_folder_);
  if (new_list_.empty()) return OkStatus();
  for (const auto& [name, bytes] : new_files_) RETURN_IF_ERROR(folder_->Write(name, bytes));
  return folder_->Write(kEnrollmentStateFile, new_list_);
}

void EnrollmentRestore::Undo() {
  if (!new_folder_.empty()) {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
    std::filesystem::remove_all(path_ + ".new", error);
    return;
  }
  if (new_list_.empty()) return;
  // On failure the merged list stays, which refuses all that the old one does.
  if (!folder_->Write(kEnrollmentStateFile, old_list_).ok()) return;
  for (const auto& [name, bytes] : new_files_) folder_->Remove(name);
}

}  // namespace reconcile
