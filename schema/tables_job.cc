#include "schema/shapes_pod.h"
#include "schema/tables.h"

namespace reconcile {

namespace {

constexpr std::string_view kJobMetadataDoc = "Name, namespace, labels, annotations.";

Shape PodFailurePolicyShape() {
  static const ShapeTable exit_codes =
      MakeShapeTable("PodFailurePolicyOnExitCodesRequirement",
                     {{"containerName", StringShape(), "The container that is meant."},
                      {"operator", OneOf({"In", "NotIn"}), "How values are compared.", kRequired},
                      {"values", ListOf(Int32Shape()), "The exit codes.", kRequired}});
  static const ShapeTable condition = MakeShapeTable(
      "PodFailurePolicyOnPodConditionsPattern",
      {{"type", StringShape(), "The condition's type.", kRequired},
       {"status", OneOf({"True", "False", "Unknown"}), "The condition's status.", false, "True"}});
  static const ShapeTable rule = MakeShapeTable(
      "PodFailurePolicyRule",
      {{"action", OneOf({"FailJob", "FailIndex", "Ignore", "Count"}), "What follows.", kRequired},
       {"onExitCodes", StructOf(exit_codes), "Exit codes that it is for."},
       {"onPodConditions", ListOf(StructOf(condition)), "Conditions that it is for."}});
  static const ShapeTable table = MakeShapeTable(
      "PodFailurePolicy", {{"rules", ListOf(StructOf(rule)), "The first that fits counts."}});
  return StructOf(table);
}

Shape SuccessPolicyShape() {
  static const ShapeTable rule = MakeShapeTable(
      "SuccessPolicyRule", {{"succeededIndexes", StringShape(), "Indexes that must succeed."},
                            {"succeededCount", Int32Shape(), "How many must succeed."}});
  static const ShapeTable table = MakeShapeTable(
      "SuccessPolicy", {{"rules", ListOf(StructOf(rule)), "One of them must hold.", kRequired}});
  return StructOf(table);
}

}  // namespace

template <>
const StructTable& TableOf<JobSpec>() {
  using Spec = JobSpec;
  static const StructTable table = [] {
    Table<Spec> t("JobSpec");
    t.Field<&Spec::parallelism>("parallelism").Default("1").Doc("How many pods may run at once.");
    t.Field<&Spec::completions>("completions")
        .Default("1, when parallelism is not given either")
        .Doc("How many pods must succeed; unset, one success ends the Job.");
    t.Field<&Spec::active_deadline_seconds>("activeDeadlineSeconds")
        .Doc("How long the Job may take.");
    t.Field<&Spec::backoff_limit>("backoffLimit")
        .Default("6")
        .Doc("How many failures fail the Job.");
    t.Field<&Spec::backoff_limit_per_index>("backoffLimitPerIndex")
        .Doc("How many failures fail one index.");
    t.Field<&Spec::max_failed_indexes>("maxFailedIndexes")
        .Doc("How many failed indexes fail the Job.");
    t.Field<&Spec::ttl_seconds_after_finished>("ttlSecondsAfterFinished")
        .Doc("How long a finished Job is kept.");
    t.Field<&Spec::completion_mode>("completionMode")
        .Doc("Indexed gives each of the completions a number of its own.");
    t.Field<&Spec::suspend>("suspend").Doc("Whether no pods are to run now.");
    t.Field<&Spec::manual_selector>("manualSelector").Doc("Whether selector is given here.");
    t.Field<&Spec::selector>("selector").Doc("Which pods are its own; only with manualSelector.");
    t.Field<&Spec::pod_template>("template").Required().Doc("The pod to run.");
    t.Accepted("podFailurePolicy", PodFailurePolicyShape(), "").Doc("What failures of pods mean.");
    t.Accepted("successPolicy", SuccessPolicyShape(), "").Doc("When an Indexed Job has succeeded.");
    t.Accepted("podReplacementPolicy", OneOf({"TerminatingOrFailed", "Failed"}), "")
        .Doc("When a pod that goes is replaced.");
    t.Accepted("managedBy", StringShape(), "").Doc("The controller that is to run it.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<JobStatus>() {
  static const StructTable table = [] {
    Table<JobStatus> t("JobStatus");
    t.Field<&JobStatus::active>("active");
    t.Field<&JobStatus::ready>("ready");
    t.Field<&JobStatus::succeeded>("succeeded");
    t.Field<&JobStatus::failed>("failed");
    t.Field<&JobStatus::start_time>("startTime");
    t.Field<&JobStatus::completion_time>("completionTime");
    t.Field<&JobStatus::completed_indexes>("completedIndexes");
    t.Field<&JobStatus::conditions>("conditions");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<Job>() {
  static const StructTable table = [] {
    Table<Job> t("Job");
    AddTypeMeta(&t);
    t.Field<&Job::metadata>("metadata").Required().Doc(kJobMetadataDoc);
    t.Field<&Job::spec>("spec").Required().Doc("What is wanted.");
    t.Field<&Job::status>("status").ReadOnly().Doc("What was last seen.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<JobTemplateSpec>() {
  static const StructTable table = [] {
    static const GroupType metadata(TemplateMetaTable());
    Table<JobTemplateSpec> t("JobTemplateSpec");
    t.Field<&JobTemplateSpec::metadata>("metadata", metadata)
        .Doc("Labels and annotations of the Jobs.");
    t.Field<&JobTemplateSpec::spec>("spec").Required().Doc("What the Jobs run.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<CronJobSpec>() {
  using Spec = CronJobSpec;
  static const StructTable table = [] {
    Table<Spec> t("CronJobSpec");
    t.Field<&Spec::schedule>("schedule")
        .Required()
        .Doc("When to run, in cron's five fields or as @hourly, @daily and so on.");
    t.Field<&Spec::time_zone>("timeZone")
        .Default("UTC")
        .Doc("The time zone of the schedule, such as Europe/Berlin.");
    t.Field<&Spec::starting_deadline_seconds>("startingDeadlineSeconds")
        .Doc("How late a missed run may still begin.");
    t.Field<&Spec::concurrency_policy>("concurrencyPolicy")
        .Doc("What happens when the last run has not ended: Allow, Forbid or Replace.");
    t.Field<&Spec::suspend>("suspend").Doc("Whether no further runs begin.");
    t.Field<&Spec::job_template>("jobTemplate").Required().Doc("The Job to run.");
    t.Field<&Spec::successful_jobs_history_limit>("successfulJobsHistoryLimit")
        .Always()
        .Doc("How many successful Jobs to keep.");
    t.Field<&Spec::failed_jobs_history_limit>("failedJobsHistoryLimit")
        .Always()
        .Doc("How many failed Jobs to keep.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<CronJobStatus>() {
  static const StructTable table = [] {
    Table<CronJobStatus> t("CronJobStatus");
    t.Field<&CronJobStatus::active>("active");
    t.Field<&CronJobStatus::last_schedule_time>("lastScheduleTime");
    t.Field<&CronJobStatus::last_successful_time>("lastSuccessfulTime");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<CronJob>() {
  static const StructTable table = [] {
    Table<CronJob> t("CronJob");
    AddTypeMeta(&t);
    t.Field<&CronJob::metadata>("metadata").Required().Doc(kJobMetadataDoc);
    t.Field<&CronJob::spec>("spec").Required().Doc("What is wanted.");
    t.Field<&CronJob::status>("status").ReadOnly().Doc("What was last seen.");
    return t;
  }();
  return table;
}

}  // namespace reconcile
