#include <iostream>

#include "api/table.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/duration.h"

namespace reconcile {
namespace {

constexpr const char* kTokensPath = "/apis/reconcile.dev/v1/jointokens";

struct TokenFlags {
  std::string life = "24h";
  int uses = 1;
  std::string node;
};

int CreateJoinToken(const TokenFlags& flags, const CommandContext& context) {
  const Result<int64_t> life_ms = ParseDuration(flags.life);
  if (!life_ms.ok()) return Fail(life_ms.status().WithContext("--ttl"));
  const Result<Value> answer =
      ApiClient(context.socket_path)
          .Post(kTokensPath, {{"ttlSeconds", std::to_string(*life_ms / 1000)},
                              {"uses", std::to_string(flags.uses)},
                              {"node", flags.node}});
  if (!answer.ok()) return Fail(answer.status());
  std::cout << "reconcile agent --join " << answer->GetString("address") << " --token "
            << answer->GetString("token") << "\n";
  // Beside the line, so that scripts can take it as it is.
  std::cerr << "Good for " << answer->GetInt("uses") << (flags.uses == 1 ? " host" : " hosts")
            << " until " << answer->GetString("expires") << "; it is not shown again. To end it: "
            << "reconcile token revoke " << answer->GetString("id") << "\n";
  return kExitOk;
}

int ListJoinTokens(const CommandContext& context) {
  const Result<Value> answer = ApiClient(context.socket_path).Get(kTokensPath);
  if (!answer.ok()) return Fail(answer.status());
  if (answer->GetList("rows").empty()) {
    std::cerr << "No join tokens.\n";
  } else {
    std::cout << TableText(*answer, {});
  }
  return kExitOk;
}

int RevokeJoinToken(const std::string& id, const CommandContext& context) {
  const std::string path = std::string(kTokensPath) + "/" + EncodePathSegment(id) + "/revoke";
  const Result<Value> answer = ApiClient(context.socket_path).Post(path, {});
  if (!answer.ok()) return Fail(answer.status());
  std::cout << "Revoked: no host joins by token " << id
            << " any more. Hosts that have joined stay.\n";
  return kExitOk;
}

void AddTokenCreate(CLI::App* token, CommandContext* context) {
  auto flags = std::make_shared<TokenFlags>();
  CLI::App* command = token->add_subcommand("create", "Print the line that lets a host join");
  command->add_option("--ttl", flags->life, "how long it is good for: 30m, 24h, 7d (default: 24h)");
  command->add_option("--uses", flags->uses, "how many hosts may join by it (default: 1)")
      ->check(CLI::Range(1, 1000));
  command->add_option("--node", flags->node,
                      "the only node it is for, also when its name is in use: to replace a host");
  SetExamples(command, {"reconcile token create", "reconcile token create --ttl 1h --uses 20",
                        "reconcile token create --node host-2"});
  command->callback([flags, context] { context->exit_code = CreateJoinToken(*flags, *context); });
}

}  // namespace

void AddTokenCommand(CLI::App* app, CommandContext* context) {
  CLI::App* token = app->add_subcommand("token", "Create, list and revoke join tokens");
  token->require_subcommand(1);
  AddTokenCreate(token, context);

  CLI::App* list = token->add_subcommand("list", "Show join tokens, without their secrets");
  SetExamples(list, {"reconcile token list"});
  list->callback([context] { context->exit_code = ListJoinTokens(*context); });

  auto id = std::make_shared<std::string>();
  CLI::App* revoke = token->add_subcommand("revoke", "End a join token");
  revoke->add_option("ID", *id, "its id, as `reconcile token list` shows it")->required();
  SetExamples(revoke, {"reconcile token list", "reconcile token revoke 3f9a1c20"});
  revoke->callback([id, context] { context->exit_code = RevokeJoinToken(*id, *context); });
  SetExamples(token, {"reconcile token create", "reconcile token list"});
}

}  // namespace reconcile
