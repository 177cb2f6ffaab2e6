#include <iostream>

#include "api/table.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"

namespace reconcile {
namespace {

struct EventsOptions {
  std::string namespace_name;
  bool wide = false;
};

int Events(const EventsOptions& options, const CommandContext& context) {
  const std::string folder = options.namespace_name.empty()
                                 ? ""
                                 : "/namespaces/" + EncodePathSegment(options.namespace_name);
  const Result<Value> table =
      ApiClient(context.socket_path).Get("/api/v1" + folder + "/events", {}, true);
  if (!table.ok()) return Fail(table.status());
  if (table->GetList("rows").empty()) {
    std::cerr << "No events found"
              << (options.namespace_name.empty() ? ""
                                                 : " in " + options.namespace_name + " namespace")
              << ".\n";
    return kExitOk;
  }
  std::cout << TableText(*table,
                         {.with_namespace = options.namespace_name.empty(), .wide = options.wide});
  return kExitOk;
}

}  // namespace

void AddEventsCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<EventsOptions>();
  CLI::App* command = app->add_subcommand("events", "Show what was done, refused, and why");
  command->add_option("-n,--namespace", options->namespace_name, "one namespace (default: all)");
  command->add_flag("--wide", options->wide, "source and count too");
  SetExamples(command, {"reconcile events", "reconcile events -n default"});
  command->callback([options, context] { context->exit_code = Events(*options, *context); });
}

}  // namespace reconcile
