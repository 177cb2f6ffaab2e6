#include <iostream>

#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/sync_wait.h"

namespace reconcile {
namespace {

int Sync(const std::string& name, const CommandContext& context) {
  ApiClient client(context.socket_path);
  const Result<Value> status = SyncAndWait(name, &client);
  return status.ok() ? PrintSynced(name, *status) : Fail(status.status());
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
