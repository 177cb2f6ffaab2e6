#include "cmd/serve_options.h"

#include <filesystem>

#include "base/log.h"
#include "cmd/data_folder.h"
#include "cmd/endpoint.h"
#include "cmd/local_host.h"
#include "cmd/repository_place.h"

namespace reconcile {
namespace {

void Override(const std::string& flag, std::string* setting) {
  if (!flag.empty()) *setting = flag;
}

}  // namespace

std::shared_ptr<ServeOptions> MakeServeOptions() {
  auto options = std::make_shared<ServeOptions>();
  options->flags = {.data_folder = "",
                    .socket_path = "",
                    .docker_socket = "",
                    .node_name = "",
                    .node_address = "",
                    .node_labels = {},
                    .listen = "",
                    .api_listen = "",
                    .advertise = "",
                    .controller_address = "",
                    .pod_cidr = "",
                    .service_cidr = "",
                    .cluster_domain = "",
                    .network_backend = "",
                    .log_level = "",
                    .log_format = ""};
  return options;
}

void AddDataFlags(CLI::App* command, ServeOptions* options) {
  command->add_option("--data", options->flags.data_folder,
                      "folder for the database and keys (default: /var/lib/reconcile)");
  command->add_option("--log-level", options->flags.log_level, "info or debug")
      ->check(CheckLogLevel);
  command->add_option("--log-format", options->flags.log_format, "text or json: a line each")
      ->check(CheckLogFormat);
}

void AddHostFlags(CLI::App* command, ServeOptions* options) {
  command->add_option("--docker", options->flags.docker_socket,
                      "Docker's socket (default: /var/run/docker.sock)");
  command->add_option("--node-name", options->flags.node_name, "name of this host")
      ->check(CheckNodeName);
  command->add_option("--node-address", options->flags.node_address, "IPv4 address of this host")
      ->check(CheckNodeAddress);
}

void AddSourceFlags(CLI::App* command, ServeOptions* options) {
  command->add_option("REPOSITORY", options->source.repository,
                      "Git repository to follow: a path or a URL");
  command->add_option("--rev", options->source.revision,
                      "branch, tag or commit (default: its HEAD)");
  command->add_option("--path", options->source.folder, "folder inside the repository");
  command
      ->add_option("--api-listen", options->flags.api_listen,
                   "address and port for kubectl, or off (default: 127.0.0.1:6443)")
      ->check(CheckApiListen);
  command
      ->add_option("--pod-cidr", options->flags.pod_cidr,
                   "addresses of pods of a new cluster (default: 10.42.0.0/16)")
      ->check(CheckPodCidr);
  command
      ->add_option("--service-cidr", options->flags.service_cidr,
                   "addresses of Services of a new cluster (default: 10.96.0.0/16)")
      ->check(CheckServiceCidr);
}

Result<Config> ConfigOf(const ServeOptions& options, const CommandContext& context) {
  Result<Config> read = context.ReadConfiguration(ConfigReader::kController);
  if (!read.ok()) return read;
  Config& config = *read;
  Override(options.flags.data_folder, &config.data_folder);
  Override(options.flags.docker_socket, &config.docker_socket);
  Override(options.flags.node_name, &config.node_name);
  Override(options.flags.node_address, &config.node_address);
  Override(options.flags.listen, &config.listen);
  Override(options.flags.api_listen, &config.api_listen);
  Override(options.flags.advertise, &config.advertise);
  Override(options.flags.controller_address, &config.controller_address);
  Override(options.flags.pod_cidr, &config.pod_cidr);
  Override(options.flags.service_cidr, &config.service_cidr);
  Override(options.flags.log_level, &config.log_level);
  Override(options.flags.log_format, &config.log_format);
  if (options.socket_given) config.socket_path = context.socket_path;
  if (config.log_level == "debug") SetLogLevel(LogLevel::kDebug);
  SetLogFormat(config.log_format == "json" ? LogFormat::kJson : LogFormat::kText);
  return read;
}

Status PrepareToServe(const Config& config) {
  RETURN_IF_ERROR(PrepareDataFolder(config.data_folder));
  if (!ProtectFromOomKiller()) {
    LogInfo("the kernel's OOM killer may end this process: lowering its score is not permitted");
  }
  return OkStatus();
}

Status CheckNewRepository(const ServeOptions& options, const Config& config) {
  if (options.source.repository.empty()) return OkStatus();
  // A cluster whose database is lost, and to be rebuilt, still has its keys.
  for (const char* kept : {"/cluster.db", "/ca"}) {
    std::error_code error;
    if (std::filesystem::exists(config.data_folder + kept, error) || error) return OkStatus();
  }
  return CheckRepositoryIsThere(config.sources.front().spec.repository);
}

Status CheckNewRepository(const ServeOptions& options, const Config& config,
                          const ControllerSide& side) {
  const std::string& repository = config.sources.front().spec.repository;
  if (options.source.repository.empty() || side.MayHaveFollowed(repository)) return OkStatus();
  return CheckRepositoryIsThere(repository);
}

Status MakeSocketFolder(const Config& config) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(config.socket_path).parent_path(),
                                      error);
  if (error) return UnavailableError("cannot make the socket's folder: " + error.message());
  return OkStatus();
}

}  // namespace reconcile
