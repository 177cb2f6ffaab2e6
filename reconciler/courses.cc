#include "reconciler/courses.h"

#include <algorithm>
#include <set>

#include "schema/core.h"

namespace reconcile {
namespace {

ObjectPtr OwnerIn(const Object& object, const ClusterState& state) {
  const OwnerReference* owner = ControllerOf(object.metadata);
  if (owner == nullptr) return nullptr;
  const std::optional<Kind> kind = FindKind(owner->api_version, owner->kind);
  if (!kind) return nullptr;
  ObjectPtr found = state.Find({*kind, object.metadata.namespace_name, owner->name});
  return found != nullptr && found->metadata.uid == owner->uid ? found : nullptr;
}

// The Deployment of a pod's ReplicaSet, its ReplicationController, or itself.
ObjectKey TopOwnerOf(const Pod& pod, const ClusterState& state) {
  constexpr int kMaxDepth = 8;
  ObjectPtr top = OwnerIn(pod, state);
  if (top == nullptr) return pod.key();
  for (int depth = 1; depth < kMaxDepth; ++depth) {
    ObjectPtr next = OwnerIn(*top, state);
    if (next == nullptr) break;
    top = std::move(next);
  }
  return top->key();
}

}  // namespace

const ObjectKey& Courses::WorkloadOf(const Pod& pod, const ClusterState& state) {
  const OwnerReference* owner = ControllerOf(pod.metadata);
  const auto [place, is_new] =
      workloads_.try_emplace(owner == nullptr ? pod.metadata.uid : owner->uid);
  if (is_new) place->second = TopOwnerOf(pod, state);
  return place->second;
}

void Courses::Add(const Pod& pod, int64_t times, Count* count) {
  if (!IsActive(pod)) return;
  count->pods += times;
  count->ready += IsReady(pod) ? times : 0;
}

void Courses::CountOnce() {
  if (counts_) return;
  counts_.emplace();
  begin_.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    Add(*pod, 1, &(*counts_)[WorkloadOf(*pod, begin_)]);
  });
}

Courses::Course& Courses::Of(const ObjectKey& workload) {
  const auto [place, is_new] = courses_.try_emplace(workload);
  Course& course = place->second;
  if (is_new) {
    const auto counted = counts_->find(workload);
    if (counted != counts_->end()) course.begin = counted->second;
    course.now = course.begin;
    course.most = course.begin.pods;
    course.least_ready = course.begin.ready;
  }
  return course;
}

void Courses::Note(const ClusterState& before, const ClusterState& after) {
  std::set<ObjectKey> touched;
  const auto count = [&](const ObjectPtr& object, const ClusterState& state, int64_t times) {
    if (object == nullptr) return;
    CountOnce();
    const Pod& pod = *As<Pod>(*object);
    const ObjectKey& workload = WorkloadOf(pod, state);
    Add(pod, times, &Of(workload).now);
    touched.insert(workload);
  };
  ClusterState::ForEachDifference(before, after, Kind::kPod,
                                  [&](const ObjectPtr& was, const ObjectPtr& is) {
                                    count(was, before, -1);
                                    count(is, after, 1);
                                  });
  for (const ObjectKey& workload : touched) {
    Course& course = courses_.at(workload);
    course.most = std::max(course.most, course.now.pods);
    course.least_ready = std::min(course.least_ready, course.now.ready);
  }
}

std::vector<RolloutCourse> Courses::Take() const {
  std::vector<RolloutCourse> courses;
  for (const auto& [workload, course] : courses_) {
    courses.push_back({.workload = workload,
                       .before = course.begin.pods,
                       .after = course.now.pods,
                       .most = course.most,
                       .ready_before = course.begin.ready,
                       .least_ready = course.least_ready});
  }
  return courses;
}

}  // namespace reconcile
