#include <iostream>

#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/kubeconfig_text.h"
#include "cmd/owners_kubeconfig.h"
#include "link/certificates.h"

namespace reconcile {
namespace {

constexpr const char* kUsersPath = "/apis/reconcile.dev/v1/users/";

struct KubeconfigFlags {
  std::string user;
  std::string role;
  std::string namespace_name;
  std::string output;
  bool token = false;
  bool revoke = false;
};

int RevokeUser(const KubeconfigFlags& flags, const CommandContext& context) {
  const Result<Value> answer =
      ApiClient(context.socket_path)
          .Post(std::string(kUsersPath) + "revoke", {{"user", flags.user}});
  if (!answer.ok()) return Fail(answer.status());
  std::cout << "Revoked: every kubeconfig that was written for " << flags.user
            << " until now is refused.\n";
  return kExitOk;
}

Result<Kubeconfig> AskForKubeconfig(const KubeconfigFlags& flags, const CommandContext& context) {
  ApiClient client(context.socket_path);
  const ApiClient::Query query = {
      {"user", flags.user}, {"role", flags.role}, {"namespace", flags.namespace_name}};
  Kubeconfig kubeconfig;
  kubeconfig.user = flags.user;
  kubeconfig.namespace_name = flags.namespace_name;
  std::string request_pem;
  if (!flags.token) {
    // The key is made here: it is nobody else's.
    Result<KeyAndRequest> request = MakeKeyAndRequest();
    if (!request.ok()) return request.status();
    kubeconfig.private_key_pem = request->private_key_pem;
    request_pem = request->request_pem;
  }
  const std::string what = flags.token ? "token" : "certificate";
  const Result<Value> answer = client.Post(kUsersPath + what, query, request_pem);
  if (!answer.ok()) return answer.status();
  kubeconfig.server = answer->GetString("server");
  kubeconfig.authority_pem = answer->GetString("authority");
  kubeconfig.certificate_pem = answer->GetString("certificate");
  kubeconfig.token = answer->GetString("token");
  return kubeconfig;
}

int RunKubeconfig(KubeconfigFlags flags, const CommandContext& context) {
  if (flags.revoke) {
    if (flags.user.empty()) return Fail(InvalidError("--revoke needs --user NAME"));
    return RevokeUser(flags, context);
  }
  // Whoever may use the socket is an administrator; others get what is said, and no more.
  if (flags.user.empty()) {
    flags.user = ApiUserName();
    if (flags.role.empty()) flags.role = "admin";
  }
  if (flags.role.empty()) {
    return Fail(InvalidError("say what " + flags.user + " may do: --role view, operate or admin"));
  }
  const Result<Kubeconfig> kubeconfig = AskForKubeconfig(flags, context);
  if (!kubeconfig.ok()) return Fail(kubeconfig.status());
  const std::string text = KubeconfigText(*kubeconfig);
  if (flags.output.empty()) {
    std::cout << text;
    return kExitOk;
  }
  const Status written = WritePrivateFile(flags.output, text);
  return written.ok() ? kExitOk : Fail(written);
}

}  // namespace

void AddKubeconfigCommand(CLI::App* app, CommandContext* context) {
  const auto flags = std::make_shared<KubeconfigFlags>();
  CLI::App* command = app->add_subcommand(
      "kubeconfig", "Print a kubeconfig, by which kubectl may ask the controller");
  command->add_option("--user", flags->user, "for whom (default: you, as admin)");
  command->add_option("--role", flags->role, "what they may do: view, operate or admin");
  command->add_option("--namespace", flags->namespace_name, "only in this namespace");
  command->add_flag("--token", flags->token, "with a bearer token instead of a certificate");
  command->add_option("--output", flags->output, "write this file, of mode 0600");
  command->add_flag("--revoke", flags->revoke,
                    "refuse every kubeconfig that --user was given until now");
  SetExamples(command, {"reconcile kubeconfig --output ~/.kube/config",
                        "reconcile kubeconfig --user anna --role view --namespace shop",
                        "reconcile kubeconfig --user anna --revoke"});
  command->callback([flags, context] { context->exit_code = RunKubeconfig(*flags, *context); });
}

}  // namespace reconcile
