#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "cmd/commands.h"
#include "cmd/controller_side.h"

namespace reconcile {

// What the command lines of `up`, `controller` and `agent` say; empty is not said.
struct ServeOptions {
  SourceFlags source;
  Config flags;
  bool socket_given = false;
  std::string token;               // `agent`: to join by
  std::string token_file;          // the same, out of a file
  bool join_only = false;          // `agent`: for a service manager to run what has joined
  int join_timeout_s = 60;         // the same: how long to try
  int64_t certificate_life_s = 0;  // `controller`, for tests: of the nodes' certificates; 0 is 30 d
};

// All three: --data, --log-level. Host flags: --docker, --node-name, --node-address. Controller
// flags: REPOSITORY, --rev, --path, --pod-cidr, --service-cidr.
std::shared_ptr<ServeOptions> MakeServeOptions();
void AddDataFlags(CLI::App* command, ServeOptions* options);
void AddHostFlags(CLI::App* command, ServeOptions* options);
void AddSourceFlags(CLI::App* command, ServeOptions* options);

// Flags over files over defaults. Sets the log level.
Result<Config> ConfigOf(const ServeOptions& options, const CommandContext& context);
// When the configuration is found good: makes the data folder, and spares this process from the OOM
// killer where it may.
Status PrepareToServe(const Config& config);
// Of a REPOSITORY on the command line that this cluster has not followed before, that it is there:
// a mistyped path ends at once. One that was followed may be away for a while, and a restart goes
// on without it. To be asked before the data folder is made, and of the opened controller.
Status CheckNewRepository(const ServeOptions& options, const Config& config);
Status CheckNewRepository(const ServeOptions& options, const Config& config,
                          const ControllerSide& side);
// For the Unix socket that commands reach the controller by.
Status MakeSocketFolder(const Config& config);

}  // namespace reconcile
