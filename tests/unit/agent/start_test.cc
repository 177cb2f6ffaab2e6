#include <algorithm>

#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

class StartTest : public StepTest {};

TEST_F(StartTest, OrdersFilesSandboxNetworkImageContainer) {
  Assign(MakePod());
  std::vector<std::string> order;
  for (StepResult result = Take(); !result.operations.empty(); result = Take()) {
    for (const Operation& operation : result.operations) {
      order.push_back(operation.key);
      Perform(operation);
    }
    ASSERT_LT(order.size(), 20U);
  }
  const auto at = [&](const std::string& what) {
    const std::string key = what == "image" ? "image/shop:1" : PodKeyPrefix(kUid) + what;
    return std::find(order.begin(), order.end(), key) - order.begin();
  };
  EXPECT_EQ(order.size(), 7U);
  EXPECT_LT(at("files"), at("sandbox"));
  EXPECT_LT(at("sandbox"), at("network"));
  EXPECT_LT(at("network"), at("container/app"));
  EXPECT_LT(at("image"), at("container/app"));
}

TEST_F(StartTest, SettledHostHasNothingToDoAndTheSameAnswerTwice) {
  Assign(MakePod());
  Assign(MakePod("other", "22222222-aaaa"));
  Settle();
  const StepResult first = Step(assignment, seen, may_remove, host, now);
  EXPECT_TRUE(first.operations.empty());
  EXPECT_TRUE(first.events.empty());
  EXPECT_EQ(first.pod_memory, seen.pods);
  const StepResult second = Step(assignment, seen, may_remove, host, now);
  ASSERT_EQ(first.pods.size(), second.pods.size());
  for (size_t i = 0; i < first.pods.size(); ++i) {
    EXPECT_EQ(first.pods[i].status, second.pods[i].status);
  }
}

TEST_F(StartTest, EveryStepOnTheWayHasTheSameAnswerTwice) {
  Assign(MakePod());
  for (int i = 0; i < 10; ++i) {
    const StepResult one = Step(assignment, seen, may_remove, host, now);
    const StepResult two = Step(assignment, seen, may_remove, host, now);
    ASSERT_EQ(one.operations.size(), two.operations.size());
    for (size_t k = 0; k < one.operations.size(); ++k) {
      EXPECT_EQ(one.operations[k].key, two.operations[k].key);
    }
    EXPECT_EQ(one.pod_memory, two.pod_memory);
    for (const Operation& operation : Take().operations) Perform(operation);
    Pass(10);
  }
}

TEST_F(StartTest, NothingIsAskedTwiceWhileItIsUnderWay) {
  Assign(MakePod());
  const StepResult first = Take();
  ASSERT_FALSE(first.operations.empty());
  for (const Operation& operation : first.operations) seen.busy.insert(operation.key);
  EXPECT_TRUE(Take().operations.empty());
}

TEST_F(StartTest, SandboxCarriesWhatAnAgentThatForgotNeeds) {
  Assign(MakePod());
  Settle();
  const ContainerInfo& sandbox = Newest("POD");
  EXPECT_EQ(sandbox.name, "rc_POD_web_default_11111111_0");
  EXPECT_EQ(LabelOf(sandbox, kLabelCluster), "cluster-a");
  EXPECT_EQ(LabelOf(sandbox, kLabelAddress), "10.42.3.2");
  EXPECT_EQ(LabelOf(sandbox, kLabelPodUid), kUid);
  EXPECT_EQ(Newest("app").name, "rc_app_web_default_11111111_0");
}

TEST_F(StartTest, SandboxIsTheEnginesOnlyForPodsThatNeedItsResolver) {
  const auto network_start = [&](bool resolver) {
    seen.containers.clear();
    seen.pods.clear();
    seen.attached_addresses.clear();
    assignment.pods.clear();
    Assign(MakePod());
    for (int turn = 0; turn < 5; ++turn) {
      const StepResult result = Take();
      if (const auto runs = Find<RunSandbox>(result); !runs.empty()) {
        return runs.front().config.network_start;
      }
      for (const Operation& operation : result.operations) Perform(operation);
      seen.pods[kUid].has_resolver = resolver;
    }
    ADD_FAILURE() << "no sandbox was asked for";
    return NetworkStart::kEngines;
  };
  EXPECT_EQ(network_start(true), NetworkStart::kBare);
  EXPECT_EQ(network_start(false), NetworkStart::kEngines);
}

TEST_F(StartTest, NothingStartsInASandboxThatIsNotAttached) {
  Assign(MakePod());
  StepResult result = Take();
  while (Find<AttachNetwork>(result).empty()) {
    ASSERT_FALSE(result.operations.empty());
    for (const Operation& operation : result.operations) Perform(operation);
    result = Take();
  }
  const std::string key = PodKeyPrefix(kUid) + "network";
  seen.failed[key] = {1, now.mono + 1'000, StatusCode::kNotFound, "its process has ended"};
  for (int turn = 0; turn < 5; ++turn) {
    for (const Operation& operation : result.operations) {
      if (operation.key != key) Perform(operation);
    }
    result = Take();
    EXPECT_TRUE(Find<RunContainer>(result).empty());
  }
  EXPECT_EQ(StatusOf(result).state.waiting->message, "its process has ended");
}

TEST_F(StartTest, SandboxThatWasStartedAgainByHandIsReplacedBeforeAnythingStartsInIt) {
  Assign(MakePod());
  Settle();
  const std::string first = Newest("POD").id;
  Newest("POD").process_id += 1'000;
  Kill("app");
  const StepResult result = Take();
  EXPECT_TRUE(Find<RunContainer>(result).empty());
  ASSERT_EQ(Find<RemoveContainerOp>(result).size(), 1U);
  EXPECT_EQ(Find<RemoveContainerOp>(result).front().container_id, first);
  for (const Operation& operation : result.operations) Perform(operation);
  Settle();
  EXPECT_NE(Newest("POD").id, first);
  EXPECT_EQ(Newest("app").state, ContainerRunState::kRunning);
}

TEST_F(StartTest, AllContainersOfAPodStartTogether) {
  auto pod = MakePod();
  pod->spec.containers = {MakeContainer("one"), MakeContainer("two"), MakeContainer("three")};
  Assign(pod);
  StepResult result;
  do {
    result = Take();
    if (Find<RunContainer>(result).empty()) {
      for (const Operation& operation : result.operations) Perform(operation);
    }
  } while (Find<RunContainer>(result).empty() && !result.operations.empty());
  EXPECT_EQ(Find<RunContainer>(result).size(), 3U);
}

TEST_F(StartTest, EveryPodHasItsOwnAddress) {
  for (int i = 0; i < 20; ++i) {
    Assign(MakePod("web-" + std::to_string(i), "uid-" + std::to_string(i)));
  }
  const StepResult result = Settle();
  std::set<std::string> addresses;
  for (const PodReport& pod : result.pods) addresses.insert(pod.status.pod_ip);
  EXPECT_EQ(addresses.size(), 20U);
  EXPECT_FALSE(addresses.contains(""));
}

TEST_F(StartTest, PodWaitsWithAReasonWhenAddressesRunOut) {
  assignment.node_pod_cidr = "10.42.3.0/29";  // five addresses for pods
  for (int i = 0; i < 6; ++i) {
    Assign(MakePod("web-" + std::to_string(i), "uid-" + std::to_string(i)));
  }
  const StepResult result = Settle();
  EXPECT_EQ(ReportOf(result, "uid-4").status.phase, PodPhase::kRunning);
  const ContainerStatus& waiting = ReportOf(result, "uid-5").status.container_statuses.at(0);
  ASSERT_TRUE(waiting.state.waiting);
  EXPECT_NE(waiting.state.waiting->message.find("10.42.3.0/29"), std::string::npos)
      << waiting.state.waiting->message;
}

TEST_F(StartTest, PodWaitsForItsHostsSubnet) {
  assignment.node_pod_cidr.clear();
  Assign(MakePod());
  const StepResult result = Settle();
  EXPECT_EQ(ReportOf(result).status.phase, PodPhase::kPending);
  EXPECT_TRUE(seen.containers.empty());
}

TEST_F(StartTest, NothingHappensWhileTheEngineIsDown) {
  Assign(MakePod());
  Settle();
  seen.engine_up = false;
  seen.containers.clear();
  const StepResult result = Take();
  EXPECT_TRUE(result.operations.empty());
  EXPECT_TRUE(result.pods.empty());
  EXPECT_FALSE(seen.pods.empty()) << "memory is kept";
}

TEST_F(StartTest, FailedOperationWaitsForItsRetry) {
  Assign(MakePod());
  Take();
  seen.failed["pause"] = {1, now.mono + 1'000, StatusCode::kUnavailable, "no space left"};
  seen.prepared = HostNetworkConfig{"10.42.0.0/16", "10.42.3.0/24", 1500};
  const StepResult waiting = Take();
  EXPECT_TRUE(Find<EnsurePause>(waiting).empty());
  ASSERT_TRUE(waiting.wake_at);
  EXPECT_EQ(*waiting.wake_at, now.mono + 1'000);
  EXPECT_NE(StatusOf(waiting).state.waiting->message.find("no space left"), std::string::npos);
  Pass(1'000);
  EXPECT_EQ(Find<EnsurePause>(Take()).size(), 1U);
}

TEST_F(StartTest, ForgetfulAgentAdoptsEverythingUntouched) {
  Assign(MakePod());
  const StepResult before = Settle();
  ForgetEverything();
  const auto containers_before = seen.containers.size();
  const StepResult after = Settle();
  EXPECT_EQ(seen.containers.size(), containers_before);
  EXPECT_EQ(run_count, 2) << "one sandbox, one container, ever";
  EXPECT_EQ(ReportOf(before).status, ReportOf(after).status);
}

TEST_F(StartTest, RepeatedAssignmentRestartsNothing) {
  Assign(MakePod());
  Settle();
  for (int i = 0; i < 5; ++i) {
    ++assignment.fence.revision;
    ChangePod(0, [](Pod* pod) { pod->metadata.labels["touched"] += "x"; });
    Settle();
  }
  EXPECT_EQ(run_count, 2);
}

TEST_F(StartTest, LostSandboxRecreatesThePodAtItsAddress) {
  auto pod = MakePod();
  pod->spec.containers = {MakeContainer("one"), MakeContainer("two")};
  Assign(pod);
  Settle();
  Kill("POD", 137);
  const StepResult result = Settle();
  EXPECT_EQ(AttemptOf(Newest("POD")), 1);
  EXPECT_EQ(AttemptOf(Newest("one")), 1);
  EXPECT_EQ(AttemptOf(Newest("two")), 1);
  EXPECT_TRUE(IsLive(Newest("one")) && IsLive(Newest("two")));
  EXPECT_EQ(ReportOf(result).status.pod_ip, "10.42.3.2");
  EXPECT_EQ(All("POD").size(), 1U);
  EXPECT_EQ(seen.pods[kUid].memory["one"].backoff_steps, 0) << "it did not crash";
}

TEST_F(StartTest, VanishedSandboxRecreatesThePodToo) {
  Assign(MakePod());
  Settle();
  seen.containers.erase(Newest("POD").id);
  Settle();
  EXPECT_EQ(AttemptOf(Newest("POD")), 1);
  EXPECT_EQ(AttemptOf(Newest("app")), 1);
}

TEST_F(StartTest, SandboxThatEndsAgainAndAgainIsMadeEverMoreSlowly) {
  Assign(MakePod());
  Settle();
  Kill("POD", 1);
  Settle();
  Kill("POD", 1);
  const StepResult waiting = Settle();
  ASSERT_TRUE(waiting.wake_at);
  EXPECT_TRUE(All("POD").empty());
  EXPECT_NE(StatusOf(waiting).state.waiting->message.find("again and again"), std::string::npos);
  Pass(1'000);
  Settle();
  EXPECT_EQ(AttemptOf(Newest("POD")), 2);
}

TEST_F(StartTest, NetworkLostUnderARunningPodIsPutBack) {
  Assign(MakePod());
  Settle();
  seen.attached_addresses.clear();
  const StepResult result = Take();
  ASSERT_EQ(Find<AttachNetwork>(result).size(), 1U);
  EXPECT_EQ(Find<AttachNetwork>(result)[0].attachment.address, "10.42.3.2");
  Settle();
  EXPECT_EQ(run_count, 2) << "nothing restarts";
}

TEST_F(StartTest, PodGetsTheHostsOtherMtuAndRunsOn) {
  Assign(MakePod());
  Settle();
  host.mtu -= 100;
  Settle();
  ASSERT_TRUE(seen.prepared);
  EXPECT_EQ(seen.pods[kUid].attached_mtu, seen.prepared->mtu);
  EXPECT_EQ(run_count, 2) << "nothing restarts";
  EXPECT_TRUE(Take().operations.empty());
}

// It was to give the pod that MTU when it ended.
TEST_F(StartTest, RestartedAgentGivesPodsTheMtuOfAnotherBackend) {
  Assign(MakePod());
  Settle();
  assignment.network_backend = "host-gw";
  ForgetEverything();
  std::vector<std::string> attached;
  for (StepResult result = Take(); !result.operations.empty(); result = Take()) {
    for (const AttachNetwork& attach : Find<AttachNetwork>(result)) {
      EXPECT_EQ(seen.prepared->mtu, host.mtu);
      attached.push_back(attach.owner_id);
    }
    EXPECT_TRUE(StatusOf(result).ready) << "a restart of the agent unreadies nothing";
    for (const Operation& operation : result.operations) Perform(operation);
  }
  EXPECT_EQ(attached, std::vector<std::string>{Newest("POD").id});
  EXPECT_EQ(run_count, 2) << "nothing restarts";
}

TEST_F(StartTest, AddressOfAnEarlierSandboxIsDetachedFirst) {
  Assign(MakePod());
  Settle();
  seen.pods[kUid].attached_owner_id = "an-earlier-one";
  const StepResult result = Take();
  EXPECT_EQ(Find<DetachNetwork>(result).size(), 1U);
  EXPECT_TRUE(Find<AttachNetwork>(result).empty());
  Settle();
  EXPECT_EQ(seen.pods[kUid].attached_owner_id, Newest("POD").id);
}

TEST_F(StartTest, CreatedAndNeverStartedIsRemovedAndMadeAgain) {
  Assign(MakePod());
  Settle();
  ContainerInfo& container = Newest("app");
  container.state = ContainerRunState::kCreated;
  container.process_id = 0;
  container.started_at.reset();
  const std::string id = container.id;
  seen.pods[kUid].memory.clear();  // the agent that made it is gone
  Settle();
  EXPECT_FALSE(seen.containers.contains(id));
  EXPECT_TRUE(IsLive(Newest("app")));
  EXPECT_EQ(AttemptOf(Newest("app")), 0) << "it never ran: no restart is counted";
}

TEST_F(StartTest, CreatedContainerIsLeftAloneWhileItsStartIsUnderWay) {
  Assign(MakePod());
  Settle();
  Newest("app").state = ContainerRunState::kCreated;
  seen.busy.insert(PodKeyPrefix(kUid) + "container/app");
  const StepResult result = Take();
  EXPECT_TRUE(Find<RemoveContainerOp>(result).empty());
  EXPECT_TRUE(Find<RunContainer>(result).empty());
}

TEST_F(StartTest, OfTwoRunningCopiesTheNewestAttemptStays) {
  Assign(MakePod());
  Settle();
  ContainerInfo copy = Newest("app");
  copy.id = "double";
  copy.name = "renamed-by-hand";
  copy.labels[std::string(kLabelAttempt)] = "1";
  seen.containers[copy.id] = copy;
  const std::string old_id = [&] {
    for (const ContainerInfo& c : All("app")) {
      if (c.id != "double") return c.id;
    }
    return std::string();
  }();
  const StepResult result = Take();
  ASSERT_EQ(Find<StopContainerOp>(result).size(), 1U);
  EXPECT_EQ(Find<StopContainerOp>(result)[0].container_id, old_id);
}

TEST_F(StartTest, OfTwoCopiesOfOneAttemptTheLongestRunningStays) {
  Assign(MakePod());
  Settle();
  ContainerInfo copy = Newest("app");
  copy.id = "a-double";
  copy.name = "renamed-by-hand";
  copy.started_at->ms += 5'000;
  seen.containers[copy.id] = copy;
  const StepResult result = Take();
  ASSERT_EQ(Find<StopContainerOp>(result).size(), 1U);
  EXPECT_EQ(Find<StopContainerOp>(result)[0].container_id, "a-double");
}

TEST_F(StartTest, PausedContainerIsLeftButNotReady) {
  Assign(MakePod());
  Settle();
  Newest("app").state = ContainerRunState::kPaused;
  const StepResult result = Take();
  EXPECT_TRUE(result.operations.empty());
  EXPECT_FALSE(StatusOf(result).ready);
  EXPECT_EQ(FindCondition(ReportOf(result).status.conditions, "Ready")->status,
            ConditionStatus::kFalse);
}

TEST_F(StartTest, ChangedImageReplacesOnlyThatContainer) {
  auto pod = MakePod();
  pod->spec.containers = {MakeContainer("one"), MakeContainer("two")};
  Assign(pod);
  Settle();
  const std::string kept = Newest("two").id;
  ChangePod(0, [](Pod* p) { p->spec.containers.Edit()[0].image = "shop:2"; });
  Settle();
  EXPECT_EQ(Newest("two").id, kept);
  EXPECT_EQ(AttemptOf(Newest("one")), 1);
  EXPECT_EQ(Newest("one").image_id, "sha256:shop:2");
  EXPECT_EQ(All("POD").size(), 1U);
}

TEST_F(StartTest, ChangedImageThatCannotBePulledKeepsTheOldContainerRunning) {
  Assign(MakePod());
  Settle();
  const std::string id = Newest("app").id;
  ChangePod(0, [](Pod* p) { p->spec.containers.Edit()[0].image = "gone:9"; });
  Take();
  ImageSeen& image = seen.images["gone:9"];
  image.state = ImageSeen::State::kPullFailed;
  image.failures = 1;
  image.retry_at = now.mono + 10'000;
  const StepResult result = Take();
  EXPECT_TRUE(result.operations.empty());
  EXPECT_EQ(Newest("app").id, id);
  EXPECT_TRUE(StatusOf(result).ready);
}

TEST_F(StartTest, LabelOfAnotherHashVersionRestartsNothing) {
  Assign(MakePod());
  Settle();
  Newest("app").labels[std::string(kLabelSpecHash)] = "2:0123456789abcdef";
  EXPECT_TRUE(Take().operations.empty());
}

TEST_F(StartTest, PodRemovedByHandComesBack) {
  Assign(MakePod());
  Settle();
  seen.containers.erase(Newest("app").id);
  const StepResult result = Settle();
  EXPECT_EQ(AttemptOf(Newest("app")), 1);
  ASSERT_TRUE(StatusOf(result).last_state.terminated);
  EXPECT_EQ(StatusOf(result).last_state.terminated->reason, "ContainerStatusUnknown");
  EXPECT_EQ(StatusOf(result).restart_count, 1);
}

TEST_F(StartTest, APodWithFieldsThatAreNotHonouredIsNotRunWithoutThem) {
  auto pod = MakePod();
  pod->spec.others.Set("hostUsers", Value::Bool(false));
  Assign(pod);
  StepResult result = Take();
  for (const StepResult* one = &result; !one->operations.empty(); one = &result) {
    for (const Operation& operation : one->operations) {
      EXPECT_FALSE(operation.key.starts_with(PodKeyPrefix(kUid))) << operation.key;
      Perform(operation);
    }
    result = Take();
  }
  EXPECT_TRUE(All("POD").empty());
  const ContainerStatus& status = StatusOf(result);
  ASSERT_TRUE(status.state.waiting);
  EXPECT_EQ(status.state.waiting->reason, "UnsupportedFields");
  EXPECT_NE(status.state.waiting->message.find("spec.hostUsers"), std::string::npos);
  EXPECT_EQ(ReportOf(result).status.phase, PodPhase::kPending);
}

TEST_F(StartTest, ARefusedPodIsToldOfOnceAsAnEvent) {
  auto pod = MakePod();
  pod->spec.others.Set("hostUsers", Value::Bool(false));
  Assign(pod);
  const StepResult first = Take();
  ASSERT_EQ(first.events.size(), 1U);
  EXPECT_EQ(first.events[0].reason, "UnsupportedFields");
  EXPECT_EQ(first.events[0].type, EventType::kWarning);
  EXPECT_TRUE(Take().events.empty());
}

TEST_F(StartTest, WhatRunsIsNotStoppedForFieldsThatAreNotHonouredAndNotStartedAgain) {
  Assign(MakePod());
  Settle();
  ChangePod(0, [](Pod* pod) { pod->spec.others.Set("hostUsers", Value::Bool(false)); });
  StepResult result = Take();
  EXPECT_TRUE(result.operations.empty());
  EXPECT_TRUE(StatusOf(result).state.running);
  Kill("app");
  Pass(3'600'000);
  result = Take();
  EXPECT_TRUE(result.operations.empty());
  ASSERT_TRUE(StatusOf(result).state.waiting);
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "UnsupportedFields");
}

}  // namespace
}  // namespace reconcile
