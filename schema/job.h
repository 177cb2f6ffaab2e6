#pragma once

#include "schema/core.h"
#include "schema/other_fields.h"
#include "schema/workload.h"

namespace reconcile {

enum class CompletionMode { kNonIndexed, kIndexed };
std::string_view ToString(CompletionMode mode);
enum class ConcurrencyPolicy { kAllow, kForbid, kReplace };
std::string_view ToString(ConcurrencyPolicy policy);

struct JobSpec {
  std::optional<int32_t> parallelism;  // filled by defaults
  std::optional<int32_t> completions;  // filled by defaults when neither is given
  std::optional<int64_t> active_deadline_seconds;
  std::optional<int32_t> backoff_limit;  // filled by defaults
  std::optional<int32_t> backoff_limit_per_index;
  std::optional<int32_t> max_failed_indexes;
  std::optional<int32_t> ttl_seconds_after_finished;
  CompletionMode completion_mode = CompletionMode::kNonIndexed;
  bool suspend = false;
  bool manual_selector = false;
  std::optional<LabelSelector> selector;  // only with manual_selector
  PodTemplateSpec pod_template;
  OtherFields others;  // podFailurePolicy, successPolicy, podReplacementPolicy, managedBy
  friend bool operator==(const JobSpec&, const JobSpec&) = default;
};
struct JobStatus {
  int32_t active = 0;
  int32_t ready = 0;
  int32_t succeeded = 0;
  int32_t failed = 0;
  std::optional<WallTime> start_time;
  std::optional<WallTime> completion_time;
  std::string completed_indexes;
  std::vector<Condition> conditions;
  friend bool operator==(const JobStatus&, const JobStatus&) = default;
};
struct Job : ObjectOf<Job, Kind::kJob> {
  JobSpec spec;
  JobStatus status;
};

struct JobTemplateSpec {
  ObjectMeta metadata;  // labels and annotations only
  JobSpec spec;
  friend bool operator==(const JobTemplateSpec&, const JobTemplateSpec&) = default;
};
struct CronJobSpec {
  std::string schedule;                  // cron.h
  std::optional<std::string> time_zone;  // an IANA name; UTC when unset
  std::optional<int64_t> starting_deadline_seconds;
  ConcurrencyPolicy concurrency_policy = ConcurrencyPolicy::kAllow;
  bool suspend = false;
  JobTemplateSpec job_template;
  int32_t successful_jobs_history_limit = 3;
  int32_t failed_jobs_history_limit = 1;
  friend bool operator==(const CronJobSpec&, const CronJobSpec&) = default;
};
struct CronJobStatus {
  std::vector<ObjectReference> active;  // its Jobs that run
  std::optional<WallTime> last_schedule_time;
  std::optional<WallTime> last_successful_time;
  friend bool operator==(const CronJobStatus&, const CronJobStatus&) = default;
};
struct CronJob : ObjectOf<CronJob, Kind::kCronJob> {
  CronJobSpec spec;
  CronJobStatus status;
};

}  // namespace reconcile
