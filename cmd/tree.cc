#include <iostream>

#include "base/escape.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/get_request.h"
#include "cmd/tree_text.h"

namespace reconcile {
namespace {

struct TreeOptions {
  std::string kind;
  std::string name;
  std::string namespace_name;
  bool json = false;
};

int Tree(const TreeOptions& options, const CommandContext& context) {
  ApiClient::Query query;
  query["namespace"] = options.namespace_name;
  if (!options.kind.empty()) {
    const Result<std::vector<GetTarget>> targets = ParseGetTargets(options.kind, options.name);
    if (!targets.ok()) return Fail(targets.status());
    if (targets->size() != 1 || targets->front().name.empty()) {
      return Fail(InvalidError("name one object, as deploy/web or source/main"));
    }
    query["kind"] = InfoOf(targets->front().kind).singular;
    query["name"] = targets->front().name;
    if (options.namespace_name.empty()) query["namespace"] = "default";
  }
  const Result<Value> trees =
      ApiClient(context.socket_path).Get("/apis/reconcile.dev/v1/tree", query);
  if (!trees.ok()) return Fail(trees.status());
  if (options.json) {
    std::cout << EscapeForJson(WriteJson(*trees, 2)) << "\n";
  } else if (trees->GetList("items").empty()) {
    std::cerr << "The controller follows no source.\n";
  } else {
    std::cout << TreeText(*trees, context.UseColor());
  }
  return IsTreeHealthy(*trees) ? kExitOk : kExitChanges;
}

}  // namespace

void AddTreeCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<TreeOptions>();
  CLI::App* command = app->add_subcommand(
      "tree", "Show what sources declare and what that owns, and what is not healthy and why");
  command->add_option("KIND", options->kind,
                      "deploy/NAME, source/NAME ... (default: every source)");
  command->add_option("NAME", options->name, "one object, after its kind");
  command->add_option("-n,--namespace", options->namespace_name,
                      "namespace (default: all of sources, default of an object)");
  command->add_flag("--json", options->json, "as JSON");
  SetExamples(command, {"reconcile tree", "reconcile tree -n shop", "reconcile tree source/main",
                        "reconcile tree deploy/web -n shop"});
  command->callback([options, context] { context->exit_code = Tree(*options, *context); });
}

}  // namespace reconcile
