#include <iostream>

#include "base/epoll_loop.h"
#include "base/escape.h"
#include "cmd/commands.h"
#include "cmd/doctor_gather.h"

namespace reconcile {
namespace {

struct DoctorOptions {
  std::string output = "text";
  std::string docker_socket;
  std::string data_folder;
};

int Doctor(const DoctorOptions& options, const CommandContext& context) {
  Result<Config> config = context.ReadConfiguration(ConfigReader::kClient);
  if (!config.ok()) return Fail(config.status());
  config->socket_path = context.socket_path;
  if (!options.docker_socket.empty()) config->docker_socket = options.docker_socket;
  if (!options.data_folder.empty()) config->data_folder = options.data_folder;
  const std::vector<DoctorCheck> checks =
      RunDoctorChecks(GatherDoctorFacts(*config), ReadSystemClock().wall);
  if (options.output == "json") {
    std::cout << EscapeForJson(WriteJson(EncodeDoctor(checks), 2)) << "\n";
  } else {
    std::cout << DoctorText(checks, context.UseColor());
  }
  return HasFailed(checks) ? kExitChanges : kExitOk;
}

}  // namespace

void AddDoctorCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* command = app->add_subcommand(
      "doctor", "Check this host, without a controller too: engine, kernel, ports, clock, disks");
  command->add_option("-o,--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  command->add_option("--docker", options->docker_socket, "Docker's socket");
  command->add_option("--data", options->data_folder, "folder for the database and keys");
  SetExamples(command,
              {"reconcile doctor",
               "reconcile doctor -o json | jq '.checks[] | select(.verdict==\"failed\")'"});
  command->callback([options, context] { context->exit_code = Doctor(*options, *context); });
}

}  // namespace reconcile
