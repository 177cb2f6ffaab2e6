#include <filesystem>
#include <iostream>
#include <memory>

#include "agent/agent.h"
#include "agent/disk_host_files.h"
#include "agent/pod_files.h"
#include "base/epoll_loop.h"
#include "base/escape.h"
#include "base/worker_pool.h"
#include "cmd/commands.h"
#include "cmd/host_lock.h"
#include "cmd/joined.h"
#include "link/certificates.h"
#include "link/messages.h"
#include "link/node_identity.h"
#include "net/kernel_network.h"
#include "runtime/docker_runtime.h"
#include "schema/core.h"
#include "store/secret_key.h"
#include "store/sqlite_store.h"

namespace reconcile {
namespace {

struct UninstallOptions {
  std::string data_folder;    // empty: the configuration's
  std::string docker_socket;  // likewise
  bool yes = false;
};

// By what the agent keeps, for a store that is damaged.
Result<std::string> ClusterIdByAgent(const std::string& data_folder) {
  std::error_code error;
  if (!std::filesystem::exists(data_folder + "/host.key", error)) {
    return NotFoundError("no agent ran from " + data_folder);
  }
  const auto files = MakeDiskHostFiles(data_folder + "/agent", data_folder + "/host.key");
  const Result<std::string> text = files->ReadSealed(std::string(kAssignmentFile));
  if (!text.ok()) return text.status();
  const Result<Assignment> assignment = ReadAssignment(*text);
  if (!assignment.ok()) return assignment.status();
  return assignment->fence.cluster_id;
}

// By the certificate that joining brought, when no assignment came yet.
Result<std::string> ClusterIdByCertificate(const std::string& data_folder) {
  const Result<std::optional<NodeIdentity>> identity = LoadNodeIdentity(data_folder + "/link");
  if (!identity.ok()) return identity.status();
  if (!*identity) return NotFoundError("this host joined no cluster");
  return ClusterIdOf((*identity)->trusted_pem);
}

// Of a host with an agent and no controller.
Result<std::string> ClusterIdOfAgent(const std::string& data_folder) {
  const Result<std::string> by_assignment = ClusterIdByAgent(data_folder);
  return by_assignment.ok() ? by_assignment : ClusterIdByCertificate(data_folder);
}

// Volumes of pods, and what is mounted in them: whoever removes the data folder afterwards must not
// remove what lies beyond.
Status TakeVolumesAway(const std::string& data_folder, const std::string& docker_socket) {
  std::error_code error;
  if (!std::filesystem::exists(data_folder + "/agent", error)) return OkStatus();
  const auto files = MakeDiskHostFiles(data_folder + "/agent", data_folder + "/host.key",
                                       {nullptr, docker_socket, nullptr});
  Status gone;
  files->TakeAway(std::string(kPodsFolder), [&](const Status& status) { gone = status; });
  return gone.WithContext("the volumes of pods cannot be taken away");
}

// What an agent keeps: with it this host could join no other cluster.
void ForgetCluster(const std::string& data_folder) {
  std::error_code error;
  for (const char* kept : {"/agent", "/link", "/host.key"}) {
    std::filesystem::remove_all(data_folder + kept, error);
  }
  ForgetJoined(data_folder);
}

// Opening the store also proves that no controller runs on it. Makes nothing where there is none.
Result<std::string> FindClusterId(const std::string& data_folder) {
  for (const char* needed : {"/cluster.db", "/secrets.key"}) {
    std::error_code error;
    if (std::filesystem::exists(data_folder + needed, error)) continue;
    return NotFoundError(data_folder + " holds no cluster: " + data_folder + needed +
                         (error ? ": " + error.message() : " is not there") +
                         "; --data names the folder that `reconcile up`, `controller` or `agent` "
                         "uses");
  }
  SqliteStoreOptions options;
  options.path = data_folder + "/cluster.db";
  options.secret_key_file = data_folder + "/secrets.key";
  const Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
  if (store.status().code() == StatusCode::kInvalid) {
    const Result<std::string> by_agent = ClusterIdByAgent(data_folder);
    return by_agent.ok() ? by_agent : store.status();
  }
  if (!store.ok()) return store.status();
  const auto cluster = (*store)->Snapshot()->Find<Cluster>("", "cluster");
  if (cluster == nullptr) return NotFoundError(data_folder + " holds no cluster");
  return cluster->cluster_id;
}

// Removes the cluster's containers one after the other, then its devices, routes and rules.
class Removal {
 public:
  Removal(const UninstallOptions& options, std::string cluster_id)
      : cluster_id_(std::move(cluster_id)),
        runtime_(MakeDockerRuntime(&loop_, {.socket_path = options.docker_socket})),
        network_(MakeKernelNetwork(&loop_, &workers_, KernelNetworkOptions())) {}

  Status Run() {
    loop_.Post([this] {
      runtime_->ListContainers(cluster_id_, [this](Result<std::vector<ContainerInfo>> containers) {
        if (!containers.ok()) return End(containers.status());
        containers_ = std::move(containers).value();
        RemoveNext();
      });
    });
    loop_.Run();
    return status_;
  }
  size_t removed() const { return removed_; }

 private:
  void RemoveNext() {
    if (removed_ == containers_.size()) {
      network_->RemoveAll([this](Status status) { End(status); });
      return;
    }
    runtime_->RemoveContainer(containers_[removed_].id, [this](Status status) {
      if (!status.ok()) return End(status);
      ++removed_;
      RemoveNext();
    });
  }
  void End(Status status) {
    status_ = std::move(status);
    loop_.Stop();
  }

  std::string cluster_id_;
  EpollLoop loop_;
  WorkerPool workers_{&loop_, 1, 16};
  std::unique_ptr<ContainerRuntime> runtime_;
  std::unique_ptr<HostNetwork> network_;
  std::vector<ContainerInfo> containers_;
  size_t removed_ = 0;
  Status status_;
};

// Flags over files over defaults, as for `up`.
Status FillFromConfiguration(const CommandContext& context, UninstallOptions* options) {
  if (!options->data_folder.empty() && !options->docker_socket.empty()) return OkStatus();
  const Result<Config> config = context.ReadConfiguration(ConfigReader::kClient);
  if (!config.ok()) return config.status();
  if (options->data_folder.empty()) options->data_folder = config->data_folder;
  if (options->docker_socket.empty()) options->docker_socket = config->docker_socket;
  return OkStatus();
}

int Uninstall(UninstallOptions options, const CommandContext& context) {
  if (!options.yes) {
    return Fail(
        InvalidError("this stops and removes every container of the cluster on this host; "
                     "say --yes to go ahead"));
  }
  const Status filled = FillFromConfiguration(context, &options);
  if (!filled.ok()) return Fail(filled);
  std::error_code error;
  const Result<Joined> joined = ReadJoined(options.data_folder);
  const bool agent_only =
      joined.ok() && !std::filesystem::exists(options.data_folder + "/cluster.db", error);
  const Result<std::string> cluster_id =
      agent_only ? ClusterIdOfAgent(options.data_folder) : FindClusterId(options.data_folder);
  if (!cluster_id.ok()) return Fail(cluster_id.status());
  // No agent runs that would start again what is removed here.
  const Result<std::unique_ptr<HostLock>> lock = HostLock::Take(options.data_folder);
  if (!lock.ok()) return Fail(lock.status());
  Removal removal(options, *cluster_id);
  Status status = removal.Run();
  if (status.ok()) status = TakeVolumesAway(options.data_folder, options.docker_socket);
  if (!status.ok()) return Fail(status);
  std::cout << "Removed " << removal.removed()
            << (removal.removed() == 1 ? " container" : " containers")
            << " and the host's network of cluster " << *cluster_id << ".\n";
  if (joined.ok()) {
    ForgetCluster(options.data_folder);
    std::cout << "This host has left the cluster. On the controller's host: `reconcile node revoke "
              << EscapeForTerminal(joined->node) << "`.\n";
  }
  return kExitOk;
}

}  // namespace

void AddUninstallCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<UninstallOptions>();
  CLI::App* command = app->add_subcommand(
      "uninstall", "Remove the cluster's containers, devices, routes and rules from this host");
  command->add_option("--data", options->data_folder,
                      "data folder (default: as configured, /var/lib/reconcile)");
  command->add_option("--docker", options->docker_socket,
                      "Docker's socket (default: as configured, /var/run/docker.sock)");
  command->add_flag("--yes", options->yes, "go ahead");
  SetExamples(command, {"reconcile uninstall --yes"});
  command->callback([options, context] { context->exit_code = Uninstall(*options, *context); });
}

}  // namespace reconcile
