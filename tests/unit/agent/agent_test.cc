#include "agent/container_rights.h"
#include "tests/unit/agent/agent_fixture.h"

namespace reconcile {
namespace {

TEST_F(AgentTest, RunsWhatIsAssignedAndSaysSo) {
  AddPod("web");
  StartAgent();
  Assign();
  Settle();
  ASSERT_EQ(Running().size(), 1U);
  const PodStatus& status = Reported("web").status;
  EXPECT_EQ(status.phase, PodPhase::kRunning);
  EXPECT_EQ(status.pod_ip, "10.42.3.2");
  EXPECT_TRUE(network.HasRoute("10.42.3.2"));
  EXPECT_EQ(LastReport().applied, assignment.fence);
  for (const char* reason : {"Pulled", "Created", "Started"}) EXPECT_TRUE(Said(reason)) << reason;
}

TEST_F(AgentTest, WritesThePodsFilesBeforeItRuns) {
  AddPod("web");
  StartAgent();
  Assign();
  Settle();
  const std::string folder = "pods/" + Reported("web").uid + "/";
  EXPECT_EQ(*files.Read(folder + "hostname"), "web\n");
  EXPECT_NE(files.Read(folder + "hosts")->find("10.42.3.2\tweb"), std::string::npos);
  EXPECT_EQ(*files.Read(folder + "resolv.conf"), "nameserver 192.0.2.53\n");
}

TEST_F(AgentTest, SettledAgentAsksTheEngineForNothing) {
  AddPod("web");
  StartAgent();
  Assign();
  Settle();
  const int64_t calls = engine.CallCount(FakeCall::kInspect) + engine.CallCount(FakeCall::kCreate) +
                        engine.CallCount(FakeCall::kInspectImage);
  const size_t reports = link.reports.size();
  RunFor(4'000);
  EXPECT_EQ(engine.CallCount(FakeCall::kInspect) + engine.CallCount(FakeCall::kCreate) +
                engine.CallCount(FakeCall::kInspectImage),
            calls);
  EXPECT_LE(link.reports.size(), reports + 1) << "the heartbeat";
}

TEST_F(AgentTest, TellsWhichImagesTheHostHas) {
  const auto told = [this] {
    std::map<std::string, int64_t> images;
    if (LastReport().images == nullptr) return images;
    for (const ContainerImage& image : *LastReport().images) {
      images[image.names.at(0)] = image.size_bytes;
    }
    return images;
  };
  engine.SetImage("docker.io/library/tool:2", {.present = true, .size_bytes = 77});
  AddPod("web");
  StartAgent();
  Assign();
  Settle();
  EXPECT_EQ(told()["tool:2"], 77);
  EXPECT_TRUE(told().contains("shop:1")) << "it was pulled";
  engine.RemoveImage("docker.io/library/tool:2");
  RunFor(2 * options.resync_ms);
  EXPECT_FALSE(told().contains("tool:2"));
}

TEST_F(AgentTest, SpeaksAsOftenAsItIsAskedToAndSaysSo) {
  const auto reports_in = [this](int64_t ms) {
    const size_t before = link.reports.size();
    RunFor(ms);
    return link.reports.size() - before;
  };
  AddPod("web");
  StartAgent();
  Assign();
  Settle();
  EXPECT_EQ(LastReport().heartbeat_ms, kHeartbeatMs);
  EXPECT_EQ(reports_in(20'000), 4U);
  // The promise is said before its time counts, whenever the next word was due.
  assignment.heartbeat_ms = 1'000;
  Assign();
  RunFor(500);
  EXPECT_EQ(LastReport().heartbeat_ms, 1'000);
  EXPECT_EQ(reports_in(20'000), 20U);
  // It is remembered: a controller that is away for a moment need not say it again.
  KillAgent();
  StartAgent();
  RunFor(500);
  EXPECT_EQ(LastReport().heartbeat_ms, 1'000);
  assignment.heartbeat_ms = 1;
  Assign();
  RunFor(500);
  EXPECT_EQ(LastReport().heartbeat_ms, kLeastHeartbeatMs);
  assignment.heartbeat_ms = 0;  // a controller of an earlier release
  Assign();
  RunFor(500);
  EXPECT_EQ(LastReport().heartbeat_ms, kHeartbeatMs);
}

TEST_F(AgentTest, RestartedAgentRestartsNothingAndSaysTheSame) {
  AddPod("web");
  AddPod("shop");
  StartAgent();
  Assign();
  Settle();
  const auto before = RunningIds();
  const PodStatus status = Reported("web").status;
  KillAgent();
  RunFor(60'000);
  StartAgent();
  Settle();
  EXPECT_EQ(RunningIds(), before);
  EXPECT_EQ(Reported("web").status, status);
  Assign();
  Settle();
  EXPECT_EQ(RunningIds(), before);
}

TEST_F(AgentTest, Faults_Line32_AgentKilledAtAnyMomentDoublesNothing) {
  for (int64_t moment_ms = 0; moment_ms < 300; moment_ms += 7) {
    const std::string name = "web-" + std::to_string(moment_ms);
    assignment.pods.clear();
    AddPod(name);
    StartAgent();
    Assign();
    RunFor(moment_ms);
    KillAgent();
    RunFor(1'000);
    StartAgent();
    Assign();
    Settle();
    RunFor(61'000);
    ASSERT_EQ(Running().size(), 1U) << "killed after " << moment_ms << " ms";
    ASSERT_EQ(Running("POD").size(), 1U) << "killed after " << moment_ms << " ms";
    ASSERT_EQ(Reported(name).status.phase, PodPhase::kRunning);
    KillAgent();
  }
}

TEST_F(AgentTest, Faults_Line33_GoesOnAloneWithoutAController) {
  AddPod("web");
  StartAgent();
  Assign();
  Settle();
  link.connected = false;
  engine.KillContainer(Running()[0].id);
  RunFor(5'000);
  ASSERT_EQ(Running().size(), 1U);
  KillAgent();
  engine.DestroyContainer(Running()[0].id);
  StartAgent();  // from its assignment on disk
  Settle();
  EXPECT_EQ(Running().size(), 1U);
  link.Connect();
  EXPECT_EQ(Reported("web").status.phase, PodPhase::kRunning);
}

TEST_F(AgentTest, StopsGracefullyAndSaysThatThePodIsGone) {
  AddPod("web");
  StartAgent();
  Assign();
  Settle();
  DeletePod("web");
  Assign();
  Settle();
  EXPECT_TRUE(engine.Containers("cluster-a").empty());
  EXPECT_FALSE(network.HasRoute("10.42.3.2"));
  EXPECT_TRUE(Reported("web").gone);
  EXPECT_TRUE(files.List("pods")->empty());
  EXPECT_TRUE(Said("Killing", "Stopping container app"));
  assignment.pods.clear();
  Assign();
  Settle();
  EXPECT_TRUE(LastReport().pods.empty());
}

TEST_F(AgentTest, TellsAChangeAtOnceAndThoseCloseToItAFewMillisecondsLater) {
  AddPod("web");
  StartAgent();
  Assign();
  Settle();
  RunFor(1'000);
  const size_t before = link.reports.size();
  for (const char* cluster : {"cluster-x", "cluster-y", "cluster-z"}) {
    Assignment foreign = assignment;
    foreign.fence.cluster_id = cluster;
    link.Assign(foreign);
  }
  EXPECT_EQ(link.reports.size(), before + 1);
  EXPECT_NE(LastReport().held.find("cluster-x"), std::string::npos) << LastReport().held;
  RunFor(6);
  EXPECT_EQ(link.reports.size(), before + 2);
  EXPECT_NE(LastReport().held.find("cluster-z"), std::string::npos) << LastReport().held;
}

TEST_F(AgentTest, SlowStopsDoNotKeepOthersFromStarting) {
  engine.SetImage("deaf:1", {.present = true, .program = {.stop_takes_ms = -1}});
  options.max_parallel_operations = 2;
  for (int i = 0; i < 6; ++i) AddPod("old-" + std::to_string(i), "deaf:1");
  StartAgent();
  Assign();
  Settle();
  for (int i = 0; i < 6; ++i) DeletePod("old-" + std::to_string(i), 600);
  AddPod("new");
  Assign();
  RunFor(5'000);
  EXPECT_EQ(Running().size(), 7U) << "six that will not stop, and the new one";
}

TEST_F(AgentTest, WhatStartsIsServedBeforeWhatIsDeadIsRemoved) {
  for (int i = 0; i < 4; ++i) AddPod("old-" + std::to_string(i));
  StartAgent();
  Assign();
  Settle();
  for (int i = 0; i < 4; ++i) DeletePod("old-" + std::to_string(i));
  for (int i = 0; i < 4; ++i) AddPod("new-" + std::to_string(i));
  std::string order;
  engine.SetObserver([&](const FakeChange& change) {
    if (change.what == "start") order += 's';
    if (change.what == "destroy") order += 'r';
  });
  Assign();
  Settle();
  EXPECT_EQ(order, "ssssssssrrrrrrrr") << "the sandboxes' too";
}

TEST_F(AgentTest, AStartThatTakesLongKeepsNothingDeadForLong) {
  AddPod("old");
  StartAgent();
  Assign();
  Settle();
  DeletePod("old");
  AddPod("new");
  engine.FailNext(FakeCall::kStart, UnavailableError("no reply"), 1, true);  // ten seconds later
  Assign();
  RunFor(900);
  EXPECT_EQ(engine.Containers("cluster-a").size(), 4U) << "with the sandboxes";
  RunFor(600);
  EXPECT_EQ(engine.Containers("cluster-a").size(), 2U);
}

TEST_F(AgentTest, CrashLoopIsReportedAndEachRestartIsANewContainer) {
  engine.SetImage("crash:1", {.present = true, .program = {.exit_after_ms = 100, .exit_code = 3}});
  AddPod("web", "crash:1");
  StartAgent();
  Assign();
  RunFor(3'000);
  const ContainerStatus& status = Reported("web").status.container_statuses.at(0);
  ASSERT_TRUE(status.state.waiting);
  EXPECT_EQ(status.state.waiting->reason, "CrashLoopBackOff");
  EXPECT_EQ(status.restart_count, 1);
  EXPECT_EQ(status.last_state.terminated->exit_code, 3);
  EXPECT_TRUE(Said("BackOff"));
  RunFor(9'000);
  EXPECT_EQ(Reported("web").status.container_statuses.at(0).restart_count, 2);
}

TEST_F(AgentTest, Faults_Line43_ImageThatDoesNotExistIsNamedInTheRegistrysWords) {
  AddPod("web", "gone:9");
  StartAgent();
  Assign();
  RunFor(3'000);
  const auto waiting = [this] {
    const ContainerStatus status = Reported("web").status.container_statuses.at(0);
    return status.state.waiting.value_or(ContainerStateWaiting());
  };
  EXPECT_EQ(waiting().reason, "ErrImagePull");
  EXPECT_NE(waiting().message.find("manifest unknown"), std::string::npos);
  RunFor(4'000);
  EXPECT_EQ(waiting().reason, "ImagePullBackOff");
  EXPECT_NE(waiting().message.find("manifest unknown"), std::string::npos);
  EXPECT_TRUE(Said("Failed", "manifest unknown"));
  EXPECT_EQ(engine.CallCount(FakeCall::kPull), 1);
  engine.SetImage("gone:9", {});  // it is pushed
  RunFor(11'000);
  EXPECT_EQ(Running().size(), 1U);
}

TEST_F(AgentTest, ARegistryThatWantsALoginGetsThoseOfThePodsSecretsInTurn) {
  const auto secret = std::make_shared<Secret>();
  secret->metadata.name = "login";
  secret->metadata.namespace_name = "default";
  secret->type = "kubernetes.io/dockercfg";
  secret->data[".dockercfg"] =
      R"({"r:5000": {"username": "u", "password": "right"},
          "r:5000/app": {"username": "u", "password": "wrong"}})";
  assignment.secrets = {secret};
  FakeImage locked;
  locked.password = "right";
  engine.SetImage("r:5000/app:1", locked);
  AddPod("web", "r:5000/app:1");
  const auto pod = std::make_shared<Pod>(*assignment.pods.back());
  Value list = Value::MakeList();
  for (const char* name : {"login", "gone"}) {
    list.Append(Value::MakeMap());
    list.AsList().back().Set("name", Value::String(name));
  }
  pod->spec.others.Set("imagePullSecrets", list);
  assignment.pods.back() = pod;
  StartAgent();
  Assign();
  Settle();
  EXPECT_EQ(Running().size(), 1U);
  EXPECT_EQ(engine.CallCount(FakeCall::kPull), 2);
  EXPECT_TRUE(Said("FailedToRetrieveImagePullSecret", "(gone)"));
  EXPECT_FALSE(Said("Failed"));
  for (const Report& report : link.reports) {
    for (const AgentEvent& event : report.events) {
      EXPECT_EQ(event.message.find("right"), std::string::npos) << event.message;
    }
  }
}

TEST_F(AgentTest, ContainerRemovedByHandComesBack) {
  AddPod("web");
  StartAgent();
  Assign();
  Settle();
  engine.DestroyContainer(Running()[0].id);
  Settle();
  RunFor(1'000);
  EXPECT_EQ(Running().size(), 1U);
  EXPECT_EQ(Reported("web").status.container_statuses.at(0).restart_count, 1);
}

TEST_F(AgentTest, ImageDeletedByHandIsPulledAgain) {
  AddPod("web");
  StartAgent();
  Assign();
  Settle();
  engine.RemoveImage("shop:1");
  engine.KillContainer(Running()[0].id);
  RunFor(5'000);
  EXPECT_EQ(Running().size(), 1U);
  EXPECT_EQ(engine.CallCount(FakeCall::kPull), 1);
}

TEST_F(AgentTest, RouteDeletedByHandIsPutBackAtTheNextLook) {
  AddPod("web");
  StartAgent();
  Assign();
  Settle();
  const auto before = RunningIds();
  ASSERT_TRUE(network.DropRoute("10.42.3.2"));
  RunFor(options.resync_ms + 1'000);
  EXPECT_TRUE(network.HasRoute("10.42.3.2"));
  EXPECT_EQ(RunningIds(), before);
}

TEST_F(AgentTest, EndOfARunThatNoEventToldIsFoundAtTheNextLook) {
  AddPod("web");
  StartAgent();
  Assign();
  Settle();
  engine.BreakEventStreams();
  engine.KillContainer(Running()[0].id);
  RunFor(options.resync_ms + 1'000);
  EXPECT_EQ(Running().size(), 1U);
}

TEST_F(AgentTest, FailedStartSaysTheEnginesWords) {
  engine.SetImage("bad:1", {.present = true, .program = {.start_error = "exec: \"x\": not found"}});
  AddPod("web", "bad:1");
  StartAgent();
  Assign();
  RunFor(3'000);
  const ContainerStatus& status = Reported("web").status.container_statuses.at(0);
  ASSERT_TRUE(status.state.waiting);
  EXPECT_EQ(status.state.waiting->reason, "RunContainerError");
  EXPECT_NE(status.state.waiting->message.find("exec: \"x\": not found"), std::string::npos);
  EXPECT_TRUE(Said("Failed", "exec: \"x\": not found"));
  EXPECT_LE(engine.CallCount(FakeCall::kStart), 4) << "it backs off";
}

}  // namespace
}  // namespace reconcile
