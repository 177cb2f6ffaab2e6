#include <csignal>
#include <iostream>

#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/dashboard_proxy.h"
#include "cmd/serving.h"

namespace reconcile {
namespace {

struct DashboardFlags {
  uint16_t port = 0;
};

int RunDashboard(const DashboardFlags& flags, const CommandContext& context) {
  const Result<Value> answer = ApiClient(context.socket_path).Get("/apis/reconcile.dev/v1/status");
  if (!answer.ok()) return Fail(answer.status());
  EndSignals signals;
  const auto proxy = DashboardProxy::Start(context.socket_path, flags.port);
  if (!proxy.ok()) return Fail(proxy.status());
  std::cout << "The page, for the browser that opens this first:\n  " << (*proxy)->url()
            << "\nIt is there until this ends (Ctrl+C).\n"
            << std::flush;
  signals.Wait();
  return kExitOk;
}

}  // namespace

void AddDashboardCommand(CLI::App* app, CommandContext* context) {
  const auto flags = std::make_shared<DashboardFlags>();
  CLI::App* command = app->add_subcommand(
      "dashboard", "Let this host's browser see the status page, without a token");
  command->add_option("--port", flags->port, "of 127.0.0.1 (default: any that is free)");
  SetExamples(command, {"reconcile dashboard", "reconcile dashboard --port 9090",
                        "ssh -L 9090:127.0.0.1:9090 control reconcile dashboard --port 9090"});
  command->callback([flags, context] { context->exit_code = RunDashboard(*flags, *context); });
}

}  // namespace reconcile
