#include <unistd.h>

#include <iostream>
#include <map>
#include <set>

#include "base/escape.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/duration.h"
#include "cmd/user_name.h"

namespace reconcile {
namespace {

constexpr useconds_t kLookAtDrainMicroseconds = 200'000;
constexpr const char* kNodePath = "/apis/reconcile.dev/v1/";

struct NodeOptions {
  std::string node;
  std::string reason;
  std::string timeout;
  bool force = false;
  bool ignore_daemon_sets = false;
  bool delete_empty_dir_data = false;
};

ApiClient::Query QueryOf(const NodeOptions& options) {
  return {{"node", options.node}, {"by", UserName()}, {"reason", options.reason}};
}

ApiClient::Query DrainQueryOf(const NodeOptions& options) {
  ApiClient::Query query = QueryOf(options);
  const auto flag = [](bool is_set) { return is_set ? "true" : ""; };
  query.emplace("force", flag(options.force));
  query.emplace("ignoreDaemonSets", flag(options.ignore_daemon_sets));
  query.emplace("deleteEmptyDirData", flag(options.delete_empty_dir_data));
  return query;
}

// As kubectl does it: a node that is as it is asked to be is no failure, so that scripts may ask
// twice. The API's Conflict says that, and by whom.
int TellNode(const std::string& verb, const NodeOptions& options, const std::string& done,
             const CommandContext& context) {
  ApiClient client(context.socket_path);
  const Result<Value> answer = client.Post(kNodePath + verb, QueryOf(options));
  if (answer.status().code() == StatusCode::kConflict) {
    std::cout << EscapeForTerminal(answer.status().message()) << "\n";
    return kExitOk;
  }
  if (!answer.ok()) return Fail(answer.status());
  std::cout << "Node " << EscapeForTerminal(options.node) << done << "\n";
  return kExitOk;
}

std::string LineOf(const Value& pod) {
  return EscapeForTerminal(pod.GetString("pod")) + ": " + EscapeForTerminal(pod.GetString("why"));
}

// Says each thing that changes, once.
void PrintNews(const Value& status, std::map<std::string, std::string>* said) {
  std::map<std::string, std::string> now;
  for (const Value& pod : status.GetList("pods")) {
    const std::string name = pod.GetString("pod");
    now[name] = LineOf(pod);
    const auto known = said->find(name);
    if (known == said->end() || known->second != now[name]) std::cout << now[name] << std::endl;
  }
  for (const auto& [name, line] : *said) {
    if (!now.contains(name)) std::cout << EscapeForTerminal(name) << ": gone" << std::endl;
  }
  *said = std::move(now);
}

int EndOfDrain(const NodeOptions& options, const Value& status) {
  const std::string node = EscapeForTerminal(options.node);
  // A controller of an older release does not say.
  const bool takes_pods = !status.GetBool("unschedulable", true);
  if (status.GetList("pods").empty() && takes_pods) {
    return Fail(InternalError("node " + options.node +
                              " was uncordoned meanwhile: it has no pods now, and takes some"));
  }
  if (status.GetList("pods").empty()) {
    std::cout << "Drained: node " << node << " has no pods left and takes none until `reconcile "
              << "uncordon " << node << "`.\n";
    return kExitOk;
  }
  std::string left;
  for (const Value& pod : status.GetList("pods")) {
    left += "\n  " + pod.GetString("pod") + ": " + pod.GetString("why");
  }
  return Fail(InternalError("node " + options.node +
                            (takes_pods ? " was uncordoned meanwhile, which ended the drain"
                                        : " was not drained in time: the drain gave up") +
                            "; these are still there:" + left +
                            (takes_pods ? ""
                                        : "\nIt stays cordoned, and takes no pods until `reconcile "
                                          "uncordon " +
                                              options.node + "`")));
}

int DrainAndWait(const NodeOptions& options, const CommandContext& context) {
  ApiClient::Query query = DrainQueryOf(options);
  if (!options.timeout.empty()) {
    const Result<int64_t> timeout_ms = ParseDuration(options.timeout);
    if (!timeout_ms.ok()) return Fail(timeout_ms.status());
    // kubectl's 0 is for ever.
    if (*timeout_ms > 0) query.emplace("timeoutMs", std::to_string(*timeout_ms));
  }
  ApiClient client(context.socket_path);
  const Result<Value> told = client.Post(kNodePath + std::string("drain"), query);
  if (!told.ok()) return Fail(told.status());
  std::cout << "Node " << EscapeForTerminal(options.node) << " is cordoned, and its pods go."
            << std::endl;
  std::map<std::string, std::string> said;
  while (true) {
    const Result<Value> status =
        client.Post(kNodePath + std::string("drain-status"), DrainQueryOf(options));
    if (!status.ok()) {
      return Fail(status.status().WithContext(
          "the drain goes on without this command, which cannot follow it (`reconcile uncordon " +
          options.node + "` ends it)"));
    }
    PrintNews(*status, &said);
    if (!status->GetBool("draining")) return EndOfDrain(options, *status);
    ::usleep(kLookAtDrainMicroseconds);
  }
}

CLI::App* AddNodeOperation(const char* name, const char* help, CLI::App* app,
                           const std::shared_ptr<NodeOptions>& options) {
  CLI::App* command = app->add_subcommand(name, help);
  command->add_option("NODE", options->node, "the host, as `reconcile get nodes` names it")
      ->required();
  command->add_option("--reason", options->reason, "why, for whoever looks next");
  return command;
}

}  // namespace

void AddCordonCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<NodeOptions>();
  CLI::App* command =
      AddNodeOperation("cordon", "Have new pods placed on other hosts than this one", app, options);
  SetExamples(command, {"reconcile cordon host-2 --reason 'its disk is noisy'",
                        "reconcile uncordon host-2"});
  command->callback([options, context] {
    context->exit_code =
        TellNode("cordon", *options, " is cordoned: new pods go elsewhere.", *context);
  });
}

void AddUncordonCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<NodeOptions>();
  CLI::App* command = AddNodeOperation(
      "uncordon", "Let a host take pods again after `reconcile cordon` or `reconcile drain`", app,
      options);
  SetExamples(command, {"reconcile uncordon host-2"});
  command->callback([options, context] {
    context->exit_code = TellNode("uncordon", *options, " takes pods again.", *context);
  });
}

void AddDrainCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<NodeOptions>();
  CLI::App* command = AddNodeOperation(
      "drain", "Clear a host: cordon it and move its pods, as PodDisruptionBudgets allow", app,
      options);
  command->add_option("--timeout", options->timeout,
                      "give up after this time, such as 5m; without it, never");
  command->add_flag("--force", options->force, "also pods that no controller makes again");
  command->add_flag("--ignore-daemonsets", options->ignore_daemon_sets,
                    "leave the pods of DaemonSets where they are");
  command->add_flag("--delete-emptydir-data", options->delete_empty_dir_data,
                    "also pods that have data in emptyDir volumes, which is lost");
  SetExamples(command, {"reconcile drain host-2 --reason 'kernel update'",
                        "reconcile drain host-2 --timeout 5m --ignore-daemonsets",
                        "reconcile uncordon host-2   # also ends a drain"});
  command->callback([options, context] { context->exit_code = DrainAndWait(*options, *context); });
}

}  // namespace reconcile
