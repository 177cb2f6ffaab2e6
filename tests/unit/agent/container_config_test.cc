#include "agent/container_config.h"

#include <limits>

#include "agent/pod_files.h"
#include "runtime/image_reference.h"
#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

Quantity Of(const std::string& text) { return Quantity::Parse(text).value(); }

ResourceRequirements Resources(ResourceList requests, ResourceList limits) {
  ResourceRequirements resources;
  resources.requests = std::move(requests);
  resources.limits = std::move(limits);
  return resources;
}

TEST(ContainerConfig, CpuSharesComeFromTheRequest) {
  EXPECT_EQ(CpuSharesOf({}), 2);
  EXPECT_EQ(CpuSharesOf(Resources({{"cpu", Of("1")}}, {})), 1024);
  EXPECT_EQ(CpuSharesOf(Resources({{"cpu", Of("250m")}}, {})), 256);
  EXPECT_EQ(CpuSharesOf(Resources({{"cpu", Of("1m")}}, {})), 2);
  EXPECT_EQ(CpuSharesOf(Resources({}, {{"cpu", Of("2")}})), 2048) << "a limit alone is a request";
  EXPECT_EQ(CpuSharesOf(Resources({{"cpu", Of("0")}}, {{"cpu", Of("2")}})), 2);
}

TEST(ContainerConfig, CpuQuotaComesFromTheLimit) {
  EXPECT_EQ(CpuQuotaOf({}), 0);
  EXPECT_EQ(CpuQuotaOf(Resources({}, {{"cpu", Of("1")}})), 100'000);
  EXPECT_EQ(CpuQuotaOf(Resources({}, {{"cpu", Of("500m")}})), 50'000);
  EXPECT_EQ(CpuQuotaOf(Resources({}, {{"cpu", Of("1m")}})), 1'000) << "the kernel's least";
}

TEST(ContainerConfig, OomScoreFollowsTheQualityOfService) {
  const int64_t host_bytes = 8LL << 30;
  PodSpec spec;
  spec.containers = {MakeContainer("app")};
  EXPECT_EQ(OomScoreAdjust(spec, spec.containers[0], host_bytes), 1000);
  spec.containers.Edit()[0].resources = Resources({{"cpu", Of("1")}, {"memory", Of("1Gi")}},
                                                  {{"cpu", Of("1")}, {"memory", Of("1Gi")}});
  EXPECT_EQ(OomScoreAdjust(spec, spec.containers[0], host_bytes), -997);
  spec.containers.Edit()[0].resources = Resources({{"memory", Of("4Gi")}}, {});
  EXPECT_EQ(OomScoreAdjust(spec, spec.containers[0], host_bytes), 500);
  Container sidecar = MakeContainer("sidecar");
  sidecar.others.Set("restartPolicy", Value::String("Always"));
  EXPECT_EQ(OomScoreAdjust(spec, sidecar, host_bytes), 500) << "no sooner than what it serves";
  EXPECT_EQ(OomScoreAdjust(spec, MakeContainer("init"), host_bytes), 999);
  spec.containers.Edit()[0].resources = Resources({{"memory", Of("80Gi")}}, {});
  EXPECT_EQ(OomScoreAdjust(spec, spec.containers[0], host_bytes), 3);
  spec.containers.Edit()[0].resources = Resources({{"memory", Of("1Ki")}}, {});
  EXPECT_EQ(OomScoreAdjust(spec, spec.containers[0], host_bytes), 999);
}

TEST(ContainerConfig, HashCoversWhatNeedsANewContainer) {
  const Container base = MakeContainer("app");
  const std::string hash = SpecHashOf(base);
  const auto differs = [&](auto change) {
    Container changed = base;
    change(&changed);
    return SpecHashOf(changed) != hash;
  };
  EXPECT_TRUE(differs([](Container* c) { c->image = "shop:2"; }));
  EXPECT_TRUE(differs([](Container* c) { c->command = {"sh"}; }));
  EXPECT_TRUE(differs([](Container* c) { c->args = {"sh"}; }));
  EXPECT_TRUE(differs([](Container* c) { c->working_dir = "/srv"; }));
  EXPECT_TRUE(differs([](Container* c) { c->env = {{"A", "b", std::nullopt}}; }));
  EXPECT_TRUE(differs([](Container* c) {
    c->env_from = {{"", EnvFromRef{"settings"}, std::nullopt}};
  }));
  EXPECT_TRUE(differs([](Container* c) { c->resources.limits["cpu"] = Of("1"); }));
  EXPECT_FALSE(differs([](Container* c) { c->ports = {{"http", 80, Protocol::kTcp}}; }));
  EXPECT_FALSE(differs([](Container* c) { c->image_pull_policy = PullPolicy::kNever; }));
  EXPECT_TRUE(SameSpec(hash, base));
}

TEST(ContainerConfig, InputAndTerminalAreTheManifests) {
  Pod pod;
  Container container = MakeContainer("app");
  const auto config = [&] { return MakeContainerConfig("c", pod, container, {}, {}, {}); };
  const std::string hash = SpecHashOf(container);
  EXPECT_FALSE(config().has_input || config().input_once || config().has_terminal);
  container.others.Set("stdin", Value::Bool(false));
  EXPECT_FALSE(config().has_input);
  EXPECT_EQ(SpecHashOf(container), hash) << "what runs is not restarted for what says the same";
  container.others.Set("stdin", Value::Bool(true));
  EXPECT_TRUE(config().has_input);
  EXPECT_FALSE(config().input_once || config().has_terminal);
  EXPECT_NE(SpecHashOf(container), hash);
  container.others.Set("stdinOnce", Value::Bool(true));
  container.others.Set("tty", Value::Bool(true));
  EXPECT_TRUE(config().input_once && config().has_terminal);
}

TEST(ContainerConfig, CommandAndArgumentsAreTheirOwnLists) {
  Container one = MakeContainer("app");
  one.command = {"a"};
  one.args = {"b"};
  Container two = MakeContainer("app");
  two.command = {"a", "b"};
  EXPECT_NE(SpecHashOf(one), SpecHashOf(two));
}

TEST(ContainerConfig, EqualQuantitiesAreTheSameSpec) {
  Container one = MakeContainer("app");
  one.resources.limits["cpu"] = Of("500m");
  Container two = MakeContainer("app");
  two.resources.limits["cpu"] = Of("0.5");
  EXPECT_EQ(SpecHashOf(one), SpecHashOf(two));
}

TEST(ContainerConfig, RunsWhatKubernetesRunsOfCommandArgsAndImage) {
  const auto run = [](const std::vector<std::string>& command, const std::vector<std::string>& args,
                      const std::vector<std::string>& entrypoint,
                      const std::vector<std::string>& cmd) {
    Container container = MakeContainer("app");
    container.command = command;
    container.args = args;
    ContainerBasis basis;
    basis.image_entrypoint = entrypoint;
    basis.image_cmd = cmd;
    std::string words;
    for (const std::string& word : CommandOf(container, basis, {{"NAME", "me"}})) {
      words += word + " ";
    }
    return words;
  };
  EXPECT_EQ(run({}, {}, {"entry", "$(NAME)"}, {"cmd"}), "entry $(NAME) cmd ");
  EXPECT_EQ(run({"command"}, {}, {"entry"}, {"cmd"}), "command ");
  EXPECT_EQ(run({}, {"hello", "$(NAME)"}, {"entry"}, {"cmd"}), "entry hello me ");
  EXPECT_EQ(run({"command"}, {"args"}, {"entry"}, {"cmd"}), "command args ");
  EXPECT_EQ(run({}, {}, {}, {"cmd"}), "cmd ");
  EXPECT_EQ(run({}, {}, {}, {}), "");
}

TEST(ContainerConfig, JoinsItsSandboxAndCarriesItsLabels) {
  const auto pod = MakePod();
  Container container = MakeContainer("app");
  container.command = {"/bin/$(NAME)"};
  container.args = {"--to=$(NAME)", "$(OTHER)"};
  container.resources.limits["memory"] = Of("64Mi");
  HostFacts host;
  host.pods_path = "/data/pods";
  const ContainerConfig config = MakeContainerConfig(
      "cluster-a", *pod, container, {"sandbox-id", 4, "sha256:image", 7, 2, {123}, true},
      {{"NAME", "value"}}, host);
  EXPECT_EQ(config.name, "rc_app_web_default_11111111_7");
  EXPECT_EQ(config.image, "sha256:image");
  EXPECT_EQ(config.entrypoint, std::vector<std::string>{"/bin/value"});
  EXPECT_EQ(config.cmd, (std::vector<std::string>{"--to=value", "$(OTHER)"}));
  EXPECT_EQ(config.env, std::vector<std::string>{"NAME=value"});
  EXPECT_EQ(config.network_container, "sandbox-id");
  EXPECT_EQ(config.hostname, "");
  EXPECT_EQ(config.memory_bytes, 64 << 20);
  EXPECT_EQ(config.labels.at(std::string(kLabelAttempt)), "7");
  EXPECT_EQ(config.labels.at(std::string(kLabelSandbox)), "4");
  EXPECT_EQ(config.labels.at(std::string(kLabelCrashes)), "2");
  EXPECT_EQ(config.labels.at(std::string(kLabelSpecHash)), SpecHashOf(container));
  ASSERT_EQ(config.binds.size(), 4U);
  EXPECT_EQ(config.binds[0].host_path, std::string("/data/pods/") + kUid + "/hosts");
}

TEST(ContainerConfig, ResolverIsTheEnginesWhenTheHostHasNoneForPods) {
  ContainerBasis basis;
  basis.has_resolver = false;
  ContainerConfig config =
      MakeContainerConfig("c", *MakePod(), MakeContainer("app"), basis, {}, {});
  ASSERT_EQ(config.binds.size(), 4U)
      << "with the program that waits for the network, and the file of its last words";
  EXPECT_EQ(config.binds[1].container_path, "/etc/hostname");
  EXPECT_EQ(config.network_start, NetworkStart::kEngines) << "whose namespace has the copy";
  basis.sandbox_id = "sandbox";
  config = MakeContainerConfig("c", *MakePod(), MakeContainer("app"), basis, {}, {});
  EXPECT_EQ(config.binds.size(), 3U);
}

TEST(ContainerConfig, LongestNamesFitTheEngineAndStayDifferent) {
  auto pod = MakePod(std::string(253, 'p'));
  pod->metadata.namespace_name = std::string(63, 'n');
  auto twin = MakePod(std::string(253, 'p'), std::string(kUid).substr(0, 35) + "2");
  twin->metadata.namespace_name = pod->metadata.namespace_name;
  ContainerBasis basis;
  basis.attempt = std::numeric_limits<int32_t>::max();
  const auto name_of = [&](const Pod& of) {
    return MakeContainerConfig("c", of, MakeContainer(std::string(63, 'c')), basis, {}, {}).name;
  };
  EXPECT_EQ(ValidateContainerName(name_of(*pod)), OkStatus()) << name_of(*pod);
  EXPECT_NE(name_of(*pod), name_of(*twin));
  EXPECT_EQ(name_of(*pod), name_of(*pod));
}

TEST(ContainerConfig, HostnameIsCutToWhatTheKernelTakes) {
  EXPECT_EQ(HostnameOf(*MakePod("web")), "web");
  Pod named = *MakePod("web");
  named.spec.hostname = "db-0";
  EXPECT_EQ(HostnameOf(named), "db-0");
  std::string name(62, 'a');
  name += "-bbbbb";
  EXPECT_EQ(HostnameOf(*MakePod(name)), std::string(62, 'a'));
}

TEST(PodFiles, HostsNamesThePod) {
  const std::string hosts = HostsFile("web", "10.42.3.2");
  EXPECT_NE(hosts.find("127.0.0.1\tlocalhost\n"), std::string::npos);
  EXPECT_NE(hosts.find("10.42.3.2\tweb\n"), std::string::npos);
}

}  // namespace
}  // namespace reconcile
