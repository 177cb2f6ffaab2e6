#include "cmd/controller_side.h"

#include <chrono>
#include <thread>

#include "api/page_routes.h"
#include "api/plan_routes.h"
#include "api/preview_routes.h"
#include "api/routes.h"
#include "api/scrape_routes.h"
#include "api/webhook_routes.h"
#include "base/log.h"
#include "cmd/endpoint.h"
#include "cmd/host_lock.h"
#include "cmd/local_host.h"
#include "cmd/plan_text.h"
#include "cmd/restore_cluster.h"
#include "schema/core.h"
#include "source/git_source.h"
#include "source/secret_file.h"
#include "store/sqlite_store.h"

namespace reconcile {

Result<std::unique_ptr<ControllerSide>> ControllerSide::Open(const Config& config,
                                                             std::string self_path,
                                                             EnrollmentOptions enrollment) {
  std::unique_ptr<ControllerSide> side(new ControllerSide(std::move(self_path)));
  RETURN_IF_ERROR(side->OpenStore(config));
  RETURN_IF_ERROR(side->OpenEnrollment(config, std::move(enrollment)));
  auto users = UserRegistry::Open(config.data_folder + "/users", side->enrollment_.get(),
                                  &side->user_random_);
  if (!users.ok()) return users.status();
  side->users_ = std::move(users).value();
  return side;
}

Status ControllerSide::OpenStore(const Config& config) {
  SqliteStoreOptions options;
  options.path = database_path_ = config.data_folder + "/cluster.db";
  options.on_commit = [this](double seconds, const Status& status) {
    metrics_.OnCommit(seconds, status);
  };
  options.secret_key_file = config.data_folder + "/secrets.key";
  Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
  // A controller that was killed may not have ended yet.
  for (int64_t waited_ms = 0;
       store.status().code() == StatusCode::kConflict && waited_ms < kLockPatienceMs;
       waited_ms += kLockPollMs) {
    std::this_thread::sleep_for(std::chrono::milliseconds(kLockPollMs));
    store = OpenSqliteStore(options);
  }
  if (!store.ok()) return store.status();
  store_ = std::move(store).value();
  store_->Watch([this](const std::vector<Change>& changes) { metrics_.OnChanges(changes); });
  return OkStatus();
}

bool ControllerSide::MayHaveFollowed(const std::string& repository) const {
  const auto state = store_->Snapshot();
  bool may = state->Find<Cluster>("", "cluster") == nullptr;
  state->ForEach<Source>([&](const std::shared_ptr<const Source>& source) {
    may = may || source->spec.repository == repository;
  });
  return may;
}

Status ControllerSide::OpenEnrollment(const Config& config, EnrollmentOptions options) {
  // A cluster that is older than its CA keeps its id: containers carry it.
  const auto cluster = store_->Snapshot()->Find<Cluster>("", "cluster");
  if (cluster != nullptr) options.cluster_id = cluster->cluster_id;
  RETURN_IF_ERROR(CheckAuthorityIsThere(cluster.get(), config.data_folder + "/ca",
                                        config.data_folder + "/cluster.db"));
  Result<std::unique_ptr<Enrollment>> enrollment =
      Enrollment::Open(config.data_folder + "/ca", &key_random_, loop_.now().wall, options);
  if (!enrollment.ok()) return enrollment.status();
  enrollment_ = std::move(enrollment).value();
  if (cluster == nullptr) return OkStatus();
  if (cluster->cluster_id == enrollment_->cluster_id()) return KeepRevocations();
  return InvalidError("the database in " + config.data_folder + " is of cluster " +
                      cluster->cluster_id + ", the keys in " + config.data_folder +
                      "/ca are of cluster " + enrollment_->cluster_id() +
                      ": bring back the one that belongs to the other");
}

// The list of ca/ may have been put back from before a revocation that the database knows.
Status ControllerSide::KeepRevocations() {
  const auto state = store_->Snapshot();
  Status status;
  state->ForEach<Node>([&](const std::shared_ptr<const Node>& node) {
    if (!IsRevoked(*node)) return;
    const Condition* ready = FindCondition(node->status.conditions, "Ready");
    const WallTime at = ready->last_transition_time.value_or(loop_.now().wall);
    const Status kept = enrollment_->KeepRevoked(node->metadata.name, at, loop_.now().wall);
    if (!kept.ok()) status = kept;
  });
  return status;
}

namespace {

std::string PlanForPage(const Value& plan) {
  return PlanText(plan, {.color = false, .columns = 110});
}

// What this host is called by those who dial it.
std::vector<std::string> NamesOfHost(const Config& config) {
  const LocalHost host = ReadLocalHost();
  std::vector<std::string> names = {host.name, "localhost", "127.0.0.1"};
  if (!host.address.empty()) names.push_back(host.address);
  const Result<SocketAddress> advertise = ParseEndpoint(config.advertise);
  if (advertise.ok()) names.push_back(advertise->host);
  return names;
}

// Where kubectl finds what listens at `listen`.
std::string ServerUrl(SocketAddress listen, const Config& config) {
  if (listen.host == "0.0.0.0" || listen.host == "::") {
    const Result<SocketAddress> advertise = ParseEndpoint(config.advertise);
    listen.host = advertise.ok() ? advertise->host : ReadLocalHost().address;
    if (listen.host.empty()) listen.host = "127.0.0.1";
  }
  return "https://" + ToString(listen);
}

}  // namespace

Status ControllerSide::ServeApi(const Config& config) {
  if (config.api_listen == "off") return OkStatus();
  const bool asked_for = !config.api_listen.empty();
  Result<SocketAddress> listen = ParseEndpoint(asked_for ? config.api_listen : kDefaultApiListen);
  if (!listen.ok()) return listen.status();
  ApiServerOptions options;
  options.address = listen->host;
  options.port = listen->port;
  options.names = NamesOfHost(config);
  options.names.push_back(listen->host);
  options.on_request = [this] { return metrics_.OnApiRequest(); };
  options.on_cut_off = [this] { metrics_.OnCutOff(); };
  auto server = ApiServer::Start(options, &loop_, enrollment_.get(), users_.get(),
                                 [this](const ApiRequest& request) { return AnswerUser(request); });
  if (!server.ok()) {
    if (asked_for) return server.status();
    LogWarning("kubectl is not served", {{"why", server.status().message()}});
    return OkStatus();
  }
  api_server_ = std::move(server).value();
  listen->port = api_server_->port();
  users_->SetServer(ServerUrl(*listen, config));
  api_address_ = users_->server().substr(std::string_view("https://").size());
  LogInfo("serving kubectl", {{"address", ToString(*listen)}});
  return OkStatus();
}

Status ControllerSide::Listen(const Config& config) {
  const Result<SocketAddress> listen = ParseEndpoint(config.listen);
  if (!listen.ok()) return listen.status();
  LinkServerOptions options;
  options.listen_address = listen->host;
  options.listen_port = listen->port;
  options.names = NamesOfHost(config);
  options.on_hook = [this](LinkHttpRequest request,
                           const std::function<void(LinkHttpResponse)>& answer) {
    if (webhooks_) return webhooks_(std::move(request), answer);
    answer({.code = 503, .content_type = "text/plain", .body = "the controller is ending\n"});
  };
  Result<std::unique_ptr<LinkServer>> server =
      LinkServer::Start(std::move(options), &loop_, enrollment_.get());
  if (!server.ok()) return server.status();
  link_server_ = std::move(server).value();
  enrollment_api_ = {.admin = enrollment_.get(), .advertise = config.advertise};
  LogInfo("listening for agents", {{"address", ToString(*listen)},
                                   {"advertised", config.advertise},
                                   {"cluster", enrollment_->cluster_id()}});
  return OkStatus();
}

ControllerOptions ControllerSide::OptionsOf(const Config& config) {
  ControllerOptions options;
  options.pod_cidr = config.pod_cidr;
  options.service_cidr = config.service_cidr;
  options.cluster_domain = config.cluster_domain;
  options.network_backend = config.network_backend;
  options.node_silent_ms = config.silent_after_ms;
  options.unreachable_toleration_ms = config.replace_after_ms;
  options.sources = config.sources;
  options.breaker = config.breaker;
  options.parallel = &threads_;
  options.observer = &metrics_;
  options.read_secret = ReadSecretLine;
  options.cluster_id = enrollment_->cluster_id();
  options.sign_lineage = [this](const LineageClaim& claim) {
    return enrollment_->SignLineage(claim);
  };
  options.lineage_after_ms = enrollment_->newest_lineage_ms();
  // Who may run something when the model was lost: every host that is let in.
  for (const IssuedNode& node : enrollment_->Nodes(loop_.now().wall)) {
    if (node.state == CertificateState::kValid) options.expected_nodes.push_back(node.node);
  }
  // In `up` it is this host, which needs no certificate.
  if (link_server_ == nullptr) options.expected_nodes = {config.node_name};
  if (link_server_ != nullptr) options.revoked_nodes = [this] { return RevokedNow(); };
  return options;
}

std::shared_ptr<const RevokedNodes> ControllerSide::RevokedNow() {
  const uint64_t count = enrollment_->change_count();
  if (revoked_ != nullptr && revoked_at_ == count) return revoked_;
  const auto revoked = std::make_shared<RevokedNodes>();
  for (const IssuedNode& node : enrollment_->Nodes(loop_.now().wall)) {
    if (node.state == CertificateState::kRevoked) (*revoked)[node.node] = node.revoked;
  }
  revoked_ = revoked;
  revoked_at_ = count;
  return revoked_;
}

std::string ControllerSide::MetricsText() {
  ControllerMetrics::Look look;
  look.controller = controller_.get();
  look.loop_waiting = loop_.waiting();
  look.sources_waiting = workers_.waiting();
  look.watches = reads_->watches().watch_count();
  if (link_server_ != nullptr) look.link_connections = link_server_->Traffic().connections;
  look.database_path = database_path_;
  const WallTime now = loop_.now().wall;
  for (const AuthorityInfo& authority : enrollment_->Authorities(now).authorities) {
    look.authorities.emplace_back(authority.fingerprint, authority.expires);
  }
  for (const IssuedNode& node : enrollment_->Nodes(now)) {
    if (node.state != CertificateState::kRevoked)
      look.certificates.emplace_back(node.node, node.expires);
  }
  return metrics_.Text(look);
}

ApiResponse ControllerSide::Answer(const ApiRequest& request) {
  const auto metrics = HandleScrape(request, {.own = [this] { return MetricsText(); },
                                              .link = link_,
                                              .loop = &loop_,
                                              .state = controller_->State(),
                                              .address = api_address_});
  if (metrics) return *metrics;
  if (IsUsersPath(request.path)) return HandleUsersApi(users_.get(), request, loop_.now().wall);
  if (auto page = HandlePage(feed_.get(), request)) return *std::move(page);
  if (auto plan = HandlePlanOfUser(controller_.get(), plans_.get(), request)) {
    return *std::move(plan);
  }
  if (auto plan = HandlePreview(controller_.get(), plans_.get(), request, PlanForPage)) {
    return *std::move(plan);
  }
  if (!IsEnrollmentPath(request.path)) {
    return HandleApi(controller_.get(), reads_.get(), request, loop_.now());
  }
  ApiResponse response = HandleEnrollmentApi(enrollment_api_, request, loop_.now().wall);
  if (request.method == "POST") controller_->NoteRevocations();
  return response;
}

ApiResponse ControllerSide::Shared(const ApiRequest& request) {
  return shares_.Hold(request, *controller_->State(), Answer(request));
}

ApiResponse ControllerSide::AnswerUser(const ApiRequest& request) {
  return ServeUser(
      request, [this](const ApiRequest& allowed) { return Shared(allowed); }, &refused_,
      loop_.now().mono);
}

Status ControllerSide::Start(const Config& config, AgentLink* link) {
  link_ = link;
  source_ = MakeGitSource(&loop_, &workers_, self_path_, {},
                          {.folder = config.data_folder, .fetch = {}, .cache = {}});
  controller_ = std::make_unique<Controller>(OptionsOf(config), &loop_, &random_, store_.get(),
                                             source_.get(), link);
  webhooks_ = MakeWebhookHandler(controller_.get());
  RETURN_IF_ERROR(controller_->Start());
  reads_ = std::make_unique<ResourceReads>(store_.get(), &loop_);
  reads_->ShowHeartbeats([this] { return controller_->LastHeartbeats(); });
  feed_ = std::make_unique<LiveFeed>(store_.get(), &loop_, [this] {
    return WriteClusterStatus(*controller_, StatusFor::kFollowed);
  });
  plans_ = std::make_unique<PlanDesk>(&loop_, &planners_);
  Result<std::unique_ptr<LocalServer>> server =
      LocalServer::Start(config.socket_path, &loop_, [this](const ApiRequest& request) {
        return ServeOwner(request, [this](const ApiRequest& asked) { return Shared(asked); });
      });
  if (!server.ok()) return server.status();
  server_ = std::move(server).value();
  RETURN_IF_ERROR(ServeApi(config));
  thread_.Begin();
  return OkStatus();
}

void ControllerSide::End() {
  api_server_.reset();
  server_.reset();
  thread_.End([this] {
    webhooks_ = {};
    feed_.reset();
    plans_.reset();
    reads_.reset();
    controller_.reset();
    link_server_.reset();
  });
}

}  // namespace reconcile
