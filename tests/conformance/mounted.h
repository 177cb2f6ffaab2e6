#pragma once

#include <string>

#include "agent/fake_host_files.h"
#include "base/value.h"
#include "runtime/container_runtime.h"

namespace reconcile {

// What containers find where the agent's files are mounted, for an engine that mounts nothing.
// Parts of volumes (subPath) are left out: they are real engines' alone.

// The file of the agent's, relative to its folder, that is at this path of the container; "" where
// none is mounted.
std::string MountedAt(const ContainerConfig& config, const std::string& path,
                      const FakeHostFiles& files);
// All of them, by their paths in the container.
StringMap MountedFiles(const ContainerConfig& config, const FakeHostFiles& files);

}  // namespace reconcile
