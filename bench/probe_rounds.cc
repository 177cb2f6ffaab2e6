// One host's agent that probes, for bench/probes: the agent itself, with an engine and a network
// in memory, asks programs over real connections. Pods have addresses of the host's loopback, and
// one process answers for all of them. Prints probes per second, how late they are and what
// processor time the agent takes.
#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>

#include "agent/agent.h"
#include "agent/curl_prober.h"
#include "agent/fake_host_files.h"
#include "base/check.h"
#include "base/epoll_loop.h"
#include "base/ids.h"
#include "net/fake_network.h"
#include "runtime/fake_runtime.h"

namespace reconcile {
namespace {

constexpr int kPort = 18'080;
constexpr int kMaxConnections = 4'096;
constexpr int64_t kWarmUpMs = 10'000;
constexpr char kReply[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

// Answers every request on every address with 200, for ever.
[[noreturn]] void Serve(int listener) {
  const int poll = epoll_create1(0);
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener}};
  CHECK(epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event) == 0);
  while (true) {
    epoll_event ready[256];
    const int count = epoll_wait(poll, ready, 256, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = ready[i].data.fd;
      if (fd == listener) {
        const int accepted = accept(listener, nullptr, nullptr);
        event = {.events = EPOLLIN, .data = {.fd = accepted}};
        if (accepted >= 0) CHECK(epoll_ctl(poll, EPOLL_CTL_ADD, accepted, &event) == 0);
        continue;
      }
      char bytes[4096];
      const bool asked = read(fd, bytes, sizeof(bytes)) > 0;
      if (asked) (void)!write(fd, kReply, sizeof(kReply) - 1);
      close(fd);
    }
  }
}

pid_t StartServer() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int yes = 1;
  CHECK(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  CHECK(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  CHECK(listen(listener, kMaxConnections) == 0);
  const pid_t server = fork();
  CHECK(server >= 0);
  if (server == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    Serve(listener);
  }
  close(listener);
  return server;
}

// Notes when each probe is asked, and passes it on.
class WatchedProber final : public Prober {
 public:
  WatchedProber(EventLoop* loop, Prober* prober) : loop_(loop), prober_(prober) {}

  void Ask(ProbeRequest request, Done done) override {
    const MonoTime now = loop_->now().mono;
    const std::string key =
        request.container_id + (std::holds_alternative<TcpProbe>(request.probe.action) ? "t" : "h");
    // The schedule of one probe is that of its first: what it lags behind by is lateness.
    const auto first = first_.emplace(key, now).first->second;
    const int64_t period_ms = request.probe.period_ms;
    const int64_t since_ms = now - first;
    const int64_t off_ms = since_ms - (since_ms + period_ms / 2) / period_ms * period_ms;
    if (measuring_) lags_ms_.push_back(std::max<int64_t>(off_ms, 0));
    prober_->Ask(std::move(request), [this, done, now](const Result<ProbeOutcome>& outcome) {
      if (measuring_) answers_ms_.push_back(loop_->now().mono - now);
      if (measuring_ && !(outcome.ok() && outcome->success)) ++failed_;
      done(outcome);
    });
  }
  void BeginMeasuring() { measuring_ = true; }

  std::vector<int64_t> lags_ms_;
  std::vector<int64_t> answers_ms_;
  int64_t failed_ = 0;

 private:
  EventLoop* const loop_;
  Prober* const prober_;
  std::map<std::string, MonoTime> first_;
  bool measuring_ = false;
};

class Controller final : public ControllerLink {
 public:
  void SetHandler(Handler handler) override { handler_ = std::move(handler); }
  Status Send(const Report& report) override {
    last = report;
    return OkStatus();
  }
  Status SendInventory(const Inventory&) override { return OkStatus(); }
  void Assign(const Assignment& assignment) { handler_.on_assignment(assignment); }
  Report last;

 private:
  Handler handler_;
};

std::shared_ptr<Pod> MakeProbedPod(int number) {
  auto pod = std::make_shared<Pod>();
  pod->metadata.name = "probed-" + std::to_string(number);
  pod->metadata.namespace_name = "default";
  pod->metadata.uid = DeriveUid({pod->metadata.name});
  pod->spec.node_name = "host-1";
  Container container;
  container.name = "main";
  container.image = "bench:1";
  container.image_pull_policy = PullPolicy::kIfNotPresent;
  const std::string port = std::to_string(kPort);
  const auto read = [](const std::string& json) { return ParseJson(json).value(); };
  container.others.Set("readinessProbe", read(R"({"httpGet":{"path":"/ready","port":)" + port +
                                              R"(},"periodSeconds":1})"));
  container.others.Set("livenessProbe",
                       read(R"({"tcpSocket":{"port":)" + port + R"(},"periodSeconds":1})"));
  pod->spec.containers = {container};
  return pod;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int64_t Percentile(std::vector<int64_t> values, size_t percent) {
  if (values.empty()) return -1;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, values.size() * percent / 100)];
}

size_t CountReady(const Report& report) {
  return static_cast<size_t>(
      std::count_if(report.pods.begin(), report.pods.end(), [](const PodReport& pod) {
        const Condition* ready = FindCondition(pod.status.conditions, "Ready");
        return ready != nullptr && ready->status == ConditionStatus::kTrue;
      }));
}

int Measure(int pods, int seconds) {
  const pid_t server = StartServer();
  EpollLoop loop;
  FakeEngine engine(&loop);
  engine.SetImage("bench:1", {.present = true});
  FakeNetwork network(&loop);
  network.SetOnAttached([&](int64_t process_id) { engine.NetworkAttached(process_id); });
  FakeHostFiles files;
  SeededRandom random(1);
  CurlProber curl(&loop);
  WatchedProber prober(&loop, &curl);
  Controller controller;
  const auto runtime = engine.Connect();
  const auto host_network = network.Connect();
  AgentOptions options;
  options.node_name = "host-1";
  options.host_ip = "127.0.0.1";
  options.start_program = "start";
  options.read_resolv_conf = [] { return "nameserver 192.0.2.53\n"; };
  Agent agent(options, &loop, &random, runtime.get(), host_network.get(), &files, &prober,
              &controller);
  Assignment assignment;
  assignment.fence = {"bench", "bench", 1, 1};
  assignment.node = "host-1";
  assignment.cluster_pod_cidr = "127.0.0.0/8";
  assignment.node_pod_cidr = "127.42.0.0/16";
  for (int i = 0; i < pods; ++i) assignment.pods.push_back(MakeProbedPod(i));
  double cpu_seconds = 0;
  loop.Post([&] {
    agent.Start();
    controller.Assign(assignment);
  });
  loop.At(loop.now().mono + kWarmUpMs, [&] {
    std::printf("%zu of %d pods are ready\n", CountReady(controller.last), pods);
    prober.BeginMeasuring();
    cpu_seconds = CpuSeconds();
    loop.After(int64_t{seconds} * 1000, [&] {
      cpu_seconds = CpuSeconds() - cpu_seconds;
      loop.Stop();
    });
  });
  loop.Run();
  kill(server, SIGKILL);
  std::printf(
      "probes/s %.0f  lag p50 %ld ms  p99 %ld ms  answer p99 %ld ms  failed %ld  "
      "processor %.1f %%\n",
      static_cast<double>(prober.lags_ms_.size()) / seconds, Percentile(prober.lags_ms_, 50),
      Percentile(prober.lags_ms_, 99), Percentile(prober.answers_ms_, 99), prober.failed_,
      100 * cpu_seconds / seconds);
  return prober.failed_ == 0 ? 0 : 1;
}

}  // namespace
}  // namespace reconcile

int main(int argc, char** argv) {
  CLI::App app("Probes pods of one host over real connections.");
  int pods = 250;
  int seconds = 20;
  app.add_option("--pods", pods, "each with an HTTP and a TCP probe a second (250)");
  app.add_option("--seconds", seconds, "of the measurement (20)");
  CLI11_PARSE(app, argc, argv);
  return reconcile::Measure(pods, seconds);
}
