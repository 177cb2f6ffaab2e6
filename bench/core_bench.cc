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
