// Who the containers of a pod run as, and what they may do and see.
#include <algorithm>

#include "agent/container_config.h"
#include "agent/container_rights.h"
#include "agent/pod_files.h"
#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

Value Json(const std::string& text) { return ParseJson(text).value(); }

class RightsTest : public StepTest {
 protected:
  // A pod of one container with these contexts, as JSON.
  static std::shared_ptr<Pod> PodWith(const std::string& of_pod, const std::string& of_container) {
    auto pod = MakePod();
    pod->spec.others.Set("securityContext", Json(of_pod));
    pod->spec.containers.Edit()[0].others.Set("securityContext", Json(of_container));
    return pod;
  }
  static ContainerRights Rights(const std::string& of_pod, const std::string& of_container,
                                const std::string& image_user = "") {
    const auto pod = PodWith(of_pod, of_container);
    return RightsOf(pod->spec, pod->spec.containers[0], image_user);
  }
  static std::string NonRoot(const std::string& context, const std::string& image_user) {
    const auto pod = PodWith(context, "{}");
    return CheckNonRoot(*pod, pod->spec.containers[0], image_user).message();
  }
  // The containers that are made until the host is at rest, sandboxes first.
  std::vector<ContainerConfig> Made() {
    std::vector<ContainerConfig> made;
    for (int turn = 0; turn < 20; ++turn) {
      const StepResult result = Take();
      for (const AttachNetwork& attach : Find<AttachNetwork>(result)) attached = attach.attachment;
      for (const RunSandbox& run : Find<RunSandbox>(result)) made.push_back(run.config);
      for (const RunContainer& run : Find<RunContainer>(result)) made.push_back(run.config);
      for (const Operation& operation : result.operations) Perform(operation);
    }
    return made;
  }

  PodAttachment attached;  // by Made, the last
};

TEST_F(RightsTest, Line39_WithoutAContextAContainerHasWhatTheEngineGivesAndGainsNoMore) {
  const auto pod = MakePod();
  ContainerRights rights;
  rights.security_options = {"no-new-privileges"};
  EXPECT_EQ(RightsOf(pod->spec, pod->spec.containers[0], "nginx"), rights);
  Assign(pod);
  for (const ContainerConfig& config : Made()) {
    EXPECT_EQ(config.pids_limit, config.is_sandbox ? 0 : 4'096);
  }
}

TEST_F(RightsTest, UserAndGroupAreWhatIsSaidAndElseTheImages) {
  EXPECT_EQ(Rights(R"({"runAsUser":1000})", "{}", "nginx").user, "1000");
  EXPECT_EQ(Rights(R"({"runAsUser":1000})", R"({"runAsGroup":7,"runAsUser":5})").user, "5:7");
  EXPECT_EQ(Rights(R"({"runAsGroup":7})", "{}", "nginx:nginx").user, "nginx:7");
  EXPECT_EQ(Rights(R"({"runAsGroup":7})", "{}").user, "0:7") << "the image's user is root";
  EXPECT_EQ(Rights(R"({"supplementalGroups":[3,4]})", "{}").groups,
            (std::vector<std::string>{"3", "4"}));
}

TEST_F(RightsTest, WhatAContainerMayDoIsSaidInTheEnginesWords) {
  const ContainerRights rights = Rights(
      "{}", R"({"readOnlyRootFilesystem":true,"allowPrivilegeEscalation":false,)"
            R"("capabilities":{"add":["NET_ADMIN"],"drop":["ALL"]},)"
            R"("seccompProfile":{"type":"Unconfined"},"appArmorProfile":{"type":"Unconfined"}})");
  EXPECT_TRUE(rights.read_only_root);
  EXPECT_FALSE(rights.privileged);
  EXPECT_EQ(rights.capabilities_added, std::vector<std::string>{"NET_ADMIN"});
  EXPECT_EQ(rights.capabilities_dropped, std::vector<std::string>{"ALL"});
  EXPECT_EQ(
      rights.security_options,
      (std::vector<std::string>{"no-new-privileges", "seccomp=unconfined", "apparmor=unconfined"}));
  EXPECT_TRUE(Rights("{}", R"({"privileged":true})").privileged);
  EXPECT_EQ(Rights(R"({"seccompProfile":{"type":"RuntimeDefault"}})", "{}").security_options,
            std::vector<std::string>{"no-new-privileges"});
  // Who has all rights may gain them, and who says so.
  for (const char* context :
       {R"({"privileged":true})", R"({"allowPrivilegeEscalation":true})",
        R"({"capabilities":{"add":["SYS_ADMIN"]}})", R"({"capabilities":{"add":["ALL"]}})"}) {
    EXPECT_TRUE(Rights("{}", context).security_options.empty()) << context;
  }
}

TEST_F(RightsTest, ProfilesOfTheHostAreNamed) {
  const auto local = [](const std::string& kind, const std::string& profile) {
    return "{\"" + kind + R"(":{"type":"Localhost","localhostProfile":")" + profile + "\"}}";
  };
  EXPECT_EQ(Rights("{}", local("appArmorProfile", "shop")).security_options,
            (std::vector<std::string>{"no-new-privileges", "apparmor=shop"}));
  EXPECT_TRUE(Rights("{}", R"({"procMount":"Unmasked"})").proc_unmasked);
  EXPECT_FALSE(Rights("{}", R"({"procMount":"Default"})").proc_unmasked);
  const auto file = [&](const std::string& of_pod, const std::string& of_container) {
    const auto pod = PodWith(of_pod, of_container);
    return SeccompFileOf(pod->spec, pod->spec.containers[0]);
  };
  EXPECT_EQ(file(local("seccompProfile", "team/./shop.json"), "{}"), "seccomp/team/shop.json");
  EXPECT_EQ(file("{}", local("seccompProfile", "./a//b")), "seccomp/a/b");
  EXPECT_EQ(file("{}", R"({"seccompProfile":{"type":"RuntimeDefault"}})"), "");
}

TEST_F(RightsTest, WithoutAppArmorOnTheHostNothingRunsThatWantsAProfile) {
  const std::string context =
      R"({"appArmorProfile":{"type":"Localhost","localhostProfile":"shop"}})";
  Assign(PodWith(context, "{}"));
  const StepResult result = Settle();
  ASSERT_TRUE(StatusOf(result).state.waiting);
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "CreateContainerConfigError");
  EXPECT_NE(StatusOf(result).state.waiting->message.find(
                "cannot enforce the AppArmor profile \"shop\": AppArmor is not enabled"),
            std::string::npos)
      << StatusOf(result).state.waiting->message;
  EXPECT_TRUE(All("app").empty());
  host.has_apparmor = true;
  EXPECT_TRUE(StatusOf(Settle()).state.running);
}

TEST_F(RightsTest, NonRootIsCheckedAsTheKubeletDoes) {
  const std::string where = std::string(" (pod: \"web_default(") + kUid + ")\", container: app)";
  const std::string root = "container has runAsNonRoot and image will run as root" + where;
  const std::string checked = R"({"runAsNonRoot":true})";
  for (const char* user : {"", "0", "0:1000", ":5"})
    EXPECT_EQ(NonRoot(checked, user), root) << user;
  for (const char* user : {"1000", "1000:0"}) EXPECT_EQ(NonRoot(checked, user), "") << user;
  EXPECT_EQ(NonRoot(checked, "nginx:nginx"),
            "container has runAsNonRoot and image has non-numeric user (nginx), cannot verify user "
            "is non-root" +
                where);
  EXPECT_EQ(NonRoot(R"({"runAsNonRoot":true,"runAsUser":0})", "1000"),
            "container's runAsUser breaks non-root policy" + where);
  EXPECT_EQ(NonRoot(R"({"runAsNonRoot":true,"runAsUser":9})", "nginx"), "");
  EXPECT_EQ(NonRoot(R"({"runAsNonRoot":false})", ""), "");
  EXPECT_EQ(NonRoot("{}", ""), "");
}

TEST_F(RightsTest, AContainerThatWouldRunAsRootIsNotMade) {
  Assign(PodWith(R"({"runAsNonRoot":true})", "{}"));
  const StepResult result = Settle();
  ASSERT_TRUE(StatusOf(result).state.waiting);
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "CreateContainerConfigError");
  EXPECT_NE(StatusOf(result).state.waiting->message.find("image will run as root"),
            std::string::npos);
  EXPECT_TRUE(All("app").empty());
}

TEST_F(RightsTest, AContainerOfAnImageThatIsNotRootsRuns) {
  image_users["shop:1"] = "1000";
  Assign(PodWith(R"({"runAsNonRoot":true})", "{}"));
  EXPECT_TRUE(StatusOf(Settle()).state.running);
}

TEST_F(RightsTest, SysctlsAreSetWhereThePodsNamespacesAreMade) {
  const std::string context = R"({"sysctls":[{"name":"net.core.somaxconn","value":"99"}]})";
  const StringMap sysctls = {{"net.core.somaxconn", "99"}};
  Assign(PodWith(context, "{}"));
  const std::vector<ContainerConfig> made = Made();
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(made[0].sysctls, sysctls);
  EXPECT_TRUE(made[1].sysctls.empty()) << "it joins them";
  EXPECT_EQ(attached.own_settings, std::vector<std::string>{"net.core.somaxconn"});
  ContainerBasis alone;
  const auto pod = PodWith(context, "{}");
  EXPECT_EQ(MakeContainerConfig("c", *pod, pod->spec.containers[0], alone, {}, {}).sysctls,
            sysctls);
}

TEST_F(RightsTest, TheHostsProcessesAndMemoryAreSeenByThePodsThatAsk) {
  auto pod = MakePod();
  pod->spec.others.Set("hostPID", Value::Bool(true));
  pod->spec.others.Set("hostIPC", Value::Bool(true));
  Assign(pod);
  const std::vector<ContainerConfig> made = Made();
  ASSERT_EQ(made.size(), 2U);
  EXPECT_TRUE(made[0].host_ipc);
  EXPECT_EQ(made[0].process_view, ProcessView::kOwn);
  EXPECT_TRUE(made[1].host_ipc);
  EXPECT_EQ(made[1].process_view, ProcessView::kHosts);
}

TEST_F(RightsTest, SharedProcessesHaveTheSandboxsProgramAsTheirFirst) {
  host.start_program_path = "/data/start";
  auto pod = MakePod();
  pod->spec.others.Set("shareProcessNamespace", Value::Bool(true));
  Assign(pod);
  const std::vector<ContainerConfig> made = Made();
  ASSERT_EQ(made.size(), 2U) << "a sandbox also for one container: it takes in orphans";
  EXPECT_EQ(made[1].process_view, ProcessView::kNetworkContainers);
}

TEST_F(RightsTest, HostAliasesAreLinesOfTheHostsFile) {
  auto pod = MakePod();
  EXPECT_EQ(HostAliasLines(pod->spec), "");
  pod->spec.others.Set("hostAliases", Json(R"([{"ip":"192.0.2.1","hostnames":["a","b.c"]},)"
                                           R"({"ip":"192.0.2.2","hostnames":["d"]}])"));
  Assign(pod);
  std::string aliases;
  for (int turn = 0; turn < 10; ++turn) {
    const StepResult result = Take();
    for (const WritePodFiles& write : Find<WritePodFiles>(result)) aliases = write.aliases;
    for (const Operation& operation : result.operations) Perform(operation);
  }
  EXPECT_EQ(aliases, "# Entries added by HostAliases.\n192.0.2.1\ta\tb.c\n192.0.2.2\td\n");
}

TEST_F(RightsTest, AnotherContextIsAnotherSpec) {
  Container container = MakeContainer("app");
  const std::string hash = SpecHashOf(container);
  container.others.Set("securityContext", Json(R"({"privileged":true})"));
  EXPECT_NE(SpecHashOf(container), hash);
}

}  // namespace
}  // namespace reconcile
