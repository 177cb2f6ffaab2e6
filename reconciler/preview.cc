#include "reconciler/preview.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "reconciler/courses.h"
#include "reconciler/declared.h"
#include "reconciler/obedient_hosts.h"
#include "reconciler/owners.h"
#include "reconciler/pod_control.h"
#include "reconciler/preview_run.h"
#include "reconciler/restart_on_change.h"
#include "reconciler/scheduler/node_usage.h"
#include "reconciler/settled.h"
#include "schema/core.h"

namespace reconcile {
namespace {

using PodsByUid = std::map<std::string, PodPtr>;

PodsByUid PodsOf(const ClusterState& state) {
  PodsByUid pods;
  state.ForEach<Pod>([&](const PodPtr& pod) { pods[pod->metadata.uid] = pod; });
  return pods;
}

std::string ScaleText(const Object& before, const Object& after) {
  const int32_t from = DeclaredReplicas(before).value_or(0);
  const int32_t to = DeclaredReplicas(after).value_or(0);
  if (to >= from) return "more than the " + std::to_string(to) + " declared";
  return "scaled from " + std::to_string(from) + " to " + std::to_string(to);
}

// Why a pod of `before` is not in `after`.
std::string WhyRemoved(const Pod& pod, const ObjectPtr& top, const ClusterState& after) {
  const bool lost =
      !pod.spec.node_name.empty() && after.Find<Node>("", pod.spec.node_name) == nullptr;
  if (lost) return "its node " + pod.spec.node_name + " is gone";
  const ObjectPtr top_after = after.Find(top->key());
  if (top_after == nullptr) return ToString(top->key()) + " is no longer declared";
  if (top->kind == Kind::kPod) return "created anew: its declaration changed";
  if (top->kind != Kind::kDeployment) return ScaleText(*top, *top_after);
  const auto set =
      after.Find<ReplicaSet>(pod.metadata.namespace_name, ControllerOf(pod.metadata)->name);
  const bool replaced = set == nullptr || set->spec.replicas == 0;
  if (replaced && DeclaredReplicas(*top_after).value_or(0) > 0) {
    const bool same =
        As<Deployment>(*top)->spec.pod_template == As<Deployment>(*top_after)->spec.pod_template &&
        RestartsOnChange(top_after->metadata);
    return same ? "replaced: a ConfigMap or Secret that it uses changed"
                : "replaced: its template changed";
  }
  return ScaleText(*top, *top_after);
}

class Summary {
 public:
  Summary(const ClusterState& before, const ClusterState& after,
          const std::unordered_map<std::string, std::string>& placements)
      : before_(before),
        after_(after),
        owners_before_(before),
        owners_after_(after),
        placements_(placements) {}

  std::vector<PodPreview> Pods() {
    const PodsByUid before = PodsOf(before_);
    const PodsByUid after = PodsOf(after_);
    for (const auto& [uid, pod] : after) {
      const auto was = before.find(uid);
      AddPresent(pod, was == before.end() ? nullptr : was->second);
    }
    for (const auto& [uid, pod] : before) {
      if (!after.contains(uid) && !pod->metadata.deletion_timestamp) AddRemoved(pod);
    }
    std::sort(pods_.begin(), pods_.end(), [](const PodPreview& a, const PodPreview& b) {
      if (a.workload != b.workload) return a.workload < b.workload;
      if (a.key != b.key) return a.key < b.key;
      return a.fate > b.fate;  // removed before created, for a pod that keeps its name
    });
    return std::move(pods_);
  }

 private:
  void AddPresent(const PodPtr& pod, const PodPtr& was) {
    if (pod->metadata.deletion_timestamp) {
      const bool new_to_go = was != nullptr && !was->metadata.deletion_timestamp;
      if (new_to_go) AddRemoved(was);
      return;
    }
    if (IsTerminal(*pod)) return;
    PodPreview preview{.key = pod->key(),
                       .workload = owners_after_.TopOf(pod)->key(),
                       .node = pod->spec.node_name,
                       .explanation = {}};
    if (pod->spec.node_name.empty()) {
      preview.fate = PodFate::kUnschedulable;
      const Condition* scheduled = FindCondition(pod->status.conditions, "PodScheduled");
      if (scheduled != nullptr) preview.explanation = scheduled->message;
    } else if (was == nullptr || was->spec.node_name.empty()) {
      const std::string waits = IsReady(*pod) ? "" : WhyItWaits(*pod, after_);
      preview.fate = waits.empty() ? PodFate::kCreate : PodFate::kWait;
      const auto why = placements_.find(pod->metadata.uid);
      if (!waits.empty()) {
        preview.explanation = waits;
      } else if (why != placements_.end()) {
        preview.explanation = why->second;
      }
    } else {
      return;
    }
    pods_.push_back(std::move(preview));
  }

  void AddRemoved(const PodPtr& pod) {
    const ObjectPtr top = owners_before_.TopOf(pod);
    const auto why = placements_.find(pod->metadata.uid);
    const bool is_preempted = why != placements_.end() && why->second.starts_with("Preempted ");
    pods_.push_back({.fate = PodFate::kRemove,
                     .key = pod->key(),
                     .workload = top->key(),
                     .node = pod->spec.node_name,
                     .explanation = is_preempted ? why->second : WhyRemoved(*pod, top, after_),
                     .never_ran = pod->status.phase == PodPhase::kPending});
  }

  const ClusterState& before_;
  const ClusterState& after_;
  const Owners owners_before_;
  const Owners owners_after_;
  const std::unordered_map<std::string, std::string>& placements_;
  std::vector<PodPreview> pods_;
};

void NotePlacements(const Plan& plan, const ClusterState& state,
                    std::unordered_map<std::string, std::string>* placements) {
  for (const Reason& reason : plan.reasons) {
    if (reason.reason != "Scheduled" && reason.reason != "Preempted") continue;
    if (const ObjectPtr pod = state.Find(reason.key)) {
      (*placements)[pod->metadata.uid] = reason.message;
    }
  }
}

using LoadMember = int64_t ResourceLoad::*;

void AddResources(const std::map<std::string, int64_t>& amounts, LoadMember member,
                  std::map<std::string, ResourceLoad>* resources) {
  for (const auto& [name, milli] : amounts) (*resources)[name].*member = milli;
}

// Hosts may come and go by a commit too: a host's load is 0 where it is not there.
std::vector<HostLoad> LoadsOf(const ClusterState& before, const ClusterState& after) {
  std::map<std::string, HostLoad> hosts;
  for (const NodeUsage& usage : UsageOf(before)) {
    HostLoad& host = hosts[usage.node->metadata.name];
    host.pods_before = usage.pods;
    host.max_pods = usage.max_pods;
    AddResources(usage.requested_milli, &ResourceLoad::before_milli, &host.resources);
    AddResources(usage.allocatable_milli, &ResourceLoad::allocatable_milli, &host.resources);
  }
  for (const NodeUsage& usage : UsageOf(after)) {
    HostLoad& host = hosts[usage.node->metadata.name];
    host.pods_after = usage.pods;
    host.max_pods = usage.max_pods;
    AddResources(usage.requested_milli, &ResourceLoad::after_milli, &host.resources);
    AddResources(usage.allocatable_milli, &ResourceLoad::allocatable_milli, &host.resources);
  }
  std::vector<HostLoad> loads;
  for (auto& [name, host] : hosts) {
    host.node = name;
    loads.push_back(std::move(host));
  }
  return loads;
}

// Hosts as obedient as these do not heal what the waves wait for.
std::string NoteOn(const std::vector<WaveWait>& waits) {
  std::string note;
  for (const WaveWait& wait : waits) {
    note += (note.empty() ? "" : "; ") + wait.text;
  }
  return note.empty() ? "" : note + ": what comes after that is not shown";
}

}  // namespace

Preview PreviewChanges(const ClusterState& state, const ObjectChanges& changes, Now now,
                       const PreviewLimits& limits, Settled* settled) {
  PreviewRun run(state, &changes, now, limits, settled);
  std::optional<PreviewRun> fork;  // before hosts did anything
  bool forked = false;
  std::unordered_map<std::string, std::string> placements;
  Foreseen foreseen;
  Preview preview;
  preview.changes = changes;
  Courses courses(run.state());
  do {
    if (run.IsUsedUp()) {
      preview.note = "this plan " + std::string(run.is_stopped() ? "took too long, and " : "") +
                     "looks " + std::to_string(run.turns()) +
                     " turns ahead, and more would change after them: what follows is not shown";
      break;
    }
    const ClusterState asked = run.state();
    run.Decide();
    run.NoteHosts(&foreseen);
    preview.note = NoteOn(run.plan().waits);
    NotePlacements(run.plan(), run.state(), &placements);
    const ClusterState planned = run.state();
    courses.Note(asked, planned);
    if (!forked && run.hosts_have_work()) fork = run;
    forked = run.Act() || forked;
    courses.Note(planned, run.state());
  } while (run.GoesOn());
  preview.pods = Summary(state, run.state(), placements).Pods();
  if (forked) MarkPaced(state, *fork, foreseen, &preview.pods);
  if (run.is_stopped() && preview.note.empty()) {
    preview.note =
        "this plan took too long: where pods go is looked at for one course of things alone, and "
        "may be otherwise where hosts are slower or faster";
  }
  preview.courses = courses.Take();
  preview.effects = EffectsOf(changes, state, run.state());
  preview.hosts = LoadsOf(state, run.state());
  preview.network = NetworkChangesOf(state, run.state());
  preview.state_after = run.state();
  return preview;
}

}  // namespace reconcile
