#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "cmd/config_files.h"

namespace reconcile {

// Exit codes of every command (docs/cli.md). `--dry-run` adds its own meaning to 0 and 1.
inline constexpr int kExitOk = 0;
inline constexpr int kExitChanges = 1;      // --dry-run: there are changes; status: not converged
inline constexpr int kExitInvalid = 2;      // bad usage or bad input
inline constexpr int kExitUnreachable = 3;  // no controller answers
inline constexpr int kExitNotFound = 4;
inline constexpr int kExitFailed = 5;  // anything else

// What all commands share: the global flags, and the exit code that the chosen command leaves.
struct CommandContext {
  std::string self_path;                  // this binary, for children
  std::vector<std::string> config_files;  // --config; none: the files in kConfigFolder
  std::string socket_path;  // by flag, environment, configuration or default, in this order
  std::string color = "auto";
  int exit_code = kExitOk;
  // What a service goes on with once the command line, which is large, is forgotten; its exit code.
  std::function<int()> serve;

  // The configuration that the files give. A client's lack of rights to read the default ones is
  // no error (ConfigReader).
  Result<Config> ReadConfiguration(ConfigReader reader) const;
  bool UseColor() const;  // by --color, NO_COLOR and whether standard output is a terminal
};

// Prints "reconcile: message" to standard error and gives the exit code that fits.
int Fail(const Status& status);

// One per file: adds a subcommand to `app`. The context outlives it.
void AddUpCommand(CLI::App* app, CommandContext* context);
void AddControllerCommand(CLI::App* app, CommandContext* context);
void AddAgentCommand(CLI::App* app, CommandContext* context);
void AddPlanCommand(CLI::App* app, CommandContext* context);
void AddValidateCommand(CLI::App* app, CommandContext* context);
void AddGetCommand(CLI::App* app, CommandContext* context);
void AddStatusCommand(CLI::App* app, CommandContext* context);
void AddHistoryCommand(CLI::App* app, CommandContext* context);
void AddEventsCommand(CLI::App* app, CommandContext* context);
void AddTopCommand(CLI::App* app, CommandContext* context);
void AddNetCommand(CLI::App* app, CommandContext* context);
void AddLogsCommand(CLI::App* app, CommandContext* context);
void AddExecCommand(CLI::App* app, CommandContext* context);
void AddPortForwardCommand(CLI::App* app, CommandContext* context);
void AddSyncCommand(CLI::App* app, CommandContext* context);
void AddSourceCommand(CLI::App* app, CommandContext* context);
void AddConfirmCommand(CLI::App* app, CommandContext* context);
void AddApplyCommand(CLI::App* app, CommandContext* context);
void AddSuspendCommand(CLI::App* app, CommandContext* context);
void AddResumeCommand(CLI::App* app, CommandContext* context);
void AddRollbackCommand(CLI::App* app, CommandContext* context);
void AddCordonCommand(CLI::App* app, CommandContext* context);
void AddRestartCommand(CLI::App* app, CommandContext* context);
void AddUncordonCommand(CLI::App* app, CommandContext* context);
void AddDrainCommand(CLI::App* app, CommandContext* context);
void AddTokenCommand(CLI::App* app, CommandContext* context);
void AddNodeCommand(CLI::App* app, CommandContext* context);
void AddKubeconfigCommand(CLI::App* app, CommandContext* context);
void AddDashboardCommand(CLI::App* app, CommandContext* context);
void AddCaCommand(CLI::App* app, CommandContext* context);
void AddDescribeCommand(CLI::App* app, CommandContext* context);
void AddTreeCommand(CLI::App* app, CommandContext* context);
void AddDoctorCommand(CLI::App* app, CommandContext* context);
void AddWaitCommand(CLI::App* app, CommandContext* context);
void AddExplainCommand(CLI::App* app, CommandContext* context);
void AddVersionCommand(CLI::App* app, CommandContext* context);
void AddUninstallCommand(CLI::App* app, CommandContext* context);
void AddBackupCommand(CLI::App* app, CommandContext* context);
void AddRestoreCommand(CLI::App* app, CommandContext* context);
void AddSecretsCommand(CLI::App* app, CommandContext* context);
void AddCompleteCommand(CLI::App* app, CommandContext* context);
void AddCompletionCommand(CLI::App* app, CommandContext* context);
void AddManualCommand(CLI::App* app, CommandContext* context);

// "\nExamples:\n  ..." under a command's --help.
void SetExamples(CLI::App* command, const std::vector<std::string>& examples);

}  // namespace reconcile
