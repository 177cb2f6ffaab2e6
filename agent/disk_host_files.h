#pragma once

#include <memory>
#include <string>

#include "agent/host_files.h"
#include "base/worker_pool.h"

namespace reconcile {

// HostFiles below the folder `root`, which is made with mode 0700, as are the folders in it. The
// host's key lies in `key_file` (32 bytes, made with mode 0600 on first use), outside of `root`, so
// that a copy of the folder gives nothing away.
std::unique_ptr<HostFiles> MakeDiskHostFiles(const std::string& root, const std::string& key_file);

// Where volumes are worked on. All must outlive the HostFiles.
struct VolumeWork {
  Executor* workers = nullptr;  // one thread, of whose mounts nobody else makes use; null: inline
  std::string engine_socket;    // whose mounts they are to be; "": this program's
  // Another thread: a volume of millions of files takes minutes to measure, for which no pod's
  // start is to wait. null: with the others.
  Executor* measurers = nullptr;
  // And one for what a moment's look tells, as how full the disk is: it is to be known while a
  // volume is being removed or a mount hangs. null: with the others.
  Executor* lookers = nullptr;
};
std::unique_ptr<HostFiles> MakeDiskHostFiles(const std::string& root, const std::string& key_file,
                                             VolumeWork work);

}  // namespace reconcile
