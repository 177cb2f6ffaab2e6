#include "schema/validate_job.h"

#include "schema/cron.h"
#include "schema/text.h"
#include "schema/time_zones.h"
#include "schema/validate_workload.h"

namespace reconcile {

namespace {

// The Jobs' names take 11 more characters, and pods' names are of at most 63.
constexpr size_t kMaxCronJobName = 52;
// Of an Indexed Job: of pods at once and of failed indexes, and the lower limits of one that counts
// the failures of each of more completions than these.
constexpr int64_t kMaxIndexed = 100'000;
constexpr int64_t kMaxOfManyIndexes = 10'000;

template <typename T>
void RequireUnsetOrNotNegative(const std::optional<T>& value, std::string_view field,
                               const FieldPath& path, FieldReporter* reporter) {
  if (value) RequireNotNegative(*value, FieldPath(path, field), reporter);
}

void ValidateSelection(const JobSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  const FieldPath selector(path, "selector");
  if (!spec.manual_selector) {
    if (!spec.selector) return;
    return reporter->Error(selector,
                           "leave this out: labels of the Job's own select its pods (unless "
                           "manualSelector is true)");
  }
  if (!spec.selector || !IsSet(*spec.selector)) {
    return reporter->Error(selector, "required with manualSelector");
  }
  ValidateSelector(*spec.selector, selector, reporter);
  if (Matches(*spec.selector, spec.pod_template.metadata.labels)) return;
  const FieldPath pod_template(path, "template");
  const FieldPath metadata(pod_template, "metadata");
  reporter->Error(FieldPath(metadata, "labels"),
                  "the selector does not match the template's labels: the pods would not belong "
                  "to their own Job");
}

// Of an Indexed Job that has its completions.
void ValidateCompletions(const JobSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  const bool has_many = *spec.completions > kMaxIndexed && spec.backoff_limit_per_index.has_value();
  const int64_t most = has_many ? kMaxOfManyIndexes : kMaxIndexed;
  const FieldPath failed(path, "maxFailedIndexes");
  if (spec.parallelism) {
    RequireAtMost(most, *spec.parallelism, FieldPath(path, "parallelism"), reporter);
  }
  if (spec.max_failed_indexes) {
    RequireAtMost(most, *spec.max_failed_indexes, failed, reporter);
    if (*spec.max_failed_indexes > *spec.completions) {
      reporter->Error(
          failed, "must not be more than completions: " + std::to_string(*spec.max_failed_indexes) +
                      " > " + std::to_string(*spec.completions));
    }
  } else if (has_many) {
    reporter->Error(failed, "required with backoffLimitPerIndex and more than 100000 completions");
  }
}

void ValidateIndexes(const JobSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  const bool is_indexed = spec.completion_mode == CompletionMode::kIndexed;
  if (is_indexed && !spec.completions) {
    reporter->Error(FieldPath(path, "completions"), "required with completionMode \"Indexed\"");
  } else if (is_indexed) {
    ValidateCompletions(spec, path, reporter);
  }
  if (spec.backoff_limit_per_index && !is_indexed) {
    reporter->Error(FieldPath(path, "backoffLimitPerIndex"),
                    "only with completionMode \"Indexed\"");
  }
  if (spec.max_failed_indexes && !spec.backoff_limit_per_index) {
    reporter->Error(FieldPath(path, "maxFailedIndexes"), "only with backoffLimitPerIndex");
  }
}

void ValidateJobSpec(const JobSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  RequireUnsetOrNotNegative(spec.parallelism, "parallelism", path, reporter);
  RequireUnsetOrNotNegative(spec.completions, "completions", path, reporter);
  RequireUnsetOrNotNegative(spec.active_deadline_seconds, "activeDeadlineSeconds", path, reporter);
  RequireUnsetOrNotNegative(spec.backoff_limit, "backoffLimit", path, reporter);
  RequireUnsetOrNotNegative(spec.backoff_limit_per_index, "backoffLimitPerIndex", path, reporter);
  RequireUnsetOrNotNegative(spec.max_failed_indexes, "maxFailedIndexes", path, reporter);
  RequireUnsetOrNotNegative(spec.ttl_seconds_after_finished, "ttlSecondsAfterFinished", path,
                            reporter);
  ValidateIndexes(spec, path, reporter);
  ValidateJobPolicies(spec, path, reporter);
  ValidateSelection(spec, path, reporter);
  const FieldPath pod_template(path, "template");
  ValidateAnyTemplate(spec.pod_template, {}, pod_template, reporter);
  if (spec.pod_template.spec.restart_policy == RestartPolicy::kAlways) {
    const FieldPath pod_spec(pod_template, "spec");
    reporter->Error(FieldPath(pod_spec, "restartPolicy"),
                    "must be \"OnFailure\" or \"Never\" in a Job, whose pods end (Always is what "
                    "an unset one means)");
  }
}

void ValidateSchedule(const CronJobSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  const FieldPath schedule_path(path, "schedule");
  if (!spec.schedule.empty()) {
    const Result<CronSchedule> schedule = CronSchedule::Parse(spec.schedule);
    if (!schedule.ok()) {
      reporter->Error(schedule_path, schedule.status().message());
    } else if (!schedule->Next(WallTime{0})) {
      reporter->Warn(schedule_path, Quoted(spec.schedule) + " names no day that ever comes");
    }
  }
  if (!spec.time_zone || IsTimeZone(*spec.time_zone)) return;
  const FieldPath zone_path(path, "timeZone");
  const std::string& zone = *spec.time_zone;
  if (zone.empty()) {
    return reporter->Error(zone_path, "must not be empty: leave it out, or name a time zone");
  }
  const std::string_view nearest = NearestTimeZone(zone);
  reporter->Error(zone_path,
                  Quoted(zone) + " is not a name of the tz database" +
                      (IsSimilar(zone, nearest) ? "; did you mean " + Quoted(nearest) + "?"
                                                : ", such as \"Europe/Berlin\" or \"Etc/UTC\""));
}

}  // namespace

void Validate(const Job& job, FieldReporter* reporter) {
  const FieldPath root;
  ValidateJobSpec(job.spec, FieldPath(root, "spec"), reporter);
}

void Validate(const CronJob& job, FieldReporter* reporter) {
  const FieldPath root;
  const FieldPath metadata(root, "metadata");
  const FieldPath path(root, "spec");
  if (job.metadata.name.size() > kMaxCronJobName) {
    reporter->Error(FieldPath(metadata, "name"),
                    "must be at most 52 characters: the names of its Jobs are longer by 11");
  }
  ValidateSchedule(job.spec, path, reporter);
  RequireUnsetOrNotNegative(job.spec.starting_deadline_seconds, "startingDeadlineSeconds", path,
                            reporter);
  RequireNotNegative(job.spec.successful_jobs_history_limit,
                     FieldPath(path, "successfulJobsHistoryLimit"), reporter);
  RequireNotNegative(job.spec.failed_jobs_history_limit, FieldPath(path, "failedJobsHistoryLimit"),
                     reporter);
  const FieldPath job_template(path, "jobTemplate");
  const FieldPath template_metadata(job_template, "metadata");
  ValidateLabels(job.spec.job_template.metadata.labels, FieldPath(template_metadata, "labels"),
                 reporter);
  const FieldPath job_spec(job_template, "spec");
  if (job.spec.job_template.spec.manual_selector) {
    reporter->Error(FieldPath(job_spec, "manualSelector"),
                    "must not be true in a CronJob: each of its Jobs selects its own pods");
  }
  ValidateJobSpec(job.spec.job_template.spec, job_spec, reporter);
}

}  // namespace reconcile
