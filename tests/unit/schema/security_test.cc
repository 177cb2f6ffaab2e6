#include "schema/security.h"

#include <gtest/gtest.h>

#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

// Of the only container of a pod whose contexts are these.
SecurityContext Effective(const std::string& of_pod, const std::string& of_container) {
  const auto pod = testing::MustDecodeAs<Pod>(
      "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
      "  securityContext: {" +
      of_pod + "}\n  containers: [{name: main, image: a:1, securityContext: {" + of_container +
      "}}]\n");
  return EffectiveSecurityContext(pod->spec, pod->spec.containers[0]);
}

PodSpec SpecWith(const std::string& fields) {
  return testing::MustDecodeAs<Pod>(testing::PodWithSpec(fields))->spec;
}

TEST(SecurityContext, WithoutOneAllIsTheImagesOrTheEngines) {
  EXPECT_EQ(Effective("", ""), SecurityContext());
  EXPECT_EQ(EffectiveSecurityContext(SpecWith(""), Container()), SecurityContext());
}

TEST(SecurityContext, EachFieldIsTheContainersOrElseThePods) {
  const SecurityContext context =
      Effective("runAsUser: 1, runAsGroup: 2, runAsNonRoot: true, supplementalGroups: [3, 4]",
                "runAsUser: 5, runAsNonRoot: false");
  EXPECT_EQ(context.run_as_user, 5);
  EXPECT_EQ(context.run_as_group, 2);
  EXPECT_FALSE(context.run_as_non_root) << "false is said, and wins";
  EXPECT_EQ(context.supplemental_groups, (std::vector<int64_t>{3, 4}));
  EXPECT_EQ(Effective("runAsUser: 5", "runAsUser: 0").run_as_user, 0);
}

TEST(SecurityContext, ReadsWhatContainersAloneHave) {
  const SecurityContext context = Effective("",
                                            "privileged: true, readOnlyRootFilesystem: true, "
                                            "capabilities: {add: [NET_ADMIN], drop: [ALL, CHOWN]}");
  EXPECT_TRUE(context.privileged);
  EXPECT_TRUE(context.read_only_root);
  EXPECT_TRUE(context.may_gain_rights);
  EXPECT_EQ(context.capabilities_added, std::vector<std::string>{"NET_ADMIN"});
  EXPECT_EQ(context.capabilities_dropped, (std::vector<std::string>{"ALL", "CHOWN"}));
  EXPECT_FALSE(Effective("", "allowPrivilegeEscalation: false").may_gain_rights);
}

TEST(SecurityContext, AContainersProfileReplacesThePods) {
  const std::string unconfined = "seccompProfile: {type: Unconfined}";
  const std::string confined = "seccompProfile: {type: RuntimeDefault}";
  EXPECT_TRUE(Effective(unconfined, "").is_seccomp_unconfined);
  EXPECT_FALSE(Effective(unconfined, confined).is_seccomp_unconfined);
  EXPECT_TRUE(Effective(confined, unconfined).is_seccomp_unconfined);
  EXPECT_TRUE(Effective("", "appArmorProfile: {type: Unconfined}").is_apparmor_unconfined);
}

TEST(SecurityContext, ProfilesOfTheHostAreReadWithTheirType) {
  const std::string local = "{type: Localhost, localhostProfile: shop}";
  const SecurityContext context =
      Effective("appArmorProfile: " + local, "seccompProfile: " + local + ", procMount: Unmasked");
  EXPECT_EQ(context.apparmor_profile, "shop");
  EXPECT_EQ(context.seccomp_profile, "shop");
  EXPECT_TRUE(context.is_proc_unmasked);
  const SecurityContext other = Effective(
      "seccompProfile: " + local, "seccompProfile: {type: RuntimeDefault}, procMount: Default");
  EXPECT_EQ(other.seccomp_profile, "");
  EXPECT_FALSE(other.is_proc_unmasked);
}

TEST(SecurityContext, SysctlsHaveDotsHoweverTheyAreWritten) {
  const PodSpec spec = SpecWith(
      "securityContext: {sysctls: [{name: net.core.somaxconn, value: '1'},\n"
      "  {name: net/ipv4/conf/eth0.1/forwarding, value: '0'}]}\n");
  EXPECT_EQ(SysctlsOf(spec),
            (StringMap{{"net.core.somaxconn", "1"}, {"net.ipv4.conf.eth0/1.forwarding", "0"}}));
  EXPECT_TRUE(SysctlsOf(SpecWith("")).empty());
}

TEST(SecurityContext, NamespacesOfTheHostAreReadFromThePod) {
  EXPECT_FALSE(HasHostProcesses(SpecWith("hostPID: false\n")));
  EXPECT_TRUE(HasHostProcesses(SpecWith("hostPID: true\n")));
  EXPECT_TRUE(HasHostIpc(SpecWith("hostIPC: true\n")));
  EXPECT_TRUE(SharesProcesses(SpecWith("shareProcessNamespace: true\n")));
  EXPECT_FALSE(SharesProcesses(SpecWith("")));
}

}  // namespace
}  // namespace reconcile
