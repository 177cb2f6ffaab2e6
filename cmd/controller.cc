#include "base/heap.h"
#include "base/log.h"
#include "cmd/commands.h"
#include "cmd/controller_side.h"
#include "cmd/endpoint.h"
#include "cmd/local_host.h"
#include "cmd/serve_options.h"

namespace reconcile {
namespace {

// Where agents find this controller when nobody says so.
Status Advertise(Config* config) {
  if (!config->advertise.empty()) return OkStatus();
  Result<SocketAddress> listen = ParseEndpoint(config->listen);
  if (!listen.ok()) return listen.status();
  if (listen->host == "0.0.0.0" || listen->host == "::") listen->host = ReadLocalHost().address;
  if (listen->host.empty()) {
    return InvalidError(
        "this host has no address that agents could dial: name one by --advertise HOST:PORT");
  }
  config->advertise = ToString(*listen);
  return OkStatus();
}

int RunController(const ServeOptions& options, const CommandContext& context) {
  KeepHeapSmall();
  EndSignals signals;
  Result<Config> config = ConfigOf(options, context);
  if (!config.ok()) return Fail(config.status());
  Status ready = Advertise(&*config);
  if (ready.ok()) ready = ApplySourceFlags(options.source, &*config);
  if (ready.ok()) ready = CheckNewRepository(options, *config);
  if (ready.ok()) ready = PrepareToServe(*config);
  if (ready.ok()) ready = MakeSocketFolder(*config);
  if (!ready.ok()) return Fail(ready);

  EnrollmentOptions enrollment;
  if (options.certificate_life_s > 0) enrollment.node_life_ms = options.certificate_life_s * 1000;
  auto opened = ControllerSide::Open(*config, context.self_path, enrollment);
  if (!opened.ok()) return Fail(opened.status());
  ControllerSide* const side = opened->get();
  ready = CheckNewRepository(options, *config, *side);
  if (!ready.ok()) return Fail(ready);
  Status started = side->Listen(*config);
  if (started.ok()) started = side->Start(*config, side->agents());
  if (!started.ok()) {
    side->End();
    return Fail(started);
  }
  LogInfo("controller is up", {{"socket", config->socket_path}, {"data", config->data_folder}});
  NotifyServiceManager("READY=1");
  const int signal_number = signals.Wait();
  NotifyServiceManager("STOPPING=1");
  LogInfo("ending; agents and containers go on", {{"signal", std::to_string(signal_number)}});
  side->End();
  return kExitOk;
}

}  // namespace

void AddControllerCommand(CLI::App* app, CommandContext* context) {
  const auto options = MakeServeOptions();
  CLI::App* command = app->add_subcommand(
      "controller", "Run the controller: follow repositories, and drive the agents that join");
  AddSourceFlags(command, options.get());
  command
      ->add_option("--listen", options->flags.listen,
                   "address and port for agents and webhooks (default: 0.0.0.0:7443)")
      ->check(CheckListenEndpoint);
  command
      ->add_option("--advertise", options->flags.advertise,
                   "HOST:PORT that agents dial (default: this host's address)")
      ->check(CheckDialEndpoint);
  AddDataFlags(command, options.get());
  // For tests of renewal; days are right for everybody else.
  command->add_option("--certificate-life-seconds", options->certificate_life_s)
      ->check(CLI::Range(10, 30 * 24 * 3600))
      ->group("");
  SetExamples(
      command,
      {"reconcile controller /srv/manifests",
       "reconcile controller --config ./reconcile.yaml --advertise control.example.com:7443",
       "reconcile token create      # then: the line that a host joins by"});
  command->callback([app, options, context] {
    options->socket_given = app->get_option("--socket")->count() > 0;
    context->serve = [options, context] { return RunController(*options, *context); };
  });
}

}  // namespace reconcile
