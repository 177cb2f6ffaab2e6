#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

class ImagesTest : public StepTest {
 protected:
  // Everything but the image is there.
  void AssignWith(const std::string& image, PullPolicy policy) {
    auto pod = MakePod();
    pod->spec.containers.Edit()[0].image = image;
    pod->spec.containers.Edit()[0].image_pull_policy = policy;
    Assign(pod);
    for (int i = 0; i < 10; ++i) {
      const StepResult result = Take();
      for (const Operation& operation : result.operations) {
        if (!operation.key.starts_with("image/")) Perform(operation);
      }
    }
  }
  void FailPull(const std::string& image, int32_t failures, int64_t wait_ms) {
    ImageSeen& seen_image = seen.images[image];
    seen_image.state = ImageSeen::State::kPullFailed;
    seen_image.error = "manifest for " + image + " not found: manifest unknown";
    seen_image.failures = failures;
    seen_image.retry_at = now.mono + wait_ms;
  }
};

TEST_F(ImagesTest, IfNotPresentLooksAndPullsOnlyWhenAbsent) {
  AssignWith("shop:1", PullPolicy::kIfNotPresent);
  EXPECT_EQ(Find<LookAtImage>(Take()).size(), 1U);
  Settle();
  EXPECT_FALSE(seen.images["shop:1"].pulled_at);
}

TEST_F(ImagesTest, IfNotPresentPullsWhatIsAbsent) {
  AssignWith("remote:1", PullPolicy::kIfNotPresent);
  Settle();
  EXPECT_TRUE(seen.images["remote:1"].pulled_at);
  EXPECT_EQ(Newest("app").image_id, "sha256:remote:1");
}

TEST_F(ImagesTest, AlwaysPullsForEveryStart) {
  AssignWith("shop:1", PullPolicy::kAlways);
  Settle();
  const MonoTime first = *seen.images["shop:1"].pulled_at;
  Pass(60'000);
  Kill("app");
  Settle();
  EXPECT_GT(*seen.images["shop:1"].pulled_at, first);
}

TEST_F(ImagesTest, OnePullServesAllContainersThatWantedItBefore) {
  auto pod = MakePod();
  pod->spec.containers = {MakeContainer("one"), MakeContainer("two")};
  for (Container& container : pod->spec.containers.Edit()) {
    container.image_pull_policy = PullPolicy::kAlways;
  }
  Assign(pod);
  int pulls = 0;
  for (StepResult result = Take(); !result.operations.empty(); result = Take()) {
    pulls += static_cast<int>(Find<PullImageOp>(result).size());
    for (const Operation& operation : result.operations) Perform(operation);
    Pass(1);
  }
  EXPECT_EQ(pulls, 1);
}

TEST_F(ImagesTest, LatestWithoutAPolicyIsAlwaysPulled) {
  for (const std::string image : {"shop", "shop:latest", "registry:5000/shop"}) {
    assignment.pods.clear();
    ForgetEverything();
    seen.containers.clear();
    AssignWith(image, PullPolicy::kUnset);
    EXPECT_EQ(Find<PullImageOp>(Take()).size(), 1U) << image;
  }
  for (const std::string image : {"shop:1", "registry:5000/shop:1", "shop@sha256:0123"}) {
    assignment.pods.clear();
    ForgetEverything();
    seen.containers.clear();
    AssignWith(image, PullPolicy::kUnset);
    EXPECT_EQ(Find<LookAtImage>(Take()).size(), 1U) << image;
  }
}

TEST_F(ImagesTest, Faults_Line43_FailedPullSaysTheRegistrysWordsAndBacksOff) {
  AssignWith("gone:9", PullPolicy::kIfNotPresent);
  FailPull("gone:9", 1, 10'000);
  const StepResult result = Take();
  EXPECT_TRUE(result.operations.empty());
  EXPECT_EQ(*result.wake_at, now.mono + 10'000);
  ASSERT_TRUE(StatusOf(result).state.waiting);
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "ImagePullBackOff");
  EXPECT_NE(StatusOf(result).state.waiting->message.find("manifest unknown"), std::string::npos);
  EXPECT_EQ(ReportOf(result).status.phase, PodPhase::kPending);
}

TEST_F(ImagesTest, FailedPullLooksAgainAndTriesAgainWhenItsTimeComes) {
  AssignWith("gone:9", PullPolicy::kIfNotPresent);
  FailPull("gone:9", 1, 10'000);
  Take();
  Pass(10'000);
  StepResult result = Take();
  ASSERT_EQ(Find<LookAtImage>(result).size(), 1U) << "somebody may have loaded it by hand";
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "ErrImagePull");
  Perform(result.operations.at(0));
  result = Take();
  EXPECT_EQ(Find<PullImageOp>(result).size(), 1U);
}

TEST_F(ImagesTest, BackOffIsSharedByPodsOfOneImage) {
  AssignWith("gone:9", PullPolicy::kAlways);
  FailPull("gone:9", 3, 40'000);
  auto second = MakePod("second", "22222222");
  second->spec.containers.Edit()[0].image = "gone:9";
  second->spec.containers.Edit()[0].image_pull_policy = PullPolicy::kAlways;
  Assign(second);
  for (int i = 0; i < 10; ++i) {
    const StepResult result = Take();
    EXPECT_TRUE(Find<PullImageOp>(result).empty());
    for (const Operation& operation : result.operations) Perform(operation);
  }
}

TEST_F(ImagesTest, NeverSaysThatItWillNotPull) {
  AssignWith("gone:9", PullPolicy::kNever);
  Perform(Take().operations.at(0));
  const StepResult result = Take();
  EXPECT_TRUE(result.operations.empty());
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "ErrImageNeverPull");
  EXPECT_EQ(Reasons(result), std::vector<std::string>{"ErrImageNeverPull"});
  EXPECT_TRUE(Take().events.empty());
  ASSERT_TRUE(result.wake_at);
  images_on_host.insert("gone:9");
  Pass(*result.wake_at - now.mono);
  Settle();
  EXPECT_TRUE(IsLive(Newest("app")));
}

TEST_F(ImagesTest, PolicyOfEachRestartLooksAfresh) {
  AssignWith("shop:1", PullPolicy::kIfNotPresent);
  Settle();
  images_on_host.erase("shop:1");  // deleted by hand
  Kill("app");
  Settle();
  EXPECT_TRUE(seen.images["shop:1"].pulled_at) << "looked, found it gone, pulled it";
}

}  // namespace
}  // namespace reconcile
