#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <iostream>
#include <optional>

#include "api/exec_session.h"
#include "base/value.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/forward_target.h"
#include "cmd/pod_connection.h"

namespace reconcile {
namespace {

constexpr uint8_t kOutput = 1;
constexpr uint8_t kErrors = 2;
constexpr uint8_t kEnd = 3;
constexpr uint8_t kResize = 4;

struct ExecOptions {
  std::string pod;
  std::string namespace_name = "default";
  std::string container;
  bool input = false;
  bool terminal = false;
  std::vector<std::string> command;
};

// Hands keys on as they are typed, until it goes.
class RawTerminal {
 public:
  RawTerminal() {
    was_raw_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    termios raw = before_;
    ::cfmakeraw(&raw);
    if (was_raw_) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  }
  ~RawTerminal() {
    if (was_raw_) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  termios before_ = {};
  bool was_raw_ = false;
};

// The signals that concern a terminal, to be read instead of obeyed.
UniqueFd TakeSignals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int number : {SIGWINCH, SIGTERM, SIGHUP}) ::sigaddset(&signals, number);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  return UniqueFd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

void SendSize(PodConnection* connection) {
  winsize size{};
  if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return;
  connection->Send(kResize, "{\"Width\":" + std::to_string(size.ws_col) +
                                ",\"Height\":" + std::to_string(size.ws_row) + "}");
}

// The exit code of a Status object as EndStatus (api/exec_session.h) makes it; the error when it
// has none.
Result<int> ExitCodeOf(std::string_view text) {
  const Result<Value> status = ParseJson(text);
  if (!status.ok()) return InternalError("the controller's last word is no Status");
  if (status->GetString("status") == "Success") return 0;
  const Value* details = status->Find("details");
  if (details != nullptr) {
    for (const Value& cause : details->GetList("causes")) {
      if (cause.GetString("reason") == "ExitCode") return std::stoi(cause.GetString("message"));
    }
  }
  return InternalError(status->GetString("message"));
}

PodConnection::Query QueryOf(const ExecOptions& options) {
  PodConnection::Query query = {{"stdout", "true"}};
  if (!options.container.empty()) query.emplace_back("container", options.container);
  if (options.input) query.emplace_back("stdin", "true");
  query.emplace_back(options.terminal ? "tty" : "stderr", "true");
  for (const std::string& word : options.command) query.emplace_back("command", word);
  return query;
}

Result<int> Converse(const ExecOptions& options, PodConnection* connection) {
  const bool raw = options.terminal && ::isatty(STDIN_FILENO) == 1;
  const std::optional<RawTerminal> terminal =
      raw ? std::optional<RawTerminal>(std::in_place) : std::nullopt;
  const UniqueFd signals = raw ? TakeSignals() : UniqueFd();
  if (raw) SendSize(connection);
  std::optional<Result<int>> ended;
  PodConnection::Ends ends;
  ends.input = options.input ? STDIN_FILENO : -1;
  ends.wake = signals.get();
  ends.on_wake = [&] {
    signalfd_siginfo came{};
    while (::read(signals.get(), &came, sizeof(came)) == static_cast<ssize_t>(sizeof(came))) {
      if (came.ssi_signo == SIGWINCH) {
        SendSize(connection);
      } else {
        ::shutdown(connection->fd(), SHUT_RDWR);
      }
    }
  };
  ends.on_message = [&](uint8_t channel, std::string_view bytes) {
    if (channel == kOutput) return WriteAll(STDOUT_FILENO, bytes);
    if (channel == kErrors) return WriteAll(STDERR_FILENO, bytes);
    if (channel == kEnd) ended = ExitCodeOf(bytes);
    return channel != kEnd;
  };
  RETURN_IF_ERROR(connection->Run(ends));
  if (ended) return *ended;
  return UnavailableError("the session broke before its end");
}

int Exec(ExecOptions options, const CommandContext& context) {
  const Result<ForwardTarget> pod = ParseForwardTarget(options.pod);
  if (!pod.ok()) return Fail(pod.status());
  if (pod->plural != "pods") {
    return Fail(InvalidError("commands are run in pods only, not in \"" + options.pod +
                             "\"; `reconcile get pods` lists them"));
  }
  if (options.terminal && ::isatty(STDIN_FILENO) != 1) {
    std::cerr << "reconcile: standard input is no terminal: going on without one\n";
    options.terminal = false;
  }
  const std::string path = "/api/v1/namespaces/" + EncodePathSegment(options.namespace_name) +
                           "/pods/" + EncodePathSegment(pod->name) + "/exec";
  Result<PodConnection> connection =
      PodConnection::Open(context.socket_path, path, QueryOf(options));
  if (!connection.ok()) return Fail(connection.status());
  const Result<int> code = Converse(options, &*connection);
  return code.ok() ? *code : Fail(code.status());
}

}  // namespace

void AddExecCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<ExecOptions>();
  CLI::App* command = app->add_subcommand("exec", "Run a command in a container of a pod");
  command->add_option("POD", options->pod, "name of the pod, or pod/NAME")->required();
  command->add_option("COMMAND", options->command, "what to run, after --")->required();
  command->add_option("-n,--namespace", options->namespace_name, "namespace (default: default)");
  command->add_option("-c,--container", options->container, "container, when there are several");
  command->add_flag("-i,--stdin", options->input, "pass standard input on");
  command->add_flag("-t,--tty", options->terminal, "the command gets a terminal");
  SetExamples(command, {"reconcile exec web-5c9f7d-abcde -- ls -l /",
                        "reconcile exec -it web-5c9f7d-abcde -c web -- sh",
                        "reconcile exec -i my-db-0 -- psql < dump.sql"});
  command->callback([options, context] { context->exit_code = Exec(*options, *context); });
}

}  // namespace reconcile
