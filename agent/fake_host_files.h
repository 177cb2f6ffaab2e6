#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/host_files.h"

namespace reconcile {

// A host's files in memory: it belongs to the host and outlives agents. Sealed files are durable,
// others are lost or go back to what was there when the power fails.
class FakeHostFiles final : public HostFiles {
 public:
  std::string AbsolutePath(const std::string& path) const override;
  Status Write(const std::string& path, const std::string& bytes, int mode) override;
  Status CheckExecutable(const std::string& path) const override;
  Result<std::string> Read(const std::string& path) const override;
  Result<std::string> ReadEnd(const std::string& path, size_t max_bytes) const override;
  Status RemoveTree(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& path) const override;
  Status WriteSealed(const std::string& path, const std::string& bytes) override;
  Result<std::string> ReadSealed(const std::string& path) const override;
  // All of these call `done` at once. Files of volumes are files like others, below the volume's
  // path; parts are not mounted but remembered.
  void SetUpVolumes(std::vector<VolumeOrder> orders,
                    std::function<void(std::vector<Status>)> done) override;
  void MountParts(std::vector<PartOrder> orders, DoneStatus done) override;
  void MeasureFolders(std::vector<std::string> paths,
                      std::function<void(std::vector<int64_t>)> done) const override;
  void MeasureSpace(std::vector<std::string> paths,
                    std::function<void(std::vector<FileSystemSpace>)> done) const override;
  void TakeAway(const std::string& path, DoneStatus done) override;

  // ---- the world and its faults ----
  // The power fails: what was not written durably since the last Sync is undone.
  void LoseUnsynced();
  void Sync();  // everything there is becomes durable, as it does after some seconds
  // The next `count` writes fail with `status` and change nothing.
  void FailNextWrites(Status status, int count = 1);
  void SetNoExecution() { no_execution_ = true; }  // as if mounted noexec
  // Flips a bit of a file; false when there is none, or it is empty.
  bool Damage(const std::string& path);
  // What is at the host's paths that are not folders already: "File", "Socket" and so on.
  void PutHostPath(const std::string& path, const std::string& type) { host_paths_[path] = type; }
  void SetFolderBytes(const std::string& path, int64_t bytes) { folder_bytes_[path] = bytes; }
  void SetMeasuringHangs() { measuring_hangs_ = true; }  // as in folders without end
  // Asked for each path; nothing is known of any without.
  void SetSpace(std::function<FileSystemSpace(const std::string& path)> space) {
    space_ = std::move(space);
  }
  const std::vector<PartOrder>& parts() const { return parts_; }

 private:
  struct File {
    std::string bytes;
    int mode = 0;
    friend bool operator==(const File&, const File&) = default;
  };
  // The names of `path`, none of which but the last may be a file.
  Result<std::vector<std::string>> Names(const std::string& path) const;
  bool IsFolder(const std::string& path) const;
  Status Put(const std::string& path, File file, bool durable);

  std::map<std::string, File> files_;
  std::map<std::string, File> durable_;  // what a power loss leaves
  Status SetUp(const VolumeOrder& order);
  Status NeedHostPath(const HostPathVolume& volume);

  bool no_execution_ = false;
  std::map<std::string, std::string> host_paths_;  // by path, their type
  std::map<std::string, int64_t> folder_bytes_;
  bool measuring_hangs_ = false;
  std::function<FileSystemSpace(const std::string&)> space_;
  std::vector<PartOrder> parts_;  // mounted
  std::vector<Status> failures_;  // of the next writes, last first
};

}  // namespace reconcile
