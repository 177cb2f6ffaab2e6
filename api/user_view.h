#pragma once

#include <string>

#include "base/value.h"
#include "schema/object.h"
#include "schema/pod.h"

namespace reconcile {

// PURE: an object as readers of the API get it: Kubernetes' shape (EncodeFor::kUser), and what
// Kubernetes fills in that the model does without, since clients take it to be there (some end with
// a panic where it is not): the securityContext of pods, the numbers of probes, the
// preemptionPolicy of a PriorityClass, the phase of a claim; of a Job the selector of its own pods,
// without which clients take all pods of the namespace for its; of a Service clusterIPs, ipFamilies
// and ipFamilyPolicy, of a Node podCIDRs, which say in lists what it holds once.
Value EncodeForReaders(const Object& object);
// What was filled in for the pod before: pods of one template have the same.
struct FilledPodParts {
  PodSpec before;  // of it, what is filled in alone
  PodSpec after;
};
// As JSON. `last` saves time where many are written.
std::string WriteForReaders(const Object& object, FilledPodParts* last = nullptr);

// On a Job and on its pods: the Job's uid.
inline constexpr char kJobUidLabel[] = "batch.kubernetes.io/controller-uid";

}  // namespace reconcile
