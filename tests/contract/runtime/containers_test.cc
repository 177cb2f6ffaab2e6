#include "tests/contract/runtime/contract_fixture.h"

namespace reconcile {
namespace {

class DaemonEnvironment : public ::testing::Environment {
 public:
  void TearDown() override { EndDaemons(); }
};
const auto* const environment = ::testing::AddGlobalTestEnvironment(new DaemonEnvironment);

INSTANTIATE_TEST_SUITE_P(Engines, RuntimeContract,
                         ::testing::Values(Engine::kFake, Engine::kDocker), [](const auto& engine) {
                           return engine.param == Engine::kFake ? "Fake" : "Docker";
                         });

TEST_P(RuntimeContract, TellsAboutTheEngine) {
  const auto info = blocking_->Wait<Result<EngineInfo>>(
      [&](auto done) { runtime().GetEngineInfo(std::move(done)); });
  ASSERT_TRUE(info.ok()) << info.status().ToString();
  EXPECT_FALSE(info->version.empty());
  EXPECT_TRUE(info->api_version.starts_with("1."));
  EXPECT_FALSE(info->operating_system.empty());
  EXPECT_FALSE(info->kernel_version.empty());
  EXPECT_TRUE(info->architecture == "amd64" || info->architecture == "arm64");
  EXPECT_GE(info->cpus, 1);
  EXPECT_GT(info->memory_bytes, 100 << 20);
  EXPECT_TRUE(info->live_restore);
  EXPECT_FALSE(info->cgroup_driver.empty());
}

TEST_P(RuntimeContract, GoesFromCreatedOverRunningToExited) {
  ContainerConfig config = TestContainer(cluster_, "life", kStopsWithThree);
  config.labels["extra"] = "a \"quoted\" value";
  const auto id = blocking_->Create(config);
  ASSERT_TRUE(id.ok()) << id.status().ToString();
  const auto created = blocking_->Inspect(*id);
  ASSERT_TRUE(created.ok());
  EXPECT_EQ(created->id, *id);
  EXPECT_EQ(created->name, config.name);
  EXPECT_EQ(created->labels, config.labels);
  EXPECT_EQ(created->state, ContainerRunState::kCreated);
  EXPECT_EQ(created->process_id, 0);
  EXPECT_TRUE(created->created_at.has_value());
  EXPECT_FALSE(created->started_at.has_value());
  EXPECT_FALSE(created->finished_at.has_value());

  ASSERT_EQ(blocking_->Start(*id), OkStatus());
  const auto running = blocking_->Inspect(*id);
  ASSERT_TRUE(running.ok());
  EXPECT_EQ(running->state, ContainerRunState::kRunning);
  EXPECT_GT(running->process_id, 0);
  EXPECT_TRUE(running->started_at.has_value());
  EXPECT_FALSE(running->finished_at.has_value());
  EXPECT_EQ(blocking_->Start(*id), OkStatus()) << "starting what runs is no error";

  // A signal before its trap is set would be lost.
  for (int i = 0; i < 20'000 && blocking_->ReadLogs(*id, {}).out != "ready\n"; ++i) {
  }
  ASSERT_EQ(blocking_->Stop(*id, 30), OkStatus());
  const auto ended = blocking_->Inspect(*id);
  ASSERT_TRUE(ended.ok());
  EXPECT_EQ(ended->state, ContainerRunState::kExited);
  EXPECT_EQ(ended->exit_code, 3) << "the program's own answer to the stop signal";
  EXPECT_EQ(ended->process_id, 0);
  ASSERT_TRUE(ended->finished_at.has_value());
  EXPECT_GE(ended->finished_at->ms, ended->started_at->ms);
  EXPECT_EQ(blocking_->Stop(*id, 30), OkStatus()) << "stopping what is stopped is no error";
}

TEST_P(RuntimeContract, KillsWhatIgnoresTheStopSignalAfterTheGrace) {
  const std::string id = Run("deaf", kRunsForever);
  ASSERT_EQ(blocking_->Stop(id, 1), OkStatus());
  const auto ended = blocking_->Inspect(id);
  ASSERT_TRUE(ended.ok());
  EXPECT_EQ(ended->state, ContainerRunState::kExited);
  EXPECT_EQ(ended->exit_code, 137);
}

TEST_P(RuntimeContract, ReportsAProgramsOwnExitAndRunsItAgain) {
  const std::string id = Run("seven", kExitsWithSeven);
  const auto ended = blocking_->Until(id, ContainerRunState::kExited);
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->exit_code, 7);
  EXPECT_FALSE(ended->oom_killed);
  EXPECT_EQ(blocking_->Start(id), OkStatus());
  const auto again = blocking_->Until(id, ContainerRunState::kExited);
  ASSERT_TRUE(again.has_value());
  EXPECT_GE(again->started_at->ms, ended->finished_at->ms);
}

TEST_P(RuntimeContract, RefusesToStartAProgramThatIsNotThere) {
  const auto id = blocking_->Create(TestContainer(cluster_, "nothing", kIsNoProgram));
  ASSERT_TRUE(id.ok()) << id.status().ToString();
  const Status status = blocking_->Start(*id);
  EXPECT_EQ(status.code(), StatusCode::kInvalid) << status.ToString();
  EXPECT_NE(status.message().find("/no/such/program"), std::string::npos) << status.ToString();
  const auto info = blocking_->Inspect(*id);
  ASSERT_TRUE(info.ok());
  EXPECT_NE(info->state, ContainerRunState::kRunning);
  EXPECT_EQ(info->exit_code, 127);
  EXPECT_NE(info->error.find("/no/such/program"), std::string::npos) << info->error;
}

TEST_P(RuntimeContract, RefusesANameThatIsTaken) {
  const std::string first = Run("name", kRunsForever);
  const auto second = blocking_->Create(TestContainer(cluster_, "name", kRunsForever));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kConflict);
  EXPECT_NE(second.status().message().find(first), std::string::npos)
      << "names the container that has it: " << second.status().ToString();
}

TEST_P(RuntimeContract, RefusesNamesAndReferencesThatWouldBreakAPath) {
  ContainerConfig config = TestContainer(cluster_, "x", kRunsForever);
  config.name = "a/../b";
  EXPECT_EQ(blocking_->Create(config).status().code(), StatusCode::kInvalid);
  config.name = "x";
  EXPECT_EQ(blocking_->Create(config).status().code(), StatusCode::kInvalid);
}

TEST_P(RuntimeContract, SaysNotFoundForWhatIsNotThere) {
  const std::string absent = "no-such-container";
  EXPECT_EQ(blocking_->Inspect(absent).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(blocking_->Start(absent).code(), StatusCode::kNotFound);
  EXPECT_EQ(blocking_->Stop(absent, 1).code(), StatusCode::kNotFound);
  EXPECT_EQ(blocking_->Remove(absent), OkStatus()) << "gone is what was asked for";
  EXPECT_EQ(blocking_->ReadLogs(absent, {}).status.code(), StatusCode::kNotFound);
}

TEST_P(RuntimeContract, RemovesARunningContainer) {
  const std::string id = Run("remove", kRunsForever);
  EXPECT_EQ(blocking_->Remove(id), OkStatus());
  EXPECT_EQ(blocking_->Inspect(id).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(blocking_->Remove(id), OkStatus());
}

TEST_P(RuntimeContract, ListsOnlyItsOwnCluster) {
  ContainerConfig foreign = TestContainer(cluster_ + "-foreign", "x1", kRunsForever);
  const auto stranger = blocking_->Create(foreign);
  ASSERT_TRUE(stranger.ok());
  const std::string runs = Run("runs", kRunsForever);
  const std::string ends = Run("ends", kExitsWithSeven);
  ASSERT_TRUE(blocking_->Until(ends, ContainerRunState::kExited).has_value());
  const auto listed = blocking_->List(cluster_);
  ASSERT_TRUE(listed.ok()) << listed.status().ToString();
  std::map<std::string, ContainerInfo> found;
  for (const ContainerInfo& info : *listed) found[info.id] = info;
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[runs].state, ContainerRunState::kRunning);
  EXPECT_GT(found[runs].process_id, 0);
  EXPECT_EQ(found[ends].state, ContainerRunState::kExited);
  EXPECT_EQ(found[ends].exit_code, 7);
  EXPECT_EQ(blocking_->Remove(*stranger), OkStatus());
  EXPECT_EQ(blocking_->List("nobody")->size(), 0U);
}

TEST_P(RuntimeContract, JoinsOnlyARunningSandbox) {
  ContainerConfig sandbox = TestContainer(cluster_, "sandbox", kRunsForever);
  sandbox.is_sandbox = true;
  sandbox.hostname = "pod-a";
  const auto sandbox_id = blocking_->Create(sandbox);
  ASSERT_TRUE(sandbox_id.ok()) << sandbox_id.status().ToString();
  ContainerConfig app = TestContainer(cluster_, "app", kRunsForever);
  app.network_container = *sandbox_id;
  app.hostname = "left-out";
  const auto app_id = blocking_->Create(app);
  ASSERT_TRUE(app_id.ok()) << app_id.status().ToString();
  const Status early = blocking_->Start(*app_id);
  EXPECT_EQ(early.code(), StatusCode::kConflict) << early.ToString();
  ASSERT_EQ(blocking_->Start(*sandbox_id), OkStatus());
  EXPECT_EQ(blocking_->Start(*app_id), OkStatus());
  // The end of the sandbox's process does not end those who joined it.
  harness_->KillProcess(*blocking_->Inspect(*sandbox_id));
  const auto dead = blocking_->Until(*sandbox_id, ContainerRunState::kExited);
  ASSERT_TRUE(dead.has_value());
  EXPECT_EQ(dead->exit_code, 137);
  EXPECT_EQ(blocking_->Inspect(*app_id)->state, ContainerRunState::kRunning);
}

}  // namespace
}  // namespace reconcile
