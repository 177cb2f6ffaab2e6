#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/prober.h"
#include "base/status.h"
#include "runtime/fake_runtime.h"

namespace reconcile {

// What the commands of conformance cases do, for an engine that runs no programs. Real engines run
// the same commands in busybox.
struct Script {
  FakeProgram program;
  // By path: what is in it, from when on (ms since the program began); nullopt: it is removed.
  std::map<std::string, std::vector<std::pair<int64_t, std::optional<std::string>>>> files;
  std::map<int32_t, int64_t> listens;  // by port: since when

  // What the program has written into the file by then; nullopt: nothing, or it has removed it.
  std::optional<std::string> Content(const std::string& file, int64_t age_ms) const;
  bool Has(const std::string& file, int64_t age_ms) const { return !!Content(file, age_ms); }
  bool Listens(int32_t port, int64_t age_ms) const;
};

// Knows `sleep N` and `sh -c TEXT`, of which TEXT is made of `sleep N`, `sleep N & wait`,
// `echo WORDS`, `echo WORDS > FILE`, `busybox rm FILE`, `httpd -p PORT -h /`, `exit N`,
// `trap 'exit N' TERM` and `: takes AMOUNT of memory` (or disk; a real shell takes none), separated
// by `;`. Invalid names what it does not know. As in a container,
// whose first process has no default for SIGTERM, the signal ends only what traps it.
Result<Script> ReadScript(const std::vector<std::string>& command);

// What `cat FILE`, `true`, `false` and `sleep N` do in the container of such a program.
FakeCommand RunInScript(const Script& script, const std::vector<std::string>& command,
                        int64_t age_ms);
// How its server answers a probe.
ProbeOutcome AnswerOf(const Script& script, const Probe& probe, int64_t age_ms);

}  // namespace reconcile
