#include "api/operation_routes.h"

#include "api/routes.h"
#include "api/saved_plan.h"
#include "schema/core.h"
#include "sim/virtual_loop.h"
#include "source/fake_source.h"
#include "store/memory_store.h"
#include "tests/support/fake_agent_link.h"

namespace reconcile {
namespace {

std::string WordsText(const std::string& value) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: words}\ndata: {key: '" + value + "'}\n";
}

class OperationRoutesTest : public testing::Test {
 protected:
  OperationRoutesTest() {
    ControllerOptions options;
    SourceSpec manual{"/repository", "", ""};
    manual.apply = "manual";
    options.sources = {{"main", manual}};
    controller_ =
        std::make_unique<Controller>(options, &loop_, &random_, &store_, &source_, &link_);
    Commit("c1c1", "one");
    CHECK(controller_->Start().ok());
    Settle();
  }
  void Settle() { time_.RunFor(100); }
  void Commit(const std::string& id, const std::string& value) {
    FetchedCommit commit;
    commit.id = id;
    commit.files = {{"a.yaml", id, std::make_shared<std::string>(WordsText(value))}};
    source_.SetCommit("/repository", commit);
    Settle();
  }
  ApiResponse Post(const std::string& verb, const std::map<std::string, std::string>& query,
                   const std::string& body = "") {
    ApiRequest request;
    request.method = "POST";
    request.path = "/apis/reconcile.dev/v1/" + verb;
    request.query = query;
    request.body = body;
    return HandleApi(controller_.get(), &reads_, request, loop_.now());
  }
  std::string Save() {
    const Result<Value> answer = ParseJson(Post("plan-newest", {{"source", "main"}}).body);
    CHECK(answer.ok());
    return WriteSavedPlan({.source = "main",
                           .commit = answer->GetString("commit"),
                           .model_revision = answer->GetInt("modelRevision"),
                           .plan_hash = "",
                           .plan = *answer->Find("plan")});
  }
  std::string InForce() {
    const auto found = controller_->State()->Find<ConfigMap>("default", "words");
    return found == nullptr ? "" : found->data.at("key");
  }

  VirtualTime time_;
  VirtualLoop loop_{&time_};
  SeededRandom random_{1};
  MemoryStore store_;
  FakeSource source_{&loop_};
  FakeAgentLink link_;
  std::unique_ptr<Controller> controller_;
  ResourceReads reads_{&store_, &loop_};
};

TEST_F(OperationRoutesTest, AppliesASavedPlanThatStillHolds) {
  const std::string plan = Save();
  // The model moves on; what the plan says does not.
  auto other = std::make_shared<ConfigMap>();
  other->metadata.name = "other";
  other->metadata.namespace_name = "default";
  ASSERT_TRUE(store_.Commit({{{other->key(), other}}}, store_.Snapshot()->revision()).ok());
  const ApiResponse answer = Post("apply", {{"by", "ada"}}, plan);
  ASSERT_EQ(answer.code, 200) << answer.body;
  Settle();
  EXPECT_EQ(InForce(), "one");
  EXPECT_EQ(Post("apply", {}, plan).code, 409) << "once";
}

TEST_F(OperationRoutesTest, RefusesAPlanOfAnotherCommitAndNamesBoth) {
  const std::string plan = Save();
  Commit("c2c2", "two");
  const ApiResponse answer = Post("apply", {}, plan);
  EXPECT_EQ(answer.code, 409);
  EXPECT_NE(answer.body.find("the plan is of c1c1, and the newest of source main is c2c2 now"),
            std::string::npos)
      << answer.body;
  Settle();
  EXPECT_EQ(InForce(), "");
}

TEST_F(OperationRoutesTest, RefusesAPlanThatWouldDoSomethingElseNowAndNamesWhat) {
  const std::string plan = Save();
  auto words = std::make_shared<ConfigMap>();
  words->metadata.name = "words";
  words->metadata.namespace_name = "default";
  words->data = {{"key", "by hand"}};
  ASSERT_TRUE(store_.Commit({{{words->key(), words}}}, store_.Snapshot()->revision()).ok());
  const ApiResponse answer = Post("apply", {}, plan);
  EXPECT_EQ(answer.code, 409);
  EXPECT_NE(answer.body.find("ConfigMap default/words: the plan says created, and now it would be "
                             "changed"),
            std::string::npos)
      << answer.body;
  EXPECT_EQ(Post("apply", {}, "{}").code, 400);
}

TEST_F(OperationRoutesTest, SuspendsResumesAndRollsBackWithClearErrors) {
  EXPECT_EQ(Post("suspend", {{"source", "none"}}).code, 404);
  EXPECT_EQ(Post("suspend", {{"source", "main"}, {"by", "ada"}, {"reason", "stocktaking"}}).code,
            200);
  const auto source = controller_->State()->Find<Source>("", "main");
  EXPECT_EQ(source->status.suspended->by, "ada");
  EXPECT_EQ(source->status.suspended->reason, "stocktaking");
  EXPECT_EQ(Post("apply", {}, Save()).code, 409);
  EXPECT_EQ(Post("rollback", {{"source", "main"}}).code, 409);
  EXPECT_EQ(Post("resume", {{"source", "main"}}).code, 200);
  EXPECT_EQ(Post("resume", {{"source", "main"}}).code, 400);
  Settle();
  ASSERT_EQ(Post("apply", {}, Save()).code, 200);
  Settle();
  Commit("c2c2", "two");
  ASSERT_EQ(Post("apply", {}, Save()).code, 200);
  Settle();
  ASSERT_EQ(InForce(), "two");
  const ApiResponse back = Post("rollback", {{"source", "main"}});
  ASSERT_EQ(back.code, 200) << back.body;
  EXPECT_NE(back.body.find(R"("commit":"c1c1")"), std::string::npos) << back.body;
  EXPECT_NE(back.body.find(R"("from":"c2c2")"), std::string::npos) << back.body;
  Settle();
  EXPECT_EQ(InForce(), "one");
}

}  // namespace
}  // namespace reconcile
