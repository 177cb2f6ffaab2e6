#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/host_sample.h"
#include "agent/volume_orders.h"
#include "base/status.h"

namespace reconcile {

// Limits of what is kept; more is Invalid.
inline constexpr size_t kMaxHostFileBytes = 64 << 20;
inline constexpr size_t kMaxHostPathDepth = 16;   // names in a path
inline constexpr size_t kMaxHostNameBytes = 200;  // of each name

// The seam to the files an agent keeps: what is bind-mounted into pods, and its last assignment.
// Paths are relative to the agent's data folder, '/'-separated; absolute ones, "..", "." and empty
// names are Invalid, and a symbolic link on the way is Conflict: it is never followed. Blocking but
// short. Loop thread only.
class HostFiles {
 public:
  virtual ~HostFiles() = default;
  // Absolute path for a bind mount.
  virtual std::string AbsolutePath(const std::string& path) const = 0;
  // Atomically (rename) replaced, folders made as needed; `mode` like 0644. After a power loss the
  // file may be gone or be the one before: sandboxes are gone then too, and it is written again.
  virtual Status Write(const std::string& path, const std::string& bytes, int mode) = 0;
  // Invalid where the file system lets no program run (mounted noexec).
  virtual Status CheckExecutable(const std::string& path) const = 0;
  virtual Result<std::string> Read(const std::string& path) const = 0;  // NotFound when absent
  // The last `max_bytes` of a file that others may write to meanwhile, however long it is. NotFound
  // when absent; Conflict when somebody has put something else there: a link, a folder, a pipe or a
  // device, none of which is opened.
  virtual Result<std::string> ReadEnd(const std::string& path, size_t max_bytes) const = 0;
  virtual Status RemoveTree(const std::string& path) = 0;  // OK when absent
  // Names in a folder, sorted; empty when it does not exist.
  virtual Result<std::vector<std::string>> List(const std::string& path) const = 0;
  // Encrypted with the host's key (AES-256-GCM, key made on first use, mode 0600), written durably.
  virtual Status WriteSealed(const std::string& path, const std::string& bytes) = 0;
  // NotFound when absent; Invalid when it was not sealed by this host or was altered.
  virtual Result<std::string> ReadSealed(const std::string& path) const = 0;

  // ---- Volumes ----
  // They may take long: `done` is called once, at once or later on the loop. Mounts are made where
  // the engine sees them.
  using DoneStatus = std::function<void(Status)>;
  // Makes each what it is to be, or keeps it where it is that already; one answer for each.
  virtual void SetUpVolumes(std::vector<VolumeOrder> orders,
                            std::function<void(std::vector<Status>)> done) = 0;
  // Mounts parts of volumes at places of ours, in place of what is mounted there. Whatever links
  // are in a volume, and whoever swaps them meanwhile: what is mounted lies inside it, or the
  // answer is Invalid (CVE-2017-1002101, CVE-2021-25741). The first failure is the answer.
  virtual void MountParts(std::vector<PartOrder> orders, DoneStatus done) = 0;
  // Bytes of disk that what is in each folder takes; 0 for one that is not there.
  virtual void MeasureFolders(std::vector<std::string> paths,
                              std::function<void(std::vector<int64_t>)> done) const = 0;
  // Space of the file systems of these absolute paths, "" being the data folder; all 0 for one
  // that cannot be looked at.
  virtual void MeasureSpace(std::vector<std::string> paths,
                            std::function<void(std::vector<FileSystemSpace>)> done) const = 0;
  // Unmounts what is mounted in a folder, and removes it. What lies beyond a mount is not touched.
  virtual void TakeAway(const std::string& path, DoneStatus done) = 0;
};

}  // namespace reconcile
