#include <iostream>

#include "base/escape.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/user_name.h"
#include "schema/object.h"

namespace reconcile {
namespace {

struct RestartOptions {
  std::string deployment;
  std::string namespace_name = "default";
  std::string reason;
};

// "web" of "deploy/web".
Result<std::string> DeploymentIn(const std::string& text) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return text;
  const std::optional<Kind> kind = FindKindByWord(text.substr(0, slash));
  if (kind == Kind::kDeployment) return text.substr(slash + 1);
  return InvalidError(text +
                      ": only Deployments are restarted; a pod that is deleted is made anew "
                      "by whoever made it");
}

int Restart(const RestartOptions& options, const CommandContext& context) {
  const Result<std::string> name = DeploymentIn(options.deployment);
  if (!name.ok()) return Fail(name.status());
  ApiClient client(context.socket_path);
  const Result<Value> answer =
      client.Post("/apis/reconcile.dev/v1/restart", {{"namespace", options.namespace_name},
                                                     {"deployment", *name},
                                                     {"by", UserName()},
                                                     {"reason", options.reason}});
  if (!answer.ok()) return Fail(answer.status());
  std::cout << "Deployment " << EscapeForTerminal(*name)
            << " makes its pods anew, as its strategy says. `reconcile status` follows it.\n";
  return kExitOk;
}

}  // namespace

void AddRestartCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<RestartOptions>();
  CLI::App* command = app->add_subcommand("restart", "Have a Deployment make its pods anew");
  command->add_option("DEPLOYMENT", options->deployment, "its name, also as deploy/NAME")
      ->required();
  command->add_option("-n,--namespace", options->namespace_name, "namespace (default: default)");
  command->add_option("--reason", options->reason, "why, for whoever looks next");
  SetExamples(command, {"reconcile restart web --reason 'it leaks memory'",
                        "reconcile restart deploy/web -n shop"});
  command->callback([options, context] { context->exit_code = Restart(*options, *context); });
}

}  // namespace reconcile
