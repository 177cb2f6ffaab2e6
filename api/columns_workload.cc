#include "api/columns_workload.h"

#include "base/check.h"
#include "schema/job.h"
#include "schema/sets.h"

namespace reconcile {

namespace {

using Cells = std::vector<std::string>;

Cells StatefulSetCells(const StatefulSet& set, const std::string& age) {
  const PodSpec& spec = set.spec.pod_template.spec;
  return {set.metadata.name,
          std::to_string(set.status.ready_replicas) + "/" + std::to_string(set.spec.replicas), age,
          ContainerNames(spec), ContainerImages(spec)};
}

Cells DaemonSetCells(const DaemonSet& set, const std::string& age) {
  const PodSpec& spec = set.spec.pod_template.spec;
  const DaemonSetStatus& status = set.status;
  return {set.metadata.name,
          std::to_string(status.desired_number_scheduled),
          std::to_string(status.current_number_scheduled),
          std::to_string(status.number_ready),
          std::to_string(status.updated_number_scheduled),
          std::to_string(status.number_available),
          LabelsText(spec.node_selector),
          age,
          ContainerNames(spec),
          ContainerImages(spec),
          LabelsText(set.spec.selector.match_labels)};
}

// Kubernetes' word; Pending, which it has not, for one that no controller has begun with.
std::string JobStatusWord(const Job& job) {
  for (const std::string_view type : {"Complete", "Failed"}) {
    const Condition* condition = FindCondition(job.status.conditions, type);
    const bool is_so = condition != nullptr && condition->status == ConditionStatus::kTrue;
    if (is_so) return std::string(type);
  }
  if (job.metadata.deletion_timestamp) return "Terminating";
  if (job.spec.suspend) return "Suspended";
  return job.status.start_time ? "Running" : "Pending";
}

std::string JobDuration(const JobStatus& status, WallTime now) {
  if (!status.start_time) return "";
  return FormatAge(status.completion_time.value_or(now).ms - status.start_time->ms);
}

// "app=web" of a selector that may be unset.
std::string SelectorText(const std::optional<LabelSelector>& selector) {
  return LabelsText(selector ? selector->match_labels : StringMap());
}

Cells JobCells(const Job& job, const std::string& age, WallTime now) {
  const std::string wanted = job.spec.completions
                                 ? std::to_string(*job.spec.completions)
                                 : "1 of " + std::to_string(job.spec.parallelism.value_or(1));
  const PodSpec& spec = job.spec.pod_template.spec;
  return {job.metadata.name,
          JobStatusWord(job),
          std::to_string(job.status.succeeded) + "/" + wanted,
          JobDuration(job.status, now),
          age,
          ContainerNames(spec),
          ContainerImages(spec),
          SelectorText(job.spec.selector)};
}

Cells CronJobCells(const CronJob& job, const std::string& age, WallTime now) {
  const std::optional<WallTime>& last = job.status.last_schedule_time;
  const JobSpec& made = job.spec.job_template.spec;
  return {job.metadata.name,
          job.spec.schedule,
          OrNone(job.spec.time_zone.value_or("")),
          job.spec.suspend ? "True" : "False",
          std::to_string(job.status.active.size()),
          last ? FormatAge(now.ms - last->ms) : "<none>",
          age,
          ContainerNames(made.pod_template.spec),
          ContainerImages(made.pod_template.spec),
          SelectorText(made.selector)};
}

}  // namespace

std::vector<TableColumn> WorkloadColumns(Kind kind) {
  if (kind == Kind::kStatefulSet) {
    return {{"Name"}, {"Ready"}, {"Age"}, {"Containers", 1}, {"Images", 1}};
  }
  if (kind == Kind::kDaemonSet) {
    return {{"Name"},          {"Desired"},   {"Current"},       {"Ready"},
            {"Up-to-date"},    {"Available"}, {"Node Selector"}, {"Age"},
            {"Containers", 1}, {"Images", 1}, {"Selector", 1}};
  }
  if (kind == Kind::kJob) {
    return {{"Name"}, {"Status"},        {"Completions"}, {"Duration"},
            {"Age"},  {"Containers", 1}, {"Images", 1},   {"Selector", 1}};
  }
  CHECK(kind == Kind::kCronJob);
  return {{"Name"},          {"Schedule"}, {"Timezone"},      {"Suspend"},   {"Active"},
          {"Last Schedule"}, {"Age"},      {"Containers", 1}, {"Images", 1}, {"Selector", 1}};
}

std::vector<std::string> WorkloadCells(const Object& object, const std::string& age, WallTime now) {
  if (const auto* set = As<StatefulSet>(object)) return StatefulSetCells(*set, age);
  if (const auto* set = As<DaemonSet>(object)) return DaemonSetCells(*set, age);
  if (const auto* job = As<Job>(object)) return JobCells(*job, age, now);
  const auto* cron_job = As<CronJob>(object);
  CHECK(cron_job != nullptr);
  return CronJobCells(*cron_job, age, now);
}

}  // namespace reconcile
