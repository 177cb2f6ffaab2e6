#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "base/value.h"
#include "cmd/describe_writer.h"

namespace reconcile {

// PURE. What `describe` says of one object: kubectl's fields, why it is not ready, its Events.
// Values are as the API answers them.
struct DescribedObject {
  Value object;
  Value::List events;  // that involve it
  Value::List pods;    // that it owns, selects or runs
  Value::List
      children;  // other objects that it owns, or that serve it: ReplicaSets, EndpointSlices
};
std::string DescribeText(const DescribedObject& described, WallTime now);

// Parts of it, by kind; each adds what is its kind's own.
void DescribePod(const Value& pod, DescribeWriter* writer);
void DescribePodTemplate(const Value& workload, DescribeWriter* writer);
void DescribeWorkload(const DescribedObject& described, DescribeWriter* writer);
void DescribeNode(const DescribedObject& described, DescribeWriter* writer);
void DescribeService(const DescribedObject& described, DescribeWriter* writer);
void DescribeConfigMap(const Value& config_map, DescribeWriter* writer);
void DescribeSecret(const Value& secret, DescribeWriter* writer);  // sizes, never values
void DescribeClaim(const DescribedObject& described, DescribeWriter* writer);
// Any other: its fields as they are, apart from metadata.
void DescribeFields(const Value& object, DescribeWriter* writer);

// Used by several of them.
void DescribeConditions(const Value& object, DescribeWriter* writer);
void DescribePods(const Value::List& pods, DescribeWriter* writer);
// Why a pod is not ready, for a person; "" when it is, or has succeeded.
std::string WhyPodIsNotReady(const Value& pod);
std::string PodStateText(const Value& pod);  // "Running", "CrashLoopBackOff", "Terminating"

}  // namespace reconcile
