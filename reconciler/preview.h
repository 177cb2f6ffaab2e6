#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "reconciler/desired.h"
#include "reconciler/effects.h"
#include "reconciler/network_preview.h"
#include "reconciler/settled.h"
#include "schema/cluster_state.h"

namespace reconcile {

// What a commit would do, by running the controllers' own functions against hosts that do as they
// are told.

enum class PodFate {
  kCreate,
  kWait,  // it comes, and its containers do not start
  kRemove,
  kKeep,
  kUnschedulable
};
struct PodPreview {
  PodFate fate = PodFate::kKeep;
  ObjectKey key;
  ObjectKey workload;       // the topmost owner; the pod itself when it has none
  std::string node;         // where it lands or is removed from
  std::string explanation;  // kUnschedulable: per host why; kRemove: why; kWait: what for
  bool never_ran = false;   // kRemove: no container of it has started
  // Which hosts are ready first decides whether it is this host, or this pod that goes; that so
  // many pods of the workload come or go is certain.
  bool paced = false;
};

// How many pods a workload has meanwhile. Pods that are going count no more.
struct RolloutCourse {
  ObjectKey workload;
  int64_t before = 0;  // pods
  int64_t after = 0;   // pods, in the end
  int64_t most = 0;    // pods, at any moment
  int64_t ready_before = 0;
  int64_t least_ready = 0;  // at any moment
};

// What pods request of a host, beside what it has. Amounts in thousandths of the resource's unit.
struct ResourceLoad {
  int64_t before_milli = 0;
  int64_t after_milli = 0;
  int64_t allocatable_milli = 0;
};
struct HostLoad {
  std::string node;
  int64_t pods_before = 0;
  int64_t pods_after = 0;
  int64_t max_pods = 0;
  std::map<std::string, ResourceLoad> resources;  // cpu, memory ...
};

struct Preview {
  ObjectChanges changes;
  std::vector<ChangeEffect> effects;  // of `changes`, in their order
  // All but those that stay; sorted by workload and name.
  std::vector<PodPreview> pods;
  std::vector<RolloutCourse> courses;  // of workloads with such pods; sorted by workload
  std::vector<HostLoad> hosts;         // all of them, by name
  std::vector<NetworkChange> network;  // by object
  ClusterState state_after;            // when all has come to rest
  // What the preview leaves out; empty when it goes to the end.
  std::string note;
};

// How far a preview looks ahead: planning blocks its thread meanwhile. At least kMinPreviewTurns
// are taken, however many objects there are.
struct PreviewLimits {
  int max_turns = 2'000;
  int64_t max_object_turns = 2'000'000;  // objects in the model, summed over the turns
  // Once another thread has set it, the preview ends as at its limits. May be null; it outlives the
  // preview.
  const std::atomic<bool>* stop = nullptr;
};
inline constexpr int kMinPreviewTurns = 100;
// How long a turn takes in a preview.
inline constexpr int64_t kPreviewTurnMs = 1'000;

// PURE. Runs Reconcile turn by turn; between turns bound pods become Ready, unless their containers
// wait for a ConfigMap or Secret, and pods being deleted go, kPreviewTurnMs later. Ends when
// nothing is written any more, with or without waiting for the next moment that Reconcile names, or
// at its limits, and then says so.
//
// What it cannot know is the pace of real hosts: which of several new pods is Ready first, how long
// a going pod still holds its requests, and with them the ages that a scale-down in the middle of a
// rollout goes by. Numbers of pods do not depend on it, and the controller places pods where the
// preview has them when it can (reconciler/foresee.h). Whatever is decided after hosts had
// something to do is tried at other paces too: what comes out otherwise is marked
// (PodPreview::paced).
//
// `settled`, null or what the last turn of `state` left, saves time, as in Reconcile; it is used
// up.
Preview PreviewChanges(const ClusterState& state, const ObjectChanges& changes, Now now,
                       const PreviewLimits& limits = {}, Settled* settled = nullptr);

}  // namespace reconcile
