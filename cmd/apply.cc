#include <iostream>

#include "base/escape.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/plan_file.h"
#include "cmd/sync_wait.h"
#include "cmd/user_name.h"

namespace reconcile {
namespace {

// The controller looks at the repository first: a commit that came meanwhile is to be noticed.
int ApplyPlan(const std::string& path, const CommandContext& context) {
  const Result<PlanFile> file = ReadPlanFile(path);
  if (!file.ok()) return Fail(file.status());
  const std::string& source = file->plan.source;
  ApiClient client(context.socket_path);
  const Result<Value> looked = SyncAndWait(source, &client);
  if (!looked.ok()) return Fail(looked.status());
  const Result<Value> answer =
      client.Post("/apis/reconcile.dev/v1/apply", {{"by", UserName()}}, file->text);
  if (!answer.ok()) return Fail(answer.status());
  std::cout << "Accepted: commit " << EscapeForTerminal(file->plan.commit.substr(0, 12))
            << " of source " << EscapeForTerminal(source) << ".\n";
  const Result<Value> status = WaitUntilRead(source, &client);
  return status.ok() ? PrintSynced(source, *status) : Fail(status.status());
}

}  // namespace

void AddApplyCommand(CLI::App* app, CommandContext* context) {
  auto path = std::make_shared<std::string>();
  CLI::App* command = app->add_subcommand(
      "apply", "Carry out a plan that --dry-run --save wrote, if it would still do what it says");
  command->add_option("FILE", *path, "the saved plan")->required();
  SetExamples(command, {"reconcile --dry-run --save plan.json", "reconcile apply plan.json",
                        "For sources with `apply: manual`, and to end a rollback."});
  command->callback([path, context] { context->exit_code = ApplyPlan(*path, *context); });
}

}  // namespace reconcile
