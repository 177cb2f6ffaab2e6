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
            << " is refused from now on, and its pods are made anew on other hosts.\n"
               "If its machine still runs, so do its containers: nothing here stops them. Power it "
               "off, or run `reconcile uninstall --yes` on it.\n"
               "To forget it: reconcile node remove "
            << name << "; to let it in again, empty: reconcile token create --node " << name
            << "\n";
  return kExitOk;
}

int RemoveNodeByName(const std::string& name, const CommandContext& context) {
  const Result<Value> answer =
      ApiClient(context.socket_path)
          .Post("/apis/reconcile.dev/v1/remove-node?node=" + EncodePathSegment(name), {});
  if (!answer.ok()) return Fail(answer.status());
  std::cout << "Removed: node " << name
            << " is forgotten, and its pod subnet may be given to another host.\n";
  return kExitOk;
}

}  // namespace

void AddNodeCommand(CLI::App* app, CommandContext* context) {
  CLI::App* node = app->add_subcommand("node", "Show what lets hosts in, and take hosts out");
  node->require_subcommand(1);

  CLI::App* list =
      node->add_subcommand("list-certificates", "Show the newest certificate of every node");
  list->alias("list");
  SetExamples(list, {"reconcile node list-certificates"});
  list->callback([context] { context->exit_code = ListCertificatesOfNodes(*context); });

  auto name = std::make_shared<std::string>();
  CLI::App* revoke = node->add_subcommand(
      "revoke", "Take a node out, stolen or gone for good: refuse its certificates, move its pods");
  revoke->add_option("NODE", *name, "its name")->required();
  SetExamples(revoke, {"reconcile node list-certificates", "reconcile node revoke host-2"});
  revoke->callback([name, context] { context->exit_code = RevokeNodeByName(*name, *context); });

  CLI::App* remove = node->add_subcommand("remove", "Forget a revoked node; frees its pod subnet");
  remove->add_option("NODE", *name, "its name")->required();
  SetExamples(remove, {"reconcile node revoke host-2", "reconcile node remove host-2"});
  remove->callback([name, context] { context->exit_code = RemoveNodeByName(*name, *context); });
  SetExamples(node, {"reconcile node list-certificates", "reconcile node revoke host-2",
                     "reconcile node remove host-2"});
}

}  // namespace reconcile
