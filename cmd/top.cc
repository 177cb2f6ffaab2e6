#include <iostream>

#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/top_text.h"

namespace reconcile {
namespace {

constexpr std::string_view kMetricsFolder = "/apis/metrics.k8s.io/v1beta1";

struct TopArguments {
  std::string name;
  std::string namespace_name = "default";
  bool all_namespaces = false;
  std::string selector;
  std::string sort_by;
  bool containers = false;
  bool no_headers = false;
};

TopOptions OptionsOf(const TopArguments& arguments) {
  TopOptions options;
  if (arguments.sort_by == "cpu") options.order = TopOrder::kCpu;
  if (arguments.sort_by == "memory") options.order = TopOrder::kMemory;
  options.headers = !arguments.no_headers;
  options.with_namespace = arguments.all_namespaces;
  options.containers = arguments.containers;
  return options;
}

// Of one name, or of all that the selector takes, as a list either way.
Result<Value> ListOf(ApiClient* client, const std::string& folder, const TopArguments& arguments) {
  if (arguments.name.empty()) {
    ApiClient::Query query;
    if (!arguments.selector.empty()) query["labelSelector"] = arguments.selector;
    return client->Get(folder, query);
  }
  Result<Value> one = client->Get(folder + "/" + EncodePathSegment(arguments.name));
  if (!one.ok()) return one.status();
  Value items = Value::MakeList();
  items.Append(std::move(one).value());
  Value list = Value::MakeMap();
  list.Set("items", std::move(items));
  return list;
}

int TopNodes(const TopArguments& arguments, const CommandContext& context) {
  ApiClient client(context.socket_path);
  const Result<Value> nodes = ListOf(&client, "/api/v1/nodes", arguments);
  if (!nodes.ok()) return Fail(nodes.status());
  const Result<Value> metrics = ListOf(&client, std::string(kMetricsFolder) + "/nodes", arguments);
  if (!metrics.ok()) return Fail(metrics.status());
  if (nodes->GetList("items").empty()) {
    std::cerr << "No resources found.\n";
    return kExitOk;
  }
  std::cout << TopNodesText(*metrics, *nodes, OptionsOf(arguments));
  return kExitOk;
}

int TopPods(const TopArguments& arguments, const CommandContext& context) {
  if (!arguments.name.empty() && arguments.all_namespaces) {
    return Fail(InvalidError("a name and -A exclude each other; give -n NAMESPACE"));
  }
  ApiClient client(context.socket_path);
  std::string folder(kMetricsFolder);
  if (!arguments.all_namespaces) {
    folder += "/namespaces/" + EncodePathSegment(arguments.namespace_name);
  }
  const Result<Value> metrics = ListOf(&client, folder + "/pods", arguments);
  if (!metrics.ok()) return Fail(metrics.status());
  if (metrics->GetList("items").empty()) {
    std::cerr << "No pods that run have told what they use"
              << (arguments.all_namespaces ? "" : " in " + arguments.namespace_name + " namespace")
              << "; a pod tells some 20 s after its start.\n";
    return kExitOk;
  }
  std::cout << TopPodsText(*metrics, OptionsOf(arguments));
  return kExitOk;
}

void AddShared(CLI::App* command, TopArguments* arguments) {
  command->add_option("NAME", arguments->name, "one of them");
  command->add_option("-l,--selector", arguments->selector, "those whose labels it selects")
      ->excludes("NAME");
  command->add_option("--sort-by", arguments->sort_by, "cpu or memory: what uses most first")
      ->check(CLI::IsMember({"cpu", "memory"}));
  command->add_flag("--no-headers", arguments->no_headers, "lines alone");
}

}  // namespace

void AddTopCommand(CLI::App* app, CommandContext* context) {
  CLI::App* command = app->add_subcommand("top", "Show how much CPU and memory hosts and pods use");
  command->require_subcommand(1);
  SetExamples(command, {"reconcile top nodes", "reconcile top pods -A --sort-by memory",
                        "reconcile top pods -n shop -l app=web --containers"});
  auto nodes = std::make_shared<TopArguments>();
  CLI::App* top_nodes = command->add_subcommand("nodes", "What hosts use, of what they have");
  top_nodes->alias("node");
  AddShared(top_nodes, nodes.get());
  top_nodes->callback([nodes, context] { context->exit_code = TopNodes(*nodes, *context); });
  auto pods = std::make_shared<TopArguments>();
  CLI::App* top_pods = command->add_subcommand("pods", "What pods use");
  top_pods->alias("pod");
  AddShared(top_pods, pods.get());
  top_pods->add_option("-n,--namespace", pods->namespace_name, "namespace (default: default)");
  top_pods->add_flag("-A,--all-namespaces", pods->all_namespaces, "every namespace");
  top_pods->add_flag("--containers", pods->containers, "each container of them");
  top_pods->callback([pods, context] { context->exit_code = TopPods(*pods, *context); });
}

}  // namespace reconcile
