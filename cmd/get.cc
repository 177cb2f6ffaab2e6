#include <iostream>

#include "api/table.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/yaml_output.h"
#include "schema/object.h"

namespace reconcile {
namespace {

struct GetOptions {
  std::string kind;
  std::string name;
  std::string namespace_name = "default";
  bool all_namespaces = false;
  std::string output;
};

std::string PathOf(const KindInfo& info, const GetOptions& options) {
  const std::string version(info.api_version);
  std::string path = (version.find('/') == std::string::npos ? "/api/" : "/apis/") + version;
  if (info.namespaced && !options.all_namespaces) {
    path += "/namespaces/" + EncodePathSegment(options.namespace_name);
  }
  path += "/" + std::string(info.plural);
  if (!options.name.empty()) path += "/" + EncodePathSegment(options.name);
  return path;
}

int Get(const GetOptions& options, const CommandContext& context) {
  const std::optional<Kind> kind = FindKindByWord(options.kind);
  if (!kind) {
    return Fail(InvalidError("'" + options.kind +
                             "' is no kind known here; `reconcile explain` lists them"));
  }
  const KindInfo& info = InfoOf(*kind);
  if (!options.name.empty() && options.all_namespaces && info.namespaced) {
    return Fail(InvalidError("a name and -A exclude each other; give -n NAMESPACE"));
  }
  const bool table = options.output.empty() || options.output == "wide";
  ApiClient client(context.socket_path);
  const Result<Value> answer = client.Get(PathOf(info, options), {}, table);
  if (!answer.ok()) return Fail(answer.status());
  if (options.output == "json") {
    std::cout << WriteJson(*answer, 2) << "\n";
  } else if (options.output == "yaml") {
    std::cout << WriteYaml(*answer);
  } else if (answer->GetList("rows").empty()) {
    std::cerr << "No resources found"
              << (info.namespaced && !options.all_namespaces
                      ? " in " + options.namespace_name + " namespace."
                      : ".")
              << "\n";
  } else {
    std::cout << TableText(*answer, {.with_namespace = info.namespaced && options.all_namespaces,
                                     .wide = options.output == "wide"});
  }
  return kExitOk;
}

}  // namespace

void AddGetCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<GetOptions>();
  CLI::App* command = app->add_subcommand("get", "Show objects of the cluster");
  command->add_option("KIND", options->kind, "pods, deployments, nodes, sources ...")->required();
  command->add_option("NAME", options->name, "one object");
  command->add_option("-n,--namespace", options->namespace_name, "namespace (default: default)");
  command->add_flag("-A,--all-namespaces", options->all_namespaces, "every namespace");
  command->add_option("-o,--output", options->output, "wide, yaml or json")
      ->check(CLI::IsMember({"wide", "yaml", "json"}));
  SetExamples(command, {"reconcile get pods", "reconcile get pods -A -o wide",
                        "reconcile get deployment web -n shop -o yaml", "reconcile get nodes"});
  command->callback([options, context] { context->exit_code = Get(*options, *context); });
}

}  // namespace reconcile
