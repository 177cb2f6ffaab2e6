#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace reconcile {

// What HostFiles is asked to make of a pod's volumes.

inline constexpr size_t kMaxVolumeBytes = 32 << 20;  // of the files that we write into one
inline constexpr size_t kMaxVolumeFiles = 10'000;

struct VolumeFile {
  std::string bytes;
  int mode = 0644;
  friend bool operator==(const VolumeFile&, const VolumeFile&) = default;
};

// An emptyDir: a folder that anybody may write to, for as long as the pod is there.
struct FolderVolume {
  bool in_memory = false;        // a tmpfs
  int64_t max_bytes = 0;         // of a tmpfs; 0: the kernel's default
  std::optional<int64_t> group;  // to own it and what is made in it
  friend bool operator==(const FolderVolume&, const FolderVolume&) = default;
};

// Files that we write: links through `..data` into a folder with a name of its own, so that a
// reader sees all of one version or all of another (SEMANTICS 12.2; Kubernetes' AtomicWriter).
struct FilesVolume {
  std::map<std::string, VolumeFile> files;  // by path inside the volume
  bool in_memory = false;                   // on a tmpfs: nothing of it reaches a disk
  std::optional<int64_t> group;  // to own the files, and to read them whatever their mode
  friend bool operator==(const FilesVolume&, const FilesVolume&) = default;
};

// A path of the host's, checked for its type and made where the type says so (SEMANTICS 12.7).
struct HostPathVolume {
  std::string path;
  std::string type;
  friend bool operator==(const HostPathVolume&, const HostPathVolume&) = default;
};

struct VolumeOrder {
  std::string name;  // of the volume, for messages
  std::string path;  // relative to the agent's data folder; "" of a HostPathVolume
  std::variant<FolderVolume, FilesVolume, HostPathVolume> what;
  friend bool operator==(const VolumeOrder&, const VolumeOrder&) = default;
};

// A part of a volume that a container mounts (subPath).
struct PartOrder {
  std::string volume;     // for messages
  std::string base;       // absolute: the volume's folder
  std::string sub_path;   // relative
  bool may_make = false;  // a folder where there is nothing yet
  std::string target;     // relative to the agent's data folder
  friend bool operator==(const PartOrder&, const PartOrder&) = default;
};

}  // namespace reconcile
