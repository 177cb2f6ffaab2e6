#include <fstream>
#include <iostream>
#include <mutex>
#include <optional>

#include "base/heap.h"
#include "base/log.h"
#include "cmd/agent_side.h"
#include "cmd/commands.h"
#include "cmd/endpoint.h"
#include "cmd/joined.h"
#include "cmd/serve_options.h"

namespace reconcile {
namespace {

// The first word of the file that --token-file names; the flag's own text without one.
Result<std::string> ReadToken(const ServeOptions& options) {
  if (options.token_file.empty()) return options.token;
  std::ifstream file(options.token_file);
  std::string token;
  if (file >> token) return token;
  return NotFoundError("there is no token in " + options.token_file);
}

// Flags and configuration over what the host remembers of its joining.
Status FillFromJoined(Config* config) {
  const Result<Joined> joined = ReadJoined(config->data_folder);
  if (joined.status().code() == StatusCode::kNotFound) {
    if (!config->controller_address.empty()) return NameNode(config);
    return InvalidError(
        "this host has joined no cluster: `reconcile token create` on the controller's host prints "
        "the line to run here");
  }
  if (!joined.ok() && config->controller_address.empty()) return joined.status();
  if (!joined.ok()) return NameNode(config);
  if (config->controller_address.empty()) config->controller_address = joined->controller;
  if (config->node_name.empty()) config->node_name = joined->node;
  if (config->node_name == joined->node) return OkStatus();
  return InvalidError("this host joined as node " + joined->node + " and is now to be " +
                      config->node_name +
                      ": its containers belong to the former. Take the name "
                      "back, or `reconcile uninstall --yes` and join anew");
}

// How joining ended, told by the link's thread to the one that waits: until then nothing is wrong.
class JoinEnd {
 public:
  void Set(const Status& status) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!status_ || status_->ok()) status_ = status;
    EndThisProcess();
  }
  // `otherwise`: when it did not end, but a person ended the process.
  Status Get(const Status& otherwise) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return status_.value_or(otherwise);
  }

 private:
  std::mutex mutex_;
  std::optional<Status> status_;
};

// For `--join-only`.
Status Join(AgentSide* side, int timeout_s, EndSignals* signals, JoinEnd* join_end) {
  side->Join(timeout_s * 1000LL, [join_end](const Status& status) { join_end->Set(status); });
  signals->Wait();
  side->End();
  return join_end->Get(UnavailableError("this host has not joined: it was told to end before"));
}

Status Serve(AgentSide* side, const Config& config, EndSignals* signals, JoinEnd* join_end) {
  side->Start();
  LogInfo("agent is up", {{"node", config.node_name},
                          {"controller", config.controller_address},
                          {"data", config.data_folder}});
  NotifyServiceManager("READY=1");
  const int signal_number = signals->Wait();
  NotifyServiceManager("STOPPING=1");
  if (join_end->Get(OkStatus()).ok()) {
    LogInfo("ending; containers go on running", {{"signal", std::to_string(signal_number)}});
  }
  side->End();
  return join_end->Get(OkStatus());
}

int RunAgent(const ServeOptions& options, const CommandContext& context) {
  KeepHeapSmall();
  EndSignals signals;
  Result<Config> config = ConfigOf(options, context);
  if (!config.ok()) return Fail(config.status());
  const Result<std::string> token = ReadToken(options);
  if (!token.ok()) return Fail(token.status());
  Status ready = FillFromJoined(&*config);
  if (ready.ok()) SetLogNode(config->node_name);
  if (ready.ok()) ready = PrepareToServe(*config);
  if (!ready.ok()) return Fail(ready);

  auto side = AgentSide::Open(*config);
  if (!side.ok()) return Fail(side.status());
  JoinEnd join_end;
  const bool new_here = !ReadJoined(config->data_folder).ok();
  ready =
      (*side)->Dial(*config, *token, [&join_end](const Status& status) { join_end.Set(status); });
  if (ready.ok()) {
    ready = WriteJoined(config->data_folder, {config->controller_address, config->node_name});
  }
  if (!ready.ok()) return Fail(ready);
  const Status ended = options.join_only
                           ? Join(side->get(), options.join_timeout_s, &signals, &join_end)
                           : Serve(side->get(), *config, &signals, &join_end);
  if (!ended.ok() && new_here) ForgetJoined(config->data_folder);
  if (!ended.ok()) return Fail(ended);
  if (options.join_only) {
    std::cout << "This host is node " << config->node_name << " of the cluster at "
              << config->controller_address
              << ((*side)->TokenUnused() ? ", and was before: the token was not used" : "")
              << ". `reconcile agent` runs it from now on.\n";
  }
  return kExitOk;
}

}  // namespace

void AddAgentCommand(CLI::App* app, CommandContext* context) {
  const auto options = MakeServeOptions();
  CLI::App* command =
      app->add_subcommand("agent", "Run the agent of this host, driven by a controller elsewhere");
  command
      ->add_option("--join", options->flags.controller_address,
                   "HOST:PORT of the controller (default: as remembered)")
      ->check(CheckDialEndpoint);
  CLI::Option* token =
      command->add_option("--token", options->token, "join token, for the first time only");
  command->add_option("--token-file", options->token_file, "file with the join token")
      ->excludes(token);
  CLI::Option* join_only =
      command->add_flag("--join-only", options->join_only,
                        "join and end: a service manager runs `reconcile agent` then");
  command
      ->add_option("--timeout", options->join_timeout_s,
                   "with --join-only: seconds to try for (default: 60)")
      ->check(CLI::Range(1, 86400))
      ->needs(join_only);
  AddHostFlags(command, options.get());
  AddDataFlags(command, options.get());
  SetExamples(command,
              {"reconcile agent --join control.example.com:7443 --token rc1...   # joins, and runs",
               "reconcile agent      # runs: the controller's address is remembered"});
  command->callback([options, context] {
    context->serve = [options, context] { return RunAgent(*options, *context); };
  });
}

}  // namespace reconcile
