#include <unistd.h>

#include <iostream>

#include "base/epoll_loop.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/status_text.h"

namespace reconcile {
namespace {

constexpr useconds_t kLookAgainMicroseconds = 100'000;
constexpr int64_t kSyncWaitMs = 60'000;

// Whether the controller is at anything but the reading of other sources than `name` ("" is all).
bool IsBusyWith(const std::string& name, const Value& status) {
  if (status.GetBool("settled")) return false;
  const std::string reading = "reading source ";
  for (const Value& line : status.GetList("underWay")) {
    const std::string& work = line.AsString();
    if (name.empty() || !work.starts_with(reading) || work == reading + name) return true;
  }
  return false;
}

// The status when the controller has read, planned and stored; whatever it is after the deadline.
Result<Value> WaitUntilRead(const std::string& name, ApiClient* client) {
  const MonoTime deadline = ReadSystemClock().mono + kSyncWaitMs;
  while (true) {
    Result<Value> status = client->Get("/apis/reconcile.dev/v1/status");
    const bool done = !status.ok() || !IsBusyWith(name, *status);
    if (done || ReadSystemClock().mono >= deadline) return status;
    ::usleep(kLookAgainMicroseconds);
  }
}

// One line for each source that was asked for. kExitFailed when one's newest commit is not in
// force.
int Sync(const std::string& name, const CommandContext& context) {
  ApiClient client(context.socket_path);
  const Result<Value> answer = client.Post("/apis/reconcile.dev/v1/sync", {{"source", name}});
  if (!answer.ok()) return Fail(answer.status());
  const Result<Value> status = WaitUntilRead(name, &client);
  if (!status.ok()) return Fail(status.status());
  bool in_force = true;
  for (const Value& source : status->GetList("sources")) {
    const Value* metadata = source.Find("metadata");
    if (!name.empty() && (metadata == nullptr || metadata->GetString("name") != name)) continue;
    std::cout << SyncedText(source);
    in_force = in_force && IsInForce(source);
  }
  if (!IsBusyWith(name, *status)) return in_force ? kExitOk : kExitFailed;
  return Fail(InternalError(
      "the controller is still at work after a minute; `reconcile status` says at what"));
}

}  // namespace

void AddSyncCommand(CLI::App* app, CommandContext* context) {
  auto source = std::make_shared<std::string>();
  CLI::App* command =
      app->add_subcommand("sync", "Look at the repositories now, and say what is in force");
  command->add_option("SOURCE", *source, "one source (default: all)");
  SetExamples(command, {"reconcile sync", "reconcile sync main"});
  command->callback([source, context] { context->exit_code = Sync(*source, *context); });
}

void AddConfirmCommand(CLI::App* app, CommandContext* context) {
  auto hash = std::make_shared<std::string>();
  CLI::App* command =
      app->add_subcommand("confirm", "Let a prune go ahead that the deletion breaker holds");
  command->add_option("PLAN", *hash, "its plan hash, as `reconcile status` shows it")->required();
  SetExamples(command, {"reconcile status", "reconcile confirm 3f9a1c20b7de"});
  command->callback([hash, context] {
    const Result<Value> answer =
        ApiClient(context->socket_path).Post("/apis/reconcile.dev/v1/confirm", {{"plan", *hash}});
    if (answer.ok()) std::cout << "Confirmed: the prune goes ahead.\n";
    context->exit_code = answer.ok() ? kExitOk : Fail(answer.status());
  });
}

}  // namespace reconcile
