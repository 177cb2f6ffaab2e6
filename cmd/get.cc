#include <iostream>
#include <utility>

#include "api/table.h"
#include "base/escape.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/get_request.h"
#include "cmd/yaml_output.h"
#include "schema/object.h"

namespace reconcile {
namespace {

struct GetOptions {
  std::string kinds;
  std::string name;
  std::string namespace_name = "default";
  bool all_namespaces = false;
  std::string output;
};

// Several answers as kubectl's one List.
Value MergeAnswers(std::vector<Value> answers) {
  if (answers.size() == 1) return std::move(answers.front());
  Value items = Value::MakeList();
  for (const Value& answer : answers) {
    if (answer.Find("items") == nullptr) items.Append(answer);
    for (const Value& item : answer.GetList("items")) items.Append(item);
  }
  Value list = Value::MakeMap();
  list.Set("apiVersion", Value::String("v1"));
  list.Set("kind", Value::String("List"));
  list.Set("items", std::move(items));
  return list;
}

// Where several kinds are shown, names say of which each is: "pod/web".
Value WithKindBeforeNames(const Value& table, const KindInfo& info) {
  Value::List rows = table.GetList("rows");
  for (Value& row : rows) {
    Value::List cells = row.GetList("cells");
    if (cells.empty() || !cells.front().IsString()) continue;
    cells.front() = Value::String(std::string(info.singular) + "/" + cells.front().AsString());
    row.Set("cells", Value::MakeList(std::move(cells)));
  }
  Value marked = table;
  marked.Set("rows", Value::MakeList(std::move(rows)));
  return marked;
}

void PrintTables(const std::vector<GetTarget>& targets, const std::vector<Value>& tables,
                 const GetOptions& options) {
  bool is_first = true;
  bool is_namespaced = false;
  for (size_t i = 0; i < targets.size(); ++i) {
    const KindInfo& info = InfoOf(targets[i].kind);
    is_namespaced = is_namespaced || info.namespaced;
    if (tables[i].GetList("rows").empty()) continue;
    const Value table = targets.size() > 1 ? WithKindBeforeNames(tables[i], info) : tables[i];
    if (!std::exchange(is_first, false)) std::cout << "\n";
    std::cout << TableText(table, {.with_namespace = info.namespaced && options.all_namespaces,
                                   .wide = options.output == "wide"});
  }
  if (!is_first) return;
  std::cerr << "No resources found"
            << (is_namespaced && !options.all_namespaces
                    ? " in " + options.namespace_name + " namespace."
                    : ".")
            << "\n";
}

int Get(const GetOptions& options, const CommandContext& context) {
  const Result<std::vector<GetTarget>> targets = ParseGetTargets(options.kinds, options.name);
  if (!targets.ok()) return Fail(targets.status());
  const bool as_table = options.output.empty() || options.output == "wide";
  ApiClient client(context.socket_path);
  std::vector<Value> answers;
  for (const GetTarget& target : *targets) {
    if (!target.name.empty() && options.all_namespaces && InfoOf(target.kind).namespaced) {
      return Fail(InvalidError("a name and -A exclude each other; give -n NAMESPACE"));
    }
    Result<Value> answer = client.Get(
        PathOf(target.kind, options.all_namespaces ? "" : options.namespace_name, target.name), {},
        as_table);
    if (!answer.ok()) return Fail(answer.status());
    answers.push_back(std::move(answer).value());
  }
  if (as_table) {
    PrintTables(*targets, answers, options);
  } else {
    const Value merged = MergeAnswers(std::move(answers));
    std::cout << (options.output == "json" ? EscapeForJson(WriteJson(merged, 2)) + "\n"
                                           : WriteYaml(merged));
  }
  return kExitOk;
}

}  // namespace

void AddGetCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<GetOptions>();
  CLI::App* command = app->add_subcommand("get", "Show objects of the cluster");
  command
      ->add_option("KIND", options->kinds,
                   "pods, deployments, nodes, sources ...; several as pods,svc; all; or KIND/NAME")
      ->required();
  command->add_option("NAME", options->name, "one object");
  command->add_option("-n,--namespace", options->namespace_name, "namespace (default: default)");
  command->add_flag("-A,--all-namespaces", options->all_namespaces, "every namespace");
  command->add_option("-o,--output", options->output, "wide, yaml or json")
      ->check(CLI::IsMember({"wide", "yaml", "json"}));
  SetExamples(command,
              {"reconcile get pods", "reconcile get pods -A -o wide", "reconcile get all -n shop",
               "reconcile get deployment web -n shop -o yaml", "reconcile get nodes"});
  command->callback([options, context] { context->exit_code = Get(*options, *context); });
}

}  // namespace reconcile
