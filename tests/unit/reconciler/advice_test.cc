#include "reconciler/advice.h"

#include <gtest/gtest.h>

#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

std::vector<std::string> AdviceOn(const std::shared_ptr<Deployment>& deployment,
                                  ChangeType type = ChangeType::kCreate) {
  Problems problems;
  AdviseOn({{.type = type, .key = deployment->key(), .after = deployment}}, &problems);
  std::vector<std::string> messages;
  for (const Problem& warning : problems.warnings) messages.push_back(warning.message);
  return messages;
}

std::shared_ptr<Deployment> Sensible(const std::string& image = "img:1") {
  auto web = MakeDeployment("web", 1, image);
  Request(&web->spec.pod_template.spec, "10m", "16Mi");
  return web;
}

TEST(Advice, ThereIsNoneOnWhatIsSensibleOrStaysAsItIs) {
  EXPECT_TRUE(AdviceOn(Sensible()).empty());
  EXPECT_TRUE(AdviceOn(MakeDeployment("web", 1, "img"), ChangeType::kUnchanged).empty());
}

TEST(Advice, ImagesThatMoveByThemselvesAreNamed) {
  for (const std::string image : {"img", "img:latest", "registry:5000/img", "a/b/img:latest"}) {
    const auto advice = AdviceOn(Sensible(image));
    ASSERT_EQ(advice.size(), 1U) << image;
    EXPECT_NE(advice[0].find('"' + image + '"'), std::string::npos) << advice[0];
  }
  for (const std::string image :
       {"img:1", "registry:5000/img:1", "img@sha256:0123", "img:latest@sha256:0"}) {
    EXPECT_TRUE(AdviceOn(Sensible(image)).empty()) << image;
  }
}

TEST(Advice, ContainersThatRequestNothingAreNamed) {
  const auto advice = AdviceOn(MakeDeployment("web", 1));
  ASSERT_EQ(advice.size(), 1U);
  EXPECT_NE(advice[0].find("the container \"main\" requests no cpu and no memory"),
            std::string::npos)
      << advice[0];
}

TEST(Advice, SeveralContainersThatRequestNothingAreNamedInOneSentence) {
  const auto web = MakeDeployment("web", 1);
  std::vector<Container>& containers = web->spec.pod_template.spec.containers.Edit();
  containers.push_back(containers.front());
  containers.back().name = "ticker";
  const auto advice = AdviceOn(web);
  ASSERT_EQ(advice.size(), 1U);
  EXPECT_NE(advice[0].find("the containers \"main\", \"ticker\" request no cpu and no memory: they "
                           "count for nothing when pods are placed, and go first when"),
            std::string::npos)
      << advice[0];
}

TEST(Advice, AWorkloadWhosePodsNobodyStartsSaysSo) {
  const auto web = Sensible();
  web->spec.pod_template.spec.containers.Edit()[0].resources.limits["vendor.example/gpu"] =
      Quantity::FromUnits(1);
  const auto advice = AdviceOn(web);
  ASSERT_EQ(advice.size(), 1U);
  EXPECT_NE(advice[0].find("web: no pod is started: this version"), std::string::npos) << advice[0];
}

class ImageAdvice : public testing::Test {
 protected:
  ImageAdvice() { Give("host-1", {"there:1", "there@sha256:12"}); }
  void Give(const std::string& host, const std::vector<std::string>& names) {
    world_.AddNode(host);
    world_.Edit<Node>("", host, [&](Node* node) { node->status.images.push_back({names, 7}); });
  }
  std::vector<std::string> Advice(const std::string& image,
                                  PullPolicy policy = PullPolicy::kNever) {
    const auto web = Sensible(image);
    web->spec.pod_template.spec.containers.Edit()[0].image_pull_policy = policy;
    Problems problems;
    AdviseOnImages(world_.ChangesFor({web}), world_.state, &problems);
    std::vector<std::string> messages;
    for (const Problem& warning : problems.warnings) messages.push_back(warning.message);
    return messages;
  }

  World world_;
};

TEST_F(ImageAdvice, OneThatIsNeverPulledAndOnNoHostIsNamed) {
  EXPECT_EQ(Advice("absent:1"),
            std::vector<std::string>{
                "Deployment default/web: no host has the image \"absent:1\", and its "
                "imagePullPolicy is Never: its pods do "
                "not start (ErrImageNeverPull). Load it on the hosts, or let it be pulled"});
  for (const char* there : {"there:1", "docker.io/library/there:1", "there@sha256:12"}) {
    EXPECT_TRUE(Advice(there).empty()) << there;
  }
  EXPECT_TRUE(Advice("absent:1", PullPolicy::kIfNotPresent).empty()) << "it is pulled";
}

TEST_F(ImageAdvice, NothingIsSaidThatIsNotKnown) {
  Give("host-2", {"there:2"});
  EXPECT_FALSE(Advice("absent:1").empty());
  EXPECT_TRUE(Advice("there:2").empty());
  world_.AddNode("host-3");  // its agent has told nothing
  EXPECT_TRUE(Advice("absent:1").empty());
  world_ = World();
  EXPECT_TRUE(Advice("absent:1").empty()) << "without a host";
}

TEST(Advice, WhatItsNamespaceForbidsIsNamedInThePlan) {
  World world;
  const auto space = MakeNamespace("default");
  space->metadata.labels["pod-security.kubernetes.io/enforce"] = "baseline";
  world.state.Put(space);
  const auto advice = [&world](const std::shared_ptr<Deployment>& deployment) {
    Problems problems;
    AdviseOnForbidden(
        {{.type = ChangeType::kCreate, .key = deployment->key(), .after = deployment}}, world.state,
        &problems);
    return problems.warnings;
  };
  EXPECT_TRUE(advice(Sensible()).empty());
  const auto bold = Sensible();
  bold->spec.pod_template.spec.host_network = true;
  ASSERT_EQ(advice(bold).size(), 1U);
  EXPECT_NE(advice(bold)[0].message.find("host namespaces (hostNetwork=true)"), std::string::npos);
}

}  // namespace
}  // namespace reconcile
