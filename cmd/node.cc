#include <iostream>

#include "api/table.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"

namespace reconcile {
namespace {

constexpr const char* kCertificatesPath = "/apis/reconcile.dev/v1/nodecertificates";

int ListCertificatesOfNodes(const CommandContext& context) {
  const Result<Value> answer = ApiClient(context.socket_path).Get(kCertificatesPath);
  if (!answer.ok()) return Fail(answer.status());
  if (answer->GetList("rows").empty()) {
    std::cerr << "No host has joined. `reconcile token create` prints the line that lets one.\n";
  } else {
    std::cout << TableText(*answer, {});
  }
  return kExitOk;
}

int RevokeNodeByName(const std::string& name, const CommandContext& context) {
  const std::string path =
      std::string(kCertificatesPath) + "/" + EncodePathSegment(name) + "/revoke";
  const Result<Value> answer = ApiClient(context.socket_path).Post(path, {});
  if (!answer.ok()) return Fail(answer.status());
  std::cout << "Revoked: every certificate of node " << name
            << " is refused from now on. What runs on its host goes on until it is stopped there; "
               "to let it in again: reconcile token create --node "
            << name << "\n";
  return kExitOk;
}

}  // namespace

void AddNodeCommand(CLI::App* app, CommandContext* context) {
  CLI::App* node = app->add_subcommand("node", "Show and revoke what lets hosts in");
  node->require_subcommand(1);

  CLI::App* list =
      node->add_subcommand("list-certificates", "Show the newest certificate of every node");
  list->alias("list");
  SetExamples(list, {"reconcile node list-certificates"});
  list->callback([context] { context->exit_code = ListCertificatesOfNodes(*context); });

  auto name = std::make_shared<std::string>();
  CLI::App* revoke = node->add_subcommand(
      "revoke", "Refuse every certificate of a node: stolen, or gone for good");
  revoke->add_option("NODE", *name, "its name")->required();
  SetExamples(revoke, {"reconcile node list-certificates", "reconcile node revoke host-2"});
  revoke->callback([name, context] { context->exit_code = RevokeNodeByName(*name, *context); });
  SetExamples(node, {"reconcile node list-certificates", "reconcile node revoke host-2"});
}

}  // namespace reconcile
