#include "cmd/get_request.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

using Targets = std::vector<GetTarget>;

Targets Parse(std::string_view kinds, const std::string& name = "") {
  const auto targets = ParseGetTargets(kinds, name);
  EXPECT_TRUE(targets.ok()) << targets.status().ToString();
  return targets.ok() ? *targets : Targets();
}

TEST(GetRequest, TakesAKindWithOrWithoutAName) {
  EXPECT_EQ(Parse("pods"), (Targets{{Kind::kPod, ""}}));
  EXPECT_EQ(Parse("deploy", "web"), (Targets{{Kind::kDeployment, "web"}}));
  EXPECT_EQ(Parse("deployment/web"), (Targets{{Kind::kDeployment, "web"}}));
}

TEST(GetRequest, TakesSeveralKindsOnceEach) {
  EXPECT_EQ(Parse("pods,svc,po"), (Targets{{Kind::kPod, ""}, {Kind::kService, ""}}));
  EXPECT_EQ(Parse("svc,deploy", "web"),
            (Targets{{Kind::kService, "web"}, {Kind::kDeployment, "web"}}));
  EXPECT_EQ(Parse("svc/a,deploy/b"), (Targets{{Kind::kService, "a"}, {Kind::kDeployment, "b"}}));
}

TEST(GetRequest, AllIsWhatKubectlMeansByIt) {
  EXPECT_EQ(Parse("all"), (Targets{{Kind::kPod, ""},
                                   {Kind::kReplicationController, ""},
                                   {Kind::kService, ""},
                                   {Kind::kDeployment, ""},
                                   {Kind::kReplicaSet, ""}}));
  EXPECT_EQ(Parse("all,nodes").size(), 6U);
}

TEST(GetRequest, RefusesWhatNamesNoKindOrTwoNames) {
  for (const auto& [kinds, name] : std::map<std::string, std::string>{{"gadgets", ""},
                                                                      {"", ""},
                                                                      {"pods,", ""},
                                                                      {"pod/", ""},
                                                                      {"pod/a", "b"},
                                                                      {"all", "web"}}) {
    EXPECT_EQ(ParseGetTargets(kinds, name).status().code(), StatusCode::kInvalid) << kinds;
  }
}

}  // namespace
}  // namespace reconcile
