#include "reconciler/restart.h"

#include <gtest/gtest.h>

#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

class RestartTest : public testing::Test {
 protected:
  RestartTest() {
    world_.AddNode("host-1");
    world_.Declare({MakeDeployment("web", 2)});
  }
  std::shared_ptr<const Deployment> Web() const {
    return world_.state.Find<Deployment>("default", "web");
  }
  std::string Mark() const {
    const StringMap& annotations = Web()->spec.pod_template.metadata.annotations;
    const auto found = annotations.find(kRestartedAt);
    return found == annotations.end() ? "" : found->second;
  }
  Status Restart(const std::string& stamp) {
    const auto web = std::make_shared<Deployment>(*Web());
    RETURN_IF_ERROR(
        MarkRestart({.by = "ada", .reason = "", .at = *ParseRfc3339(stamp)}, web.get()));
    world_.state.Put(web);
    return OkStatus();
  }
  std::shared_ptr<Deployment> MarkedInGit(const std::string& stamp) {
    auto web = MakeDeployment("web", 2);
    web->spec.pod_template.metadata.annotations[kRestartedAt] = stamp;
    return web;
  }

  World world_;
};

TEST_F(RestartTest, IsNoDifferenceToWhatGitDeclares) {
  ASSERT_TRUE(Restart("2026-11-21T01:00:00Z").ok());
  for (const ObjectChange& change : world_.ChangesFor({MakeDeployment("web", 2)})) {
    EXPECT_EQ(change.type, ChangeType::kUnchanged) << ToString(change.key);
  }
  world_.Declare({MakeDeployment("web", 3)});
  EXPECT_EQ(Web()->spec.replicas, 3);
  EXPECT_EQ(Mark(), "2026-11-21T01:00:00Z");
  EXPECT_EQ(Web()->status.restart->by, "ada");
  EXPECT_EQ(world_.ActivePods().front()->metadata.annotations.at(kRestartedAt), Mark());
}

TEST_F(RestartTest, TheLaterOfGitsMarkAndThePersonsCounts) {
  ASSERT_TRUE(Restart("2026-11-21T01:00:00Z").ok());
  const auto earlier = MarkedInGit("2026-11-20T00:00:00Z");
  world_.Declare({earlier});
  EXPECT_EQ(Mark(), "2026-11-21T01:00:00Z");
  for (const ObjectChange& change : world_.ChangesFor({earlier})) {
    EXPECT_EQ(change.type, ChangeType::kUnchanged) << ToString(change.key);
  }
  world_.Declare({MarkedInGit("2026-11-22T00:00:00Z")});
  EXPECT_EQ(Mark(), "2026-11-22T00:00:00Z");
  EXPECT_TRUE(Restart("2026-11-22T00:00:00Z").ok()) << "within the second of that mark";
  const Status refused = Restart("2026-11-21T02:00:00Z");
  EXPECT_EQ(refused.code(), StatusCode::kInvalid);
  EXPECT_EQ(Mark(), "2026-11-22T00:00:00Z");
}

}  // namespace
}  // namespace reconcile
