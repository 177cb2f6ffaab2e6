#include "tests/unit/reconciler/reference_warnings.h"

#include <gtest/gtest.h>

#include <set>

#include "reconciler/desired.h"
#include "reconciler/facts.h"

namespace reconcile {

std::vector<ObjectPtr> ParseDocuments(const std::string& yaml) {
  const auto bytes = std::make_shared<const std::string>(yaml);
  ParsedManifests parsed = ParseManifests({{"a.yaml", "", bytes}});
  for (const Problem& error : parsed.problems.errors) ADD_FAILURE() << error.ToString() << yaml;
  return std::move(parsed.objects);
}

Problems ProblemsByFacts(const std::string& yaml) {
  const auto bytes = std::make_shared<const std::string>(yaml);
  const ParsedManifests parsed =
      ParseManifests({{"a.yaml", "", bytes}}, "default", {}, nullptr, {.digest = PackFacts});
  Problems by_facts;
  EXPECT_TRUE(CheckTogether(parsed.digests, &by_facts)) << yaml;
  return by_facts;
}

void ExpectFactsSayTheSame(const std::string& yaml, const Problems& problems) {
  const Problems by_facts = ProblemsByFacts(yaml);
  const auto lines = [](const std::vector<Problem>& all) {
    std::multiset<std::string> texts;
    for (const Problem& problem : all) texts.insert(problem.message);
    return texts;
  };
  EXPECT_EQ(lines(by_facts.errors), lines(problems.errors)) << yaml;
  EXPECT_EQ(lines(by_facts.warnings), lines(problems.warnings)) << yaml;
}

std::string ReferenceWarnings(const std::string& yaml) {
  Problems problems;
  BuildDesired("main", "c0ffee", ParseDocuments(yaml), ClusterState(), &problems);
  for (const Problem& error : problems.errors) ADD_FAILURE() << error.ToString();
  ExpectFactsSayTheSame(yaml, problems);
  std::string text;
  for (const Problem& warning : problems.warnings) {
    EXPECT_GT(warning.line, 0);
    EXPECT_EQ(warning.rule, Rule::kReference);
    text += warning.message + "\n";
  }
  return text;
}

}  // namespace reconcile
