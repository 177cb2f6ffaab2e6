#include "cmd/describe.h"
#include "cmd/log_targets.h"
#include "cmd/value_at.h"

namespace reconcile {
namespace {

std::string Number(const Value& object, std::string_view path, int64_t otherwise = 0) {
  return std::to_string(IntAt(object, path, otherwise));
}

std::string StrategyText(const Value& deployment) {
  const std::string type = TextAt(deployment, "spec.strategy.type");
  if (type != "RollingUpdate") return type;
  return type + ", at most " + TextAt(deployment, "spec.strategy.rollingUpdate.maxUnavailable") +
         " unavailable, " + TextAt(deployment, "spec.strategy.rollingUpdate.maxSurge") + " more";
}

std::string PodCounts(const Value::List& pods) {
  int running = 0, waiting = 0, succeeded = 0, failed = 0;
  for (const Value& pod : pods) {
    const std::string phase = TextAt(pod, "status.phase");
    running += phase == "Running" ? 1 : 0;
    waiting += phase == "Pending" ? 1 : 0;
    succeeded += phase == "Succeeded" ? 1 : 0;
    failed += phase == "Failed" ? 1 : 0;
  }
  return std::to_string(running) + " Running / " + std::to_string(waiting) + " Waiting / " +
         std::to_string(succeeded) + " Succeeded / " + std::to_string(failed) + " Failed";
}

void DescribeReplicas(const Value& object, DescribeWriter* writer) {
  const std::string kind = object.GetString("kind");
  if (kind == "Deployment") {
    writer->Field("Replicas", Number(object, "spec.replicas", 1) + " desired | " +
                                  Number(object, "status.updatedReplicas") + " updated | " +
                                  Number(object, "status.replicas") + " total | " +
                                  Number(object, "status.availableReplicas") + " available | " +
                                  Number(object, "status.unavailableReplicas") + " unavailable");
    writer->Field("Strategy", StrategyText(object));
    writer->OptionalField("Min Ready Seconds", TextAt(object, "spec.minReadySeconds"));
    if (TextAt(object, "spec.paused") == "true") writer->Field("Paused", "True");
  } else if (kind == "DaemonSet") {
    writer->Field("Desired Nodes", Number(object, "status.desiredNumberScheduled"));
    writer->Field("Current Nodes", Number(object, "status.currentNumberScheduled"));
    writer->Field("Up-to-date", Number(object, "status.updatedNumberScheduled"));
    writer->Field("Available", Number(object, "status.numberAvailable"));
  } else if (kind == "Job") {
    writer->Field("Parallelism", Number(object, "spec.parallelism", 1));
    writer->Field("Completions", TextAt(object, "spec.completions"));
    writer->OptionalField("Completion Mode", TextAt(object, "spec.completionMode"));
    writer->Field("Backoff Limit", Number(object, "spec.backoffLimit", 6));
    writer->OptionalField("Start Time", TextAt(object, "status.startTime"));
    writer->OptionalField("Completed At", TextAt(object, "status.completionTime"));
  } else if (kind == "CronJob") {
    writer->Field("Schedule", TextAt(object, "spec.schedule"));
    writer->OptionalField("Time Zone", TextAt(object, "spec.timeZone"));
    writer->Field("Concurrency Policy", TextAt(object, "spec.concurrencyPolicy"));
    writer->Field("Suspend", TextAt(object, "spec.suspend"));
    writer->Field("Last Schedule Time", TextAt(object, "status.lastScheduleTime"));
  } else {
    writer->Field("Replicas", Number(object, "status.replicas") + " current / " +
                                  Number(object, "spec.replicas", 1) + " desired");
    if (kind == "StatefulSet") writer->Field("Service", TextAt(object, "spec.serviceName"));
  }
}

}  // namespace

void DescribeWorkload(const DescribedObject& described, DescribeWriter* writer) {
  const Value& object = described.object;
  const Result<std::string> selector = PodSelectorOf(object);
  writer->Field("Selector", selector.ok() ? *selector : "");
  DescribeReplicas(object, writer);
  if (object.GetString("kind") != "CronJob") {
    writer->Field("Pods Status", PodCounts(described.pods));
  }
  DescribePodTemplate(object, writer);
  DescribeConditions(object, writer);
  if (!described.children.empty()) {
    std::vector<DescribeWriter::Row> rows;
    for (const Value& child : described.children) {
      rows.push_back({child.GetString("kind") + "/" + TextAt(child, "metadata.name"),
                      Number(child, "spec.replicas"), Number(child, "status.readyReplicas"),
                      writer->AgeOf(TextAt(child, "metadata.creationTimestamp"))});
    }
    writer->Table("Owned", {"Name", "Desired", "Ready", "Age"}, rows);
  }
  if (object.GetString("kind") != "CronJob") DescribePods(described.pods, writer);
}

}  // namespace reconcile
