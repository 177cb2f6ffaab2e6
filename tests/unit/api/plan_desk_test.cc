#include "api/plan_desk.h"

#include <deque>

#include "api/plan_routes.h"
#include "api/preview_routes.h"
#include "schema/core.h"
#include "schema/text.h"
#include "sim/virtual_loop.h"
#include "source/fake_source.h"
#include "store/memory_store.h"
#include "tests/support/fake_agent_link.h"

namespace reconcile {
namespace {

std::string NotesText(const std::string& value) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\ndata: {key: '" + value + "'}\n";
}

// A thread that gets on when a test says so.
class HeldExecutor final : public Executor {
 public:
  bool Run(Task work, Task done) override {
    if (is_full) return false;
    jobs.emplace_back(std::move(work), std::move(done));
    return true;
  }
  void RunOne() {
    auto [work, done] = std::move(jobs.front());
    jobs.pop_front();
    work();
    work = nullptr;
    done();
  }
  std::deque<std::pair<Task, Task>> jobs;
  bool is_full = false;
};

struct Reader {
  std::string text;
  std::optional<Status> end;
  StreamHandle handle;
};

class PlanDeskTest : public testing::Test {
 protected:
  PlanDeskTest() {
    ControllerOptions options;
    options.sources = {{"main", {"/repository", "", ""}}};
    controller_ =
        std::make_unique<Controller>(options, &loop_, &random_, &store_, &source_, &link_);
    Commit("c1", "one", "main");
    CHECK(controller_->Start().ok());
    Settle();
    Commit("b1", "branch", "next");
  }
  void Settle() { time_.RunFor(100); }
  void Commit(const std::string& id, const std::string& value, const std::string& branch) {
    FetchedCommit commit;
    commit.id = id;
    commit.files = {{"a.yaml", id, std::make_shared<std::string>(NotesText(value))}};
    source_.SetCommit("/repository", commit, branch);
    Settle();
  }
  ApiResponse Ask(const std::string& user, const std::string& role = "view") {
    ApiRequest request;
    request.method = "GET";
    request.path = "/apis/reconcile.dev/v1/preview";
    request.query = {{"revision", "next"}};
    if (!user.empty()) request.user = ApiUser{user, {"reconcile:" + role}};
    return *HandlePreview(controller_.get(), &*desk_, request,
                          [](const Value&) { return std::string("words"); });
  }
  std::shared_ptr<Reader> Read(const ApiResponse& answer) {
    auto reader = std::make_shared<Reader>();
    CHECK(answer.stream);
    ApiSink sink;
    sink.on_data = [reader](std::string_view bytes) { reader->text += bytes; };
    sink.on_end = [reader](const Status& status) { reader->end = status; };
    reader->handle = answer.stream(sink);
    Settle();
    return reader;
  }
  std::string InForce() {
    return controller_->State()->Find<ConfigMap>("default", "notes")->data.at("key");
  }

  VirtualTime time_;
  VirtualLoop loop_{&time_};
  SeededRandom random_{1};
  MemoryStore store_;
  FakeSource source_{&loop_};
  FakeAgentLink link_;
  std::unique_ptr<Controller> controller_;
  HeldExecutor executor_;
  std::optional<PlanDesk> desk_{std::in_place, &loop_, &executor_};
};

TEST_F(PlanDeskTest, TheControllerGoesOnWhileAPlanOfTheModelOfThenIsMade) {
  const auto reader = Read(Ask("ada"));
  ASSERT_EQ(executor_.jobs.size(), 1U);
  Commit("c2", "two", "main");
  EXPECT_EQ(InForce(), "two");
  EXPECT_FALSE(reader->end);
  executor_.RunOne();
  Settle();
  ASSERT_TRUE(reader->end && reader->end->ok());
  const Result<Value> answer = ParseJson(reader->text);
  ASSERT_TRUE(answer.ok()) << reader->text;
  EXPECT_EQ(answer->GetString("commit"), "b1");
  const Value change = answer->Find("plan")->GetList("changes")[0];
  EXPECT_EQ(change.GetList("fields")[0].GetString("before"), "\"one\"");
  EXPECT_EQ(change.GetList("fields")[0].GetString("after"), "\"branch\"");
  EXPECT_EQ(InForce(), "two") << "a preview changes nothing";
}

TEST_F(PlanDeskTest, PastedSecretsAreComparedForThoseWhoMayReadThemAlone) {
  const auto secret = [](const std::string& value) {
    return "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {password: " + value +
           "}\n";
  };
  FetchedCommit commit;
  commit.id = "c2";
  commit.files = {{"a.yaml", "s", std::make_shared<std::string>(secret("right"))}};
  source_.SetCommit("/repository", commit);
  Settle();
  ASSERT_NE(controller_->State()->Find<Secret>("default", "key"), nullptr);
  const auto preview = [&](const std::string& role, const std::string& guess) {
    ApiRequest request;
    request.method = "POST";
    request.path = "/apis/reconcile.dev/v1/preview";
    Value body = Value::MakeMap();
    body.Set("manifests", Value::String(secret(guess)));
    request.body = WriteJson(body);
    request.user = ApiUser{"ada", {"reconcile:" + role}};
    const auto reader = Read(*HandlePreview(controller_.get(), &*desk_, request,
                                            [](const Value& plan) { return WriteJson(plan); }));
    executor_.RunOne();
    return reader->text;
  };
  EXPECT_EQ(preview("operate", "right"), preview("operate", "wrong"));
  EXPECT_NE(preview("operate", "wrong").find("may not read Secrets"), std::string::npos);
  EXPECT_NE(preview("admin", "right"), preview("admin", "wrong"));
}

TEST_F(PlanDeskTest, PlansOfFilesAndOfTheNewestCommitThatUsersAskForAreMadeThereToo) {
  ApiRequest request;
  request.method = "POST";
  request.path = "/apis/reconcile.dev/v1/plan";
  const std::string file = EncodeBase64(NotesText("posted"));
  const std::string files = R"("files": [{"path": "a.yaml", "contentBase64": ")" + file + "\"}]";
  request.body = "{" + files + R"(, "base": {)" + files + "}}";
  EXPECT_FALSE(HandlePlanOfUser(controller_.get(), &*desk_, request)) << "the local socket's owner";
  request.user = ApiUser{"ada", {"reconcile:operate"}};
  const auto ask = [&] {
    const auto reader = Read(*HandlePlanOfUser(controller_.get(), &*desk_, request));
    EXPECT_EQ(executor_.jobs.size(), 1U);
    executor_.RunOne();
    return *ParseJson(reader->text);
  };
  EXPECT_TRUE(ask().Find("plan")->GetList("changes").empty()) << "to the base, nothing";
  request.body = "{" + files + "}";
  EXPECT_EQ(ask().Find("plan")->GetList("changes").size(), 1U);
  request.path += "-newest";
  const Value newest = ask();
  EXPECT_EQ(newest.GetString("commit"), "c1");
  EXPECT_TRUE(newest.Find("plan")->GetList("changes").empty());
  EXPECT_GT(newest.GetInt("modelRevision"), 0);
  request.query = {{"source", "none"}};
  EXPECT_EQ(HandlePlanOfUser(controller_.get(), &*desk_, request)->code, 404);
}

TEST_F(PlanDeskTest, AUserHasOnePlanUnderWay) {
  const auto first = Read(Ask("ada"));
  const ApiResponse second = Ask("ada");
  EXPECT_EQ(second.code, 429);
  EXPECT_EQ(second.retry_after_s, 1);
  EXPECT_NE(second.body.find("user ada has 1 plans open"), std::string::npos) << second.body;
  executor_.RunOne();
  EXPECT_EQ(Ask("ada").code, 200);
}

TEST_F(PlanDeskTest, APlanThatNobodyReadsIsOneLess) {
  Ask("ada");  // the connection was gone before it began
  const auto first = Read(Ask("ada"));
  first->handle.Cancel();
  executor_.RunOne();
  const auto running = Read(Ask("ada"));
  const auto waiting = Read(Ask("bob"));
  waiting->handle.Cancel();
  EXPECT_EQ(Ask("bob").code, 200);
  executor_.RunOne();
  EXPECT_TRUE(running->end);
  EXPECT_TRUE(executor_.jobs.empty()) << "what nobody waits for is not made";
  EXPECT_TRUE(first->text.empty() && waiting->text.empty());
}

TEST_F(PlanDeskTest, MakesOneAtATimeAndKeepsRoomForAdministrators) {
  std::vector<std::shared_ptr<Reader>> readers;
  const size_t most = PlanDesk::kShares.most - PlanDesk::kShares.kept_for_admins;
  for (size_t i = 0; i < most; ++i) readers.push_back(Read(Ask("user-" + std::to_string(i))));
  EXPECT_EQ(executor_.jobs.size(), 1U);
  const ApiResponse refused = Ask("late");
  EXPECT_EQ(refused.code, 429);
  EXPECT_NE(refused.body.find("kept for administrators"), std::string::npos) << refused.body;
  for (size_t i = 0; i < PlanDesk::kShares.kept_for_admins; ++i) {
    readers.push_back(Read(Ask(i == 0 ? "" : "root", "admin")));
  }
  EXPECT_EQ(Ask("", "").code, 429);
  for (size_t i = 0; i < readers.size(); ++i) {
    ASSERT_EQ(executor_.jobs.size(), 1U);
    executor_.RunOne();
    EXPECT_TRUE(readers[i]->end) << "in their order";
  }
}

TEST_F(PlanDeskTest, APlanThatTakesTooLongEndsAndSaysSo) {
  const auto reader = Read(Ask("ada"));
  time_.RunFor(PlanDesk::kMaxPlanMs);
  executor_.RunOne();
  Settle();
  EXPECT_TRUE(reader->end);
  EXPECT_NE(reader->text.find("this plan took too long, and looks 0 turns ahead"),
            std::string::npos)
      << reader->text;
}

TEST_F(PlanDeskTest, AFailureIsInTheWords) {
  source_.RemoveBranch("/repository", "next");
  const auto reader = Read(Ask("ada"));
  ASSERT_TRUE(reader->end && reader->end->ok());
  EXPECT_EQ(ParseJson(reader->text)->GetString("status"), "Failure");
  Commit("b2", "again", "next");
  executor_.is_full = true;
  EXPECT_NE(Read(Ask("ada"))->text.find("try again"), std::string::npos);
}

TEST_F(PlanDeskTest, WhoeverWaitsIsToldOfTheEnd) {
  const auto running = Read(Ask("ada"));
  const auto waiting = Read(Ask("bob"));
  desk_.reset();
  EXPECT_EQ(running->end->code(), StatusCode::kUnavailable);
  EXPECT_EQ(waiting->end->code(), StatusCode::kUnavailable);
  controller_.reset();
  executor_.RunOne();  // a thread that had begun
  EXPECT_TRUE(running->text.empty());
}

}  // namespace
}  // namespace reconcile
