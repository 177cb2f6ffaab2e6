#include "api/columns_workload.h"

#include "base/check.h"
#include "schema/job.h"
#include "schema/sets.h"

namespace reconcile {

namespace {

using Cells = std::vector<std::string>;

Cells DaemonSetCells(const DaemonSet& set, const std::string& age) {
  std::string selector;
  for (const auto& [key, value] : set.spec.pod_template.spec.node_selector) {
    selector += (selector.empty() ? "" : ",") + key + "=" + value;
  }
  const DaemonSetStatus& status = set.status;
  return {set.metadata.name,
          std::to_string(status.desired_number_scheduled),
          std::to_string(status.current_number_scheduled),
          std::to_string(status.number_ready),
          std::to_string(status.updated_number_scheduled),
          std::to_string(status.number_available),
          OrNone(selector),
          age};
}

Cells JobCells(const Job& job, const std::string& age) {
  const std::string wanted = job.spec.completions
                                 ? std::to_string(*job.spec.completions)
                                 : "1 of " + std::to_string(job.spec.parallelism.value_or(1));
  return {job.metadata.name, std::to_string(job.status.succeeded) + "/" + wanted, age};
}

Cells CronJobCells(const CronJob& job, const std::string& age) {
  const std::optional<WallTime>& last = job.status.last_schedule_time;
  return {job.metadata.name,
          job.spec.schedule,
          OrNone(job.spec.time_zone.value_or("")),
          job.spec.suspend ? "True" : "False",
          last ? FormatRfc3339(*last) : "<none>",
          age};
}

}  // namespace

std::vector<TableColumn> WorkloadColumns(Kind kind) {
  if (kind == Kind::kStatefulSet) return {{"Name"}, {"Ready"}, {"Age"}};
  if (kind == Kind::kDaemonSet) {
    return {{"Name"},       {"Desired"},   {"Current"},       {"Ready"},
            {"Up-to-date"}, {"Available"}, {"Node Selector"}, {"Age"}};
  }
  if (kind == Kind::kJob) return {{"Name"}, {"Completions"}, {"Age"}};
  CHECK(kind == Kind::kCronJob);
  return {{"Name"}, {"Schedule"}, {"Timezone"}, {"Suspend"}, {"Last Schedule"}, {"Age"}};
}

std::vector<std::string> WorkloadCells(const Object& object, const std::string& age) {
  if (const auto* set = As<StatefulSet>(object)) {
    return {set->metadata.name,
            std::to_string(set->status.ready_replicas) + "/" + std::to_string(set->spec.replicas),
            age};
  }
  if (const auto* set = As<DaemonSet>(object)) return DaemonSetCells(*set, age);
  if (const auto* job = As<Job>(object)) return JobCells(*job, age);
  const auto* cron_job = As<CronJob>(object);
  CHECK(cron_job != nullptr);
  return CronJobCells(*cron_job, age);
}

}  // namespace reconcile
