#include <iostream>

#include "base/version.h"
#include "cmd/commands.h"
#include "schema/codec.h"
#include "schema/object.h"

namespace reconcile {
namespace {

int ListKinds() {
  for (const Kind kind : kAllKinds) {
    const KindInfo& info = InfoOf(kind);
    if (info.declarable) std::cout << info.plural << " (" << info.api_version << ")\n";
  }
  return kExitOk;
}

}  // namespace

void AddExplainCommand(CLI::App* app, CommandContext* context) {
  auto path = std::make_shared<std::string>();
  CLI::App* command = app->add_subcommand("explain", "Describe a kind or a field of a manifest");
  command->add_option("FIELD", *path, "like deployment.spec.strategy; none lists the kinds");
  SetExamples(command, {"reconcile explain", "reconcile explain deployment",
                        "reconcile explain pod.spec.containers.resources"});
  command->callback([path, context] {
    if (path->empty()) {
      context->exit_code = ListKinds();
      return;
    }
    const Result<std::string> text = Explain(*path);
    if (text.ok()) std::cout << *text;
    context->exit_code = text.ok() ? kExitOk : Fail(text.status());
  });
}

void AddVersionCommand(CLI::App* app, CommandContext*) {
  CLI::App* command = app->add_subcommand("version", "Print the version");
  SetExamples(command, {"reconcile version"});
  command->callback([] { std::cout << "reconcile " << kVersion << "\n"; });
}

}  // namespace reconcile
