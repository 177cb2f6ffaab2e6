#include "sim/disk/sim_disk.h"

#include <algorithm>
#include <utility>

namespace reconcile {

void SimDisk::HaltAtChange(int64_t nth, SimHalt halt, SimLoss loss) {
  CHECK(nth > 0);
  halt_at_change_ = changes_made_ + nth;
  halt_ = halt;
  loss_ = loss;
}

void SimDisk::HaltNow(SimHalt halt, SimLoss loss) {
  halt_ = halt;
  loss_ = loss;
  halted_ = true;
}

void SimDisk::Restart() {
  CHECK(open_files_ == 0);
  halted_ = false;
  halt_at_change_ = 0;
  for (auto& [path, file] : files_) file->shared_regions.clear();
  if (halt_ == SimHalt::kProcessKilled) return;
  // A name that no sync has confirmed may or may not be in the folder; so may a deleted one.
  std::map<std::string, FilePtr> names = durable_files_;
  for (const auto& [path, file] : files_) names.insert({path, nullptr});
  for (auto& [path, file] : names) {
    const auto seen = files_.find(path);
    const FilePtr newer = seen == files_.end() ? nullptr : seen->second;
    const bool take_newer = newer != file && (loss_ == SimLoss::kAllKept ||
                                              (loss_ != SimLoss::kAllLost && random_.Below(2)));
    if (take_newer) file = newer;
  }
  std::erase_if(names, [](const auto& entry) { return entry.second == nullptr; });
  for (auto& [path, file] : names) file->LosePower(loss_, &random_);
  files_ = names;
  durable_files_ = std::move(names);
}

void SimDisk::FailCalls(int64_t nth, int64_t every, SimDiskFault fault) {
  CHECK(nth > 0);
  next_fault_at_call_ = calls_made_ + nth;
  fault_every_ = every;
  fault_ = fault;
}

void SimDisk::StopFailing() { next_fault_at_call_ = 0; }

SimDisk::Answer SimDisk::BeginCall(CallKind kind) {
  if (halted_) return Answer::kHalted;
  ++calls_made_;
  if (next_fault_at_call_ == 0 || calls_made_ < next_fault_at_call_) return Answer::kGo;
  // A full disk has no answer for a read: the fault waits for the next write.
  if (fault_ == SimDiskFault::kFull && kind != CallKind::kWrite) return Answer::kGo;
  next_fault_at_call_ = fault_every_ == 0 ? 0 : calls_made_ + fault_every_;
  ++faults_given_;
  return fault_ == SimDiskFault::kFull ? Answer::kFull : Answer::kIoError;
}

bool SimDisk::HaltsInThisChange() {
  ++changes_made_;
  if (changes_made_ != halt_at_change_) return false;
  halted_ = true;
  return true;
}

SimDisk::FilePtr SimDisk::OpenFile(const std::string& path, bool create) {
  const auto found = files_.find(path);
  if (found != files_.end()) return found->second;
  if (!create) return nullptr;
  return files_[path] = std::make_shared<SimFile>();
}

void SimDisk::DeleteFile(const std::string& path, bool sync_folder) {
  files_.erase(path);
  if (sync_folder) durable_files_.erase(path);
}

// As SQLite's own VFS does, the first sync of a new file syncs its folder too: with it every name
// that was made or deleted before.
void SimDisk::SyncFile(const FilePtr& file) {
  file->Sync();
  const bool known = std::any_of(durable_files_.begin(), durable_files_.end(),
                                 [&](const auto& entry) { return entry.second == file; });
  if (!known) durable_files_ = files_;
}

SimDisk::Copy SimDisk::MakeCopy() const {
  Copy copy;
  for (const auto& [path, file] : files_) copy[path] = file->seen();
  return copy;
}

void SimDisk::PutBack(const Copy& copy) {
  CHECK(open_files_ == 0);
  files_.clear();
  for (const auto& [path, content] : copy) {
    const FilePtr file = files_[path] = std::make_shared<SimFile>();
    file->Write(0, content);
    file->Sync();
  }
  durable_files_ = files_;
}

Result<std::string> SimDisk::Read(const std::string& path) const {
  const auto found = files_.find(path);
  if (found == files_.end()) return NotFoundError("no file " + path);
  return found->second->seen();
}

}  // namespace reconcile
