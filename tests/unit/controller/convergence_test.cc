#include "controller/convergence.h"

#include "schema/core.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

using Lines = std::vector<std::string>;

std::shared_ptr<Source> MakeSource(ConditionStatus ready, const std::string& message) {
  auto source = std::make_shared<Source>();
  source->metadata.name = "main";
  source->status.conditions = {{.type = "Ready", .status = ready, .message = message}};
  return source;
}

std::shared_ptr<Pod> MakePod(const std::string& name, bool ready) {
  auto pod = std::make_shared<Pod>();
  pod->metadata.name = name;
  pod->metadata.namespace_name = "default";
  pod->spec.node_name = "host-1";
  pod->status.phase = PodPhase::kRunning;
  pod->status.conditions = {
      {.type = "Ready", .status = ready ? ConditionStatus::kTrue : ConditionStatus::kFalse}};
  return pod;
}

TEST(Convergence, SaysNothingWhenAllIsWell) {
  ClusterState state;
  state.Put(MakeSource(ConditionStatus::kTrue, ""));
  state.Put(MakePod("web-1", true));
  EXPECT_EQ(UnconvergedIn(state), Lines());
}

TEST(Convergence, NamesASourceThatFailsOrWasNotReadYet) {
  ClusterState state;
  state.Put(MakeSource(ConditionStatus::kFalse, "web.yaml:3:1: no"));
  EXPECT_EQ(UnconvergedIn(state), Lines{"source main: web.yaml:3:1: no"});
  auto unread = std::make_shared<Source>();
  unread->metadata.name = "main";
  state.Put(unread);
  EXPECT_EQ(UnconvergedIn(state), Lines{"source main: not read yet"});
}

TEST(Convergence, NamesAHeldPruneWithItsReason) {
  ClusterState state;
  auto source = MakeSource(ConditionStatus::kFalse, "held");
  source->status.conditions[0].reason = "PruneHeld";
  source->status.held = HeldPrune{.plan_hash = "abc", .reason = "would empty the tree"};
  state.Put(source);
  EXPECT_EQ(UnconvergedIn(state), Lines{"source main: held: would empty the tree"});
}

TEST(Convergence, SaysHowACrashingContainerEndedBefore) {
  ClusterState state;
  auto pod = MakePod("web-1", false);
  ContainerStatus container;
  container.name = "app";
  container.state.waiting = ContainerStateWaiting{"CrashLoopBackOff", "back-off 40s"};
  container.last_state.terminated = ContainerStateTerminated{};
  container.last_state.terminated->exit_code = 3;
  container.last_state.terminated->reason = "Error";
  pod->status.container_statuses = {container};
  state.Put(pod);
  EXPECT_EQ(UnconvergedIn(state),
            Lines{"pod default/web-1: CrashLoopBackOff: back-off 40s; container app ended before "
                  "with exit code 3 (Error)"});
}

TEST(Convergence, GivesTheWordsOfTheLastFailedProbe) {
  ClusterState state;
  auto pod = MakePod("web-1", false);
  pod->metadata.uid = "u1";
  ContainerStatus container;
  container.name = "app";
  container.state.running = ContainerStateRunning{};
  pod->status.container_statuses = {container};
  state.Put(pod);
  EXPECT_EQ(UnconvergedIn(state), Lines{"pod default/web-1: starting on host-1"});
  const auto tell = [&](const std::string& name, const std::string& uid, const char* reason,
                        const char* message, int64_t at_ms) {
    auto event = std::make_shared<Event>();
    event->metadata.namespace_name = "default";
    event->metadata.name = name;
    event->involved_object.uid = uid;
    event->reason = reason;
    event->message = message;
    event->last_timestamp = WallTime{at_ms};
    state.Put(event);
  };
  tell("web-1.1", "u1", "Unhealthy", "Readiness probe failed: 503", 2000);
  tell("web-1.2", "u1", "Unhealthy", "Startup probe failed: refused", 1000);
  tell("web-1.3", "u1", "Pulled", "other", 3000);
  tell("web-1.4", "u0", "Unhealthy", "of an earlier pod", 4000);
  tell("web-10.5", "u1", "Unhealthy", "of another name", 5000);
  EXPECT_EQ(UnconvergedIn(state), Lines{"pod default/web-1: runs on host-1 and is not ready: "
                                        "Readiness probe failed: 503"});
}

TEST(Convergence, GivesTheEnginesWordsForAWaitingContainer) {
  ClusterState state;
  auto pod = MakePod("web-1", false);
  ContainerStatus container;
  container.state.waiting = ContainerStateWaiting{"ImagePullBackOff", "manifest unknown"};
  pod->status.container_statuses = {container};
  state.Put(pod);
  EXPECT_EQ(UnconvergedIn(state), Lines{"pod default/web-1: ImagePullBackOff: manifest unknown"});
}

TEST(Convergence, GivesTheSchedulersWordsForAPodWithoutHost) {
  ClusterState state;
  auto pod = MakePod("web-1", false);
  pod->spec.node_name.clear();
  pod->status.conditions.push_back(
      {.type = "PodScheduled",
       .status = ConditionStatus::kFalse,
       .message = "0/1 nodes are available: 1 node(s) were not ready. host-1: not ready"});
  state.Put(pod);
  EXPECT_EQ(UnconvergedIn(state), Lines{"pod default/web-1: 0/1 nodes are available: 1 node(s) "
                                        "were not ready. host-1: not ready"});
}

TEST(Convergence, CountsWorkloadsWithFewerPodsThanDeclared) {
  ClusterState state;
  auto deployment = std::make_shared<Deployment>();
  deployment->metadata.name = "web";
  deployment->metadata.namespace_name = "default";
  deployment->spec.replicas = 3;
  deployment->status.ready_replicas = 1;
  state.Put(deployment);
  EXPECT_EQ(UnconvergedIn(state), Lines{"Deployment default/web: 1 of 3 pods are ready"});
}

TEST(Convergence, NamesASilentNode) {
  ClusterState state;
  auto node = std::make_shared<Node>();
  node->metadata.name = "host-1";
  node->status.conditions = {
      {.type = "Ready", .status = ConditionStatus::kUnknown, .message = "is the host up?"}};
  state.Put(node);
  EXPECT_EQ(UnconvergedIn(state), Lines{"node host-1: not ready: is the host up?"});
}

TEST(Convergence, SaysOfPodsOnASilentNodeOnlyWhatWasLastKnown) {
  ClusterState state;
  auto lost = MakePod("web-1", false);
  lost->status.conditions = {{.type = "Ready",
                              .status = ConditionStatus::kFalse,
                              .reason = std::string(kNodeStatusUnknown),
                              .message = "node host-1 is silent; last seen Running at noon"}};
  state.Put(lost);
  auto node = std::make_shared<Node>();
  node->metadata.name = "host-1";
  node->status.conditions = {{.type = "Ready",
                              .status = ConditionStatus::kUnknown,
                              .reason = std::string(kNodeStatusUnknown),
                              .message = "is the host up?"}};
  state.Put(node);
  auto starting = MakePod("web-2", false);
  starting->status.phase = PodPhase::kPending;
  state.Put(starting);
  EXPECT_EQ(
      UnconvergedIn(state),
      (Lines{"node host-1: not ready: is the host up?; its pods are not replaced, as there is no "
             "other host",
             "pod default/web-1: node host-1 is silent; last seen Running at noon",
             "pod default/web-2: node host-1 is silent; last seen Pending"}));
}

TEST(Convergence, ARevokedNodeIsANoteAndWaitedForByNobody) {
  ClusterState state;
  auto node = std::make_shared<Node>();
  node->metadata.name = "host-1";
  node->status.conditions = {{.type = "Ready",
                              .status = ConditionStatus::kFalse,
                              .reason = std::string(kNodeRevoked),
                              .message = "revoked at noon"}};
  state.Put(node);
  EXPECT_EQ(UnconvergedIn(state), Lines());
  EXPECT_EQ(NotesOn(state), Lines{"node host-1: revoked at noon"});
}

TEST(Convergence, NamesANodeWhoseAgentDoesNotFollow) {
  ClusterState state;
  auto node = std::make_shared<Node>();
  node->metadata.name = "host-1";
  node->status.conditions = {{.type = "Ready", .status = ConditionStatus::kTrue},
                             {.type = std::string(kAssignmentAccepted),
                              .status = ConditionStatus::kFalse,
                              .message = "too many stops"}};
  state.Put(node);
  EXPECT_EQ(UnconvergedIn(state),
            Lines{"node host-1: does not follow its assignment: too many stops"});
}

TEST(Convergence, NotesAReadyNodeWithoutLiveRestore) {
  ClusterState state;
  auto node = std::make_shared<Node>();
  node->metadata.name = "host-1";
  node->status.conditions = {{.type = "Ready", .status = ConditionStatus::kTrue},
                             {.type = std::string(kLiveRestore),
                              .status = ConditionStatus::kFalse,
                              .message = "dockerd runs without it"}};
  state.Put(node);
  EXPECT_EQ(NotesOn(state), Lines{"node host-1: dockerd runs without it"});
  EXPECT_EQ(UnconvergedIn(state), Lines());
}

TEST(Convergence, NotesAHostThatIsShortOfSomething) {
  ClusterState state;
  auto node = std::make_shared<Node>();
  node->metadata.name = "host-1";
  node->status.conditions = {
      {.type = "Ready", .status = ConditionStatus::kTrue},
      {.type = std::string(kMemoryPressure), .status = ConditionStatus::kFalse},
      {.type = std::string(kDiskPressure),
       .status = ConditionStatus::kTrue,
       .message = "the host is short of disk"}};
  state.Put(node);
  EXPECT_EQ(NotesOn(state), Lines{"node host-1: the host is short of disk"});
  EXPECT_EQ(UnconvergedIn(state), Lines());
}

std::shared_ptr<ReplicationController> MakeController(const std::string& image) {
  auto controller = std::make_shared<ReplicationController>();
  controller->metadata.name = "web";
  controller->metadata.namespace_name = "default";
  controller->metadata.uid = "uid-web";
  controller->spec.pod_template.metadata.labels = {{"app", "web"}};
  controller->spec.pod_template.spec.containers = {{.name = "main", .image = image}};
  return controller;
}

TEST(Convergence, NotesPodsThatKeepAnOlderTemplate) {
  ClusterState state;
  state.Put(MakeController("app:1"));
  const auto pod = MakePod("web-1", true);
  pod->metadata.labels = {{"app", "web"}, {"added", "later"}};
  pod->metadata.owner_references = {{"v1", "ReplicationController", "web", "uid-web", true, true}};
  pod->spec = MakeController("app:1")->spec.pod_template.spec;
  pod->spec.node_name = "host-1";
  state.Put(pod);
  EXPECT_EQ(NotesOn(state), Lines());
  state.Put(MakeController("app:2"));
  const Lines notes = NotesOn(state);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_TRUE(notes[0].starts_with(
      "ReplicationController default/web: 1 of 1 pods run an older template. As in Kubernetes"))
      << notes[0];
}

TEST(Convergence, SaysWhyAPodIsNotGone) {
  ClusterState state;
  auto pod = MakePod("web-1", true);
  pod->metadata.deletion_timestamp = WallTime{1};
  state.Put(pod);
  EXPECT_EQ(UnconvergedIn(state), Lines{"pod default/web-1: being stopped"});
  auto kept = std::make_shared<Pod>(*pod);
  kept->status.message = "container app cannot be stopped: permission denied";
  state.Put(kept);
  EXPECT_EQ(UnconvergedIn(state), Lines{"pod default/web-1: being stopped: container app cannot be "
                                        "stopped: permission denied"});
}

}  // namespace
}  // namespace reconcile
