#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <numeric>
#include <vector>

#include "base/check.h"
#include "bench/core_bench_world.h"
#include "reconciler/scheduler/scheduler.h"

// Pods placed a second by the scheduler alone: JSON, one line for each kind of pod and number of
// pods (bench/schedule).

namespace reconcile {
namespace {

constexpr int kHosts = 5'000;
constexpr int kZones = 10;
constexpr int kReplicas = 100;  // of a workload whose pods keep apart or are spread
constexpr const char* kZone = "topology.kubernetes.io/zone";
constexpr const char* kHostname = "kubernetes.io/hostname";

enum class Shape { kPlain, kApart, kSpread };
constexpr const char* NameOf(Shape shape) {
  switch (shape) {
    case Shape::kPlain:
      return "plain";
    case Shape::kApart:
      return "required anti-affinity";
    case Shape::kSpread:
      return "topology spread";
  }
  return "";
}

Value SelectorFor(const std::string& app) {
  Value labels = Value::MakeMap();
  labels.Set("app", Value::String(app));
  Value selector = Value::MakeMap();
  selector.Set("matchLabels", std::move(labels));
  return selector;
}

// No two of a workload on one host.
void KeepApart(const std::string& app, PodSpec* spec) {
  Value term = Value::MakeMap();
  term.Set("topologyKey", Value::String(kHostname));
  term.Set("labelSelector", SelectorFor(app));
  Value rules = Value::MakeMap();
  rules.Set("requiredDuringSchedulingIgnoredDuringExecution", Value::MakeList({std::move(term)}));
  Value affinity = Value::MakeMap();
  affinity.Set("podAntiAffinity", std::move(rules));
  spec->others.Set("affinity", std::move(affinity));
}

void Spread(const std::string& app, PodSpec* spec) {
  Value constraint = Value::MakeMap();
  constraint.Set("maxSkew", Value::Int(1));
  constraint.Set("topologyKey", Value::String(kZone));
  constraint.Set("whenUnsatisfiable", Value::String("DoNotSchedule"));
  constraint.Set("labelSelector", SelectorFor(app));
  spec->others.Set("topologySpreadConstraints", Value::MakeList({std::move(constraint)}));
}

std::vector<std::shared_ptr<const Pod>> PodsOf(Shape shape, int count) {
  std::vector<std::shared_ptr<const Pod>> pods;
  int number = 0;
  for (const auto& plain : PendingPods(count)) {
    const std::string app = "app-" + std::to_string(number++ / kReplicas);
    const auto pod = std::make_shared<Pod>(*plain);
    pod->metadata.labels["app"] = app;
    pod->metadata.owner_references[0].uid = app;
    if (shape == Shape::kApart) KeepApart(app, &pod->spec);
    if (shape == Shape::kSpread) Spread(app, &pod->spec);
    pods.push_back(pod);
  }
  return pods;
}

double SecondsOf(const std::function<void()>& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

// What looking at one number of each host costs for each pod: who looks at all hosts takes more.
double FloorSeconds(int pods) {
  std::vector<int32_t> scores(kHosts);
  std::iota(scores.begin(), scores.end(), 0);
  int64_t sum = 0;
  const double seconds = SecondsOf([&] {
    for (int i = 0; i < pods; ++i) {
      const auto best = std::max_element(scores.begin(), scores.end());
      sum += *best;
      *best -= 1;
    }
  });
  CHECK(sum > 0);
  return seconds;
}

void Measure(Shape shape, int count) {
  ClusterState state;
  for (int i = 0; i < kHosts; ++i) {
    const std::shared_ptr<Node> node = BenchNode(i);
    node->metadata.labels[kZone] = "zone-" + std::to_string(i % kZones);
    state.Put(node);
  }
  const auto pods = PodsOf(shape, count);
  std::vector<Binding> bindings;
  const double seconds = SecondsOf([&] { bindings = Place(pods, state); });
  for (const Binding& binding : bindings) CHECK(!binding.node.empty());
  std::cout << "{\"pods\": \"" << NameOf(shape) << "\", \"count\": " << count
            << ", \"seconds\": " << seconds << ", \"floor_seconds\": " << FloorSeconds(count) << "}"
            << std::endl;
}

}  // namespace
}  // namespace reconcile

int main() {
  for (const reconcile::Shape shape :
       {reconcile::Shape::kPlain, reconcile::Shape::kApart, reconcile::Shape::kSpread}) {
    for (const int count : {10'000, 50'000}) reconcile::Measure(shape, count);
  }
  return 0;
}
