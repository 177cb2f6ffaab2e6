#include "cmd/agent_side.h"

#include "agent/curl_prober.h"
#include "agent/disk_host_files.h"
#include "base/log.h"
#include "cmd/endpoint.h"
#include "cmd/local_host.h"
#include "link/certificates.h"
#include "net/kernel_network.h"
#include "runtime/docker_runtime.h"
#include "runtime/start_program.h"

namespace reconcile {

Status NameNode(Config* config) {
  if (config->node_name.empty()) config->node_name = ReadLocalHost().name;
  const std::string wrong = CheckNodeName(config->node_name);
  if (wrong.empty()) return OkStatus();
  return InvalidError("this host's name '" + config->node_name + "' cannot be a node's: " + wrong +
                      ". Set node.name or --node-name");
}

Result<std::unique_ptr<AgentSide>> AgentSide::Open(const Config& config) {
  std::unique_ptr<AgentSide> side(new AgentSide());
  Result<std::unique_ptr<HostLock>> lock = HostLock::Take(config.data_folder);
  if (!lock.ok()) return lock.status();
  side->lock_ = std::move(lock).value();
  const LocalHost host = ReadLocalHost();
  side->SetOptions(config, host);
  side->prober_ = std::make_unique<CurlProber>(&side->loop_);
  DockerOptions docker;
  docker.socket_path = config.docker_socket;
  docker.min_oom_score_adj = host.min_oom_score_adj;
  side->runtime_ = MakeDockerRuntime(&side->loop_, docker);
  KernelNetworkOptions network;
  network.subnet_file = config.data_folder + "/subnet.env";
  network.watch_fd = [loop = &side->loop_](int fd, Task task) {
    loop->WatchFd(fd, std::move(task));
  };
  network.unwatch_fd = [loop = &side->loop_](int fd) { loop->UnwatchFd(fd); };
  side->names_ = std::make_unique<NameServer>(NameServerOptions{
      .network_namespace_path = "",
      .read_resolv_conf = [] { return ReadTextFile("/etc/resolv.conf"); },
      .read_systemd_resolv_conf = [] { return ReadTextFile("/run/systemd/resolve/resolv.conf"); },
      .upstreams = config.dns_upstreams,
      .stub_domains = config.stub_domains});
  side->health_ = std::make_unique<HealthServer>(HealthServerOptions());
  network.serve_names = [names = side->names_.get(), health = side->health_.get()](
                            const HostNetworkConfig& prepared, const NetworkState& state) {
    std::vector<std::string> problems = names->Serve(prepared, state);
    for (std::string& problem : health->Serve(prepared.host_address, ServiceHealthsOf(state))) {
      problems.push_back(std::move(problem));
    }
    return problems;
  };
  network.on_behind = [health = side->health_.get()] { health->FallBehind(); };
  side->network_ = MakeKernelNetwork(&side->loop_, &side->workers_, std::move(network));
  side->files_ = MakeDiskHostFiles(config.data_folder + "/agent", config.data_folder + "/host.key",
                                   {&side->volume_workers_, config.docker_socket,
                                    &side->volume_measurers_, &side->volume_lookers_});
  return side;
}

void AgentSide::SetOptions(const Config& config, const LocalHost& host) {
  options_.node_name = config.node_name;
  options_.host_ip = config.node_address.empty() ? host.address : config.node_address;
  options_.node_labels = config.node_labels;
  options_.machine_id = host.machine_id;
  options_.boot_id = host.boot_id;
  options_.mtu = host.mtu;
  if (config.node_address.empty()) {
    options_.read_underlay = [] {
      const Underlay underlay = ReadUnderlay();
      return AgentOptions::Underlay{underlay.address, underlay.mtu};
    };
  }
  options_.read_resolv_conf = [] { return ReadResolvConf(); };
  options_.pressure = config.pressure;
  options_.images = config.images;
  options_.read_host_use = [] { return ReadHostUse(); };
  options_.read_use = [this](auto containers, auto done) {
    ReadUse(std::move(containers), std::move(done));
  };
  options_.start_program = StartProgram();
  options_.observer = &metrics_;
  options_.read_metrics = [this] { return MetricsText(); };
}

void AgentSide::ReadUse(std::vector<CountedContainer> containers,
                        std::function<void(UseCounters)> done) {
  const auto counters = std::make_shared<UseCounters>();
  const bool taken = volume_lookers_.Run(
      [this, counters, containers = std::move(containers)] {
        *counters = use_reader_.Read(containers);
      },
      [counters, done] { done(std::move(*counters)); });
  if (!taken) done({});
}

Status AgentSide::Dial(const Config& config, const std::string& token,
                       std::function<void(const Status&)> on_refused) {
  const Result<SocketAddress> controller = ParseEndpoint(config.controller_address);
  if (!controller.ok()) return controller.status();
  LinkDialerOptions options;
  options.host = controller->host;
  options.port = controller->port;
  options.node = config.node_name;
  options.folder = config.data_folder + "/link";
  options.token = token;
  has_token_ = !token.empty();
  options.on_refused = std::move(on_refused);
  Result<std::unique_ptr<LinkDialer>> dialer =
      LinkDialer::Open(std::move(options), &loop_, &link_random_);
  if (!dialer.ok()) return dialer.status();
  dialer_ = std::move(dialer).value();
  return OkStatus();
}

void AgentSide::Join(int64_t timeout_ms, std::function<void(const Status&)> on_end) {
  dialer_->Start();
  loop_.Post([this, timeout_ms, on_end = std::move(on_end)] {
    const MonoTime now = loop_.now().mono;
    LookWhetherJoined(now + timeout_ms, now + kJoinReminderMs, on_end);
  });
  thread_.Begin();
}

void AgentSide::LookWhetherJoined(MonoTime deadline, MonoTime remind_at,
                                  std::function<void(const Status&)> on_end) {
  // With a token, the certificate that is here may be the one to be replaced: being let in counts.
  const bool joined = has_token_ ? dialer_->LastError().empty() : !dialer_->ca_pem().empty();
  if (joined) {
    token_unused_ = dialer_->TokenUnused();
    return on_end(OkStatus());
  }
  const MonoTime now = loop_.now().mono;
  if (now >= deadline) {
    return on_end(UnavailableError("this host has not joined: " + dialer_->LastError()));
  }
  if (now >= remind_at) {
    LogInfo("still trying to join", {{"why", dialer_->LastError()}});
    remind_at = now + kJoinReminderMs;
  }
  loop_.After(kJoinPollMs, [this, deadline, remind_at, on_end = std::move(on_end)] {
    LookWhetherJoined(deadline, remind_at, on_end);
  });
}

std::string AgentSide::MetricsText() const {
  AgentMetrics::Look look;
  look.queues = {{"loop", loop_.waiting()},
                 {"network", workers_.waiting()},
                 {"volumes", volume_workers_.waiting()}};
  look.connected = true;  // in `up` there is nothing between the two
  if (dialer_ != nullptr) {
    look.connected = dialer_->LastError().empty();
    const size_t connections = dialer_->Traffic().connections;
    look.link_streams = connections - (look.connected && connections > 0 ? 1 : 0);
  }
  look.dns = names_->statistics();
  return metrics_.Text(look);
}

void AgentSide::Start(ControllerLink* link, VerifyProof verify) {
  options_.verify = std::move(verify);
  agent_ = std::make_unique<Agent>(options_, &loop_, &random_, runtime_.get(), network_.get(),
                                   files_.get(), prober_.get(), link);
  agent_->Start();
  if (dialer_ != nullptr) dialer_->Start();
  thread_.Begin();
}

void AgentSide::Start() {
  Start(dialer_.get(), [this](std::string_view text, const std::string& proof) {
    return VerifySignature(dialer_->ca_pem(), text, proof);
  });
}

void AgentSide::End() {
  thread_.End([this] {
    agent_.reset();
    dialer_.reset();
  });
}

}  // namespace reconcile
