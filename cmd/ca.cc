#include <iostream>

#include "api/table.h"
#include "base/escape.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"

namespace reconcile {
namespace {

constexpr const char* kAuthoritiesPath = "/apis/reconcile.dev/v1/authorities";

int ShowCa(const CommandContext& context) {
  const Result<Value> answer = ApiClient(context.socket_path).Get(kAuthoritiesPath);
  if (!answer.ok()) return Fail(answer.status());
  std::cout << "Cluster " << EscapeForTerminal(answer->GetString("clusterId")) << "\n"
            << TableText(*answer, {});
  if (!answer->GetBool("rotating")) return kExitOk;
  const Value::List& waiting = answer->GetList("waitingFor");
  if (waiting.empty()) {
    std::cout << "Every node is ready: `reconcile ca rotate --finish` ends the rotation.\n";
    return kExitOk;
  }
  std::cout << "The rotation waits for " << waiting.size()
            << (waiting.size() == 1 ? " node:\n" : " nodes:\n");
  for (const Value& line : waiting) {
    if (line.IsString()) std::cout << "  " << EscapeForTerminal(line.AsString()) << "\n";
  }
  return kExitOk;
}

int RotateCa(bool finish, const CommandContext& context) {
  const std::string path = std::string(kAuthoritiesPath) + (finish ? "/finish" : "/rotate");
  const Result<Value> answer = ApiClient(context.socket_path).Post(path, {});
  if (!answer.ok()) return Fail(answer.status());
  if (finish) {
    std::cout
        << "Finished: the old CA is no longer trusted. Join tokens made before are revoked.\n";
  } else {
    std::cout << "Begun: both CAs are trusted, and nodes renew their certificates. `reconcile ca "
                 "show` says when all have; then `reconcile ca rotate --finish`.\n";
  }
  return kExitOk;
}

}  // namespace

void AddCaCommand(CLI::App* app, CommandContext* context) {
  CLI::App* ca = app->add_subcommand("ca", "Show and rotate the cluster's certificate authority");
  ca->require_subcommand(1);

  CLI::App* show = ca->add_subcommand("show", "Show the CA, and how far a rotation is");
  SetExamples(show, {"reconcile ca show"});
  show->callback([context] { context->exit_code = ShowCa(*context); });

  auto finish = std::make_shared<bool>(false);
  CLI::App* rotate = ca->add_subcommand("rotate", "Replace the CA without cutting any host off");
  rotate->add_flag("--finish", *finish,
                   "end the rotation: every node has a certificate of the new CA");
  SetExamples(rotate, {"reconcile ca rotate", "reconcile ca show", "reconcile ca rotate --finish"});
  rotate->callback([finish, context] { context->exit_code = RotateCa(*finish, *context); });
  SetExamples(ca, {"reconcile ca show", "reconcile ca rotate"});
}

}  // namespace reconcile
