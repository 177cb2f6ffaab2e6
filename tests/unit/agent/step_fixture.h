#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/containers.h"
#include "agent/step.h"

namespace reconcile {

inline constexpr char kUid[] = "11111111-aaaa-bbbb-cccc-000000000001";

// A pod "default/web" with one container "app" of image "shop:1", on node "host-1".
std::shared_ptr<Pod> MakePod(const std::string& name = "web", const std::string& uid = kUid);
Container MakeContainer(const std::string& name, const std::string& image = "shop:1");

// A host in plain data: the assignment, what is seen, and the clock. Operations are performed by
// changing Seen as a well-behaved engine would.
class StepTest : public testing::Test {
 protected:
  StepTest();

  // Takes one step and keeps its memory.
  StepResult Take();
  // Performs everything that steps ask for until they ask for nothing; fails the test when they do
  // not come to rest. Images in `images_on_host` are there, others can be pulled.
  StepResult Settle();
  void Perform(const Operation& operation);
  void Pass(int64_t ms);

  void Assign(std::shared_ptr<Pod> pod);
  // The same pods, changed.
  template <typename Change>
  void ChangePod(size_t index, Change change) {
    auto pod = std::make_shared<Pod>(*assignment.pods[index]);
    change(pod.get());
    assignment.pods[index] = pod;
  }
  void Delete(size_t index, int64_t grace_seconds);

  // The newest container of that name ("POD": the sandbox) of a pod; fails the test without one.
  ContainerInfo& Newest(const std::string& name, const std::string& uid = kUid);
  std::vector<ContainerInfo> All(const std::string& name, const std::string& uid = kUid) const;
  void Exit(ContainerInfo* container, int32_t exit_code);
  // The hook ends: well, or with this error.
  void EndHook(const RunHook& hook, const std::string& error = "");
  void Kill(const std::string& name, int32_t exit_code = 1) { Exit(&Newest(name), exit_code); }
  // The agent starts anew: only the engine's and the network's state is left.
  void ForgetEverything();

  template <typename Action>
  static std::vector<Action> Find(const StepResult& result) {
    std::vector<Action> found;
    for (const Operation& operation : result.operations) {
      if (const auto* action = std::get_if<Action>(&operation.action)) found.push_back(*action);
    }
    return found;
  }
  static const PodReport& ReportOf(const StepResult& result, const std::string& uid = kUid);
  static const ContainerStatus& StatusOf(const StepResult& result, size_t index = 0) {
    return ReportOf(result).status.container_statuses.at(index);
  }
  static std::vector<std::string> Reasons(const StepResult& result);

  Assignment assignment;
  Seen seen;
  std::set<std::string> may_remove;
  HostFacts host;
  Now now;
  std::set<std::string> images_on_host = {"shop:1", "shop:2"};
  std::set<std::string> images_without_command;
  StringMap image_users;  // by reference; others are root's
  int64_t run_count = 0;
  std::vector<ProbeContainer> probes_asked;  // none has been answered
  // Performing one only begins it: EndHook ends it.
  std::vector<RunHook> hooks_begun;
  // Containers that end have nothing to say, which is known. True: the agent reads it, by file.
  bool reads_ends = false;
  StringMap end_messages;
  std::vector<ReadEndMessage> ends_read;

 private:
  void AddContainer(const ContainerConfig& config);
};

}  // namespace reconcile
