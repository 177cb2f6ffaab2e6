#include <signal.h>

#include <filesystem>
#include <iostream>
#include <thread>

#include "agent/agent.h"
#include "agent/disk_host_files.h"
#include "api/local_server.h"
#include "api/routes.h"
#include "base/epoll_loop.h"
#include "base/log.h"
#include "base/worker_pool.h"
#include "cmd/commands.h"
#include "cmd/config_files.h"
#include "cmd/data_folder.h"
#include "cmd/local_host.h"
#include "link/local_link.h"
#include "net/kernel_network.h"
#include "runtime/docker_runtime.h"
#include "source/git_source.h"
#include "store/sqlite_store.h"

namespace reconcile {
namespace {

constexpr int kNetworkThreads = 4;
constexpr int kSourceThreads = 2;
constexpr size_t kMaxQueuedWork = 4096;

struct UpOptions {
  SourceFlags source;
  Config flags;  // what flags set; empty is not set
  bool socket_given = false;
};

// The controller with everything it stands on. Members end in the reverse order of their making.
struct ControllerSide {
  EpollLoop loop;
  WorkerPool workers{&loop, kSourceThreads, kMaxQueuedWork};
  SystemRandom random;
  std::unique_ptr<Store> store;
  std::unique_ptr<ManifestSource> source;
  std::unique_ptr<Controller> controller;
  std::unique_ptr<LocalServer> server;
};

// The agent of this host.
struct AgentSide {
  EpollLoop loop;
  WorkerPool workers{&loop, kNetworkThreads, kMaxQueuedWork};
  SystemRandom random;
  std::unique_ptr<ContainerRuntime> runtime;
  std::unique_ptr<HostNetwork> network;
  std::unique_ptr<HostFiles> files;
  std::unique_ptr<Agent> agent;
};

// Flags over files over defaults.
Result<Config> MakeConfig(const UpOptions& options, const CommandContext& context) {
  Result<Config> read = context.ReadConfiguration(ConfigReader::kController);
  if (!read.ok()) return read;
  Config& config = *read;
  const auto over = [](const std::string& flag, std::string* setting) {
    if (!flag.empty()) *setting = flag;
  };
  over(options.flags.data_folder, &config.data_folder);
  over(options.flags.docker_socket, &config.docker_socket);
  over(options.flags.node_name, &config.node_name);
  over(options.flags.node_address, &config.node_address);
  over(options.flags.pod_cidr, &config.pod_cidr);
  over(options.flags.log_level, &config.log_level);
  if (config.node_name.empty()) config.node_name = ReadLocalHost().name;
  const std::string wrong_name = CheckNodeName(config.node_name);
  if (!wrong_name.empty()) {
    return InvalidError("this host's name '" + config.node_name +
                        "' cannot be a node's: " + wrong_name + ". Set node.name or --node-name");
  }
  if (options.socket_given) config.socket_path = context.socket_path;
  RETURN_IF_ERROR(ApplySourceFlags(options.source, &config));
  return read;
}

Status MakeFolders(const Config& config) {
  RETURN_IF_ERROR(PrepareDataFolder(config.data_folder));
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(config.socket_path).parent_path(),
                                      error);
  if (error) return UnavailableError("cannot make the socket's folder: " + error.message());
  return OkStatus();
}

Status OpenStore(const Config& config, ControllerSide* side) {
  SqliteStoreOptions options;
  options.path = config.data_folder + "/cluster.db";
  options.secret_key_file = config.data_folder + "/secrets.key";
  Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
  if (!store.ok()) return store.status();
  side->store = std::move(store).value();
  return OkStatus();
}

Status MakeAgent(const Config& config, ControllerLink* link, AgentSide* side) {
  const LocalHost host = ReadLocalHost();
  AgentOptions options;
  options.node_name = config.node_name;
  options.host_ip = config.node_address.empty() ? host.address : config.node_address;
  options.node_labels = config.node_labels;
  options.machine_id = host.machine_id;
  options.boot_id = host.boot_id;
  options.mtu = host.mtu;
  options.read_resolv_conf = [] { return ReadResolvConf(); };
  DockerOptions docker;
  docker.socket_path = config.docker_socket;
  docker.min_oom_score_adj = host.min_oom_score_adj;
  side->runtime = MakeDockerRuntime(&side->loop, docker);
  side->network = MakeKernelNetwork(&side->loop, &side->workers, KernelNetworkOptions());
  side->files = MakeDiskHostFiles(config.data_folder + "/agent", config.data_folder + "/host.key");
  side->agent = std::make_unique<Agent>(options, &side->loop, &side->random, side->runtime.get(),
                                        side->network.get(), side->files.get(), link);
  return OkStatus();
}

Status StartController(const Config& config, const CommandContext& context, AgentLink* link,
                       ControllerSide* side) {
  ControllerOptions options;
  options.pod_cidr = config.pod_cidr;
  options.sources = config.sources;
  options.breaker = config.breaker;
  side->source = MakeGitSource(&side->loop, &side->workers, context.self_path);
  side->controller = std::make_unique<Controller>(options, &side->loop, &side->random,
                                                  side->store.get(), side->source.get(), link);
  RETURN_IF_ERROR(side->controller->Start());
  Result<std::unique_ptr<LocalServer>> server =
      LocalServer::Start(config.socket_path, &side->loop, [side](const ApiRequest& request) {
        return HandleApi(side->controller.get(), request, side->loop.now());
      });
  if (!server.ok()) return server.status();
  side->server = std::move(server).value();
  return OkStatus();
}

// Blocks the signals that end us in every thread, so that the main thread can wait for them.
sigset_t BlockEndSignals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return signals;
}

// Runs `task` on the loop's own thread and waits: what belongs to a loop ends there.
void RunOn(EpollLoop* loop, const Task& task, std::thread* thread) {
  loop->Post([loop, task] {
    task();
    loop->Stop();
  });
  thread->join();
}

int Up(const UpOptions& options, const CommandContext& context) {
  const sigset_t signals = BlockEndSignals();
  const Result<Config> config = MakeConfig(options, context);
  if (!config.ok()) return Fail(config.status());
  if (config->log_level == "debug") SetLogLevel(LogLevel::kDebug);
  const Status folders = MakeFolders(*config);
  if (!folders.ok()) return Fail(folders);

  if (!ProtectFromOomKiller()) {
    LogInfo("the kernel's OOM killer may end this process: lowering its score is not permitted");
  }

  ControllerSide controller;
  AgentSide agent;
  const Status store = OpenStore(*config, &controller);
  if (!store.ok()) return Fail(store);
  LocalLink link(&controller.loop, &agent.loop, config->node_name);
  const Status made = MakeAgent(*config, link.agent_end(), &agent);
  if (!made.ok()) return Fail(made);
  const Status started = StartController(*config, context, link.controller_end(), &controller);
  if (!started.ok()) {
    controller.server.reset();
    controller.controller.reset();  // before the link, which it still holds
    return Fail(started);
  }
  agent.agent->Start();
  link.Connect();

  std::thread controller_thread([&] { controller.loop.Run(); });
  std::thread agent_thread([&] { agent.loop.Run(); });
  LogInfo("up", {{"socket", config->socket_path},
                 {"data", config->data_folder},
                 {"repository", config->sources.front().spec.repository}});
  int signal_number = 0;
  ::sigwait(&signals, &signal_number);
  LogInfo("ending; containers go on running", {{"signal", std::to_string(signal_number)}});
  controller.server.reset();
  RunOn(
      &controller.loop, [&] { controller.controller.reset(); }, &controller_thread);
  RunOn(
      &agent.loop, [&] { agent.agent.reset(); }, &agent_thread);
  return kExitOk;
}

}  // namespace

void AddUpCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<UpOptions>();
  options->flags = {
      .data_folder = "", .socket_path = "", .docker_socket = "", .pod_cidr = "", .log_level = ""};
  CLI::App* command = app->add_subcommand(
      "up", "Run the controller and the agent of this host; follow a repository");
  command->add_option("REPOSITORY", options->source.repository, "local Git repository to follow");
  command->add_option("--rev", options->source.revision,
                      "branch, tag or commit (default: its HEAD)");
  command->add_option("--path", options->source.folder, "folder inside the repository");
  command->add_option("--data", options->flags.data_folder,
                      "folder for the database and keys (default: /var/lib/reconcile)");
  command->add_option("--docker", options->flags.docker_socket,
                      "Docker's socket (default: /var/run/docker.sock)");
  command->add_option("--node-name", options->flags.node_name, "name of this host")
      ->check(CheckNodeName);
  command->add_option("--node-address", options->flags.node_address, "IPv4 address of this host")
      ->check(CheckNodeAddress);
  command
      ->add_option("--pod-cidr", options->flags.pod_cidr,
                   "addresses of pods of a new cluster (default: 10.42.0.0/16)")
      ->check(CheckPodCidr);
  command->add_option("--log-level", options->flags.log_level, "info or debug")
      ->check(CheckLogLevel);
  SetExamples(command,
              {"reconcile up /srv/manifests", "reconcile up /srv/ops --rev main --path shop",
               "reconcile up --config ./reconcile.yaml"});
  command->callback([app, options, context] {
    options->socket_given = app->get_option("--socket")->count() > 0;
    context->exit_code = Up(*options, *context);
  });
}

}  // namespace reconcile
