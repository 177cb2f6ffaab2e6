#pragma once

#include <cstdint>

namespace reconcile {

// What a host has left at one moment. A capacity of 0: nothing is known of it.

struct FileSystemSpace {
  // What anybody but root can have, as df(1) reckons it: what is reserved for root is no capacity.
  int64_t capacity_bytes = 0;
  int64_t available_bytes = 0;
  int64_t inodes = 0;  // 0 also where the file system makes as many as it needs
  int64_t inodes_free = 0;
  uint64_t id = 0;  // the same for paths on one file system
  friend bool operator==(const FileSystemSpace&, const FileSystemSpace&) = default;
};

struct HostUse {
  int64_t memory_bytes = 0;
  int64_t memory_available_bytes = 0;  // MemAvailable of /proc/meminfo
  int64_t max_processes = 0;           // processes and threads
  int64_t processes = 0;
  friend bool operator==(const HostUse&, const HostUse&) = default;
};

struct HostSample {
  HostUse use;
  FileSystemSpace state;   // of the agent's data folder: volumes of pods, the agent's files
  FileSystemSpace images;  // of the engine's root: images, containers' layers and logs
  bool IsOneFileSystem() const {
    return images.capacity_bytes > 0 && state.capacity_bytes > 0 && images.id == state.id;
  }
  friend bool operator==(const HostSample&, const HostSample&) = default;
};

}  // namespace reconcile
