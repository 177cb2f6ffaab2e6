#include "base/heap.h"
#include "base/log.h"
#include "cmd/agent_side.h"
#include "cmd/commands.h"
#include "cmd/controller_side.h"
#include "cmd/owners_kubeconfig.h"
#include "cmd/serve_options.h"
#include "link/certificates.h"
#include "link/local_link.h"

namespace reconcile {
namespace {

int Up(const ServeOptions& options, const CommandContext& context) {
  KeepHeapSmall();
  EndSignals signals;
  Result<Config> config = ConfigOf(options, context);
  if (!config.ok()) return Fail(config.status());
  Status ready = NameNode(&*config);
  if (ready.ok()) ready = ApplySourceFlags(options.source, &*config);
  if (ready.ok()) ready = CheckNewRepository(options, *config);
  if (ready.ok()) SetLogNode(config->node_name);
  if (ready.ok()) ready = PrepareToServe(*config);
  if (ready.ok()) ready = MakeSocketFolder(*config);
  if (!ready.ok()) return Fail(ready);

  auto controller = ControllerSide::Open(*config, context.self_path);
  if (!controller.ok()) return Fail(controller.status());
  ready = CheckNewRepository(options, *config, **controller);
  if (!ready.ok()) return Fail(ready);
  // This host runs the controller, and no other host can join it.
  config->node_labels.emplace("node-role.kubernetes.io/control-plane", "");
  auto agent = AgentSide::Open(*config);
  if (!agent.ok()) return Fail(agent.status());
  LocalLink link((*controller)->loop(), (*agent)->loop(), config->node_name);
  const Status started = (*controller)->Start(*config, link.controller_end());
  if (!started.ok()) {
    (*controller)->End();  // before the link, which it still holds
    return Fail(started);
  }
  const Status kubeconfig = WriteOwnersKubeconfig(*config, (*controller)->users());
  if (!kubeconfig.ok()) LogWarning("no kubeconfig was written", {{"why", kubeconfig.message()}});
  const Enrollment* const authority = (*controller)->enrollment();
  (*agent)->Start(link.agent_end(), [authority](std::string_view text, const std::string& proof) {
    return VerifySignature(authority->TrustBundlePem(), text, proof);
  });
  link.Connect();
  LogInfo("up", {{"socket", config->socket_path},
                 {"data", config->data_folder},
                 {"repository", config->sources.front().spec.repository}});
  NotifyServiceManager("READY=1");
  const int signal_number = signals.Wait();
  NotifyServiceManager("STOPPING=1");
  LogInfo("ending; containers go on running", {{"signal", std::to_string(signal_number)}});
  (*agent)->End();  // before the keys that it verifies by
  (*controller)->End();
  return kExitOk;
}

}  // namespace

void AddUpCommand(CLI::App* app, CommandContext* context) {
  const auto options = MakeServeOptions();
  CLI::App* command = app->add_subcommand(
      "up", "Run the controller and the agent of this host; follow a repository");
  AddSourceFlags(command, options.get());
  AddHostFlags(command, options.get());
  AddDataFlags(command, options.get());
  SetExamples(command,
              {"reconcile up /srv/manifests", "reconcile up /srv/ops --rev main --path shop",
               "reconcile up --config ./reconcile.yaml"});
  command->callback([app, options, context] {
    options->socket_given = app->get_option("--socket")->count() > 0;
    context->serve = [options, context] { return Up(*options, *context); };
  });
}

}  // namespace reconcile
