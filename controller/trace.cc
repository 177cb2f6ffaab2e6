#include "controller/trace.h"

#include <algorithm>
#include <array>

namespace reconcile {
namespace {

constexpr std::array kCommitStages = {"seen", "fetched", "parsed", "planned", "stored"};
constexpr std::array kPodStages = {"due",      "assigned", "accepted", "sandbox",
                                   "attached", "image",    "created",  "started",
                                   "network",  "ready",    "reported"};

// When each stage was reached, since the commit was seen: never before the stage above it.
using Points = std::vector<int64_t>;

Points CommitPoints(const CommitTrace& trace) {
  Points points = {0};
  for (const auto& stamp : {trace.fetched, trace.parsed, trace.planned, trace.stored}) {
    if (!stamp) break;
    points.push_back(std::max(points.back(), *stamp - trace.seen));
  }
  return points;
}

// Of a pod that is ready. What the host told begins where the assignment was sent; what the way
// there and back took is in the last stage, since only the sum of both can be measured.
Points PodPoints(const CommitTrace& trace, const TracedPod& pod) {
  Points points = CommitPoints(trace);
  const int64_t end = std::max(points.back(), *pod.reported - trace.seen);
  const auto reach = [&](int64_t at) { points.push_back(std::clamp(at, points.back(), end)); };
  reach(pod.due - trace.seen);
  reach(pod.assigned.value_or(pod.due) - trace.seen);
  const int64_t received = points.back();
  const StartTimes times = pod.times.value_or(StartTimes());
  for (const int64_t since :
       {times.accepted_ms, times.sandbox_ms, times.attached_ms, times.image_ms, times.created_ms,
        times.started_ms, times.network_ms, times.ready_ms}) {
    reach(received + std::min(since, end));
  }
  reach(end);
  return points;
}

std::string NameOf(size_t stage) {
  return stage < kCommitStages.size() ? kCommitStages[stage]
                                      : kPodStages[stage - kCommitStages.size()];
}

int64_t TookAt(const Points& points, size_t stage) {
  return stage == 0 ? 0 : points[stage] - points[stage - 1];
}

int64_t Median(std::vector<int64_t> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void AddStages(const Points& path, const std::vector<Points>& others, TraceSummary* summary) {
  for (size_t stage = 0; stage < path.size(); ++stage) {
    TraceStage shown{NameOf(stage), path[stage], TookAt(path, stage), std::nullopt};
    if (stage >= kCommitStages.size() && !others.empty()) {
      std::vector<int64_t> took;
      for (const Points& other : others) took.push_back(TookAt(other, stage));
      shown.median_ms = Median(std::move(took));
    }
    summary->stages.push_back(std::move(shown));
  }
  summary->total_ms = path.back();
}

}  // namespace

TraceSummary SummarizeTrace(const CommitTrace& trace, bool ended) {
  TraceSummary summary;
  summary.ended = ended;
  summary.pods = static_cast<int64_t>(trace.pods.size());
  summary.started = trace.pods_started;
  summary.stopped = trace.pods_stopped;
  const TracedPod* last = nullptr;
  for (const auto& [uid, pod] : trace.pods) {
    if (!pod.reported) continue;
    ++summary.pods_ready;
    if (last == nullptr || *pod.reported > *last->reported) last = &pod;
  }
  std::vector<Points> others;
  for (const auto& [uid, pod] : trace.pods) {
    if (pod.reported && &pod != last) others.push_back(PodPoints(trace, pod));
  }
  AddStages(last == nullptr ? CommitPoints(trace) : PodPoints(trace, *last), others, &summary);
  if (trace.pods.size() >= kMaxTracedPods) {
    summary.note = "only its first " + std::to_string(kMaxTracedPods) + " pods were followed";
  }
  if (last == nullptr) return summary;
  summary.pod = last->namespace_name + "/" + last->name;
  summary.node = last->node;
  if (!last->times) {
    summary.note =
        "the agent of " + last->node +
        " told no times (it was restarted meanwhile, or is of an older release): what the "
        "host did is part of 'reported'";
  }
  return summary;
}

std::string StagesText(const TraceSummary& summary) {
  std::string text = std::to_string(summary.total_ms) + " ms (";
  for (size_t i = 1; i < summary.stages.size(); ++i) {
    text += (i == 1 ? "" : ", ") + summary.stages[i].name + " " +
            std::to_string(summary.stages[i].took_ms);
  }
  return text + ")";
}

}  // namespace reconcile
