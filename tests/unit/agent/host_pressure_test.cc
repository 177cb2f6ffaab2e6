#include <algorithm>

#include "agent/node_eviction.h"
#include "tests/unit/agent/agent_fixture.h"

namespace reconcile {
namespace {

constexpr int64_t kMebibytes = 1 << 20;
constexpr int64_t kTickMs = 10'000;
constexpr int64_t kMinutesMs = 60'000;

// A host of 1000 MiB of memory and of disk, where the agent's folder and the engine's are on one
// file system. What containers and images have is not free.
class HostPressureTest : public AgentTest {
 protected:
  HostPressureTest() {
    options.read_host_use = [this] {
      const int64_t used = engine.Use().memory_bytes;
      return HostUse{1'000 * kMebibytes, free_memory_ - used, max_processes_, 100};
    };
    files.SetSpace([this](const std::string&) {
      FileSystemSpace space{1'000 * kMebibytes, free_disk_ - engine.Use().disk_bytes, 0, 0, 1};
      for (const HostImage& image : engine.Images()) space.available_bytes -= image.size_bytes;
      return space;
    });
  }
  void AddHog(const std::string& name, ContainerUse use, int64_t priority = 0) {
    engine.SetImage(name + ":1", {.present = true, .size_bytes = 0, .program = {.use = use}});
    AddPod(name, name + ":1");
    if (priority == 0) return;
    auto pod = std::make_shared<Pod>(*assignment.pods.back());
    pod->spec.others.Set("priority", Value::Int(priority));
    assignment.pods.back() = pod;
  }
  void Begin() {
    StartAgent();
    Assign();
    Settle();
  }
  // The controller takes it out once it is gone.
  void RemovePod(const std::string& name) {
    DeletePod(name, 0);
    Assign();
    Settle();
    std::erase_if(assignment.pods, [&](const auto& pod) { return pod->metadata.name == name; });
    Assign();
    Settle();
  }
  ConditionStatus StatusOf(std::string_view type) const {
    const Condition* found = FindCondition(LastReport().node_status.conditions, type);
    return found == nullptr ? ConditionStatus::kUnknown : found->status;
  }
  std::vector<std::string> Evicted() const {
    std::vector<std::string> names;
    for (const PodReport& pod : LastReport().pods) {
      if (pod.status.reason == "Evicted") names.push_back(pod.name);
    }
    return names;
  }
  bool HasImage(const std::string& reference) const {
    const auto images = engine.Images();
    return std::any_of(images.begin(), images.end(), [&](const HostImage& image) {
      return std::count(image.references.begin(), image.references.end(), reference) > 0;
    });
  }
  using Names = std::vector<std::string>;

  int64_t free_memory_ = 900 * kMebibytes;
  int64_t free_disk_ = 900 * kMebibytes;
  int64_t max_processes_ = 30'000;
};

TEST_F(HostPressureTest, TheFirstReportHasTheConditions) {
  free_memory_ = 50 * kMebibytes;
  StartAgent();
  Assign();
  Settle();
  for (const Report& report : link.reports) {
    const Condition* memory = FindCondition(report.node_status.conditions, kMemoryPressure);
    ASSERT_NE(memory, nullptr) << "report " << report.sequence;
    EXPECT_EQ(memory->status, ConditionStatus::kTrue);
  }
  EXPECT_EQ(StatusOf(kDiskPressure), ConditionStatus::kFalse);
  EXPECT_EQ(StatusOf(kPidPressure), ConditionStatus::kFalse);
  EXPECT_TRUE(Said("NodeHasInsufficientMemory"));
}

TEST_F(HostPressureTest, AConditionComesWithinALookAndGoesAfterItsTime) {
  Begin();
  max_processes_ = 101;
  RunFor(kTickMs + 200);
  EXPECT_EQ(StatusOf(kPidPressure), ConditionStatus::kTrue);
  max_processes_ = 30'000;
  RunFor(4 * kMinutesMs);
  EXPECT_EQ(StatusOf(kPidPressure), ConditionStatus::kTrue);
  RunFor(kMinutesMs + 2 * kTickMs);
  EXPECT_EQ(StatusOf(kPidPressure), ConditionStatus::kFalse);
  EXPECT_EQ(TimesSaid("NodeHasInsufficientPID"), 1);
  EXPECT_EQ(TimesSaid("NodeHasSufficientPID"), 1);
}

TEST_F(HostPressureTest, WithoutPressureNothingIsMeasuredRemovedOrEvicted) {
  AddHog("web", {100 * kMebibytes, 5, 0});
  Begin();
  RunFor(10 * kMinutesMs);
  EXPECT_EQ(engine.CallCount(FakeCall::kMeasure), 0);
  EXPECT_EQ(engine.CallCount(FakeCall::kRemoveImage), 0);
  EXPECT_EQ(Evicted(), Names());
}

TEST_F(HostPressureTest, MemoryIsRelievedPodByPodFromTheOneThatHasMost) {
  AddHog("small", {50 * kMebibytes, 5, 0});
  AddHog("large", {300 * kMebibytes, 5, 0});
  AddHog("middle", {200 * kMebibytes, 5, 0});
  Begin();
  free_memory_ = 400 * kMebibytes;
  RunFor(10 * kMinutesMs);
  EXPECT_EQ(Evicted(), Names{"large"}) << "one was enough";
  EXPECT_EQ(Reported("large").status.phase, PodPhase::kFailed);
  EXPECT_TRUE(Reported("large").status.message.starts_with(
      "The node was low on resource: memory. Threshold quantity: 100Mi, available: "))
      << Reported("large").status.message;
  EXPECT_TRUE(Said("Evicted", "Container app was using 300Mi, request is 0, has larger"));
  EXPECT_TRUE(Said("EvictionThresholdMet", "Attempting to reclaim memory"));
  EXPECT_EQ(Running().size(), 2U);
  free_memory_ = 200 * kMebibytes;
  RunFor(10 * kMinutesMs);
  EXPECT_EQ(Evicted(), (Names{"large", "middle"}));
}

TEST_F(HostPressureTest, OneAtATimeAndTheNextOnlyWhenItHasGone) {
  engine.SetImage("deaf:1", {.present = true,
                             .program = {.stop_takes_ms = -1, .use = {500 * kMebibytes, 1, 0}}});
  AddPod("deaf", "deaf:1");
  AddHog("other", {300 * kMebibytes, 1, 0});
  Begin();
  free_memory_ = 850 * kMebibytes;
  for (int i = 0; i < 200 && !Said("Evicted"); ++i) RunFor(100);
  RunFor(500);
  EXPECT_EQ(Running().size(), 2U) << "it has its moment to end";
  RunFor(10 * kMinutesMs);
  EXPECT_EQ(Evicted(), Names{"deaf"});
}

TEST_F(HostPressureTest, CriticalPodsStayWhateverHappens) {
  AddHog("critical", {500 * kMebibytes, 1, 0}, kCriticalPriority);
  Begin();
  free_memory_ = 500 * kMebibytes;
  RunFor(5 * kMinutesMs);
  EXPECT_EQ(Evicted(), Names());
  EXPECT_EQ(Running().size(), 1U);
}

TEST_F(HostPressureTest, APodThatCannotBeMeasuredStays) {
  AddHog("web", {500 * kMebibytes, 1, 0});
  Begin();
  engine.FailNext(FakeCall::kMeasure, UnavailableError("no answer"));
  free_memory_ = 500 * kMebibytes;
  RunFor(kTickMs + 500);
  EXPECT_EQ(Evicted(), Names());
  RunFor(2 * kTickMs);
  EXPECT_EQ(Evicted(), Names{"web"});
}

TEST_F(HostPressureTest, DiskIsTakenFromImagesAndDeadContainersBeforePods) {
  engine.SetImage("old:1", {.size_bytes = 100 * kMebibytes});
  engine.SetImage("once:1", {.present = true,
                             .size_bytes = 0,
                             .program = {.exit_after_ms = 50, .use = {0, 0, 60 * kMebibytes}}});
  AddPod("old", "old:1");
  AddPod("once", "once:1");
  auto once = std::make_shared<Pod>(*assignment.pods.back());
  once->spec.restart_policy = RestartPolicy::kNever;
  assignment.pods.back() = once;
  AddHog("web", {0, 1, 200 * kMebibytes});
  Begin();
  RemovePod("old");
  RunFor(5 * kMinutesMs);
  ASSERT_TRUE(HasImage("old:1")) << "the disk is not short";
  free_disk_ = 450 * kMebibytes;  // 80 are free
  RunFor(3 * kTickMs);
  EXPECT_FALSE(HasImage("old:1"));
  EXPECT_TRUE(HasImage("shop:1")) << "the agent did not pull it";
  EXPECT_TRUE(Running("app").size() == 1 && Evicted().empty()) << "that was enough";
  const auto all = engine.Containers();
  EXPECT_EQ(all.size(), 2U) << "the sandbox and the container of web";
  EXPECT_EQ(Reported("once").status.phase, PodPhase::kSucceeded);
  EXPECT_EQ(StatusOf(kDiskPressure), ConditionStatus::kTrue);
  free_disk_ = 300 * kMebibytes;
  RunFor(5 * kTickMs);
  EXPECT_EQ(Evicted(), Names{"web"});
}

TEST_F(HostPressureTest, ImagesGoAtTheHighThresholdDownToTheLow) {
  for (const char* name : {"a:1", "b:1", "c:1"}) {
    engine.SetImage(name, {.size_bytes = 100 * kMebibytes});
    AddPod(std::string(name, 1), name);
  }
  options.pressure.thresholds.fill({});
  Begin();
  for (const char* name : {"b", "a"}) {
    RemovePod(name);
    RunFor(kMinutesMs);
  }
  free_disk_ = 460 * kMebibytes;  // 150 are free: exactly 85 % in use
  RunFor(6 * kMinutesMs);
  EXPECT_FALSE(HasImage("b:1")) << "used longest ago";
  EXPECT_TRUE(HasImage("a:1")) << "one was enough";
  EXPECT_TRUE(HasImage("c:1"));
}

TEST_F(HostPressureTest, WhatWasPulledIsKnownToALaterRun) {
  engine.SetImage("a:1", {.size_bytes = 100 * kMebibytes});
  AddPod("a", "a:1");
  Begin();
  RemovePod("a");
  KillAgent();
  StartAgent();
  Settle();
  RunFor(2 * kMinutesMs);
  free_disk_ = 150 * kMebibytes;
  RunFor(3 * kTickMs);
  EXPECT_FALSE(HasImage("a:1"));
}

TEST_F(HostPressureTest, AnImageThatIsWantedAgainIsNotRemovedAndOneThatGoesIsPulledAnew) {
  engine.SetImage("a:1", {.size_bytes = 100 * kMebibytes});
  AddPod("a", "a:1");
  Begin();
  RemovePod("a");
  RunFor(5 * kMinutesMs);
  free_disk_ = 150 * kMebibytes;
  for (int i = 0; i < 3'000 && HasImage("a:1"); ++i) RunFor(10);
  ASSERT_FALSE(HasImage("a:1"));
  AddPod("again", "a:1");
  free_disk_ = 900 * kMebibytes;
  Assign();
  Settle();
  EXPECT_EQ(Running().size(), 1U);
}

TEST_F(HostPressureTest, Faults_Line42_AFullDiskGoesByTheVolumesOfThePodThatFilledIt) {
  AddPod("writer");
  auto pod = std::make_shared<Pod>(*assignment.pods.back());
  pod->spec.others.Set("volumes", *ParseJson(R"([{"name":"v","emptyDir":{}}])"));
  pod->spec.containers.Edit()[0].others.Set("volumeMounts",
                                            *ParseJson(R"([{"name":"v","mountPath":"/v"}])"));
  assignment.pods.back() = pod;
  AddHog("web", {0, 1, 0});
  Begin();
  const std::string volume = "pods/" + pod->metadata.uid + "/volumes/v";
  files.SetFolderBytes(volume, 800 * kMebibytes);
  free_disk_ = 0;
  // Not a byte can be written until the volume has gone.
  files.FailNextWrites(UnavailableError("No space left on device"), 1'000'000);
  RunFor(3 * kTickMs);
  EXPECT_EQ(Evicted(), Names{"writer"});
  EXPECT_FALSE(files.List("pods/" + pod->metadata.uid)->size() > 0) << "its disk is given back";
  EXPECT_EQ(Running().size(), 1U);
  EXPECT_EQ(StatusOf(kDiskPressure), ConditionStatus::kTrue);
}

TEST_F(HostPressureTest, Faults_Line42_AFullDiskGoesByThePodWhoseTerminationMessageFilledIt) {
  AddPod("writer");
  AddHog("web", {0, 1, 20 * kMebibytes});
  Begin();
  const std::string ends = "pods/" + assignment.pods[0]->metadata.uid + "/ends";
  files.SetFolderBytes(ends, 800 * kMebibytes);
  free_disk_ = 60 * kMebibytes;
  for (int i = 0; i < 300 && !Said("Evicted"); ++i) RunFor(100);
  RunFor(2'000);
  EXPECT_EQ(Evicted(), Names{"writer"});
}

TEST_F(HostPressureTest, WhatIsPulledIsKnownThoughManyImagesWereTakenAwayByHand) {
  PulledImages gone;
  for (size_t i = 0; i < kMaxPulledImages; ++i) {
    NotePulled("old:" + std::to_string(i), "sha256:old-" + std::to_string(i), loop.now(), &gone);
  }
  ASSERT_TRUE(files.WriteSealed(std::string(kImagesFile), WritePulledImages(gone)).ok());
  engine.SetImage("a:1", {.size_bytes = 100 * kMebibytes});
  AddPod("a", "a:1");
  Begin();
  RemovePod("a");
  RunFor(3 * kMinutesMs);
  free_disk_ = 150 * kMebibytes;
  RunFor(3 * kTickMs);
  EXPECT_FALSE(HasImage("a:1"));
}

TEST_F(HostPressureTest, MemoryIsRelievedWhileTheDiskIsBeingMeasured) {
  AddHog("web", {300 * kMebibytes, 1, 20 * kMebibytes});
  Begin();
  files.SetMeasuringHangs();
  free_disk_ = 60 * kMebibytes;
  RunFor(3 * kTickMs);
  ASSERT_EQ(Evicted(), Names());
  free_memory_ = 320 * kMebibytes;
  RunFor(2 * kTickMs);
  EXPECT_EQ(Evicted(), Names{"web"});
}

}  // namespace
}  // namespace reconcile
