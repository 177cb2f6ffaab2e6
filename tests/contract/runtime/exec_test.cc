#include <algorithm>

#include "tests/contract/runtime/contract_fixture.h"

namespace reconcile {
namespace {

constexpr int64_t kLongMs = 20'000;

class RuntimeExec : public RuntimeContract {};
INSTANTIATE_TEST_SUITE_P(Engines, RuntimeExec, ::testing::Values(Engine::kFake, Engine::kDocker),
                         [](const auto& engine) {
                           return engine.param == Engine::kFake ? "Fake" : "Docker";
                         });

TEST_P(RuntimeExec, GivesExitCodeAndBothOutputs) {
  const std::string id = Run("exec", kRunsForever);
  const auto failed = blocking_->Exec(id, kSaysAndFails, kLongMs);
  ASSERT_TRUE(failed.ok()) << failed.status().ToString();
  EXPECT_EQ(failed->exit_code, 3);
  EXPECT_NE(failed->output.find("out\n"), std::string::npos);
  EXPECT_NE(failed->output.find("err\n"), std::string::npos);
  EXPECT_EQ(*blocking_->Exec(id, {"true"}, kLongMs), (ExecResult{0, ""}));
}

TEST_P(RuntimeExec, EndsWhenItsTimeIsUpWithWhatWasSaid) {
  const std::string id = Run("late", kRunsForever);
  const auto late = blocking_->Exec(id, kTakesLong, 1'000);
  ASSERT_TRUE(late.ok()) << late.status().ToString();
  EXPECT_EQ(*late, (ExecResult{std::nullopt, "begun\n"}));
  EXPECT_EQ(blocking_->Inspect(id)->state, ContainerRunState::kRunning);
}

TEST_P(RuntimeExec, KeepsTheBeginningOfMuchOutput) {
  const std::string id = Run("much", kRunsForever);
  const auto much = blocking_->Exec(id, kSaysMuch, kLongMs);
  ASSERT_TRUE(much.ok()) << much.status().ToString();
  EXPECT_EQ(*much, (ExecResult{0, std::string(kMaxExecOutputBytes, 'x')}));
}

TEST_P(RuntimeExec, WaitsForACommandThatClosedItsOutput) {
  const std::string id = Run("quiet", kRunsForever);
  const auto ended = blocking_->Exec(id, kClosesItsOutput, kLongMs);
  ASSERT_TRUE(ended.ok()) << ended.status().ToString();
  EXPECT_EQ(*ended, (ExecResult{4, ""}));
}

TEST_P(RuntimeExec, SaysWhatCannotBeRun) {
  const std::string id = Run("none", kRunsForever);
  const auto none = blocking_->Exec(id, kIsNoProgram, kLongMs);
  ASSERT_TRUE(none.ok()) << none.status().ToString();
  EXPECT_TRUE(none->exit_code == 126 || none->exit_code == 127) << none->exit_code.value_or(-1);
  EXPECT_NE(none->output.find("no such file"), std::string::npos) << none->output;
  EXPECT_EQ(blocking_->Exec(id, {}, kLongMs).status().code(), StatusCode::kInvalid);
}

TEST_P(RuntimeExec, RefusesWhatDoesNotRun) {
  EXPECT_EQ(blocking_->Exec(cluster_ + "-nobody", {"true"}, kLongMs).status().code(),
            StatusCode::kNotFound);
  const std::string id = Run("ended", kExitsWithSeven);
  ASSERT_TRUE(blocking_->Until(id, ContainerRunState::kExited).has_value());
  EXPECT_EQ(blocking_->Exec(id, {"true"}, kLongMs).status().code(), StatusCode::kConflict);
}

TEST_P(RuntimeExec, EndsWithItsContainer) {
  const std::string id = Run("killed", kRunsForever);
  std::optional<Result<ExecResult>> end;
  runtime().Exec(id, kTakesLong, kLongMs, [&](Result<ExecResult> result) { end = result; });
  const auto container = blocking_->Inspect(id);
  ASSERT_TRUE(container.ok());
  harness_->KillProcess(*container);
  ASSERT_TRUE(harness_->RunUntil([&] { return end.has_value(); }));
  // Ended by the kill, or refused, as it was not running any more.
  EXPECT_TRUE(!end->ok() || (*end)->exit_code != 0);
}

}  // namespace
}  // namespace reconcile
