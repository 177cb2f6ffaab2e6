#include "schema/pod_security.h"

#include <gtest/gtest.h>

#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

using Words = std::vector<std::string>;

PodSpec SpecOf(const std::string& of_pod, const std::string& of_container) {
  return testing::MustDecodeAs<Pod>("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n" +
                                    of_pod + "  containers:\n  - {name: web, image: a:1" +
                                    (of_container.empty() ? "" : ", ") + of_container + "}\n")
      ->spec;
}
Words Baseline(const std::string& of_pod, const std::string& of_container = "") {
  return PodSecurityViolations(PodSecurityLevel::kBaseline, SpecOf(of_pod, of_container));
}
Words Restricted(const std::string& of_pod, const std::string& of_container = "") {
  return PodSecurityViolations(PodSecurityLevel::kRestricted, SpecOf(of_pod, of_container));
}

TEST(PodSecurity, TheLevelIsTheNamespacesLabel) {
  EXPECT_EQ(PodSecurityLevelOf(nullptr), PodSecurityLevel::kPrivileged);
  Namespace space;
  EXPECT_EQ(PodSecurityLevelOf(&space), PodSecurityLevel::kPrivileged);
  std::string& label = space.metadata.labels[std::string(kPodSecurityLabel)];
  label = "privileged";
  EXPECT_EQ(PodSecurityLevelOf(&space), PodSecurityLevel::kPrivileged);
  label = "baseline";
  EXPECT_EQ(PodSecurityLevelOf(&space), PodSecurityLevel::kBaseline);
  label = "restricted";
  EXPECT_EQ(PodSecurityLevelOf(&space), PodSecurityLevel::kRestricted);
  label = "baselin";
  EXPECT_EQ(PodSecurityLevelOf(&space), PodSecurityLevel::kRestricted) << "nobody knows it";
}

TEST(PodSecurity, BaselineKeepsOutWhatGetsHoldOfTheHost) {
  EXPECT_EQ(Baseline(""), Words());
  EXPECT_EQ(Baseline("  hostNetwork: true\n  hostPID: true\n  hostIPC: true\n"),
            Words{"host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)"});
  EXPECT_EQ(Baseline("", "securityContext: {privileged: true}"),
            Words{"privileged (container \"web\" must not set securityContext.privileged=true)"});
  EXPECT_EQ(Baseline("", "securityContext: {capabilities: {add: [CHOWN, NET_ADMIN, CAP_BPF]}}"),
            Words{"non-default capabilities (container \"web\" must not include \"NET_ADMIN\", "
                  "\"CAP_BPF\" in securityContext.capabilities.add)"});
  for (const char* path : {"/", "/etc", "/var/run/docker.sock", "/srv/data"}) {
    EXPECT_EQ(Baseline(std::string("  volumes:\n  - {name: v, hostPath: {path: ") + path + "}}\n" +
                       "  - {name: w, emptyDir: {}}\n"),
              Words{"hostPath volumes (volume \"v\")"})
        << path;
  }
  EXPECT_EQ(Baseline("", "ports: [{containerPort: 80, hostPort: 8080}]"),
            Words{"hostPort (container \"web\" uses hostPort 8080)"});
  EXPECT_EQ(Baseline("", "securityContext: {procMount: Unmasked}"),
            Words{"procMount (container \"web\" must not set securityContext.procMount to "
                  "\"Unmasked\")"});
  EXPECT_EQ(Baseline("", "securityContext: {procMount: Default}"), Words());
  EXPECT_EQ(Baseline("  securityContext: {sysctls: [{name: kernel.msgmax, value: '1'}, "
                     "{name: net.ipv4.tcp_syncookies, value: '1'}]}\n"),
            Words{"forbidden sysctls (kernel.msgmax)"});
  EXPECT_EQ(Baseline("  securityContext: {seccompProfile: {type: Unconfined}, "
                     "appArmorProfile: {type: Unconfined}}\n")
                .size(),
            2U);
}

// The engine and the kernel take the name for the absence of a profile.
TEST(PodSecurity, AProfileOfTheHostIsNotNamedUnconfined) {
  EXPECT_EQ(Baseline("  securityContext: {appArmorProfile: {type: Localhost, "
                     "localhostProfile: unconfined}}\n")
                .size(),
            1U);
  EXPECT_EQ(Baseline("  securityContext: {appArmorProfile: {type: Localhost, "
                     "localhostProfile: nginx}}\n"),
            Words());
}

TEST(PodSecurity, InitContainersAreLookedAtToo) {
  EXPECT_EQ(Baseline("  initContainers:\n  - {name: first, image: a:1, "
                     "securityContext: {privileged: true}}\n",
                     "securityContext: {privileged: true}")
                .size(),
            1U);
  const Words found = Baseline(
      "  initContainers:\n  - {name: first, image: a:1, securityContext: {privileged: true}}\n");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].find("\"first\""), std::string::npos) << found[0];
}

TEST(PodSecurity, RestrictedWantsASaidMinimum) {
  const std::string good =
      "securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL], "
      "add: [NET_BIND_SERVICE]}, runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}";
  EXPECT_EQ(Restricted("  volumes: [{name: v, emptyDir: {}}, {name: w, secret: {secretName: s}}]\n",
                       good),
            Words());
  const Words found = Restricted("");
  ASSERT_EQ(found.size(), 3U);  // it gains no rights here unless it says so
  EXPECT_TRUE(found[0].starts_with("unrestricted capabilities (")) << found[0];
  EXPECT_TRUE(found[1].starts_with("runAsNonRoot != true (")) << found[1];
  EXPECT_TRUE(found[2].starts_with("seccompProfile (")) << found[2];
  EXPECT_EQ(Restricted("  volumes: [{name: v, hostPath: {path: /}}]\n", good),
            Words{"restricted volume types (volume \"v\")"});
  EXPECT_EQ(Restricted("  securityContext: {runAsUser: 0}\n", good),
            Words{"runAsUser=0 (container \"web\" must not set runAsUser=0)"});
}

TEST(PodSecurity, TheMessageSaysWhoForbidsWhatAndWhatToDo) {
  EXPECT_EQ(PodSecurityMessage("shop", PodSecurityLevel::kBaseline, {"a (b)", "c (d)"}),
            "no pod is started: the namespace \"shop\" forbids it, as it violates PodSecurity "
            "\"baseline:latest\": a (b), c (d); change the pod, or the label "
            "pod-security.kubernetes.io/enforce of the Namespace");
}

}  // namespace
}  // namespace reconcile
