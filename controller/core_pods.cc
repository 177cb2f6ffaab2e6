#include <utility>

#include "base/log.h"
#include "controller/core.h"
#include "reconciler/pod_control.h"
#include "reconciler/restart.h"
#include "reconciler/source_operations.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr size_t kMaxToldPodBytes = 300;  // a user name, a reason

std::string ByWhomOfPod(const Controller::Told& told) {
  const std::string text =
      WhoAndWhy(CutText(told.by, kMaxToldPodBytes), CutText(told.reason, kMaxToldPodBytes));
  return text.empty() ? "" : ", by " + text;
}

Status NotThere(const ObjectKey& key) { return NotFoundError(ToString(key) + " is not there"); }

}  // namespace

Status Controller::Core::OperateObjects(std::vector<Write> writes,
                                        const std::vector<Reason>& reasons) {
  const auto state = store_->Snapshot();
  Transaction transaction = RecordReasons(*state, reasons, loop_->now());
  for (Write& write : writes) transaction.writes.push_back(std::move(write));
  const Result<Revision> committed = store_->Commit(transaction, state->revision());
  if (!committed.ok()) return committed.status();
  for (const Reason& reason : reasons) {
    LogInfo("audit: a person told about an object",
            {{"object", ToString(reason.key)}, {"what", reason.reason}, {"told", reason.message}});
  }
  RequestTurn();
  return OkStatus();
}

Status Controller::Core::RemovePods(const std::vector<ObjectKey>& pods, const PodRemoval& removal,
                                    const Told& told) {
  const auto state = store_->Snapshot();
  std::vector<Write> writes;
  std::vector<Reason> reasons;
  for (const ObjectKey& key : pods) {
    const auto pod = state->Find<Pod>(key.namespace_name, key.name);
    if (pod == nullptr) return NotThere(key);
    std::shared_ptr<Pod> going;
    if (IsHosted(*pod, *state)) {
      const int64_t grace_seconds =
          removal.grace_seconds.value_or(pod->spec.termination_grace_period_seconds);
      going = Going(*pod, grace_seconds, loop_->now().wall);
      const auto& until = pod->metadata.deletion_timestamp;
      if (until && *going->metadata.deletion_timestamp >= *until) continue;
    }
    writes.push_back({key, std::move(going)});
    reasons.push_back({.key = key,
                       .reason = removal.is_eviction ? "Evicted" : "Deleted",
                       .message = (removal.is_eviction ? "evicted" : "deleted") + ByWhomOfPod(told),
                       .component = "node-controller"});
  }
  return writes.empty() ? OkStatus() : OperateObjects(std::move(writes), reasons);
}

Status Controller::Core::Restart(const ObjectKey& key, const Told& told) {
  const auto known = store_->Snapshot()->Find<Deployment>(key.namespace_name, key.name);
  if (known == nullptr) return NotThere(key);
  const auto deployment = std::make_shared<Deployment>(*known);
  RETURN_IF_ERROR(MarkRestart({.by = CutText(told.by, kMaxToldPodBytes),
                               .reason = CutText(told.reason, kMaxToldPodBytes),
                               .at = loop_->now().wall},
                              deployment.get()));
  ++deployment->metadata.generation;
  return OperateObjects({{key, deployment}},
                        {{.key = key,
                          .reason = "Restarted",
                          .message = "its pods are made anew" + ByWhomOfPod(told),
                          .component = "deployment-controller"}});
}

}  // namespace reconcile
