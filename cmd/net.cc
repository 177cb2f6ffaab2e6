#include <iostream>

#include "api/table.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/yaml_output.h"

namespace reconcile {
namespace {

int NetStatus(const std::string& output, const CommandContext& context) {
  const Result<Value> answer =
      ApiClient(context.socket_path).Get("/apis/reconcile.dev/v1/network", {}, output.empty());
  if (!answer.ok()) return Fail(answer.status());
  if (!output.empty()) {
    std::cout << (output == "json" ? WriteJson(*answer, 2) + "\n" : WriteYaml(*answer));
  } else if (answer->GetList("rows").empty()) {
    std::cerr << "No host has joined yet.\n";
  } else {
    std::cout << TableText(*answer, {});
  }
  return kExitOk;
}

}  // namespace

void AddNetCommand(CLI::App* app, CommandContext* context) {
  CLI::App* net = app->add_subcommand("net", "The network over all hosts");
  net->require_subcommand(1);
  auto output = std::make_shared<std::string>();
  CLI::App* status = net->add_subcommand(
      "status",
      "Show each host's pod subnet and MTU, which hosts it reaches, and what its rules follow");
  status->add_option("-o,--output", *output, "yaml or json")
      ->check(CLI::IsMember({"yaml", "json"}));
  SetExamples(status,
              {"reconcile net status", "reconcile net status -o json | jq '.items[].inSync'"});
  status->callback([output, context] { context->exit_code = NetStatus(*output, *context); });
}

}  // namespace reconcile
