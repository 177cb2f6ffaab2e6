// How long a preview keeps the controller's loop from anything else (docs/testing.md):
//
//   preview_hold [PODS]
//
// Prints, for a branch that changes one of many Deployments and for one that changes all of them,
// for how long at once the loop was held, and how long the plan took on its thread.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <thread>

#include "api/plan_desk.h"
#include "api/plan_view.h"
#include "base/check.h"
#include "bench/core_bench_world.h"
#include "controller/controller.h"
#include "schema/codec.h"
#include "sim/virtual_loop.h"
#include "source/fake_source.h"
#include "store/memory_store.h"
#include "tests/support/fake_agent_link.h"

namespace reconcile {
namespace {

constexpr char kRepository[] = "/repository";

FetchedCommit CommitOf(const std::string& id, const BenchWorld& world) {
  FetchedCommit commit;
  commit.id = id;
  for (const ObjectPtr& object : world.declared()) {
    auto text =
        std::make_shared<const std::string>(WriteJson(EncodeObject(*object, EncodeFor::kDiff)));
    const std::string blob = std::to_string(std::hash<std::string>()(*text));
    commit.files.push_back({object->metadata.name + ".yaml", blob, std::move(text), false});
  }
  return commit;
}

double MsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

class Bench {
 public:
  explicit Bench(int deployments)
      : world_({.nodes = deployments / 10 + 1, .deployments = deployments, .config_maps = 0}) {
    Transaction all;
    for (const Kind kind : kAllKinds) {
      for (const auto& [key, object] : world_.state.Objects(kind)) {
        all.writes.push_back({key, object});
      }
    }
    CHECK(store_.Commit(all, 0).ok());
    source_.SetCommit(kRepository, CommitOf("c0", world_));
    world_.ChangeImage(0);
    source_.SetCommit(kRepository, CommitOf("one", world_), "one");
    for (int i = 0; i < deployments; ++i) world_.ChangeImage(i);
    source_.SetCommit(kRepository, CommitOf("all", world_), "all");
    ControllerOptions options;
    options.sources = {{"main", {kRepository, "main", ""}}};
    controller_ =
        std::make_unique<Controller>(options, &loop_, &random_, &store_, &source_, &link_);
    CHECK(controller_->Start().ok());
    time_.RunFor(2'000);
  }

  void Measure(const std::string& branch) {
    std::optional<Controller::PlanWork> work;
    controller_->PrepareRevision("main", branch, Controller::SecretsInPlan::kCompared,
                                 [&](Result<Controller::PlanWork> prepared) {
                                   CHECK(prepared.ok());
                                   work = *std::move(prepared);
                                 });
    const auto asked = std::chrono::steady_clock::now();
    time_.RunFor(1);
    const double held_ms = MsSince(asked);
    CHECK(work.has_value());
    std::atomic<bool> stop = false;
    std::atomic<bool> done = false;
    const auto begin = std::chrono::steady_clock::now();
    std::thread planner([&] {
      const auto plan = std::exchange(work->plan, {});
      CHECK(!WriteJson(EncodePlan(*plan(stop))).empty());
      done = true;
    });
    while (!done) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      stop = MsSince(begin) > PlanDesk::kMaxPlanMs;
    }
    planner.join();
    std::printf("%s: held for %.1f ms, planned in %.0f ms%s\n", branch.c_str(), held_ms,
                MsSince(begin), stop ? ", and stopped" : "");
  }

 private:
  BenchWorld world_;
  VirtualTime time_;
  VirtualLoop loop_{&time_};
  SeededRandom random_{1};
  MemoryStore store_;
  FakeSource source_{&loop_};
  FakeAgentLink link_;
  std::unique_ptr<Controller> controller_;
};

}  // namespace
}  // namespace reconcile

int main(int count, char** arguments) {
  reconcile::Bench bench((count > 1 ? std::atoi(arguments[1]) : 5'000) / 3);
  for (const char* branch : {"one", "all", "one", "all"}) bench.Measure(branch);
  return 0;
}
