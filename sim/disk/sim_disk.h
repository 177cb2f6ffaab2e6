#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/status.h"
#include "sim/disk/sim_file.h"

namespace reconcile {

enum class SimDiskFault {
  kIoError,  // the call fails; a failing sync forgets what it did not write (SimFile::FailSync)
  kFull,     // writes fail, some after writing a part; other calls go on
};
enum class SimHalt {
  kPowerLoss,      // what no sync confirmed is dropped, reordered or torn
  kProcessKilled,  // the process ends between two calls; the system keeps what it was given
};

// A disk in memory that SQLite can live on, and that fails as told. Given a seed, two runs of the
// same calls are the same. It registers a SQLite VFS under its name; every database of that VFS is
// closed before the disk goes. One thread.
class SimDisk {
 public:
  SimDisk(std::string vfs_name, uint64_t seed);
  ~SimDisk();
  SimDisk(const SimDisk&) = delete;
  SimDisk& operator=(const SimDisk&) = delete;
  const std::string& vfs_name() const { return vfs_name_; }

  // Calls that change the disk (write, truncate, sync, delete) since the start; calls of any sort.
  int64_t changes_made() const { return changes_made_; }
  int64_t calls_made() const { return calls_made_; }

  // Halts in the `nth` change from now (1 is the next); that change itself is under way. From then
  // on every call fails until Restart.
  void HaltAtChange(int64_t nth, SimHalt halt, SimLoss loss);
  void HaltNow(SimHalt halt, SimLoss loss);
  bool halted() const { return halted_; }
  // The machine, or the process, starts again. Databases that were open before must be closed
  // first: CHECKed.
  void Restart();

  // The `nth` call from now fails, and after it every `every`th (0: none, 1: all), until
  // StopFailing.
  void FailCalls(int64_t nth, int64_t every, SimDiskFault fault);
  void StopFailing();
  int64_t faults_given() const { return faults_given_; }

  bool Exists(const std::string& path) const { return files_.count(path) != 0; }
  // All that programs see, by path; and put in the place of all there is, durable. Databases are
  // closed: CHECKed by PutBack.
  using Copy = std::map<std::string, std::string>;
  Copy MakeCopy() const;
  void PutBack(const Copy& copy);
  // What programs see. NotFound without the file.
  Result<std::string> Read(const std::string& path) const;

 private:
  friend class SimDiskVfs;  // the part that SQLite calls

  using FilePtr = std::shared_ptr<SimFile>;
  // What a call is to do.
  enum class Answer { kGo, kIoError, kFull, kHalted };
  enum class CallKind { kLook, kWrite, kSync, kOther };
  Answer BeginCall(CallKind kind);
  // True when the halt that was asked for comes in this change.
  bool HaltsInThisChange();

  FilePtr OpenFile(const std::string& path, bool create);
  void DeleteFile(const std::string& path, bool sync_folder);
  void SyncFile(const FilePtr& file);

  struct Vfs;
  const std::string vfs_name_;
  SeededRandom random_;
  std::unique_ptr<Vfs> vfs_;

  std::map<std::string, FilePtr> files_;          // the folder as programs see it
  std::map<std::string, FilePtr> durable_files_;  // the folder on the disk
  int open_files_ = 0;

  int64_t changes_made_ = 0;
  int64_t calls_made_ = 0;
  int64_t halt_at_change_ = 0;  // 0: not asked for
  SimHalt halt_ = SimHalt::kPowerLoss;
  SimLoss loss_ = SimLoss::kAllLost;
  bool halted_ = false;
  int64_t next_fault_at_call_ = 0;  // 0: none
  int64_t fault_every_ = 0;
  SimDiskFault fault_ = SimDiskFault::kIoError;
  int64_t faults_given_ = 0;
};

}  // namespace reconcile
