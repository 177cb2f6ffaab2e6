#include <gtest/gtest.h>

#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

std::string JobErrors(const std::string& fields, const std::string& restart = "Never") {
  return testing::PlainErrorsOf(
      "apiVersion: batch/v1\nkind: Job\nmetadata: {name: x}\nspec:\n  template: {spec: "
      "{restartPolicy: " +
      restart + ", initContainers: [{name: i, image: a}], containers: [{name: a, image: a}]}}\n" +
      fields);
}

std::string RuleErrors(const std::string& rule) {
  return JobErrors("  podFailurePolicy: {rules: [{" + rule + "}]}\n");
}

TEST(ValidateJob, AFailurePolicyGoesWithPodsThatNeverRestart) {
  const std::string policy =
      "  podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: "
      "DisruptionTarget}]}]}\n";
  EXPECT_EQ(JobErrors(policy), "");
  EXPECT_EQ(JobErrors(policy + "  podReplacementPolicy: Failed\n"), "");
  EXPECT_EQ(JobErrors(policy, "OnFailure"),
            "spec.template.spec.restartPolicy: must be \"Never\" with a podFailurePolicy, not "
            "\"OnFailure\"\n");
  EXPECT_EQ(JobErrors(policy + "  podReplacementPolicy: TerminatingOrFailed\n"),
            "spec.podReplacementPolicy: must be \"Failed\" with a podFailurePolicy\n");
  EXPECT_EQ(JobErrors("  podReplacementPolicy: TerminatingOrFailed\n"), "");
}

TEST(ValidateJob, AFailureRuleIsForCodesOrForConditions) {
  const std::string path = "spec.podFailurePolicy.rules[0]";
  const std::string codes = "onExitCodes: {operator: In, values: [1]}";
  EXPECT_EQ(RuleErrors("action: FailJob, " + codes), "");
  EXPECT_EQ(RuleErrors("action: Count"), path + ": needs one of onExitCodes, onPodConditions\n");
  EXPECT_EQ(RuleErrors("action: Count, onPodConditions: [{type: A}], " + codes),
            path + ": must not have more than one of onExitCodes, onPodConditions\n");
  EXPECT_EQ(RuleErrors("action: FailIndex, " + codes),
            path + ".action: \"FailIndex\" needs backoffLimitPerIndex\n");
  EXPECT_EQ(JobErrors("  completionMode: Indexed\n  completions: 2\n  backoffLimitPerIndex: 1\n"
                      "  podFailurePolicy: {rules: [{action: FailIndex, " +
                      codes + "}]}\n"),
            "");
  EXPECT_NE(RuleErrors("action: Give up, " + codes), "");
  std::string many;
  for (int i = 0; i < 20; ++i) many += "{action: Count, " + codes + "}, ";
  EXPECT_EQ(JobErrors("  podFailurePolicy: {rules: [" + many + "]}\n"), "");
  EXPECT_EQ(JobErrors("  podFailurePolicy: {rules: []}\n"), "");
  EXPECT_EQ(JobErrors("  podFailurePolicy: {}\n"), "");
  EXPECT_EQ(
      JobErrors("  podFailurePolicy: {rules: [" + many + "{action: Count, " + codes + "}]}\n"),
      "spec.podFailurePolicy.rules: must be at most 20\n");
}

TEST(ValidateJob, ExitCodesAscendAndAreOfAContainer) {
  const std::string path = "spec.podFailurePolicy.rules[0].onExitCodes";
  const auto codes = [](const std::string& fields) {
    return RuleErrors("action: FailJob, onExitCodes: {" + fields + "}");
  };
  EXPECT_EQ(codes("containerName: a, operator: In, values: [1, 2, 255]"), "");
  EXPECT_EQ(codes("containerName: i, operator: NotIn, values: [0, 1]"), "");
  EXPECT_EQ(codes("containerName: b, operator: In, values: [1]"),
            path + ".containerName: the template has no container \"b\"\n");
  EXPECT_EQ(codes("operator: In, values: []"), path + ".values: required\n");
  EXPECT_EQ(codes("operator: In, values: [0, 1]"),
            path + ".values[0]: must not be 0 with operator \"In\": 0 is no failure\n");
  EXPECT_EQ(codes("operator: In, values: [3, 3]"), path + ".values[1]: duplicate exit code 3\n");
  EXPECT_EQ(codes("operator: In, values: [3, 2]"),
            path +
                ".values[1]: must come before the exit codes that are higher: values are in "
                "ascending order\n");
  std::string many;
  for (int i = 1; i <= 255; ++i) many += std::to_string(i) + ", ";
  EXPECT_EQ(codes("operator: In, values: [" + many + "]"), "");
  EXPECT_EQ(codes("operator: In, values: [" + many + "256]"),
            path + ".values: must be at most 255\n");
}

TEST(ValidateJob, IndexesHaveTheirLimits) {
  const auto indexed = [](const std::string& fields) {
    return JobErrors("  completionMode: Indexed\n" + fields);
  };
  EXPECT_EQ(indexed("  completions: 3\n  backoffLimitPerIndex: 1\n  maxFailedIndexes: 3\n"), "");
  EXPECT_EQ(indexed("  completions: 3\n  backoffLimitPerIndex: 1\n  maxFailedIndexes: 4\n"),
            "spec.maxFailedIndexes: must not be more than completions: 4 > 3\n");
  EXPECT_EQ(indexed("  completions: 100001\n"), "");
  EXPECT_EQ(indexed("  completions: 100001\n  backoffLimitPerIndex: 1\n"),
            "spec.maxFailedIndexes: required with backoffLimitPerIndex and more than 100000 "
            "completions\n");
  EXPECT_EQ(indexed("  completions: 3\n  parallelism: 100001\n"),
            "spec.parallelism: must be at most 100000, not 100001\n");
  EXPECT_EQ(indexed("  completions: 100001\n  parallelism: 10001\n  backoffLimitPerIndex: 1\n"
                    "  maxFailedIndexes: 10001\n"),
            "spec.parallelism: must be at most 10000, not 10001\n"
            "spec.maxFailedIndexes: must be at most 10000, not 10001\n");
}

TEST(ValidateJob, ASuccessPolicyNamesIndexesThatThereAre) {
  const std::string path = "spec.successPolicy.rules[0]";
  const auto rule = [](const std::string& fields) {
    return JobErrors("  completionMode: Indexed\n  completions: 6\n  successPolicy: {rules: [{" +
                     fields + "}]}\n");
  };
  for (const char* indexes : {"", "0", "1,3-5", "0-5", "0,1,2"}) {
    EXPECT_EQ(rule("succeededIndexes: '" + std::string(indexes) + "'"), "") << indexes;
  }
  for (const char* indexes : {"6", "3-6", "3-3", "5-3", "1,1", "3-5,5", "3,1", "a", "1,", ",1",
                              "-1", "1-2-3", "1 ,2", "99999999999"}) {
    EXPECT_NE(rule("succeededIndexes: '" + std::string(indexes) + "'")
                  .find("is no list of indexes like \"1,3-5\", ascending and below completions, 6"),
              std::string::npos)
        << indexes;
  }
  EXPECT_EQ(rule("succeededIndexes: '1,3-5', succeededCount: 4"), "");
  EXPECT_EQ(rule("succeededIndexes: '1,3-5', succeededCount: 5"),
            path + ".succeededCount: must be at most 4, not 5\n");
  EXPECT_EQ(rule("succeededCount: 7"), path + ".succeededCount: must be at most 6, not 7\n");
  EXPECT_EQ(rule("succeededCount: -1"), path + ".succeededCount: must be 0 or more, not -1\n");
  EXPECT_EQ(rule(""), path + ": needs succeededIndexes or succeededCount\n");
  EXPECT_EQ(
      JobErrors("  completionMode: Indexed\n  completions: 6\n  successPolicy: {rules: []}\n"),
      "spec.successPolicy.rules: required\n");
  EXPECT_EQ(JobErrors("  successPolicy: {rules: [{succeededCount: 1}]}\n"),
            "spec.successPolicy: only with completionMode \"Indexed\"\n");
}

TEST(ValidateJob, AnotherControllerHasADomain) {
  EXPECT_EQ(JobErrors("  managedBy: example.com/queue\n"), "");
  EXPECT_NE(JobErrors("  managedBy: queue\n"), "");
  EXPECT_EQ(JobErrors("  managedBy: example.com/" + std::string(52, 'q') + "\n"),
            "spec.managedBy: must be at most 63 characters\n");
}

TEST(ValidateJob, AnEmptyTimeZoneIsNone) {
  const auto cron = [](const std::string& fields) {
    return testing::PlainErrorsOf(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: x}\nspec:\n  schedule: '@daily'\n"
        "  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, "
        "image: a}]}}}}\n" +
        fields);
  };
  EXPECT_EQ(cron(""), "");
  EXPECT_EQ(cron("  timeZone: Etc/UTC\n"), "");
  EXPECT_EQ(cron("  timeZone: ''\n"),
            "spec.timeZone: must not be empty: leave it out, or name a time zone\n");
}

}  // namespace
}  // namespace reconcile
