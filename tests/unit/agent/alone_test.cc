// Pods of one container, which owns the pod's network and waits for it.
#include <algorithm>

#include "agent/restart.h"
#include "runtime/start_program.h"
#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

constexpr char kAddress[] = "10.42.3.2";

class AloneTest : public StepTest {
 protected:
  AloneTest() { host.start_program_path = "/data/start"; }

  // Until something is asked for that `Action` is, which is given.
  template <typename Action>
  Action Until() {
    for (int turn = 0; turn < 20; ++turn) {
      const StepResult result = Take();
      if (const auto found = Find<Action>(result); !found.empty()) return found.front();
      for (const Operation& operation : result.operations) Perform(operation);
      Pass(1);
    }
    ADD_FAILURE() << "it was never asked for";
    return {};
  }
  // Its process ends, and with it its network namespace.
  void Crash(int32_t exit_code = 1) {
    Kill("app", exit_code);
    seen.attached_addresses.erase(kAddress);
  }
  const std::string& Ip(const StepResult& result) { return ReportOf(result).status.pod_ip; }
};

TEST_F(AloneTest, OneContainerAndNoSandbox) {
  Assign(MakePod());
  const StepResult result = Settle();
  EXPECT_EQ(run_count, 1);
  EXPECT_TRUE(All("POD").empty());
  EXPECT_EQ(seen.pods[kUid].attached_owner_id, Newest("app").id);
  EXPECT_EQ(LabelOf(Newest("app"), kLabelAddress), kAddress);
  EXPECT_EQ(Newest("app").name, "rc_app_web_default_11111111_0");
  EXPECT_EQ(Ip(result), kAddress);
  EXPECT_TRUE(StatusOf(result).ready);
}

TEST_F(AloneTest, PodsOfSeveralContainersHaveASandbox) {
  auto pod = MakePod();
  pod->spec.containers = {MakeContainer("one"), MakeContainer("two")};
  Assign(pod);
  Settle();
  EXPECT_EQ(All("POD").size(), 1U);
  EXPECT_FALSE(OwnsNetwork(Newest("one")));
}

TEST_F(AloneTest, ItsCommandIsWhatTheStartProgramBecomes) {
  Assign(MakePod());
  ChangePod(0, [](Pod* pod) {
    pod->spec.containers.Edit()[0].command = {"serve", "--loud"};
    pod->spec.containers.Edit()[0].args = {"now"};
  });
  const ContainerConfig config = Until<RunContainer>().config;
  EXPECT_EQ(config.entrypoint, std::vector<std::string>{std::string(kStartProgramPath)});
  EXPECT_EQ(config.cmd, (std::vector<std::string>{"serve", "--loud", "now"}));
  EXPECT_EQ(config.hostname, "web");
  EXPECT_EQ(config.network_container, "");
  EXPECT_EQ(config.network_start, NetworkStart::kBare);
  const BindMount program = {"/data/start", std::string(kStartProgramPath), true};
  EXPECT_EQ(std::count(config.binds.begin(), config.binds.end(), program), 1);
}

TEST_F(AloneTest, IsNotReadyBeforeItsNetworkIsAttached) {
  Assign(MakePod());
  const AttachNetwork attach = Until<AttachNetwork>();
  EXPECT_EQ(attach.attachment, (PodAttachment{.pod_uid = kUid,
                                              .process_id = Newest("app").process_id,
                                              .address = kAddress,
                                              .own_settings = {},
                                              .waits_as = std::string(kStartProgramPath)}));
  const std::string key = PodKeyPrefix(kUid) + "network";
  seen.failed[key] = {1, now.mono + 1'000, StatusCode::kUnavailable, "ip failed"};
  const StepResult result = Take();
  EXPECT_FALSE(StatusOf(result).ready);
  ASSERT_TRUE(StatusOf(result).state.waiting);
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "ContainerCreating");
  EXPECT_EQ(StatusOf(result).state.waiting->message, "ip failed");
  EXPECT_EQ(ReportOf(result).status.phase, PodPhase::kPending);
}

TEST_F(AloneTest, NextAttemptHasTheSameAddress) {
  Assign(MakePod());
  Settle();
  Crash();
  StepResult result = Settle();
  EXPECT_EQ(AttemptOf(Newest("app")), 1);
  EXPECT_EQ(StatusOf(result).restart_count, 1);
  EXPECT_EQ(seen.pods[kUid].attached_owner_id, Newest("app").id);
  EXPECT_EQ(seen.pods[kUid].attached_process_id, Newest("app").process_id);
  Crash();
  result = Settle();
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "CrashLoopBackOff");
  EXPECT_EQ(StatusOf(result).last_state.terminated->exit_code, 1);
  EXPECT_EQ(Ip(result), kAddress) << "as in Kubernetes, between two attempts too";
  Pass(kFirstCrashBackoffMs);
  result = Settle();
  EXPECT_EQ(Ip(result), kAddress);
  EXPECT_EQ(LabelOf(Newest("app"), kLabelAddress), kAddress);
  EXPECT_TRUE(StatusOf(result).ready);
}

TEST_F(AloneTest, AddressThatStillLeadsToTheLastAttemptMovesToTheNext) {
  Assign(MakePod());
  Settle();
  Kill("app");  // and the kernel takes its time
  const RunContainer run = Until<RunContainer>();
  EXPECT_EQ(run.attempt, 1);
  const StepResult result = Settle();
  EXPECT_EQ(seen.pods[kUid].attached_owner_id, Newest("app").id);
  EXPECT_TRUE(StatusOf(result).ready);
}

TEST_F(AloneTest, StartedAgainByHandIsAttachedAgain) {
  Assign(MakePod());
  Settle();
  const std::string id = Newest("app").id;
  Newest("app").process_id += 1'000;
  const StepResult result = Take();
  EXPECT_FALSE(StatusOf(result).ready) << "it waits in its new namespace";
  ASSERT_EQ(Find<AttachNetwork>(result).size(), 1U);
  EXPECT_EQ(Find<AttachNetwork>(result).front().attachment.process_id, Newest("app").process_id);
  EXPECT_TRUE(Find<RemoveContainerOp>(result).empty());
  for (const Operation& operation : result.operations) Perform(operation);
  EXPECT_TRUE(StatusOf(Settle()).ready);
  EXPECT_EQ(Newest("app").id, id);
}

TEST_F(AloneTest, PodGetsTheMtuOfAnotherBackendAndRunsOn) {
  Assign(MakePod());
  Settle();
  assignment.network_backend = "host-gw";
  const AttachNetwork attach = Until<AttachNetwork>();
  EXPECT_EQ(attach.owner_id, Newest("app").id);
  EXPECT_TRUE(StatusOf(Settle()).ready);
  EXPECT_EQ(seen.pods[kUid].attached_mtu, host.mtu);
  EXPECT_EQ(run_count, 1);
  EXPECT_TRUE(Take().operations.empty());
}

TEST_F(AloneTest, AgentThatForgotAttachesOnceMore) {
  Assign(MakePod());
  Settle();
  ForgetEverything();
  seen.pause_image_id = "sha256:pause";
  seen.network_listed = false;
  EXPECT_TRUE(StatusOf(Take()).ready) << "it believes so until it has looked";
  seen.network_listed = true;
  StepResult result = Take();
  EXPECT_EQ(Ip(result), kAddress);
  EXPECT_TRUE(StatusOf(result).ready) << "a restart of the agent unreadies nothing";
  result = Until<AttachNetwork>().owner_id == Newest("app").id ? Settle() : StepResult();
  EXPECT_TRUE(StatusOf(result).ready);
  EXPECT_EQ(run_count, 1);
  EXPECT_TRUE(Take().operations.empty());
}

TEST_F(AloneTest, AgentThatForgotGoesOnWaitingAfterACrash) {
  Assign(MakePod());
  Settle();
  Crash();
  Settle();
  Crash();
  ForgetEverything();
  StepResult result = Settle();
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "CrashLoopBackOff");
  EXPECT_EQ(Ip(result), kAddress);
  Assign(MakePod("other", "22222222-aaaa-bbbb-cccc-000000000002"));
  result = Settle();
  EXPECT_NE(ReportOf(result, "22222222-aaaa-bbbb-cccc-000000000002").status.pod_ip, kAddress);
}

TEST_F(AloneTest, RunsOnInItsOwnNetworkWhereTheProgramCannotBeUsedAnyMore) {
  Assign(MakePod());
  Settle();
  host.start_program_path.clear();
  EXPECT_TRUE(StatusOf(Settle()).ready);
  EXPECT_EQ(run_count, 1);
  Crash();
  EXPECT_TRUE(StatusOf(Settle()).ready);
  EXPECT_EQ(All("POD").size(), 1U);
  EXPECT_FALSE(OwnsNetwork(Newest("app")));
}

TEST_F(AloneTest, RunsOnInTheSandboxThatAnEarlierReleaseMade) {
  host.start_program_path.clear();
  Assign(MakePod());
  Settle();
  host.start_program_path = "/data/start";
  EXPECT_TRUE(Settle().operations.empty());
  EXPECT_EQ(run_count, 2);
  Kill("app");
  Settle();
  EXPECT_EQ(All("POD").size(), 1U);
  Kill("POD", 137);
  Crash();
  Pass(kMaxCrashBackoffMs);
  EXPECT_TRUE(StatusOf(Settle()).ready);
  EXPECT_TRUE(All("POD").empty()) << "a lost one needs no successor";
}

TEST_F(AloneTest, ASandboxBesideAContainerThatOwnsItsNetworkGoes) {
  Assign(MakePod());
  Settle();
  ContainerInfo sandbox = Newest("app");
  sandbox.id = "sandbox";
  sandbox.name = "rc_POD_web_default_11111111_0";
  sandbox.labels[std::string(kLabelContainer)] = kSandboxContainer;
  seen.containers[sandbox.id] = sandbox;
  host.start_program_path.clear();
  EXPECT_TRUE(StatusOf(Settle()).ready);
  EXPECT_TRUE(All("POD").empty());
  EXPECT_EQ(run_count, 1);
}

TEST_F(AloneTest, NothingToRunIsSaidAndNotCreated) {
  Assign(MakePod());
  images_without_command.insert("shop:1");
  const StepResult result = Settle();
  EXPECT_EQ(run_count, 0);
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "CreateContainerError");
  EXPECT_EQ(StatusOf(result).state.waiting->message,
            "no command specified: neither container app nor its image shop:1 says what to run");
}

TEST_F(AloneTest, NeverPodThatEndedKeepsItsLogAndGivesItsAddressBack) {
  auto pod = MakePod();
  pod->spec.restart_policy = RestartPolicy::kNever;
  Assign(pod);
  Settle();
  Kill("app", 0);
  StepResult result = Settle();
  EXPECT_EQ(ReportOf(result).status.phase, PodPhase::kSucceeded);
  EXPECT_EQ(Ip(result), kAddress);
  EXPECT_EQ(run_count, 1);
  EXPECT_EQ(All("app").size(), 1U);
  EXPECT_FALSE(seen.attached_addresses.contains(kAddress));
  EXPECT_EQ(seen.pods[kUid].address, "");
  EXPECT_EQ(Settle().operations.size(), 0U);
  EXPECT_EQ(seen.pods[kUid].address, "") << "its container's label does not bring it back";
}

TEST_F(AloneTest, OnFailurePodThatEndedWellIsNotRunAgain) {
  auto pod = MakePod();
  pod->spec.restart_policy = RestartPolicy::kOnFailure;
  Assign(pod);
  Settle();
  Crash(3);
  EXPECT_EQ(StatusOf(Settle()).restart_count, 1);
  Crash(0);
  EXPECT_EQ(ReportOf(Settle()).status.phase, PodPhase::kSucceeded);
  ForgetEverything();
  EXPECT_EQ(ReportOf(Settle()).status.phase, PodPhase::kSucceeded);
  EXPECT_EQ(run_count, 2);
}

TEST_F(AloneTest, ChangedSpecIsAnotherContainerWithTheSameAddress) {
  Assign(MakePod());
  Settle();
  ChangePod(0, [](Pod* pod) { pod->spec.containers.Edit()[0].image = "shop:2"; });
  const StepResult result = Settle();
  EXPECT_EQ(Newest("app").image_id, "sha256:shop:2");
  EXPECT_EQ(Ip(result), kAddress);
  EXPECT_TRUE(StatusOf(result).ready);
  EXPECT_EQ(seen.pods[kUid].attached_owner_id, Newest("app").id);
}

TEST_F(AloneTest, GoesWithItsAddressAndFiles) {
  Assign(MakePod());
  Settle();
  Delete(0, 5);
  EXPECT_TRUE(ReportOf(Settle()).gone);
  EXPECT_TRUE(seen.containers.empty());
  EXPECT_TRUE(seen.attached_addresses.empty());
  EXPECT_TRUE(seen.pod_folders.empty());
}

TEST_F(AloneTest, IsSweptByItsLabels) {
  Assign(MakePod());
  Settle();
  ForgetEverything();
  assignment.pods.clear();
  Settle();
  EXPECT_EQ(seen.containers.size(), 1U) << "nobody said that it may go";
  may_remove.insert(kUid);
  Settle();
  EXPECT_TRUE(seen.containers.empty());
  EXPECT_TRUE(seen.attached_addresses.empty());
}

TEST_F(AloneTest, ContainerThatTheEngineCannotDescribeRunsOn) {
  Assign(MakePod());
  Settle();
  ForgetEverything();
  seen.pause_image_id = "sha256:pause";
  Newest("app").process_id = 0;
  Newest("app").from_list_alone = true;
  EXPECT_TRUE(StatusOf(Settle()).ready);
  EXPECT_EQ(run_count, 1);
}

}  // namespace
}  // namespace reconcile
