#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>

#include "base/escape.h"
#include "base/version.h"
#include "cmd/commands.h"
#include "schema/text.h"
#include "source/git_source.h"

namespace reconcile {
namespace {

// The commands that ask no running controller; all others have to find its socket.
constexpr std::array<std::string_view, 11> kAskNobody = {
    "up",        "controller", "agent",   "validate",   "explain", "version",
    "uninstall", "backup",     "restore", "completion", "manual"};

std::string SelfPath() {
  std::array<char, 4096> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  return length > 0 ? std::string(path.data(), static_cast<size_t>(length)) : "reconcile";
}

// `reconcile --dry-run ...` is `reconcile plan ...`, wherever the flag stands; of no other command,
// whose name would be taken for a path.
Result<std::vector<std::string>> Arguments(int argc, char** argv, const CLI::App& app) {
  std::vector<std::string> arguments;
  // Of a line that is being typed, nothing is this command's.
  if (argc > 1 && std::strcmp(argv[1], "complete") == 0) return {{argv + 1, argv + argc}};
  bool dry_run = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--dry-run") == 0) {
      dry_run = true;
    } else {
      arguments.emplace_back(argv[i]);
    }
  }
  if (!dry_run || (!arguments.empty() && arguments.front() == "plan")) return arguments;
  const auto has_name = [&](const CLI::App* command) {
    return !arguments.empty() && command->get_name() == arguments.front();
  };
  const bool is_command = !app.get_subcommands(has_name).empty();
  std::error_code error;
  if (is_command && !std::filesystem::exists(arguments.front(), error)) {
    return InvalidError(
        "`" + arguments.front() +
        "` has no --dry-run: `reconcile --dry-run [PATH]` shows what a commit would do");
  }
  arguments.insert(arguments.begin(), "plan");
  return arguments;
}

// Messages may have several lines of their own, and words of others in them.
std::string EscapeLines(const std::string& text) {
  std::string escaped;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    if (start > 0) escaped += '\n';
    escaped += EscapeForTerminal(text.substr(start, end - start));
    start = end + 1;
  }
  return escaped;
}

// For whoever knows kubectl: what takes the place of its commands that are none here. Empty for
// other words.
std::string InPlaceOfKubectl(const CLI::App& app, const std::string& word) {
  const auto is_one_of = [&](std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  const bool applies = app.got_subcommand("apply") && is_one_of({"-f", "--filename", "-k"});
  if (applies || is_one_of({"delete", "scale", "edit", "patch", "create", "replace", "set"})) {
    return "objects change by commits to the Git repository that the controller follows; "
           "`reconcile --dry-run` shows what one would do";
  }
  if (is_one_of({"attach", "cp"})) {
    return "`docker " + word +
           "` on the pod's host does that; `reconcile get pods -o wide` names "
           "the host";
  }
  return "";
}

int FailUnknownCommand(const CLI::App& app) {
  const std::string word = app.remaining().front();
  if (const std::string instead = InPlaceOfKubectl(app, word); !instead.empty()) {
    return Fail(InvalidError("no command or flag '" + word + "': " + instead));
  }
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  const std::string_view nearest =
      NearestWord(word, std::vector<std::string_view>(names.begin(), names.end()));
  return Fail(
      InvalidError("no command or flag '" + word + "'" +
                   (IsSimilar(word, nearest) ? "; did you mean '" + std::string(nearest) + "'?"
                                             : "; `reconcile --help` lists them")));
}

bool AsksController(const CLI::App& command) {
  if (std::find(kAskNobody.begin(), kAskNobody.end(), command.get_name()) != kAskNobody.end()) {
    return false;
  }
  const CLI::Option* offline = command.get_option_no_throw("--hosts");
  return offline == nullptr || offline->count() == 0;
}

// Before a command runs: where no flag or variable names the socket, the configuration does. Files
// that were named are read in any case: what is wrong in them must not go unsaid.
void FindSocket(const CLI::App& app, CommandContext* context) {
  const std::vector<const CLI::App*> chosen =
      app.get_subcommands([](const CLI::App* command) { return command->parsed(); });
  if (chosen.empty() || !AsksController(*chosen.front())) return;
  const bool socket_given = app.get_option("--socket")->count() > 0;
  if (socket_given && context->config_files.empty()) return;
  const Result<Config> config = context->ReadConfiguration(ConfigReader::kClient);
  if (!config.ok()) throw CLI::RuntimeError(Fail(config.status()));
  if (!socket_given) context->socket_path = config->socket_path;
}

void AddGlobalOptions(CLI::App* app, CommandContext* context) {
  app->set_version_flag("--version", "reconcile " + std::string(kVersion), "Print the version");
  app->add_option("--socket", context->socket_path, "Unix socket of the running controller")
      ->default_val(Config().socket_path)
      ->envname("RECONCILE_SOCKET");
  app->add_option("--config", context->config_files,
                  "configuration file, repeatable (default: /etc/reconcile/*.yaml)")
      ->allow_extra_args(false)
      ->envname("RECONCILE_CONFIG");
  app->add_option("--color", context->color, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
}

void AddCommands(CLI::App* app, CommandContext* context) {
  AddUpCommand(app, context);
  AddControllerCommand(app, context);
  AddAgentCommand(app, context);
  AddPlanCommand(app, context);
  AddValidateCommand(app, context);
  AddGetCommand(app, context);
  AddStatusCommand(app, context);
  AddHistoryCommand(app, context);
  AddEventsCommand(app, context);
  AddTopCommand(app, context);
  AddNetCommand(app, context);
  AddLogsCommand(app, context);
  AddExecCommand(app, context);
  AddPortForwardCommand(app, context);
  AddDescribeCommand(app, context);
  AddTreeCommand(app, context);
  AddWaitCommand(app, context);
  AddSyncCommand(app, context);
  AddSourceCommand(app, context);
  AddConfirmCommand(app, context);
  AddApplyCommand(app, context);
  AddSuspendCommand(app, context);
  AddResumeCommand(app, context);
  AddRollbackCommand(app, context);
  AddCordonCommand(app, context);
  AddUncordonCommand(app, context);
  AddDrainCommand(app, context);
  AddRestartCommand(app, context);
  AddTokenCommand(app, context);
  AddNodeCommand(app, context);
  AddCaCommand(app, context);
  AddKubeconfigCommand(app, context);
  AddDashboardCommand(app, context);
  AddExplainCommand(app, context);
  AddVersionCommand(app, context);
  AddDoctorCommand(app, context);
  AddUninstallCommand(app, context);
  AddBackupCommand(app, context);
  AddRestoreCommand(app, context);
  AddSecretsCommand(app, context);
  AddCompleteCommand(app, context);
  AddCompletionCommand(app, context);
  AddManualCommand(app, context);
}

// Does what the command line says, but for a service's work, which is left to the context.
int RunCommand(int argc, char** argv, CommandContext* context) {
  CLI::App app(
      "A GitOps orchestrator for plain Docker hosts: commit Kubernetes-style manifests, and the "
      "hosts "
      "follow.",
      "reconcile");
  app.require_subcommand(1);
  app.fallthrough();
  AddGlobalOptions(&app, context);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return "reconcile: " + std::string(error.what()) + "\nRun with --help for more information.\n";
  });
  app.parse_complete_callback([&app, context] { FindSocket(app, context); });
  app.footer(
      "`reconcile --dry-run` is `reconcile plan`. `reconcile COMMAND --help` shows examples.");
  AddCommands(&app, context);
  Result<std::vector<std::string>> given = Arguments(argc, argv, app);
  if (!given.ok()) return Fail(given.status());
  std::vector<std::string> arguments = std::move(given).value();
  const bool terraform_codes =
      std::find(arguments.begin(), arguments.end(), "--detailed-exitcode") != arguments.end();
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    const auto* stopped = dynamic_cast<const CLI::RuntimeError*>(&error);
    context->exit_code = stopped != nullptr        ? stopped->get_exit_code()
                         : app.remaining().empty() ? (app.exit(error) == 0 ? kExitOk : kExitInvalid)
                                                   : FailUnknownCommand(app);
    if (terraform_codes && context->exit_code != kExitOk) context->exit_code = 1;
  } catch (const std::exception& error) {
    const int code = Fail(InternalError(error.what()));
    context->exit_code = terraform_codes ? 1 : code;
  }
  return context->exit_code;
}

int Run(int argc, char** argv) {
  CommandContext context;
  context.self_path = SelfPath();
  const int exit_code = RunCommand(argc, argv, &context);
  if (!context.serve) return exit_code;
  try {
    return context.serve();
  } catch (const std::exception& error) {
    return Fail(InternalError(error.what()));
  }
}

}  // namespace

Result<Config> CommandContext::ReadConfiguration(ConfigReader reader) const {
  Config config;
  RETURN_IF_ERROR(config_files.empty()
                      ? LoadConfigFolder(std::string(kConfigFolder), reader, &config)
                      : LoadConfigFiles(config_files, &config));
  return config;
}

bool CommandContext::UseColor() const {
  if (color == "always") return true;
  if (color == "never" || std::getenv("NO_COLOR") != nullptr) return false;
  return ::isatty(STDOUT_FILENO) == 1;
}

int Fail(const Status& status) {
  std::cerr << "reconcile: " << EscapeLines(status.message()) << "\n";
  switch (status.code()) {
    case StatusCode::kOk:
      return kExitOk;
    case StatusCode::kInvalid:
    case StatusCode::kConflict:
      return kExitInvalid;
    case StatusCode::kNotFound:
      return kExitNotFound;
    case StatusCode::kUnavailable:
      return kExitUnreachable;
    case StatusCode::kInternal:
      return kExitFailed;
  }
  return kExitFailed;
}

void SetExamples(CLI::App* command, const std::vector<std::string>& examples) {
  std::string text = "\nExamples:";
  for (const std::string& example : examples) text += "\n  " + example;
  command->footer(text);
}

}  // namespace reconcile

int main(int argc, char** argv) {
  // The limited children that read and fetch a repository: kept away from everything else this
  // program can do.
  if (argc >= 2 && std::strcmp(argv[1], "git-read") == 0) return reconcile::GitReadMain();
  if (argc >= 2 && std::strcmp(argv[1], "git-fetch") == 0) return reconcile::GitFetchMain();
  return reconcile::Run(argc, argv);
}
