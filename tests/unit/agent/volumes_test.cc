// What a pod's volumes are made of, when they are made again, and what waits for them.
#include <algorithm>

#include "agent/pod_files.h"
#include "agent/pod_volumes.h"
#include "tests/unit/agent/agent_fixture.h"
#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

Value JsonOf(const std::string& text) { return ParseJson(text).value(); }

std::shared_ptr<ConfigMap> MakeConfig(const StringMap& data, const std::string& name = "config") {
  auto config = std::make_shared<ConfigMap>();
  config->metadata.namespace_name = "default";
  config->metadata.name = name;
  config->data = data;
  return config;
}

// A pod with one volume "v", mounted at /v.
std::shared_ptr<Pod> PodWithVolume(const std::string& source, const std::string& mount = "") {
  auto pod = MakePod();
  pod->spec.others.Set("volumes", JsonOf(R"([{"name":"v")" + source + "}]"));
  pod->spec.containers.Edit()[0].others.Set(
      "volumeMounts", JsonOf(R"([{"name":"v","mountPath":"/v")" + mount + "}]"));
  return pod;
}

constexpr char kConfigSource[] = R"(,"configMap":{"name":"config"})";

class VolumesTest : public StepTest {
 protected:
  EnvSources Sources(const Pod& pod) const {
    return {assignment, pod, "host-1", "192.0.2.1", "10.42.3.4", host.allocatable};
  }
  // The files as "path=bytes(mode)", or why there are none.
  std::string Files(const Pod& pod) const {
    const auto files = FilesOf(Sources(pod), VolumesOf(pod.spec).at(0));
    if (!files.ok()) return files.status().message();
    std::string text;
    for (const auto& [path, file] : *files) {
      char mode[8];
      std::snprintf(mode, sizeof(mode), "%o", static_cast<unsigned>(file.mode));
      text += (text.empty() ? "" : " ") + path + "=" + file.bytes + "(" + mode + ")";
    }
    return text;
  }
  std::string FilesFrom(const std::string& source) const { return Files(*PodWithVolume(source)); }
  const ContainerConfig MadeFor(const std::shared_ptr<Pod>& pod) {
    Assign(pod);
    for (int turn = 0; turn < 20; ++turn) {
      const StepResult result = Take();
      for (const RunContainer& run : Find<RunContainer>(result)) {
        parts = run.parts;
        return run.config;
      }
      for (const Operation& operation : result.operations) Perform(operation);
    }
    return {};
  }
  static const BindMount* BindAt(const ContainerConfig& config, const std::string& path) {
    const auto found = std::find_if(config.binds.begin(), config.binds.end(),
                                    [&](const BindMount& b) { return b.container_path == path; });
    return found == config.binds.end() ? nullptr : &*found;
  }

  std::vector<PartOrder> parts;  // of MadeFor
};

TEST_F(VolumesTest, AConfigMapsKeysAreFiles) {
  auto config = MakeConfig({{"a", "1"}, {"b", "2"}});
  config->binary_data["c"] = std::string("\0x", 2);
  assignment.config_maps = {config};
  EXPECT_EQ(FilesFrom(kConfigSource), "a=1(644) b=2(644) c=" + std::string("\0x", 2) + "(644)");
  EXPECT_EQ(FilesFrom(R"(,"configMap":{"name":"config","defaultMode":256,"items":
              [{"key":"a","path":"deep/x"},{"key":"b","path":"y","mode":420}]})"),
            "deep/x=1(400) y=2(644)");
}

TEST_F(VolumesTest, WhatIsMissingIsNamedAsTheKubeletNamesIt) {
  EXPECT_EQ(FilesFrom(kConfigSource), "configmap \"config\" not found");
  EXPECT_EQ(FilesFrom(R"(,"secret":{"secretName":"s"})"), "secret \"s\" not found");
  EXPECT_EQ(FilesFrom(R"(,"configMap":{"name":"config","optional":true})"), "");
  assignment.config_maps = {MakeConfig({{"a", "1"}})};
  EXPECT_EQ(FilesFrom(R"(,"configMap":{"name":"config","items":[{"key":"z","path":"z"}]})"),
            "configmap references non-existent config key: z");
  EXPECT_EQ(FilesFrom(R"(,"configMap":{"name":"config","optional":true,
              "items":[{"key":"z","path":"z"},{"key":"a","path":"a"}]})"),
            "a=1(644)");
}

TEST_F(VolumesTest, NoFileLiesElsewhereThanInItsVolume) {
  assignment.config_maps = {MakeConfig({{"a", "1"}})};
  for (const std::string path : {"../x", "/x", "a/../../x", "..data", "..", "", "a//b", "a/./b"}) {
    const std::string said = FilesFrom(
        R"(,"configMap":{"name":"config","items":[{"key":"a","path":")" + path + R"("}]})");
    EXPECT_EQ(said.find("path \""), 0U) << path << ": " << said;
  }
  EXPECT_EQ(FilesFrom(R"(,"configMap":{"name":"config","items":
              [{"key":"a","path":"x"},{"key":"a","path":"x/y"}]})"),
            "\"x\" is to be a file, and a folder for \"x/y\"");
}

TEST_F(VolumesTest, FieldsOfThePodAreFiles) {
  host.allocatable["cpu"] = Quantity::FromUnits(4);
  host.allocatable["memory"] = Quantity::FromUnits(8LL << 30);
  auto pod = PodWithVolume(R"(,"downwardAPI":{"items":[
      {"path":"labels","fieldRef":{"fieldPath":"metadata.labels"}},
      {"path":"one","fieldRef":{"fieldPath":"metadata.annotations['note']"}},
      {"path":"cpu","resourceFieldRef":{"containerName":"app","resource":"limits.cpu","divisor":"1m"}},
      {"path":"request","resourceFieldRef":{"containerName":"app","resource":"requests.cpu"}},
      {"path":"memory","resourceFieldRef":{"containerName":"app","resource":"limits.memory",
                                           "divisor":"1Mi"}}]})");
  pod->metadata.labels = {{"b", "2"}, {"a", "x\"y\n"}};
  pod->metadata.annotations = {{"note", "hello"}};
  pod->spec.containers.Edit()[0].resources.requests["cpu"] = Quantity::FromMilli(250);
  EXPECT_EQ(Files(*pod),
            "cpu=4000(644) labels=a=\"x\\\"y\\n\"\nb=\"2\"(644) memory=8192(644) one=hello(644) "
            "request=1(644)");
}

TEST_F(VolumesTest, ResourcesAreVariables) {
  Container container = MakeContainer("app");
  EnvVar variable;
  variable.name = "CPU";
  variable.value_from.emplace();
  variable.value_from->others.Set("resourceFieldRef",
                                  JsonOf(R"({"resource":"limits.cpu","divisor":"1m"})"));
  container.env = {variable};
  container.resources.limits["cpu"] = Quantity::FromMilli(1500);
  auto pod = MakePod();
  pod->spec.containers = {container};
  const auto env = ResolveEnv(Sources(*pod), container);
  ASSERT_TRUE(env.ok());
  EXPECT_EQ(env->variables, (EnvList{{"CPU", "1500"}}));
}

TEST_F(VolumesTest, SeveralSourcesShareAVolume) {
  assignment.config_maps = {MakeConfig({{"a", "1"}})};
  auto secret = std::make_shared<Secret>();
  secret->metadata.namespace_name = "default";
  secret->metadata.name = "s";
  secret->data = {{"token", "canary"}};
  assignment.secrets = {secret};
  const auto pod = PodWithVolume(R"(,"projected":{"defaultMode":288,"sources":[
      {"configMap":{"name":"config"}},{"secret":{"name":"s","items":[{"key":"token","path":"t/k"}]}},
      {"downwardAPI":{"items":[{"path":"name","fieldRef":{"fieldPath":"metadata.name"}}]}}]})");
  EXPECT_EQ(Files(*pod), "a=1(440) name=web(440) t/k=canary(440)");
  const auto order = OrderFor(Sources(*pod), VolumesOf(pod->spec)[0]);
  ASSERT_TRUE(order.ok());
  EXPECT_TRUE(std::get<FilesVolume>(order->what).in_memory) << "a Secret would reach the disk";
}

TEST_F(VolumesTest, APodWaitsForItsConfigMapAndSaysSo) {
  Assign(PodWithVolume(kConfigSource));
  std::vector<AgentEvent> events;
  StepResult result;
  for (int turn = 0; turn < 10; ++turn) {
    result = Take();
    for (const AgentEvent& event : result.events) events.push_back(event);
    for (const Operation& operation : result.operations) Perform(operation);
    ASSERT_TRUE(Find<RunContainer>(result).empty());
  }
  const std::string said =
      "MountVolume.SetUp failed for volume \"v\" : configmap \"config\" not found";
  ASSERT_TRUE(StatusOf(result).state.waiting);
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "ContainerCreating");
  EXPECT_EQ(StatusOf(result).state.waiting->message, said);
  ASSERT_EQ(events.size(), 1U) << "said once";
  EXPECT_EQ(events[0].reason, "FailedMount");
  EXPECT_EQ(events[0].message, said);
  assignment.config_maps = {MakeConfig({{"a", "1"}})};
  EXPECT_TRUE(StatusOf(Settle()).state.running);
}

TEST_F(VolumesTest, AllThatIsMissingIsSaidOnceAndAgainWhenItIsAnother) {
  auto pod = PodWithVolume(kConfigSource);
  pod->spec.others.Set("volumes", JsonOf(R"([{"name":"v","configMap":{"name":"config"}},
                                             {"name":"w","secret":{"secretName":"s"}}])"));
  Assign(pod);
  const auto said = [&] {
    std::vector<std::string> messages;
    for (int turn = 0; turn < 5; ++turn) {
      const StepResult result = Take();
      for (const AgentEvent& event : result.events) messages.push_back(event.message);
      for (const Operation& operation : result.operations) Perform(operation);
    }
    return messages;
  };
  EXPECT_EQ(said().size(), 2U);
  assignment.config_maps = {MakeConfig({{"a", "1"}})};
  EXPECT_EQ(said(), std::vector<std::string>{
                        "MountVolume.SetUp failed for volume \"w\" : secret \"s\" not found"});
}

TEST_F(VolumesTest, AChangeReachesARunningContainerWithoutARestart) {
  assignment.config_maps = {MakeConfig({{"a", "1"}})};
  Assign(PodWithVolume(kConfigSource));
  Settle();
  const std::string id = Newest("app").id;
  EXPECT_TRUE(Take().operations.empty());
  assignment.config_maps = {MakeConfig({{"a", "2"}})};
  const StepResult result = Take();
  const auto updates = Find<SetUpVolumes>(result);
  ASSERT_EQ(updates.size(), 1U);
  EXPECT_EQ(std::get<FilesVolume>(updates[0].orders[0].what).files.at("a").bytes, "2");
  EXPECT_EQ(result.operations.size(), 1U);
  Settle();
  EXPECT_EQ(Newest("app").id, id);
  assignment.config_maps.clear();
  EXPECT_TRUE(Take().operations.empty()) << "what is mounted stays";
  EXPECT_TRUE(StatusOf(Take()).state.running);
}

TEST_F(VolumesTest, ARestartUsesWhatIsMountedThoughItsSourceIsGone) {
  assignment.config_maps = {MakeConfig({{"a", "1"}})};
  Assign(PodWithVolume(kConfigSource));
  Settle();
  assignment.config_maps.clear();
  Kill("app");
  EXPECT_TRUE(StatusOf(Settle()).state.running);
}

TEST_F(VolumesTest, LabelsThatChangeReachARunningContainer) {
  Assign(PodWithVolume(R"(,"downwardAPI":{"items":[
      {"path":"labels","fieldRef":{"fieldPath":"metadata.labels"}}]})"));
  Settle();
  ChangePod(0, [](Pod* pod) { pod->metadata.labels["x"] = "y"; });
  const auto updates = Find<SetUpVolumes>(Take());
  ASSERT_EQ(updates.size(), 1U);
  EXPECT_EQ(std::get<FilesVolume>(updates[0].orders[0].what).files.at("labels").bytes, "x=\"y\"");
}

TEST_F(VolumesTest, ARestartedAgentLooksAtVolumesAgainAndRestartsNothing) {
  Assign(PodWithVolume(R"(,"emptyDir":{})"));
  Settle();
  const std::string id = Newest("app").id;
  ForgetEverything();
  Settle();
  EXPECT_EQ(Newest("app").id, id);
  EXPECT_TRUE(seen.pods[kUid].volumes.contains("v"));
}

TEST_F(VolumesTest, MountsAreTheContainers) {
  const auto config = MadeFor(PodWithVolume(R"(,"emptyDir":{})"));
  ASSERT_NE(BindAt(config, "/v"), nullptr);
  const BindMount writable = {"/data/pods/" + std::string(kUid) + "/volumes/v", "/v", false, ""};
  EXPECT_EQ(*BindAt(config, "/v"), writable);
}

TEST_F(VolumesTest, MountsOfFilesAreReadOnly) {
  assignment.config_maps = {MakeConfig({{"a", "1"}})};
  const auto config = MadeFor(PodWithVolume(kConfigSource));
  ASSERT_NE(BindAt(config, "/v"), nullptr);
  EXPECT_TRUE(BindAt(config, "/v")->read_only);
}

TEST_F(VolumesTest, HostPathsAreMountedAsTheyAre) {
  const auto config =
      MadeFor(PodWithVolume(R"(,"hostPath":{"path":"/srv"})",
                            R"(,"readOnly":true,"mountPropagation":"HostToContainer")"));
  ASSERT_NE(BindAt(config, "/v"), nullptr);
  const BindMount wanted = {"/srv", "/v", true, "rslave"};
  EXPECT_EQ(*BindAt(config, "/v"), wanted);
}

TEST_F(VolumesTest, PartsAreMountedFirst) {
  auto pod = PodWithVolume(R"(,"emptyDir":{})", R"x(,"subPathExpr":"of/$(NAME)")x");
  pod->spec.containers.Edit()[0].env = {{"NAME", "me", {}}};
  const auto config = MadeFor(pod);
  const std::string folder = "pods/" + std::string(kUid);
  const PartOrder wanted = {"v", "/data/" + folder + "/volumes/v", "of/me", true,
                            folder + "/parts/app/0"};
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0], wanted);
  ASSERT_NE(BindAt(config, "/v"), nullptr);
  EXPECT_EQ(BindAt(config, "/v")->host_path, "/data/" + wanted.target);
}

TEST_F(VolumesTest, APartThatLeadsOutKeepsTheContainerFromBeingMade) {
  for (const std::string value : {"../x", "/etc", "a/../.."}) {
    assignment.pods.clear();
    seen.pods.clear();
    auto pod = PodWithVolume(R"(,"emptyDir":{})", R"x(,"subPathExpr":"$(NAME)")x");
    pod->spec.containers.Edit()[0].env = {{"NAME", value, {}}};
    MadeFor(pod);
    const StepResult result = Take();
    ASSERT_TRUE(StatusOf(result).state.waiting) << value;
    EXPECT_EQ(StatusOf(result).state.waiting->reason, "CreateContainerConfigError");
  }
}

TEST_F(VolumesTest, AVariableThatIsNotThereIsNoPath) {
  Assign(PodWithVolume(R"(,"emptyDir":{})", R"x(,"subPathExpr":"$(NONE)")x"));
  for (int turn = 0; turn < 10; ++turn) {
    const StepResult result = Take();
    ASSERT_TRUE(Find<RunContainer>(result).empty());
    for (const Operation& operation : result.operations) Perform(operation);
  }
  EXPECT_NE(StatusOf(Take()).state.waiting->message.find("failed to expand subPath \"$(NONE)\""),
            std::string::npos);
}

TEST_F(VolumesTest, AGroupIsTheVolumesAndTheProcesses) {
  auto pod = PodWithVolume(R"(,"emptyDir":{})");
  pod->spec.others.Set("securityContext", JsonOf(R"({"fsGroup":7})"));
  const auto order = OrderFor(Sources(*pod), VolumesOf(pod->spec)[0]);
  ASSERT_TRUE(order.ok());
  EXPECT_EQ(std::get<FolderVolume>(order->what).group, 7);
  EXPECT_EQ(MadeFor(pod).rights.groups, std::vector<std::string>{"7"});
}

TEST_F(VolumesTest, AnEvictedPodEndsAsFailed) {
  Assign(PodWithVolume(R"(,"emptyDir":{"sizeLimit":"1Mi"})"));
  Settle();
  seen.pods[kUid].evicted = "too much";
  const StepResult result = Settle();
  const PodStatus& status = ReportOf(result).status;
  EXPECT_EQ(status.phase, PodPhase::kFailed);
  EXPECT_EQ(status.reason, "Evicted");
  EXPECT_EQ(status.message, "too much");
  EXPECT_FALSE(IsLive(Newest("app")));
  Settle();
  EXPECT_FALSE(seen.pod_folders.contains(kUid)) << "its disk is wanted";
}

// ---- the agent over a fake host ----

class AgentVolumesTest : public AgentTest {
 protected:
  // A pod "web" with the volume "v", mounted at /v.
  void AddPodWithVolume(const std::string& source, const std::string& mount = "") {
    AddPod("web");
    auto pod = std::make_shared<Pod>(*assignment.pods.back());
    pod->spec.others = PodWithVolume(source, mount)->spec.others;
    pod->spec.containers.Edit()[0].others =
        PodWithVolume(source, mount)->spec.containers.Edit()[0].others;
    assignment.pods.back() = pod;
  }
  void Run() {
    StartAgent();
    Assign();
    Settle();
  }
  std::string Folder() const { return "pods/" + assignment.pods.back()->metadata.uid; }
};

TEST_F(AgentVolumesTest, FilesFollowTheirConfigMap) {
  assignment.config_maps = {MakeConfig({{"a", "1"}})};
  AddPodWithVolume(kConfigSource);
  Run();
  const auto before = RunningIds();
  ASSERT_EQ(Running().size(), 1U);
  EXPECT_EQ(*files.Read(Folder() + "/volumes/v/a"), "1");
  assignment.config_maps = {MakeConfig({{"a", "2"}})};
  Assign();
  Settle();
  EXPECT_EQ(*files.Read(Folder() + "/volumes/v/a"), "2");
  EXPECT_EQ(RunningIds(), before);
}

TEST_F(AgentVolumesTest, AHostPathThatIsNotThereIsWaitedFor) {
  AddPodWithVolume(R"(,"hostPath":{"path":"/srv/data","type":"Directory"})");
  StartAgent();
  Assign();
  RunFor(20'000);
  EXPECT_TRUE(Running().empty());
  EXPECT_EQ(TimesSaid("FailedMount",
                      "MountVolume.SetUp failed for volume \"v\" : hostPath type "
                      "check failed: /srv/data is not a"),
            1)
      << "once, however often it is tried";
  files.PutHostPath("/srv/data", "Directory");
  RunFor(120'000);
  EXPECT_EQ(Running().size(), 1U);
}

TEST_F(AgentVolumesTest, AVolumeBeyondItsLimitEndsThePod) {
  AddPodWithVolume(R"(,"emptyDir":{"sizeLimit":"1Mi"})");
  Run();
  RunFor(60'000);
  EXPECT_EQ(Running().size(), 1U);
  files.SetFolderBytes(Folder() + "/volumes/v", (1 << 20) + 1);
  RunFor(20'000);
  Settle();
  EXPECT_TRUE(Running().empty());
  EXPECT_EQ(Reported("web").status.phase, PodPhase::kFailed);
  EXPECT_EQ(Reported("web").status.reason, "Evicted");
  EXPECT_TRUE(Said("Evicted", "Usage of EmptyDir volume \"v\" exceeds the limit \"1Mi\". "));
  KillAgent();
  StartAgent();
  Settle();
  EXPECT_EQ(Reported("web").status.reason, "Evicted") << "what is done is not done again";
}

TEST_F(AgentVolumesTest, NothingIsLeftOfAPodThatIsGone) {
  AddPodWithVolume(R"(,"emptyDir":{})", R"(,"subPath":"part")");
  Run();
  EXPECT_EQ(Running().size(), 1U);
  EXPECT_EQ(files.parts().size(), 1U);
  KillAgent();
  StartAgent();
  DeletePod("web");
  Assign();
  Settle();
  EXPECT_EQ(*files.List("pods"), std::vector<std::string>());
  EXPECT_TRUE(files.parts().empty());
}

TEST_F(AgentVolumesTest, APartThatCannotBeMountedKeepsTheContainerFromBeingMade) {
  AddPodWithVolume(R"(,"emptyDir":{})", R"(,"subPath":"a//b")");
  StartAgent();
  Assign();
  RunFor(20'000);
  EXPECT_TRUE(Running().empty());
  EXPECT_EQ(TimesSaid("Failed", "Error: path \"a//b\""), 1);
}

}  // namespace
}  // namespace reconcile
