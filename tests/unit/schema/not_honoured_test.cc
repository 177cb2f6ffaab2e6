#include "schema/not_honoured.h"

#include <gtest/gtest.h>

#include "schema/workload.h"
#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

// The fields that keep a pod with `spec_fields` from being started, separated by spaces.
std::string Blocking(const std::string& spec_fields) {
  const auto pod = testing::MustDecodeAs<Pod>(testing::PodWithSpec(spec_fields));
  std::string text;
  for (const std::string& field : FieldsNotHonoured(pod->spec)) {
    text += (text.empty() ? "" : " ") + field;
  }
  return text;
}

std::string BlockingIn(const std::string& container_fields) {
  const auto deployment =
      testing::MustDecodeAs<Deployment>(testing::DeploymentWith(container_fields));
  std::string text;
  for (const std::string& field : FieldsNotHonoured(deployment->spec.pod_template.spec)) {
    text += (text.empty() ? "" : " ") + field;
  }
  return text;
}

std::string BlockingMount(const std::string& fields) {
  const auto pod = testing::MustDecodeAs<Pod>(
      "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  volumes: [{name: v}]\n"
      "  containers: [{name: web, image: i:1, volumeMounts: [{name: v, mountPath: /a, " +
      fields + "}]}]\n");
  std::string text;
  for (const std::string& field : FieldsNotHonoured(pod->spec)) text += field;
  return text;
}

TEST(FieldsNotHonoured, APodOfWhatIsActedOnHasNone) {
  EXPECT_EQ(Blocking("nodeSelector: {a: b}\nterminationGracePeriodSeconds: 5\n"), "");
  EXPECT_EQ(Blocking("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
                     "{nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}]}}}\n"),
            "");
  EXPECT_EQ(BlockingIn("env: [{name: A, value: b}]\nports: [{containerPort: 80}]\n"), "");
}

TEST(FieldsNotHonoured, InputAndTerminalAreHonoured) {
  EXPECT_EQ(BlockingIn("stdin: true\nstdinOnce: true\ntty: true\n"), "");
}

TEST(FieldsNotHonoured, WhatChangesWhatAContainerCanDoIsNamed) {
  EXPECT_EQ(Blocking("hostUsers: false\ninitContainers: [{name: i, image: b, resources: "
                     "{limits: {nvidia.com/gpu: 1}}}]\n"),
            "spec.hostUsers spec.initContainers[i].resources.limits[nvidia.com/gpu] "
            "spec.initContainers[i].resources.requests[nvidia.com/gpu]");
  EXPECT_EQ(Blocking("securityContext: {fsGroup: 1, supplementalGroupsPolicy: Strict}\n"),
            "spec.securityContext.supplementalGroupsPolicy");
  EXPECT_EQ(BlockingIn("lifecycle: {preStop: {exec: {command: [a]}}, stopSignal: SIGUSR1}\n"
                       "ports: [{containerPort: 80, hostPort: 80}]\n"
                       "resources: {limits: {nvidia.com/gpu: 1}}\n"),
            "spec.containers[web].lifecycle.stopSignal "
            "spec.containers[web].resources.limits[nvidia.com/gpu]");
}

TEST(FieldsNotHonoured, VolumesThatGoWithThePodAreHonoured) {
  EXPECT_EQ(
      Blocking(
          "volumes: [{name: a, emptyDir: {medium: Memory, sizeLimit: 1Mi}}, {name: b},\n"
          "  {name: c, hostPath: {path: /x, type: Directory}}, {name: d, configMap: {name: m}},\n"
          "  {name: e, secret: {secretName: s}},\n"
          "  {name: f, projected: {sources: [{configMap: {name: m}}, {downwardAPI:\n"
          "    {items: [{path: l, fieldRef: {fieldPath: metadata.labels}}]}}]}}]\n"),
      "");
  EXPECT_EQ(BlockingIn("env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}]\n"),
            "");
  EXPECT_EQ(BlockingMount("subPath: b, recursiveReadOnly: IfPossible"), "");
}

TEST(FieldsNotHonoured, OtherVolumesAreNamed) {
  EXPECT_EQ(Blocking("volumes: [{name: a, emptyDir: {medium: HugePages}},\n"
                     "  {name: b, persistentVolumeClaim: {claimName: c}},\n"
                     "  {name: c, nfs: {server: s, path: /p}}, {name: d, projected: {sources:\n"
                     "    [{serviceAccountToken: {path: token}}]}}]\n"),
            "spec.volumes[a].emptyDir.medium spec.volumes[b].persistentVolumeClaim "
            "spec.volumes[c].nfs spec.volumes[d].projected.sources[0].serviceAccountToken");
  EXPECT_EQ(BlockingMount("recursiveReadOnly: Enabled"),
            "spec.containers[web].volumeMounts[/a].recursiveReadOnly");
}

TEST(FieldsNotHonoured, RightsAreHonoured) {
  EXPECT_EQ(Blocking("hostPID: true\nhostIPC: true\nhostAliases: [{ip: 192.0.2.1}]\n"
                     "securityContext: {runAsUser: 0, runAsNonRoot: true, runAsGroup: 1,\n"
                     "  supplementalGroups: [2], seccompProfile: {type: Unconfined},\n"
                     "  sysctls: [{name: net.core.somaxconn, value: '1024'}]}\n"),
            "");
  EXPECT_EQ(Blocking("shareProcessNamespace: true\n"), "");
  EXPECT_EQ(BlockingIn("securityContext: {privileged: true, capabilities: {drop: [ALL]},\n"
                       "  readOnlyRootFilesystem: true, appArmorProfile: {type: Unconfined}}\n"),
            "");
  EXPECT_EQ(BlockingIn("securityContext: {allowPrivilegeEscalation: false}\n"), "");
}

TEST(FieldsNotHonoured, ProfilesOfTheHostAndAnUnmaskedProcAre) {
  EXPECT_EQ(Blocking("securityContext:\n"
                     "    seccompProfile: {type: Localhost, localhostProfile: p}\n"),
            "");
  EXPECT_EQ(BlockingIn("securityContext: {procMount: Unmasked, appArmorProfile: {type: Localhost, "
                       "localhostProfile: p}}\n"),
            "");
}

TEST(FieldsNotHonoured, NamesAreHonoured) {
  EXPECT_EQ(
      Blocking("hostname: a\nsubdomain: b\ndnsPolicy: None\n"
               "dnsConfig: {nameservers: [192.0.2.1], searches: [x], options: [{name: y}]}\n"),
      "");
}

TEST(FieldsNotHonoured, RulesOfPlacementAreHonoured) {
  const std::string terms =
      "DuringSchedulingIgnoredDuringExecution: [{topologyKey: zone, labelSelector: {}}]}}\n";
  EXPECT_EQ(Blocking("affinity: {podAntiAffinity: {required" + terms), "");
  EXPECT_EQ(Blocking("affinity: {podAffinity: {required" + terms), "");
  EXPECT_EQ(Blocking("topologySpreadConstraints:\n"
                     "- {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}\n"),
            "");
}

TEST(FieldsNotHonoured, WhatIsDoneAnywayOrDoesNoHarmIsNot) {
  EXPECT_EQ(Blocking("securityContext: {seccompProfile: {type: RuntimeDefault}}\n"
                     "os: {name: linux}\nhostUsers: true\nserviceAccountName: sa\n"
                     "tolerations: [{operator: Exists}]\npriorityClassName: high\n"),
            "");
  EXPECT_EQ(BlockingIn("livenessProbe: {httpGet: {port: 80}}\nterminationMessagePath: /m\n"
                       "securityContext: {privileged: false, allowPrivilegeEscalation: true}\n"
                       "resources: {requests: {ephemeral-storage: 1Gi}}\n"),
            "");
}

TEST(FieldsNotHonoured, TheMessageNamesTheFirstOnes) {
  EXPECT_EQ(NotHonouredMessage({"spec.volumes"}),
            "no pod is started: this version cannot honour spec.volumes; without that, containers "
            "would do, see or be allowed something else than is written");
  const std::string many = NotHonouredMessage(std::vector<std::string>(10, "f"));
  EXPECT_NE(many.find("f, f, f, f, f, f, f, f and 2 more;"), std::string::npos) << many;
}

}  // namespace
}  // namespace reconcile
