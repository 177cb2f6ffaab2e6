#include <iostream>

#include "api/table.h"
#include "base/escape.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"

namespace reconcile {
namespace {

int ListSources(const CommandContext& context) {
  const Result<Value> table =
      ApiClient(context.socket_path).Get("/apis/reconcile.dev/v1/sources", {}, true);
  if (!table.ok()) return Fail(table.status());
  if (table->GetList("rows").empty()) {
    std::cerr << "No source is configured.\n";
    return kExitOk;
  }
  std::cout << TableText(*table, {.with_namespace = false, .wide = false});
  return kExitOk;
}

int AcceptHostKey(const std::string& source, const std::string& fingerprint,
                  const CommandContext& context) {
  const Result<Value> answer = ApiClient(context.socket_path)
                                   .Post("/apis/reconcile.dev/v1/accept-host-key",
                                         {{"source", source}, {"fingerprint", fingerprint}});
  if (!answer.ok()) return Fail(answer.status());
  std::cout << "Accepted " << EscapeForTerminal(fingerprint) << ": source "
            << EscapeForTerminal(source) << " is fetched now.\n";
  return kExitOk;
}

void AddAcceptHostKey(CLI::App* source, CommandContext* context) {
  auto name = std::make_shared<std::string>();
  auto fingerprint = std::make_shared<std::string>();
  CLI::App* accept = source->add_subcommand(
      "accept-host-key",
      "Trust the ssh host key that a source's server showed and that was refused");
  accept->add_option("NAME", *name, "the source")->required();
  accept->add_option("FINGERPRINT", *fingerprint, "SHA256:..., compared with the server's own")
      ->required();
  SetExamples(accept, {"reconcile source list",
                       "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub   # on the server",
                       "reconcile source accept-host-key shop "
                       "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"});
  accept->callback([name, fingerprint, context] {
    context->exit_code = AcceptHostKey(*name, *fingerprint, *context);
  });
}

}  // namespace

void AddSourceCommand(CLI::App* app, CommandContext* context) {
  CLI::App* source = app->add_subcommand("source", "Show the repositories that are followed");
  source->require_subcommand(1);
  CLI::App* list =
      source->add_subcommand("list", "Each with its revision in force, and what is wrong with it");
  SetExamples(list, {"reconcile source list"});
  list->callback([context] { context->exit_code = ListSources(*context); });
  AddAcceptHostKey(source, context);
  SetExamples(source, {"reconcile source list",
                       "reconcile source accept-host-key shop "
                       "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"});
}

}  // namespace reconcile
