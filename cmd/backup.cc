#include <filesystem>
#include <iostream>

#include "base/epoll_loop.h"
#include "cmd/commands.h"
#include "cmd/data_folder.h"
#include "cmd/keys_file.h"
#include "cmd/restore_cluster.h"
#include "store/sealed_payload.h"
#include "store/secret_key.h"
#include "store/sqlite_backup.h"

namespace reconcile {
namespace {

struct BackupOptions {
  std::string file;
  std::string keys_file;
  std::string data_folder;
};

// The flag, else what the configuration says.
Status FindDataFolder(const CommandContext& context, std::string* folder) {
  if (!folder->empty()) return OkStatus();
  const Result<Config> config = context.ReadConfiguration(ConfigReader::kController);
  if (!config.ok()) return config.status();
  *folder = config->data_folder;
  return OkStatus();
}

std::string Describe(const BackupInfo& info) {
  return "revision " + std::to_string(info.revision) + " of cluster " + info.cluster_id + ", " +
         std::to_string(info.objects) + " objects";
}

// Beside the controller, on the database itself: a backup is made whether one runs or not, and
// keeps none waiting.
Status BackUp(BackupOptions options, const CommandContext& context) {
  RETURN_IF_ERROR(FindDataFolder(context, &options.data_folder));
  std::error_code error;
  if (!options.keys_file.empty() && std::filesystem::exists(options.keys_file, error)) {
    return ConflictError(options.keys_file + " is there already; name another file");
  }
  std::string used;  // the newest first: the backup is sealed with it
  const auto read_keys = [&]() -> Result<std::string> {
    Result<std::string> keys = LoadKeys(options.data_folder + "/secrets.key");
    if (keys.ok()) used = *keys;
    return keys;
  };
  const EpollLoop clock;
  const Result<BackupInfo> info =
      BackUpSqlite(options.data_folder + "/cluster.db", read_keys, options.file, clock.now().wall);
  if (!info.ok()) return info.status();
  std::cout << "Saved " << Describe(*info) << ", to " << options.file << ".\n";
  if (options.keys_file.empty()) {
    std::cout << "The keys are not in it: `--keys FILE` saves them, to a file to keep elsewhere.\n";
    return OkStatus();
  }
  const Result<std::vector<std::string>> keys =
      WriteKeysFile(options.data_folder, options.keys_file);
  if (!keys.ok()) return keys.status();
  const Result<std::string> saved = LoadKeys(options.data_folder + "/secrets.key");
  if (!saved.ok() || saved->find(used.substr(0, kSecretKeyBytes)) == std::string::npos) {
    return ConflictError(
        "the key of Secrets was changed meanwhile: remove both files, and back up "
        "again");
  }
  std::cout << "Saved " << keys->size() << " key files to " << options.keys_file
            << ": whoever has it speaks for the cluster.\n";
  return OkStatus();
}

Status Restore(BackupOptions options, const CommandContext& context) {
  RETURN_IF_ERROR(FindDataFolder(context, &options.data_folder));
  RETURN_IF_ERROR(PrepareDataFolder(options.data_folder));
  const Result<RestoreReport> report =
      RestoreCluster({options.file, options.keys_file, options.data_folder});
  if (!report.ok()) return report.status();
  for (const std::string& line : report->done) std::cout << line << "\n";
  if (options.file.empty()) {
    if (report->done.empty()) std::cout << "All of it is there already.\n";
    return OkStatus();
  }
  std::cout << "Restored " << Describe(report->info) << ", saved " << report->info.made_at << ".\n"
            << "At its next start the controller begins a new history, asks every host what it "
               "runs, and takes\nthat into its model; no container is stopped or started anew for "
               "it. Then it applies what Git\ndeclares now. `reconcile status` tells how far it "
               "is. A controller that still runs elsewhere on\nthe old database is obeyed no "
               "longer: stop it.\n";
  return OkStatus();
}

void AddOptions(CLI::App* command, BackupOptions* options) {
  command->add_option("--data", options->data_folder,
                      "folder of the database and keys (default: /var/lib/reconcile)");
}

}  // namespace

void AddBackupCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<BackupOptions>();
  CLI::App* command =
      app->add_subcommand("backup", "Save the controller's database while it runs, on its host");
  command->add_option("FILE", options->file, "file to make")->required();
  command->add_option("--keys", options->keys_file,
                      "file to make for the keys (CA, key for Secrets)");
  AddOptions(command, options.get());
  SetExamples(command, {"reconcile backup /backup/cluster.rcb",
                        "reconcile backup /backup/cluster.rcb --keys /safe/cluster.keys"});
  command->callback([options, context] {
    const Status status = BackUp(*options, *context);
    context->exit_code = status.ok() ? kExitOk : Fail(status);
  });
}

void AddRestoreCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<BackupOptions>();
  CLI::App* command = app->add_subcommand(
      "restore", "Put a backup in place of a database that is lost; containers go on running");
  command->add_option("FILE", options->file,
                      "what `reconcile backup` made; without it the keys alone are put back");
  command->add_option("--keys", options->keys_file, "what `reconcile backup --keys` made");
  AddOptions(command, options.get());
  SetExamples(command,
              {"reconcile restore /backup/cluster.rcb",
               "reconcile restore /backup/cluster.rcb --keys /safe/cluster.keys",
               "reconcile restore --keys /safe/cluster.keys      # ca/ or secrets.key is lost"});
  command->callback([options, context] {
    const Status status = Restore(*options, *context);
    context->exit_code = status.ok() ? kExitOk : Fail(status);
  });
}

}  // namespace reconcile
