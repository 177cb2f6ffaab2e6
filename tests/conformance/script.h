#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "runtime/fake_runtime.h"

namespace reconcile {

// What the commands of conformance cases do, for an engine that runs no programs. Real engines run
// the same commands in busybox.
struct Script {
  FakeProgram program;
  // When it makes (true) and removes (false) files, from its start on.
  struct FileChange {
    int64_t at_ms = 0;
    std::string path;
    bool there = false;
  };
  std::vector<FileChange> files;

  bool HasFile(const std::string& path, int64_t at_ms) const;
};

// Knows `sleep N` and `sh -c TEXT`, of which TEXT is made of `sleep N`, `sleep N & wait`,
// `touch FILE`, `rm FILE`, `echo WORDS`, `exit N`, `true`, `false` and `trap 'exit N' TERM`,
// separated by `;`. Invalid names what it does not know. As in a container, whose first process has
// no default for SIGTERM, the signal ends only what traps it.
Result<Script> ReadScript(const std::vector<std::string>& command);

}  // namespace reconcile
