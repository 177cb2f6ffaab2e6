#include <iostream>

#include "cmd/api_client.h"
#include "cmd/commands.h"

namespace reconcile {

void AddSecretsCommand(CLI::App* app, CommandContext* context) {
  CLI::App* command = app->add_subcommand("secrets", "The key that seals Secrets in the database");
  command->require_subcommand(1);
  CLI::App* rotate = command->add_subcommand(
      "rotate", "Make a new key and seal every Secret anew; the old key goes");
  SetExamples(rotate, {"reconcile secrets rotate"});
  rotate->callback([context] {
    const Result<Value> answer =
        ApiClient(context->socket_path).Post("/apis/reconcile.dev/v1/secrets/rotate", {});
    if (answer.ok()) {
      const int64_t rows = answer->GetInt("rows");
      std::cout << "There is a new key; " << rows << (rows == 1 ? " row was" : " rows were")
                << " sealed anew with it, and the old key is gone. Backups made before "
                   "need the old\none: keep their keys files.\n";
    }
    context->exit_code = answer.ok() ? kExitOk : Fail(answer.status());
  });
}

}  // namespace reconcile
