#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "runtime/fake_runtime.h"

namespace reconcile {

// What the commands of conformance cases do, for an engine that runs no programs. Real engines run
// the same commands in busybox.
//
// Knows `sleep N` and `sh -c TEXT`, of which TEXT is made of `sleep N`, `sleep N & wait`,
// `echo WORDS`, `exit N` and `trap 'exit N' TERM`, separated by `;`. Invalid names what it does not
// know. As in a container, whose first process has no default for SIGTERM, the signal ends only
// what traps it.
Result<FakeProgram> ReadScript(const std::vector<std::string>& command);

}  // namespace reconcile
