#include <unistd.h>

#include <iostream>

#include "base/epoll_loop.h"
#include "base/escape.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/status_text.h"

namespace reconcile {
namespace {

constexpr useconds_t kPollMicroseconds = 200'000;
constexpr int kLongestWaitSeconds = 7 * 24 * 3600;

struct StatusOptions {
  bool json = false;
  bool wait = false;
  int timeout_seconds = 300;
};

// Progress on a terminal: one line, rewritten.
void ShowProgress(const Value& status) {
  const Value::List unconverged = status.GetList("unconverged");
  const Value::List under_way = status.GetList("underWay");
  std::string line = std::to_string(status.GetInt("podsReady")) + " of " +
                     std::to_string(status.GetInt("pods")) + " pods ready";
  const Value::List& why = unconverged.empty() ? under_way : unconverged;
  if (!why.empty()) line += "; " + EscapeForTerminal(why[0].AsString());
  std::cerr << "\r\x1b[K" << line.substr(0, 110) << std::flush;
}

// Polls until converged or time is up. The last answer decides. A commit made just before this
// counts: the controller is asked to look first.
Result<Value> WaitFor(const StatusOptions& options, const CommandContext& context) {
  ApiClient client(context.socket_path);
  bool looked = false;
  const MonoTime deadline = ReadSystemClock().mono + options.timeout_seconds * 1000LL;
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  while (true) {
    looked = looked || client.Post("/apis/reconcile.dev/v1/sync", {}).ok();
    Result<Value> status = client.Get("/apis/reconcile.dev/v1/status");
    if (looked && status.ok() && IsConverged(*status)) {
      if (terminal) std::cerr << "\r\x1b[K";
      return status;
    }
    // A commit that cannot come into force, or only by a person's word.
    const bool vain = looked && status.ok() && !WhyWaitingIsVain(*status).empty();
    if (vain || ReadSystemClock().mono >= deadline) {
      if (terminal) std::cerr << "\n";
      return status;
    }
    if (terminal && status.ok()) ShowProgress(*status);
    ::usleep(kPollMicroseconds);
  }
}

int Show(const StatusOptions& options, const CommandContext& context) {
  const Result<Value> status =
      options.wait ? WaitFor(options, context)
                   : ApiClient(context.socket_path).Get("/apis/reconcile.dev/v1/status");
  if (!status.ok()) return Fail(status.status());
  if (options.json) {
    std::cout << WriteJson(*status, 2) << "\n";
  } else {
    std::cout << StatusText(*status);
    if (options.wait && !IsConverged(*status)) std::cout << WhyWaitingIsVain(*status);
  }
  const bool converged = options.wait ? IsConverged(*status) : IsConvergedSoFar(*status);
  return converged ? kExitOk : kExitChanges;
}

}  // namespace

void AddStatusCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* command =
      app->add_subcommand("status", "Show source, commit, and what is not converged yet and why");
  command->add_flag("--json", options->json, "as JSON");
  command->add_flag("--wait", options->wait, "until converged");
  command->add_option("--timeout", options->timeout_seconds, "seconds to wait (default: 300)")
      ->check(CLI::Range(0, kLongestWaitSeconds));
  SetExamples(command, {"reconcile status", "reconcile status --wait --timeout 60",
                        "reconcile status --json | jq .unconverged"});
  command->callback([options, context] { context->exit_code = Show(*options, *context); });
}

}  // namespace reconcile
