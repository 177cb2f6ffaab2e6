#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/contract/runtime/harness.h"

namespace reconcile {

enum class Engine { kFake, kDocker };

// Each case runs against the fake and against a real dockerd, in a cluster of its own, and removes
// what it made.
class RuntimeContract : public ::testing::TestWithParam<Engine> {
 protected:
  void SetUp() override { Begin(true); }
  void TearDown() override {
    if (blocking_ == nullptr) return;
    const auto left = blocking_->List(cluster_);
    ASSERT_TRUE(left.ok()) << left.status().ToString();
    for (const ContainerInfo& container : *left) {
      EXPECT_EQ(blocking_->Remove(container.id), OkStatus());
    }
  }
  void Begin(bool live_restore) {
    harness_ = GetParam() == Engine::kFake ? MakeFakeHarness(live_restore)
                                           : MakeDockerHarness(live_restore);
    blocking_ = std::make_unique<Blocking>(harness_.get());
    static int next = 0;
    cluster_ = "c" + std::to_string(++next);
  }
  // A container that runs `cmd`; empty when that failed, and then the case has failed.
  std::string Run(const std::string& name, const std::vector<std::string>& cmd) {
    return Run(TestContainer(cluster_, name, cmd));
  }
  std::string Run(const ContainerConfig& config) {
    const auto id = blocking_->Create(config);
    EXPECT_TRUE(id.ok()) << id.status().ToString();
    if (!id.ok()) return "";
    EXPECT_EQ(blocking_->Start(*id), OkStatus());
    return *id;
  }
  ContainerRuntime& runtime() { return harness_->runtime(); }

  std::unique_ptr<RuntimeHarness> harness_;
  std::unique_ptr<Blocking> blocking_;
  std::string cluster_;
};

}  // namespace reconcile
