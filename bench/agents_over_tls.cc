// A controller with hundreds of agents over real TLS on loopback, the agents in a process of their
// own:
//
//   agents_over_tls [--agents 300] [--pods 3] [--seconds 30] [--changes 10]
//
// Prints the controller's memory, its share of a core while nothing happens but heartbeats (every
// 5 s of each agent), and the time from a commit that changes what every host gets until the last
// one has it. Exit code 1 when a limit of issue 3 is passed: 150 MB, 10 %, 1 s (median).
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/epoll_loop.h"
#include "base/log.h"
#include "bench/agents_over_tls_hosts.h"
#include "controller/controller.h"
#include "link/enrollment.h"
#include "link/link_server.h"
#include "store/sqlite_store.h"

namespace reconcile {
namespace {

constexpr int64_t kMaxResidentBytes = 150'000'000;
constexpr double kMaxIdleShare = 0.10;
constexpr int64_t kMaxChangeMs = 1'000;

struct BenchOptions {
  int agents = 300;
  int pods = 3;  // of each agent
  int seconds = 30;
  int changes = 10;
};

// A repository that is what was last put there. The loop's.
class OneFileSource final : public ManifestSource {
 public:
  void Fetch(const SourceSpec&, FetchDone done) override { done(commit_); }
  void Watch(const SourceSpec&, std::function<void()> on_hint) override {
    hint_ = std::move(on_hint);
  }
  void Put(const std::string& id, const std::string& text) {
    FetchedCommit fetched;
    fetched.id = id;
    fetched.files.push_back({"all.yaml", id, std::make_shared<std::string>(text)});
    commit_ = std::move(fetched);
    if (hint_) hint_();
  }

 private:
  Result<FetchedCommit> commit_ = UnavailableError("nothing there yet");
  std::function<void()> hint_;
};

std::string Manifests(int replicas, int value) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {value: 'v" +
         std::to_string(value) +
         "'}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  "
         "replicas: " +
         std::to_string(replicas) +
         "\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: "
         "web}}\n"
         "    spec:\n      containers:\n      - name: main\n        image: 'app:1'\n"
         "        envFrom: [{configMapRef: {name: settings}}]\n"
         "        resources: {requests: {cpu: 100m, memory: 64Mi}}\n";
}

// The agents' process.
class HostsProcess {
 public:
  HostsProcess(const std::string& self, int agents, uint16_t port, const std::string& token,
               const std::string& folder) {
    int to_child[2];
    int from_child[2];
    CHECK(::pipe2(to_child, O_CLOEXEC) == 0 && ::pipe2(from_child, O_CLOEXEC) == 0);
    const std::string agents_text = std::to_string(agents);
    const std::string port_text = std::to_string(port);
    pid_ = ::fork();
    CHECK(pid_ >= 0);
    if (pid_ == 0) {
      ::dup2(to_child[0], STDIN_FILENO);
      ::dup2(from_child[1], STDOUT_FILENO);
      ::execl(self.c_str(), self.c_str(), "--agents", agents_text.c_str(), "--hosts-of",
              port_text.c_str(), "--token", token.c_str(), "--folder", folder.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(to_child[0]);
    ::close(from_child[1]);
    input_ = to_child[1];
    output_ = ::fdopen(from_child[0], "r");
  }
  ~HostsProcess() {
    ::close(input_);
    std::fclose(output_);
    ::waitpid(pid_, nullptr, 0);
  }
  // The next line; empty at the end.
  std::string ReadLine() {
    char line[256];
    return std::fgets(line, sizeof(line), output_) == nullptr ? "" : line;
  }
  // Waits until all hosts have the value; how many those are, and when the last got it.
  std::pair<size_t, int64_t> WaitForValue(int value) {
    for (;;) {
      std::istringstream words(ReadLine());
      std::string what;
      std::string got;
      size_t count = 0;
      int64_t at_ms = 0;
      words >> what;
      CHECK(!what.empty());
      if (what == "have" && words >> got >> count >> at_ms && got == "v" + std::to_string(value)) {
        return {count, at_ms};
      }
    }
  }

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  FILE* output_ = nullptr;
};

// What must succeed for anything to be measured.
template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) std::fprintf(stderr, "%s\n", result.status().ToString().c_str());
  CHECK(result.ok());
  return std::move(result).value();
}

int64_t ResidentOf(const std::string& key) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) return std::stoll(line.substr(key.size())) * 1024;
  }
  return 0;
}

double CpuSeconds() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// The controller with everything it stands on.
class BenchController {
 public:
  explicit BenchController(const std::string& folder) {
    enrollment_ = Must(Enrollment::Open(folder + "/ca", &random_, ReadSystemClock().wall));
    SqliteStoreOptions store_options;
    store_options.path = folder + "/cluster.db";
    store_options.secret_key_file = folder + "/secrets.key";
    store_ = Must(OpenSqliteStore(store_options));
    LinkServerOptions link_options;
    link_options.listen_address = "127.0.0.1";
    link_options.listen_port = 0;
    link_options.names = {"127.0.0.1"};
    server_ = Must(LinkServer::Start(link_options, &loop_, enrollment_.get()));
    ControllerOptions options;
    options.pod_cidr = "10.0.0.0/12";
    options.sources = {{"main", {"/repository", "", ""}}};
    controller_ = std::make_unique<Controller>(options, &loop_, &random_, store_.get(), &source_,
                                               server_.get());
    CHECK(controller_->Start().ok());
    thread_ = std::thread([this] { loop_.Run(); });
  }
  ~BenchController() {
    loop_.Post([this] {
      controller_.reset();
      server_.reset();
      loop_.Stop();
    });
    thread_.join();
  }
  uint16_t port() const { return server_->port(); }
  std::string MakeToken(int uses) {
    TokenOptions options;
    options.uses = uses;
    return Must(enrollment_->CreateToken(options, ReadSystemClock().wall));
  }
  void Put(int change, const std::string& text) {
    loop_.Post([this, change, text] { source_.Put("commit-" + std::to_string(change), text); });
  }

 private:
  EpollLoop loop_;
  SystemRandom random_;
  OneFileSource source_;
  std::unique_ptr<Enrollment> enrollment_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<LinkServer> server_;
  std::unique_ptr<Controller> controller_;
  std::thread thread_;
};

int RunBench(const BenchOptions& options, const std::string& self, const std::string& folder) {
  BenchController controller(folder);
  HostsProcess hosts(self, options.agents, controller.port(), controller.MakeToken(options.agents),
                     folder);
  const int64_t began_ms = ReadSystemClock().mono.ms;
  while (!hosts.ReadLine().starts_with("joined")) {
  }
  std::printf("%d agents joined and connected in %.1f s\n", options.agents,
              static_cast<double>(ReadSystemClock().mono.ms - began_ms) / 1000);
  const int replicas = options.agents * options.pods;
  controller.Put(0, Manifests(replicas, 0));
  // While pods are still being placed, those that have none are not waited for.
  size_t with_pods = hosts.WaitForValue(0).first;
  std::this_thread::sleep_for(std::chrono::seconds(10));

  const double cpu = CpuSeconds();
  std::this_thread::sleep_for(std::chrono::seconds(options.seconds));
  const double share = (CpuSeconds() - cpu) / options.seconds;
  const int64_t resident = ResidentOf("VmRSS:");
  std::printf("idle for %d s: %.1f %% of a core, %.1f MB resident\n", options.seconds, share * 100,
              static_cast<double>(resident) / 1e6);

  std::vector<int64_t> times;
  for (int change = 1; change <= options.changes; ++change) {
    const int64_t put_ms = ReadSystemClock().mono.ms;
    controller.Put(change, Manifests(replicas, change));
    const auto [hosts_reached, last_ms] = hosts.WaitForValue(change);
    with_pods = hosts_reached;
    times.push_back(last_ms - put_ms);
    std::this_thread::sleep_for(std::chrono::seconds(2));
  }
  std::sort(times.begin(), times.end());
  const int64_t median = times[times.size() / 2];
  std::printf(
      "a change reaches all %zu hosts with %d pods in: median %ld ms (%ld to %ld, %zu changes)\n",
      with_pods, replicas, long{median}, long{times.front()}, long{times.back()}, times.size());
  const int64_t peak = ResidentOf("VmHWM:");
  std::printf("peak %.1f MB resident\n", static_cast<double>(peak) / 1e6);
  const bool good = peak <= kMaxResidentBytes && share <= kMaxIdleShare && median <= kMaxChangeMs;
  std::printf("%s\n", good ? "within the limits" : "NOT within the limits");
  return good ? 0 : 1;
}

}  // namespace
}  // namespace reconcile

int main(int argc, char** argv) {
  using namespace reconcile;
  BenchOptions options;
  HostsOptions hosts;
  bool verbose = false;
  CLI::App app("A controller with many agents over TLS");
  app.add_option("--agents", options.agents);
  app.add_option("--pods", options.pods, "of each agent");
  app.add_option("--seconds", options.seconds, "to be idle");
  app.add_option("--changes", options.changes);
  app.add_flag("--verbose", verbose);
  app.add_option("--hosts-of", hosts.port)->group("");
  app.add_option("--token", hosts.token)->group("");
  app.add_option("--folder", hosts.folder)->group("");
  CLI11_PARSE(app, argc, argv);
  if (!verbose) SetLogLevel(LogLevel::kError);
  if (hosts.port != 0) {
    hosts.agents = options.agents;
    return RunHosts(hosts);
  }
  std::string folder = std::filesystem::temp_directory_path() / "reconcile-bench-XXXXXX";
  CHECK(::mkdtemp(folder.data()) != nullptr);
  const int code = RunBench(options, "/proc/self/exe", folder);
  std::filesystem::remove_all(folder);
  return code;
}
