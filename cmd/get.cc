#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <utility>

#include "api/table.h"
#include "base/escape.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/get_request.h"
#include "cmd/get_text.h"
#include "cmd/json_path.h"
#include "cmd/value_at.h"
#include "cmd/yaml_output.h"
#include "schema/object.h"

namespace reconcile {
namespace {

constexpr std::string_view kJsonPathOutput = "jsonpath=";

struct GetOptions {
  std::string kinds;
  std::string name;
  std::string namespace_name = "default";
  std::string selector;
  std::string field_selector;
  bool all_namespaces = false;
  bool watch = false;
  std::string output;

  bool as_table() const { return output.empty() || output == "wide"; }
};

std::string CheckOutput(const std::string& output) {
  for (const char* known : {"wide", "yaml", "json", "name"}) {
    if (output == known) return "";
  }
  if (!output.starts_with(kJsonPathOutput)) {
    return "is wide, yaml, json, name or jsonpath=TEMPLATE, not " + output;
  }
  const Result<JsonPath> path = JsonPath::Parse(output.substr(kJsonPathOutput.size()));
  return path.ok() ? "" : path.status().message();
}

ApiClient::Query GetQueryOf(const GetOptions& options) {
  ApiClient::Query query;
  if (!options.selector.empty()) query["labelSelector"] = options.selector;
  if (!options.field_selector.empty()) query["fieldSelector"] = options.field_selector;
  return query;
}

std::string PathOf(const GetTarget& target, const GetOptions& options) {
  return PathOf(target.kind, options.all_namespaces ? "" : options.namespace_name, target.name);
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

// JSONPath gives what it finds as it is, as kubectl; a terminal gets it escaped.
Result<std::string> JsonPathText(const Value& answer, const GetOptions& options) {
  const Result<JsonPath> path = JsonPath::Parse(options.output.substr(kJsonPathOutput.size()));
  if (!path.ok()) return path.status();
  Result<std::string> text = path->Write(answer);
  if (!text.ok() || ::isatty(STDOUT_FILENO) == 0) return text;
  std::string shown;
  for (size_t start = 0; start <= text->size();) {
    const size_t end = std::min(text->find_first_of("\n\t", start), text->size());
    shown += EscapeForTerminal(std::string_view(*text).substr(start, end - start));
    if (end < text->size()) shown += (*text)[end];
    start = end + 1;
  }
  return shown;
}

Status PrintValue(const Value& answer, const GetOptions& options) {
  if (options.output.starts_with(kJsonPathOutput)) {
    const Result<std::string> text = JsonPathText(answer, options);
    if (!text.ok()) return text.status();
    std::cout << *text;
    if (::isatty(STDOUT_FILENO) == 1) std::cout << "\n";
  } else if (options.output == "name") {
    std::cout << NameLines(answer);
  } else if (options.output == "json") {
    std::cout << EscapeForJson(WriteJson(answer, 2)) << "\n";
  } else {
    std::cout << (options.watch ? "---\n" : "") << WriteYaml(answer);
  }
  std::cout << std::flush;
  return OkStatus();
}

// What there is, and then each change of it, until the watch ends.
int Watch(const GetTarget& target, const GetOptions& options, const CommandContext& context) {
  ApiClient client(context.socket_path);
  GetOptions listed = options;
  if (!target.name.empty()) listed.field_selector = "metadata.name=" + target.name;
  ApiClient::Query query = GetQueryOf(listed);
  const std::string path = PathOf({target.kind, ""}, options);
  const Result<Value> list = client.Get(path, query, options.as_table());
  if (!list.ok()) return Fail(list.status());
  RowWriter rows(InfoOf(target.kind).namespaced && options.all_namespaces,
                 options.output == "wide");
  const auto print = [&](const Value& value) {
    if (!options.as_table()) return PrintValue(value, options);
    if (!value.GetList("rows").empty()) std::cout << rows.Text(value) << std::flush;
    return OkStatus();
  };
  Status failed = options.as_table() ? print(*list) : OkStatus();
  for (const Value& item : list->GetList("items")) {
    if (failed.ok()) failed = print(item);
  }
  query["resourceVersion"] = TextAt(*list, "metadata.resourceVersion");
  const Status watched =
      !failed.ok() ? failed
                   : client.Watch(path, query, options.as_table(), [&](const Value& event) {
                       const Value* object = event.Find("object");
                       if (object != nullptr) failed = print(*object);
                       return failed.ok() && std::cout.good();
                     });
  if (!failed.ok()) return Fail(failed);
  return watched.ok() ? kExitOk : Fail(watched);
}

Status CheckTargets(const std::vector<GetTarget>& targets, const GetOptions& options) {
  for (const GetTarget& target : targets) {
    if (target.name.empty()) continue;
    if (options.all_namespaces && InfoOf(target.kind).namespaced) {
      return InvalidError("a name and -A exclude each other; give -n NAMESPACE");
    }
    if (!options.selector.empty() || !options.field_selector.empty()) {
      return InvalidError("a name and a selector exclude each other");
    }
  }
  if (options.watch && targets.size() > 1) return InvalidError("-w is of one kind");
  return OkStatus();
}

int Get(const GetOptions& options, const CommandContext& context) {
  const Result<std::vector<GetTarget>> targets = ParseGetTargets(options.kinds, options.name);
  if (!targets.ok()) return Fail(targets.status());
  if (const Status status = CheckTargets(*targets, options); !status.ok()) return Fail(status);
  if (options.watch) return Watch(targets->front(), options, context);
  ApiClient client(context.socket_path);
  std::vector<Value> answers;
  for (const GetTarget& target : *targets) {
    Result<Value> answer =
        client.Get(PathOf(target, options), GetQueryOf(options), options.as_table());
    if (!answer.ok()) return Fail(answer.status());
    answers.push_back(std::move(answer).value());
  }
  if (options.as_table()) {
    PrintTables(*targets, answers, options);
    return kExitOk;
  }
  const Status status = PrintValue(MergeAnswers(std::move(answers)), options);
  return status.ok() ? kExitOk : Fail(status);
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
  command->add_option("-l,--selector", options->selector, "only with these labels, as app=web");
  command->add_option("--field-selector", options->field_selector,
                      "only with these fields, as spec.nodeName=host-1");
  command->add_flag("-w,--watch", options->watch, "then each change, until interrupted");
  command->add_option("-o,--output", options->output, "wide, yaml, json, name or jsonpath=TEMPLATE")
      ->check(CheckOutput);
  SetExamples(command,
              {"reconcile get pods", "reconcile get pods -A -o wide", "reconcile get all -n shop",
               "reconcile get deployment web -n shop -o yaml", "reconcile get pods -l app=web -w",
               "reconcile get nodes -o 'jsonpath={.items[*].metadata.name}'"});
  command->callback([options, context] { context->exit_code = Get(*options, *context); });
}

}  // namespace reconcile
