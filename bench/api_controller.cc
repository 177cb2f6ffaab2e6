// A controller for bench/api and bench/page: the real one, with its store on disk, its agents over
// TLS in a process of their own, and its port for kubectl and browsers.
//
//   api_controller [--agents 100] [--pods 100] [--of-deployment 100] [--changes 20] [--host-changes
//   0]
//
// Prints "ready PORT TOKEN" when all pods run; then changes a pod every so often, numbered and
// stamped in its annotations, or has its agents say that pods change (agents_over_tls_hosts.h), and
// ends with standard input. Answers each line on it by its memory: "resident BYTES peak BYTES".
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <thread>

#include "api/api_server.h"
#include "api/page_routes.h"
#include "api/resource_reads.h"
#include "api/routes.h"
#include "api/user_registry.h"
#include "base/epoll_loop.h"
#include "base/heap.h"
#include "base/log.h"
#include "bench/agents_over_tls_hosts.h"
#include "bench/tls_poller.h"
#include "controller/controller.h"
#include "link/enrollment.h"
#include "link/link_server.h"
#include "store/sqlite_store.h"

namespace reconcile {
namespace {

// What must succeed for anything to be measured.
template <typename T>
T MustHave(Result<T> result) {
  if (!result.ok()) std::fprintf(stderr, "%s\n", result.status().ToString().c_str());
  CHECK(result.ok());
  return std::move(result).value();
}

constexpr int kGiveBackMs = 30'000;

struct ServedOptions {
  int agents = 100;
  int pods = 100;           // of each agent
  int of_deployment = 100;  // pods, at most
  int changes = 20;         // a second, in the store
  int host_changes = 0;     // a second, that agents tell
};

// A repository of Deployments. The loop's.
class DeploymentSource final : public ManifestSource {
 public:
  DeploymentSource(int replicas, int of_deployment) {
    std::string text;
    for (int left = replicas, number = 0; left > 0; left -= of_deployment, ++number) {
      text += Deployment("web-" + std::to_string(number), std::min(left, of_deployment));
    }
    FetchedCommit fetched;
    fetched.id = "0123456789012345678901234567890123456789";
    fetched.files.push_back({"all.yaml", "1", std::make_shared<std::string>(std::move(text))});
    commit_ = std::move(fetched);
  }
  void Fetch(const SourceSpec&, FetchDone done) override { done(commit_); }
  void Watch(const SourceSpec&, std::function<void()>) override {}

 private:
  static std::string Deployment(const std::string& name, int replicas) {
    return "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + name +
           "}\nspec:\n"
           "  replicas: " +
           std::to_string(replicas) + "\n  selector: {matchLabels: {app: " + name +
           "}}\n  template:\n"
           "    metadata: {labels: {app: " +
           name +
           ", tier: front}}\n    spec:\n      containers:\n"
           "      - name: main\n        image: 'registry.example.com/shop/web:1.27.3'\n"
           "        args: [serve, --port=8080]\n        ports: [{containerPort: 8080}]\n"
           "        env: [{name: MODE, value: production}, {name: REGION, value: north}]\n"
           "        readinessProbe: {httpGet: {path: /ready, port: 8080}}\n"
           "        resources: {requests: {cpu: 10m, memory: 16Mi}}\n";
  }

  Result<FetchedCommit> commit_ = UnavailableError("nothing there yet");
};

pid_t StartHosts(const ServedOptions& options, uint16_t port, const std::string& token,
                 const std::string& folder, int* input) {
  int to_child[2];
  CHECK(::pipe2(to_child, O_CLOEXEC) == 0);
  const std::string agents = std::to_string(options.agents);
  const std::string port_text = std::to_string(port);
  const std::string changes = std::to_string(options.host_changes);
  const pid_t pid = ::fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    const int nothing = ::open("/dev/null", O_WRONLY);
    ::dup2(to_child[0], STDIN_FILENO);
    ::dup2(nothing, STDOUT_FILENO);
    ::execl("/proc/self/exe", "api_controller", "--agents", agents.c_str(), "--host-changes",
            changes.c_str(), "--hosts-of", port_text.c_str(), "--token", token.c_str(), "--folder",
            folder.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(to_child[0]);
  *input = to_child[1];
  return pid;
}

class ServedController {
 public:
  ServedController(const ServedOptions& options, const std::string& folder)
      : options_(options), source_(options.agents * options.pods, options.of_deployment) {
    enrollment_ = MustHave(Enrollment::Open(folder + "/ca", &random_, ReadSystemClock().wall));
    users_ = MustHave(UserRegistry::Open(folder + "/users", enrollment_.get(), &user_random_));
    SqliteStoreOptions store_options;
    store_options.path = folder + "/cluster.db";
    store_options.secret_key_file = folder + "/secrets.key";
    store_ = MustHave(OpenSqliteStore(store_options));
    LinkServerOptions link_options;
    link_options.listen_address = "127.0.0.1";
    link_options.listen_port = 0;
    link_options.names = {"127.0.0.1"};
    link_ = MustHave(LinkServer::Start(link_options, &loop_, enrollment_.get()));
    ControllerOptions controller_options;
    controller_options.pod_cidr = "10.0.0.0/12";
    controller_options.sources = {{"main", {"/repository", "", ""}}};
    controller_ = std::make_unique<Controller>(controller_options, &loop_, &random_, store_.get(),
                                               &source_, link_.get());
    CHECK(controller_->Start().ok());
    reads_ = std::make_unique<ResourceReads>(store_.get(), &loop_);
    feed_ = std::make_unique<LiveFeed>(store_.get(), &loop_, [this] {
      return WriteClusterStatus(*controller_, StatusFor::kFollowed);
    });
    ApiServerOptions api_options;
    api_options.port = 0;
    api_options.names = {"127.0.0.1"};
    api_ = MustHave(ApiServer::Start(
        api_options, &loop_, enrollment_.get(), users_.get(), [this](const ApiRequest& request) {
          return ServeUser(request, [this](const ApiRequest& allowed) { return Answer(allowed); });
        }));
    TokenOptions tokens;
    tokens.uses = options.agents;
    const std::string join = MustHave(enrollment_->CreateToken(tokens, ReadSystemClock().wall));
    hosts_ = StartHosts(options, link_->port(), join, folder, &hosts_input_);
    thread_ = std::thread([this] { loop_.Run(); });
  }
  ~ServedController() {
    ::close(hosts_input_);
    ::waitpid(hosts_, nullptr, 0);
    loop_.Post([this] {
      api_.reset();
      feed_.reset();
      reads_.reset();
      controller_.reset();
      link_.reset();
      loop_.Stop();
    });
    thread_.join();
  }
  uint16_t port() const { return api_->port(); }
  std::string MakeToken() {
    return MustHave(users_->IssueToken({"bench", {"reconcile:admin"}}, ReadSystemClock().wall));
  }
  // Until all pods run.
  void WaitForPods() {
    for (size_t running = 0; running < static_cast<size_t>(options_.agents * options_.pods);) {
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
      std::promise<size_t> counted;
      loop_.Post([&] {
        size_t count = 0;
        store_->Snapshot()->ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
          count += pod->status.phase == PodPhase::kRunning ? 1 : 0;
        });
        counted.set_value(count);
      });
      running = counted.get_future().get();
    }
  }
  void BeginChanges() {
    if (options_.changes > 0) loop_.Post([this] { ChangeNext(); });
    if (options_.host_changes > 0) CHECK(::write(hosts_input_, "\n", 1) == 1);
  }

 private:
  ApiResponse Answer(const ApiRequest& request) {
    if (auto page = HandlePage(feed_.get(), request)) return *std::move(page);
    return HandleApi(controller_.get(), reads_.get(), request, loop_.now());
  }
  void ChangeNext() {
    loop_.After(1000 / options_.changes, [this] { ChangeNext(); });
    const auto state = store_->Snapshot();
    if (pods_.empty()) {
      state->ForEach<Pod>(
          [&](const std::shared_ptr<const Pod>& pod) { pods_.push_back(pod->key()); });
    }
    const auto pod = state->Find(pods_[static_cast<size_t>(++number_) % pods_.size()]);
    if (pod == nullptr) return;
    std::shared_ptr<Object> changed = pod->Clone();
    changed->metadata.annotations["bench/number"] = std::to_string(number_);
    changed->metadata.annotations["bench/at"] = std::to_string(BenchMicros());
    CHECK(store_->Commit({{{pod->key(), changed}}}, state->revision()).ok());
  }

  const ServedOptions options_;
  EpollLoop loop_;
  SystemRandom random_;
  SystemRandom user_random_;
  DeploymentSource source_;
  std::unique_ptr<Enrollment> enrollment_;
  std::unique_ptr<UserRegistry> users_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<LinkServer> link_;
  std::unique_ptr<Controller> controller_;
  std::unique_ptr<ResourceReads> reads_;
  std::unique_ptr<LiveFeed> feed_;
  std::unique_ptr<ApiServer> api_;
  pid_t hosts_ = -1;
  int hosts_input_ = -1;
  std::thread thread_;
  std::vector<ObjectKey> pods_;
  int64_t number_ = 0;
};

int64_t MemoryOf(const std::string& key) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) return std::stoll(line.substr(key.size())) * 1024;
  }
  return 0;
}

int Serve(const ServedOptions& options, const std::string& folder) {
  ServedController controller(options, folder);
  controller.WaitForPods();
  std::printf("ready %d %s\n", controller.port(), controller.MakeToken().c_str());
  std::fflush(stdout);
  controller.BeginChanges();
  // As the real one between signals.
  pollfd input = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  for (std::string line;;) {
    if (::poll(&input, 1, kGiveBackMs) == 0) {
      GiveBackHeap();
      continue;
    }
    if (!std::getline(std::cin, line)) break;
    std::printf("resident %ld peak %ld\n", long{MemoryOf("VmRSS:")}, long{MemoryOf("VmHWM:")});
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace reconcile

int main(int argc, char** argv) {
  using namespace reconcile;
  ServedOptions options;
  HostsOptions hosts;
  CLI::App app("A controller for bench/api and bench/page");
  app.add_option("--agents", options.agents);
  app.add_option("--pods", options.pods, "of each agent");
  app.add_option("--of-deployment", options.of_deployment, "pods, at most")
      ->check(CLI::PositiveNumber);
  app.add_option("--changes", options.changes, "of a pod in the store, a second");
  app.add_option("--host-changes", options.host_changes, "that agents tell of a pod, a second");
  app.add_option("--hosts-of", hosts.port)->group("");
  app.add_option("--token", hosts.token)->group("");
  app.add_option("--folder", hosts.folder)->group("");
  CLI11_PARSE(app, argc, argv);
  SetLogLevel(LogLevel::kError);
  KeepHeapSmall();
  if (hosts.port != 0) {
    hosts.agents = options.agents;
    hosts.changes = options.host_changes;
    return RunHosts(hosts);
  }
  std::string folder = std::filesystem::temp_directory_path() / "reconcile-bench-XXXXXX";
  CHECK(::mkdtemp(folder.data()) != nullptr);
  const int code = Serve(options, folder);
  std::filesystem::remove_all(folder);
  return code;
}
