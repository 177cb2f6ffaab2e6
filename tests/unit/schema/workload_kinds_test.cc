#include <gtest/gtest.h>

#include "schema/job.h"
#include "schema/sets.h"
#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

using testing::ErrorsOf;
using testing::MustDecodeAs;

std::string Set(const std::string& kind, const std::string& fields,
                const std::string& pod = "containers: [{name: a, image: 'a:1'}]") {
  return "apiVersion: apps/v1\nkind: " + kind +
         "\nmetadata: {name: x}\nspec:\n  selector: {matchLabels: {a: b}}\n"
         "  template: {metadata: {labels: {a: b}}, spec: {" +
         pod + "}}\n" + fields;
}

std::string JobWith(const std::string& fields, const std::string& pod = "restartPolicy: Never, ") {
  return "apiVersion: batch/v1\nkind: Job\nmetadata: {name: x}\nspec:\n"
         "  template: {metadata: {labels: {a: b}}, spec: {" +
         pod + "containers: [{name: a, image: 'a:1'}]}}\n" + fields;
}

std::string CronJobWith(const std::string& schedule, const std::string& fields = "") {
  return "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: x}\nspec:\n  schedule: \"" +
         schedule +
         "\"\n  jobTemplate: {spec: {template: {spec: {restartPolicy: OnFailure, "
         "containers: [{name: a, image: 'a:1'}]}}}}\n" +
         fields;
}

std::string Errors(const std::string& yaml) { return testing::PlainErrorsOf(yaml); }

TEST(Workloads, PodsThatAreKeptRunningHaveNoDeadline) {
  const std::string pod = "activeDeadlineSeconds: 5, containers: [{name: a, image: 'a:1'}]";
  const std::string message =
      "spec.template.spec.activeDeadlineSeconds: must not be given in a workload that keeps "
      "replicas running: its pods run for ever\n";
  for (const char* kind : {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"}) {
    EXPECT_EQ(Errors(Set(kind, "", pod)), message) << kind;
  }
  EXPECT_EQ(Errors("apiVersion: v1\nkind: ReplicationController\nmetadata: {name: x}\nspec:\n"
                   "  template: {metadata: {labels: {a: b}}, spec: {" +
                   pod + "}}\n"),
            message);
  EXPECT_EQ(Errors(JobWith("", "restartPolicy: Never, activeDeadlineSeconds: 5, ")), "");
}

TEST(StatefulSet, HasTheDefaultsOfTheApiServer) {
  const auto set = MustDecodeAs<StatefulSet>(Set("StatefulSet", ""));
  EXPECT_EQ(set->spec.replicas, 1);
  EXPECT_EQ(set->spec.revision_history_limit, 10);
  EXPECT_EQ(set->spec.pod_management_policy, PodManagementPolicy::kOrderedReady);
  ASSERT_TRUE(set->spec.update_strategy.rolling_update);
  EXPECT_EQ(set->spec.update_strategy.rolling_update->partition, 0);
}

TEST(StatefulSet, MountsMayNameItsClaims) {
  const std::string claims =
      "  volumeClaimTemplates:\n  - metadata: {name: data}\n"
      "    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n";
  const auto pod = [](const std::string& volume) {
    return "containers: [{name: a, image: 'a:1', volumeMounts: [{name: " + volume +
           ", mountPath: /d}]}]";
  };
  EXPECT_EQ(Errors(Set("StatefulSet", claims, pod("data"))), "");
  EXPECT_EQ(Errors(Set("StatefulSet", claims, pod("date"))),
            "spec.template.spec.containers[a].volumeMounts[/d].name: the pod has no volume "
            "\"date\"; did you mean \"data\"?\n");
  EXPECT_EQ(
      Errors(Set("StatefulSet", "  volumeClaimTemplates: [{metadata: {name: d}, spec: {}}]\n"))
          .substr(0, 27),
      "spec.volumeClaimTemplates[0");
}

TEST(StatefulSet, IsCheckedAsTheApiServerDoes) {
  EXPECT_EQ(Errors(Set("StatefulSet",
                       "  replicas: -1\n  updateStrategy: {type: OnDelete, rollingUpdate: "
                       "{partition: 1}}\n  podManagementPolicy: parallel\n")),
            "spec.replicas: must be 0 or more, not -1\n"
            "spec.updateStrategy.rollingUpdate: must not be given with type \"OnDelete\"\n"
            "spec.podManagementPolicy: \"parallel\" is none of \"OrderedReady\", \"Parallel\"; did "
            "you mean \"Parallel\"?\n");
}

TEST(DaemonSet, SurgeAndUnavailableExcludeEachOther) {
  const auto set = MustDecodeAs<DaemonSet>(Set("DaemonSet", ""));
  ASSERT_TRUE(set->spec.update_strategy.rolling_update);
  EXPECT_EQ(set->spec.update_strategy.rolling_update->max_unavailable.ToString(), "1");
  const auto rolling = [](const std::string& fields) {
    return Errors(Set("DaemonSet", "  updateStrategy: {rollingUpdate: {" + fields + "}}\n"));
  };
  EXPECT_EQ(rolling("maxSurge: 1, maxUnavailable: 0"), "");
  EXPECT_EQ(rolling("maxSurge: 1"),
            "spec.updateStrategy.rollingUpdate.maxSurge: must be 0 unless maxUnavailable is 0\n");
  EXPECT_EQ(rolling("maxUnavailable: 0%"),
            "spec.updateStrategy.rollingUpdate.maxUnavailable: must not be 0 when maxSurge is 0: "
            "no pod could ever be replaced\n");
}

TEST(Job, HasTheDefaultsOfTheApiServer) {
  const auto job = MustDecodeAs<Job>(JobWith(""));
  EXPECT_EQ(job->spec.parallelism, 1);
  EXPECT_EQ(job->spec.completions, 1);
  EXPECT_EQ(job->spec.backoff_limit, 6);
  EXPECT_EQ(job->metadata.labels, (StringMap{{"a", "b"}}));
  const auto parallel = MustDecodeAs<Job>(JobWith("  parallelism: 3\n"));
  EXPECT_EQ(parallel->spec.parallelism, 3);
  EXPECT_FALSE(parallel->spec.completions);
}

TEST(Job, IsCheckedAsTheApiServerDoes) {
  EXPECT_EQ(Errors(JobWith("", "")),
            "spec.template.spec.restartPolicy: must be \"OnFailure\" or \"Never\" in a Job, whose "
            "pods end (Always is what an unset one means)\n");
  EXPECT_EQ(Errors(JobWith("  completionMode: Indexed\n  parallelism: 2\n")),
            "spec.completions: required with completionMode \"Indexed\"\n");
  EXPECT_EQ(Errors(JobWith("  selector: {matchLabels: {a: b}}\n")),
            "spec.selector: leave this out: labels of the Job's own select its pods (unless "
            "manualSelector is true)\n");
  EXPECT_EQ(Errors(JobWith("  backoffLimit: -1\n  maxFailedIndexes: 1\n")),
            "spec.backoffLimit: must be 0 or more, not -1\n"
            "spec.maxFailedIndexes: only with backoffLimitPerIndex\n");
}

TEST(Job, WhatMadeItsPodsMustNotChange) {
  const auto errors = [](const std::string& before, const std::string& after) {
    Problems problems;
    ValidateUpdate(*testing::MustDecode(before), *testing::MustDecode(after), &problems);
    return problems.errors.size();
  };
  EXPECT_EQ(errors(JobWith(""), JobWith("  backoffLimit: 2\n  suspend: true\n")), 0U);
  EXPECT_EQ(errors(JobWith(""), JobWith("  completions: 2\n")), 1U);
  EXPECT_EQ(errors(JobWith(""), JobWith("", "restartPolicy: OnFailure, ")), 1U);
  EXPECT_EQ(errors(CronJobWith("@daily"), CronJobWith("@hourly")), 0U);
  EXPECT_EQ(errors(Set("StatefulSet", ""), Set("StatefulSet", "  serviceName: s\n")), 1U);
  EXPECT_EQ(errors(Set("StatefulSet", ""), Set("StatefulSet", "  replicas: 3\n")), 0U);
}

TEST(CronJob, ScheduleAndTimeZoneAreChecked) {
  EXPECT_EQ(Errors(CronJobWith("*/5 * * * *", "  timeZone: Europe/Berlin\n")), "");
  EXPECT_EQ(Errors(CronJobWith("61 * * * *", "  timeZone: Europe/Berln\n")),
            "spec.schedule: minute \"61\": it takes 0 to 59\n"
            "spec.timeZone: \"Europe/Berln\" is not a name of the tz database; did you mean "
            "\"Europe/Berlin\"?\n");
  EXPECT_EQ(Errors(CronJobWith("TZ=UTC @daily")),
            "spec.schedule: TZ and CRON_TZ have no place in a schedule; use timeZone\n");
  EXPECT_EQ(testing::WarningsOf(CronJobWith("0 0 31 2 *")),
            "m.yaml:5:13: spec.schedule: \"0 0 31 2 *\" names no day that ever comes\n");
}

TEST(CronJob, OldVersionsAreRead) {
  std::string text = CronJobWith("@daily");
  text.replace(text.find("batch/v1"), 8, "batch/v1beta1");
  const auto job = MustDecodeAs<CronJob>(text);
  EXPECT_EQ(job->spec.successful_jobs_history_limit, 3);
  EXPECT_EQ(job->spec.job_template.spec.backoff_limit, 6);
}

}  // namespace
}  // namespace reconcile
