// What the pure core costs, and a turn of the controller around it (docs/testing.md, Benchmarks).

#include <benchmark/benchmark.h>

#include <chrono>
#include <filesystem>

#include "base/check.h"
#include "bench/core_bench_world.h"
#include "controller/assignments.h"
#include "controller/controller.h"
#include "reconciler/desired_memory.h"
#include "reconciler/scheduler/scheduler.h"
#include "reconciler/settled.h"
#include "sim/virtual_loop.h"
#include "store/memory_store.h"
#include "store/sqlite_store.h"
#include "tests/support/fake_agent_link.h"
#include "tests/support/store_testing.h"

namespace reconcile {
namespace {

constexpr BenchSize kWorkloads{.nodes = 50, .deployments = 1'000, .config_maps = 0};
// 10,000 objects declared; the model has ReplicaSets, Pods and Nodes besides.
constexpr BenchSize kObjects{.nodes = 50, .deployments = 1'000, .config_maps = 9'000};
constexpr BenchSize kFleet{.nodes = 300, .deployments = 3'334, .config_maps = 0};

const BenchWorld& Fleet() {
  static const BenchWorld world(kFleet);
  return world;
}

void ReconcileUnchanged(benchmark::State& run) {
  const BenchWorld world(kWorkloads);
  Settled settled;
  for (auto _ : run) {
    const Plan plan = Reconcile(world.state, {}, world.now, &settled);
    CHECK(plan.transaction.empty());
  }
}
BENCHMARK(ReconcileUnchanged)->Unit(benchmark::kMillisecond);

// As after a start, and every ten minutes.
void ReconcileUnchangedInFull(benchmark::State& run) {
  const BenchWorld world(kWorkloads);
  for (auto _ : run) {
    const Plan plan = Reconcile(world.state, {}, world.now);
    CHECK(plan.transaction.empty());
  }
}
BENCHMARK(ReconcileUnchangedInFull)->Unit(benchmark::kMillisecond);

// What a controller remembers from commit to commit.
struct Memory {
  DesiredMemory desired;
  Settled settled;
};

// Everything from what was parsed to what is durable, as a turn of the controller does it. Returns
// the number of writes.
size_t CommitParsed(const BenchWorld& world, Store* store, Memory* memory) {
  const auto snapshot = store->Snapshot();
  Problems problems;
  const DesiredState desired =
      memory->desired.Build("main", "c0ffee", world.declared(), *snapshot, &problems);
  const ObjectChanges changes = memory->desired.Compare(desired, *snapshot, {}, &problems);
  CHECK(problems.errors.empty());
  const BreakerVerdict verdict =
      CheckBreaker(changes, *snapshot, *snapshot->Find<Source>("", "main"), "c0ffee", {},
                   BreakerLimits(), world.now.wall);
  CHECK(!verdict.held);
  const Plan plan = Reconcile(*snapshot, changes, world.now, &memory->settled);
  CHECK(store->Commit(plan.transaction, snapshot->revision()).ok());
  return plan.transaction.writes.size();
}

void CommitOneChange(benchmark::State& run, Store* store) {
  BenchWorld world(kObjects);
  Transaction all;
  for (const Kind kind : kAllKinds) {
    for (const auto& [key, object] : world.state.Objects(kind)) {
      all.writes.push_back({key, object});
    }
  }
  CHECK(store->Commit(all, 0).ok());
  Memory memory;
  CommitParsed(world, store, &memory);  // a controller that has looked once
  int number = 0;
  for (auto _ : run) {
    world.ChangeImage(number++ % kObjects.deployments);
    const auto before = std::chrono::steady_clock::now();
    const size_t writes = CommitParsed(world, store, &memory);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - before;
    run.SetIterationTime(taken.count());
    run.counters["writes"] = static_cast<double>(writes);
    CommitParsed(world, store, &memory);  // the turn after it finds that nothing is left to do
  }
}

void OneChangeToMemory(benchmark::State& run) {
  MemoryStore store;
  CommitOneChange(run, &store);
}
BENCHMARK(OneChangeToMemory)->Unit(benchmark::kMillisecond)->UseManualTime();

// In the folder of the build, or where RECONCILE_BENCH_FOLDER says: a real disk.
void OneChangeToDisk(benchmark::State& run) {
  const char* folder = std::getenv("RECONCILE_BENCH_FOLDER");
  const store_testing::TempFolder temp(folder == nullptr ? "." : folder);
  const auto store = OpenSqliteStore({.path = temp.File("state.db")});
  CHECK(store.ok());
  CommitOneChange(run, store->get());
}
BENCHMARK(OneChangeToDisk)->Unit(benchmark::kMillisecond)->UseManualTime();

void PlaceTenThousandPods(benchmark::State& run) {
  ClusterState state;
  for (int i = 0; i < 1'000; ++i) state.Put(BenchNode(i));
  const auto pending = PendingPods(10'000);
  for (auto _ : run) {
    const std::vector<Binding> bindings = Place(pending, state);
    CHECK(bindings.size() == pending.size() && !bindings.back().node.empty());
  }
}
BENCHMARK(PlaceTenThousandPods)->Unit(benchmark::kMillisecond);

// A controller with 300 hosts and 10,000 pods, each host's agent played by the benchmark.
class BenchController {
 public:
  BenchController() {
    Transaction all;
    for (const Kind kind : kAllKinds) {
      for (const auto& [key, object] : Fleet().state.Objects(kind)) {
        if (kind != Kind::kSource) all.writes.push_back({key, object});
      }
    }
    CHECK(store_.Commit(all, 0).ok());
    controller_ = std::make_unique<Controller>(ControllerOptions(), &loop_, &random_, &store_,
                                               &source_, &link_);
    CHECK(controller_->Start().ok());
    Settle();
    for (int i = 0; i < kFleet.nodes; ++i) {
      link_.handler.on_connected(BenchNodeName(i));
      Say(ReportOf(i));
    }
    Settle();
  }
  Report ReportOf(int number) {
    Report report;
    report.node = BenchNodeName(number);
    report.agent_start = "start";
    report.sequence = ++sequence_;
    const auto node = store_.Snapshot()->Find<Node>("", report.node);
    report.node_status = node->status;
    std::erase_if(report.node_status.conditions,
                  [](const Condition& condition) { return condition.type != "Ready"; });
    report.labels = {{"kubernetes.io/hostname", report.node}};
    for (const auto& pod : PodsOn(report.node, *store_.Snapshot())) {
      report.pods.push_back({.namespace_name = pod->metadata.namespace_name,
                             .name = pod->metadata.name,
                             .uid = pod->metadata.uid,
                             .status = pod->status});
    }
    return report;
  }
  void Say(const Report& report) { link_.handler.on_report(report); }
  void Connect(int number) { link_.handler.on_connected(BenchNodeName(number)); }
  void Settle() { time_.RunFor(1); }

 private:
  VirtualTime time_;
  VirtualLoop loop_{&time_};
  SeededRandom random_{1};
  MemoryStore store_;
  InstantSource source_;
  FakeAgentLink link_;
  int64_t sequence_ = 0;
  std::unique_ptr<Controller> controller_;
};

// A turn in which nothing is to be done, with all 300 agents connected.
void ControllerTurnUnchanged(benchmark::State& run) {
  BenchController controller;
  for (auto _ : run) {
    run.PauseTiming();
    const Report report = controller.ReportOf(7);
    run.ResumeTiming();
    controller.Connect(7);
    controller.Say(report);
    controller.Settle();
  }
}
BENCHMARK(ControllerTurnUnchanged)->Unit(benchmark::kMillisecond);

// A report with one pod's change: into the model, and what follows of it out to the agents.
void ControllerTurnPodReport(benchmark::State& run) {
  BenchController controller;
  int restarts = 0;
  for (auto _ : run) {
    run.PauseTiming();
    Report report = controller.ReportOf(7);
    report.pods.front().status.container_statuses.front().restart_count = ++restarts;
    run.ResumeTiming();
    controller.Say(report);
    controller.Settle();
  }
}
BENCHMARK(ControllerTurnPodReport)->Unit(benchmark::kMillisecond);

// 10,000 Services with a pod each, on 100 nodes, settled.
ClusterState ManyServices(Settled* settled, Now now) {
  ClusterState state;
  auto cluster = std::make_shared<Cluster>();
  cluster->metadata.name = "cluster";
  state.Put(cluster);
  for (int i = 0; i < 100; ++i) {
    auto node = std::make_shared<Node>();
    node->metadata.name = BenchNodeName(i);
    node->spec.pod_cidr = "10.42." + std::to_string(i) + ".0/24";
    node->status.addresses = {{"InternalIP", "192.0.2." + std::to_string(i)}};
    state.Put(node);
  }
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = "app-" + std::to_string(i);
    auto service = std::make_shared<Service>();
    service->metadata.namespace_name = "default";
    service->metadata.name = name;
    service->metadata.uid = "service-" + name;
    service->spec.selector = {{"app", name}};
    service->spec.ports = {{.name = "http", .port = 80, .target_port = IntOrString::Int(8080)}};
    state.Put(service);
    auto pod = std::make_shared<Pod>();
    pod->metadata.namespace_name = "default";
    pod->metadata.name = name;
    pod->metadata.uid = "pod-" + name;
    pod->metadata.labels = {{"app", name}, {"tier", "all"}};
    pod->spec.node_name = BenchNodeName(i % 100);
    pod->status.pod_ip = "10.42." + std::to_string(i % 100) + "." + std::to_string(i / 100 + 2);
    state.Put(pod);
  }
  for (int turn = 0; turn < 3; ++turn) {
    state = Apply(state, Reconcile(state, {}, now, settled).transaction);
  }
  return state;
}

void TurnReadiness(const std::string& name, bool ready, ClusterState* state) {
  auto pod = std::make_shared<Pod>(*state->Find<Pod>("default", name));
  SetCondition(
      &pod->status.conditions,
      {.type = "Ready", .status = ready ? ConditionStatus::kTrue : ConditionStatus::kFalse},
      WallTime{});
  state->Put(pod);
}

// A turn after one pod of them became ready, or no longer is.
void ReconcileOnePodAmongManyServices(benchmark::State& run) {
  const Now now{{1'000}, {1'790'000'000'000}};
  Settled settled;
  ClusterState state = ManyServices(&settled, now);
  bool ready = true;
  for (auto _ : run) {
    TurnReadiness("app-5000", ready, &state);
    const Plan plan = Reconcile(state, {}, now, &settled);
    CHECK(plan.transaction.writes.size() == 1);
    state = Apply(state, plan.transaction);
    ready = !ready;
  }
}
BENCHMARK(ReconcileOnePodAmongManyServices)->Unit(benchmark::kMicrosecond);

// What all assignments have in common, after such a change.
void NetworkAfterOneChange(benchmark::State& run) {
  Settled settled;
  const Now now{{1'000}, {1'790'000'000'000}};
  ClusterState state = ManyServices(&settled, now);
  NetworkLists network = NetworkOf(state);
  CHECK(network.endpoint_slices.size() == 10'000);
  bool ready = true;
  for (auto _ : run) {
    ClusterState next = state;
    TurnReadiness("app-5000", ready, &next);
    next = Apply(next, Reconcile(next, {}, now, &settled).transaction);
    network = NetworkAfter(network, state, next);
    state = std::move(next);
    ready = !ready;
  }
}
BENCHMARK(NetworkAfterOneChange)->Unit(benchmark::kMicrosecond);

// What one node's agent is to be told, after one of its pods changed.
void AssignmentOfOneNode(benchmark::State& run) {
  const ClusterState& state = Fleet().state;
  for (auto _ : run) {
    benchmark::DoNotOptimize(AssignmentFor(BenchNodeName(7), state));
  }
}
BENCHMARK(AssignmentOfOneNode)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace reconcile

BENCHMARK_MAIN();
