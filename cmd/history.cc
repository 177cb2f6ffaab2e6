#include <iostream>

#include "base/epoll_loop.h"
#include "base/escape.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/history_text.h"
#include "cmd/yaml_output.h"
#include "link/messages.h"

namespace reconcile {
namespace {

struct HistoryOptions {
  std::string revision;
  std::string source;
  bool timing = false;
  std::string output;
};

// "" also for who may not read events.
std::string DriftShown(ApiClient* client, WallTime now) {
  const Result<Value> events =
      client->Get("/api/v1/events", {{"fieldSelector", "reason=" + std::string(kDriftCorrected)}});
  return events.ok() ? DriftText(*events, now) : "";
}

int History(const HistoryOptions& options, const CommandContext& context) {
  if (options.timing && options.revision.empty()) {
    return Fail(InvalidError("--timing is of one revision; `reconcile history` lists them"));
  }
  ApiClient client(context.socket_path);
  const Result<Value> history =
      client.Get("/apis/reconcile.dev/v1/history", {{"source", options.source}});
  if (!history.ok()) return Fail(history.status());
  Value shown = *history;
  if (!options.revision.empty()) {
    Result<Value> found = FindRevision(*history, options.revision);
    if (!found.ok()) return Fail(found.status());
    shown = std::move(found).value();
  }
  if (!options.output.empty()) {
    std::cout << (options.output == "json" ? EscapeForJson(WriteJson(shown, 2)) + "\n"
                                           : WriteYaml(shown));
  } else if (!options.revision.empty()) {
    std::cout << RevisionText(shown) << (options.timing ? TimingText(shown) : "");
  } else if (shown.GetList("items").empty()) {
    std::cerr << "No commit was looked at yet.\n";
  } else {
    const WallTime now = ReadSystemClock().wall;
    std::cout << HistoryText(shown, now);
    if (options.source.empty()) std::cout << DriftShown(&client, now);
  }
  return kExitOk;
}

}  // namespace

void AddHistoryCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<HistoryOptions>();
  CLI::App* command = app->add_subcommand(
      "history", "Show the last commits of each source, what became of them, and how long it took");
  command->add_option("REVISION", options->revision, "one commit, or how its id begins");
  command->add_option("--source", options->source, "one source (default: all)");
  command->add_flag("--timing", options->timing,
                    "how long each stage took, from the commit seen to its last pod ready");
  command->add_option("-o,--output", options->output, "yaml or json, with the timing")
      ->check(CLI::IsMember({"yaml", "json"}));
  SetExamples(command, {"reconcile history", "reconcile history --source shop",
                        "reconcile history 3f9a1c20b7de --timing",
                        "reconcile history 3f9a1c20b7de -o json | jq .timing.totalMs"});
  command->callback([options, context] { context->exit_code = History(*options, *context); });
}

}  // namespace reconcile
