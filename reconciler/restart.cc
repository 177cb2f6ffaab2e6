#include "reconciler/restart.h"

namespace reconcile {
namespace {

std::string MarkOf(const Deployment& deployment) {
  const StringMap& annotations = deployment.spec.pod_template.metadata.annotations;
  const auto found = annotations.find(kRestartedAt);
  return found == annotations.end() ? "" : found->second;
}

void SetMark(std::string mark, Deployment* deployment) {
  StringMap& annotations = deployment->spec.pod_template.metadata.annotations;
  if (mark.empty()) {
    annotations.erase(kRestartedAt);
  } else {
    annotations[kRestartedAt] = std::move(mark);
  }
}

// The mark that the last restart gave; empty without one. Marks in RFC 3339 and UTC are in order as
// texts.
std::string MarkOfRestart(const Deployment& deployment) {
  const auto& restart = deployment.status.restart;
  return restart && restart->at ? FormatRfc3339(*restart->at) : "";
}

}  // namespace

Status MarkRestart(const WorkloadRestart& restart, Deployment* deployment) {
  const std::string before = MarkOf(*deployment);
  deployment->status.restart = restart;
  const std::string mark = MarkOfRestart(*deployment);
  if (before == mark && !mark.empty()) return OkStatus();  // within the same second
  if (before >= mark) {
    return InvalidError(ToString(deployment->key()) + ": its template's annotation " +
                        kRestartedAt + " is " + before +
                        ", which is later than now; set the clock, or take it out of the manifest");
  }
  SetMark(mark, deployment);
  return OkStatus();
}

void KeepRestart(const Deployment& before, Deployment* declared) {
  const std::string mark = MarkOfRestart(before);
  if (mark > MarkOf(*declared)) SetMark(mark, declared);
}

void HideRestart(const Deployment& declared, Deployment* seen) {
  const std::string mark = MarkOfRestart(*seen);
  const std::string own = MarkOf(declared);
  if (!mark.empty() && MarkOf(*seen) == mark && mark > own) SetMark(own, seen);
}

}  // namespace reconcile
