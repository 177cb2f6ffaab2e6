#include <gtest/gtest.h>

#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

// The messages for a pod with `spec_fields`, without their positions.
std::string PodErrors(const std::string& spec_fields) {
  return testing::PlainErrorsOf(testing::PodWithSpec(spec_fields));
}

std::string ContainerErrors(const std::string& fields) {
  return PodErrors("volumes: [{name: data}]\ninitContainers: [{name: i, image: b, " + fields +
                   "}]\n");
}

TEST(ValidatePod, AMountMustNameAVolume) {
  EXPECT_EQ(ContainerErrors("volumeMounts: [{name: dta, mountPath: /d}]"),
            "spec.initContainers[i].volumeMounts[/d].name: the pod has no volume \"dta\"; did you "
            "mean \"data\"?\n");
  EXPECT_EQ(ContainerErrors("volumeMounts: [{name: data, mountPath: /d}, "
                            "{name: data, mountPath: /d, subPath: ../x}]"),
            "spec.initContainers[i].volumeMounts[/d].mountPath: two volumes are mounted at \"/d\"\n"
            "spec.initContainers[i].volumeMounts[/d].subPath: must not contain \"..\"\n");
  EXPECT_EQ(ContainerErrors("volumeMounts: [{name: data, mountPath: 'a:b'}]"),
            "spec.initContainers[i].volumeMounts[a:b].mountPath: must not contain \":\"\n");
}

TEST(ValidatePod, AVolumeHasOneSourceAndAName) {
  EXPECT_EQ(PodErrors("volumes:\n- {name: a}\n- {name: a, emptyDir: {}}\n"),
            "spec.volumes[a].name: duplicate volume name \"a\"\n");
  EXPECT_EQ(PodErrors("volumes: [{name: a, emptyDir: {}, hostPath: {path: /x}}]\n"),
            "spec.volumes[a].hostPath: a volume has one source; this one has emptyDir already\n");
  EXPECT_EQ(
      PodErrors("volumes: [{name: a, hostPath: {path: /x/../y, type: Folder}}]\n").substr(0, 57),
      "spec.volumes[a].hostPath.path: must not contain \"..\"\nspec");
  EXPECT_EQ(PodErrors("volumes: [{name: a, configMap: {items: [{key: k, path: /p}]}}]\n"),
            "spec.volumes[a].configMap.name: required\n"
            "spec.volumes[a].configMap.items[0].path: must be a path inside the volume, not begin "
            "with \"/\"\n");
  EXPECT_EQ(PodErrors("volumes: [{name: a, secret: {secretName: s, defaultMode: 644}}]\n"),
            "spec.volumes[a].secret.defaultMode: must be from 0 to 0777 (decimal 511), not decimal "
            "644\n");
  EXPECT_EQ(PodErrors("volumes: [{name: a, projected: {sources: [{}]}}]\n"),
            "spec.volumes[a].projected.sources[0]: needs one of configMap, secret, downwardAPI, "
            "serviceAccountToken, clusterTrustBundle\n");
}

TEST(ValidatePod, ProbesHaveOneActionAndSensibleNumbers) {
  const auto probe = [](const std::string& fields) {
    return PodErrors(
        "initContainers: [{name: i, image: b, restartPolicy: Always, livenessProbe: {" + fields +
        "}}]\n");
  };
  EXPECT_EQ(probe("exec: {command: [a]}, periodSeconds: 3"), "");
  EXPECT_EQ(probe("periodSeconds: 3"),
            "spec.initContainers[i].livenessProbe: needs one of exec, httpGet, tcpSocket, grpc\n");
  EXPECT_EQ(probe("exec: {command: [a]}, grpc: {port: 1}"),
            "spec.initContainers[i].livenessProbe: must not have more than one of exec, httpGet, "
            "tcpSocket, grpc\n");
  EXPECT_EQ(probe("httpGet: {port: 70000}, timeoutSeconds: -1, successThreshold: 2"),
            "spec.initContainers[i].livenessProbe.httpGet.port: must be a port from 1 to 65535, "
            "not 70000\n"
            "spec.initContainers[i].livenessProbe.timeoutSeconds: must be 0 or more, not -1\n"
            "spec.initContainers[i].livenessProbe.successThreshold: must be 1 in a "
            "livenessProbe\n");
  EXPECT_EQ(ContainerErrors("livenessProbe: {exec: {command: [a]}}"),
            "spec.initContainers[i].livenessProbe: must not be given in an init container, unless "
            "its restartPolicy is Always\n");
}

TEST(ValidatePod, SecurityContextsDoNotContradictThemselves) {
  EXPECT_EQ(PodErrors("hostPID: true\nshareProcessNamespace: true\n"),
            "spec.shareProcessNamespace: must not be set with hostPID\n");
  EXPECT_EQ(PodErrors("hostPID: true\nshareProcessNamespace: false\n"), "");
  EXPECT_EQ(ContainerErrors("securityContext: {privileged: true, allowPrivilegeEscalation: false}"),
            "spec.initContainers[i].securityContext.allowPrivilegeEscalation: must not be false "
            "when privileged is true\n");
  EXPECT_EQ(PodErrors("securityContext: {runAsUser: -1, seccompProfile: {type: Localhost}}\n"),
            "spec.securityContext.runAsUser: must be from 0 to 2147483647, not -1\n"
            "spec.securityContext.seccompProfile.localhostProfile: required with type "
            "\"Localhost\"\n");
}

TEST(ValidatePod, AProfileOfTheHostLiesBelowItsFolder) {
  const auto errors = [](const std::string& kind, const std::string& profile) {
    const std::string text =
        ContainerErrors("securityContext: {" + kind + ": {type: Localhost, localhostProfile: \"" +
                        profile + "\"}}");
    return text.substr(text.find(": ") == std::string::npos ? text.size() : text.find(": ") + 2);
  };
  for (const char* inside : {"audit.json", "team/a..b.json", "./x/..y"}) {
    EXPECT_EQ(errors("seccompProfile", inside), "") << inside;
  }
  EXPECT_EQ(errors("seccompProfile", "/etc/shadow"), "must be a relative path\n");
  for (const char* above : {"..", "../x", "a/../../x", "a/.."}) {
    EXPECT_EQ(errors("seccompProfile", above), "must not contain '..'\n") << above;
  }
  EXPECT_EQ(errors("seccompProfile", std::string(4096, 'x')),
            "must be no longer than 4095 bytes\n");
  EXPECT_EQ(errors("appArmorProfile", "/usr/bin/shop"), "") << "it is a name";
  EXPECT_EQ(errors("appArmorProfile", " shop"), "must not be padded with spaces\n");
}

TEST(ValidatePod, PlacementFollowsItsRules) {
  EXPECT_EQ(PodErrors("tolerations: [{value: a}]\n"),
            "spec.tolerations[0].operator: must be \"Exists\" when key is empty\n");
  EXPECT_EQ(PodErrors("tolerations: [{key: a, tolerationSeconds: 3}]\n"),
            "spec.tolerations[0].effect: must be \"NoExecute\" when tolerationSeconds is given\n");
  EXPECT_EQ(PodErrors("topologySpreadConstraints: [{maxSkew: -1, topologyKey: z, "
                      "whenUnsatisfiable: ScheduleAnyway}]\n"),
            "spec.topologySpreadConstraints[0].maxSkew: must be 1 or more\n");
  EXPECT_EQ(PodErrors("affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: "
                      "[{weight: 101, preference: {matchExpressions: [{key: a, operator: Gt, "
                      "values: [x]}]}}]}}\n"),
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: "
            "must be from 1 to 100, not 101\n"
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]."
            "preference.matchExpressions[0].values: must be one whole number with operator Gt\n");
}

TEST(ValidatePod, TolerationsCompareLabelValues) {
  EXPECT_EQ(PodErrors("tolerations: [{key: a, value: b.c-d}, {key: a}]\n"), "");
  EXPECT_EQ(PodErrors("tolerations: [{key: a, operator: Equal, value: b c}]\n").substr(0, 53),
            "spec.tolerations[0].value: \"b c\" is not a label value");
}

TEST(ValidatePod, OfNodesFieldsOnlyTheNameCounts) {
  const std::string prefix =
      "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
      "nodeSelectorTerms[0].matchFields[0]";
  const auto field = [&](const std::string& fields) {
    std::string text = PodErrors(
        "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
        "{nodeSelectorTerms: [{matchFields: [{" +
        fields + "}]}]}}}\n");
    for (size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
    return text;
  };
  EXPECT_EQ(field("key: metadata.name, operator: In, values: [n1]"), "");
  EXPECT_EQ(field("key: metadata.name, operator: NotIn, values: [n1]"), "");
  EXPECT_EQ(field("key: metadata.uid, operator: In, values: [a, b]"),
            ".key: must be \"metadata.name\", not \"metadata.uid\"\n"
            ".values: must be one name of a node, not 2\n");
  EXPECT_EQ(field("key: metadata.name, operator: Exists"),
            ".operator: must be \"In\" or \"NotIn\" in matchFields, not \"Exists\"\n");
}

TEST(ValidatePod, ProbesAndHooksNamePortsOfTheirContainer) {
  const auto warnings = [](const std::string& fields) {
    std::string found;
    const std::string all = testing::WarningsOf(
        testing::PodWithSpec("initContainers:\n- {name: i, image: b, restartPolicy: Always, ports: "
                             "[{name: web, containerPort: 80}], " +
                             fields + "}\n"));
    for (size_t at = 0; at < all.size(); at = all.find('\n', at) + 1) {
      const std::string line = all.substr(at, all.find('\n', at) - at);
      if (line.find("no port named") != std::string::npos) found += line + "\n";
    }
    return found;
  };
  EXPECT_EQ(warnings("livenessProbe: {httpGet: {port: web}}"), "");
  EXPECT_EQ(warnings("livenessProbe: {tcpSocket: {port: 81}}"), "");
  const std::string said = warnings("readinessProbe: {httpGet: {port: http}}");
  EXPECT_NE(said.find("spec.initContainers[i].readinessProbe.httpGet.port: the container has no "
                      "port named \"http\", so that this always fails"),
            std::string::npos)
      << said;
  EXPECT_NE(warnings("lifecycle: {preStop: {httpGet: {port: http}}}").find("preStop.httpGet.port"),
            std::string::npos);
}

TEST(ValidatePod, AHookSleepsNoLongerThanTheGracePeriod) {
  const auto sleep = [](const std::string& seconds) {
    return PodErrors(
        "terminationGracePeriodSeconds: 20\ninitContainers: [{name: i, image: b, restartPolicy: "
        "Always, lifecycle: {preStop: {sleep: {seconds: " +
        seconds + "}}}}]\n");
  };
  EXPECT_EQ(sleep("0"), "");
  EXPECT_EQ(sleep("20"), "");
  EXPECT_EQ(sleep("21"),
            "spec.initContainers[i].lifecycle.preStop.sleep.seconds: must be from 0 to the pod's "
            "terminationGracePeriodSeconds, which are 20, not 21\n");
  EXPECT_NE(sleep("-1").find("not -1"), std::string::npos);
}

TEST(ValidatePod, AHookThatNobodyCanRunIsToldBeforehand) {
  const std::string pod = testing::PodWithSpec(
      "initContainers: [{name: i, image: b, restartPolicy: Always, lifecycle: {postStart: "
      "{tcpSocket: {port: 80}}}}]\n");
  EXPECT_EQ(testing::ErrorsOf(pod), "");
  EXPECT_NE(testing::WarningsOf(pod).find("lifecycle.postStart.tcpSocket: no hook can be run so"),
            std::string::npos)
      << testing::WarningsOf(pod);
}

TEST(ValidatePod, AddressesWithLeadingZerosAreTakenWithAdvice) {
  const std::string pod = testing::PodWithSpec("hostAliases: [{ip: 010.0.0.1, hostnames: [a]}]\n");
  EXPECT_EQ(testing::ErrorsOf(pod), "");
  EXPECT_NE(
      testing::WarningsOf(pod).find("spec.hostAliases[0].ip: \"010.0.0.1\" has leading zeros"),
      std::string::npos)
      << testing::WarningsOf(pod);
}

TEST(ValidatePod, HeadersOfProbesAndHooksHaveTheNamesOfHeaders) {
  const auto header = [](const std::string& name) {
    return ContainerErrors(
        "restartPolicy: Always, lifecycle: {preStop: {httpGet: {port: 1, httpHeaders: [{name: '" +
        name + "', value: v}]}}}");
  };
  EXPECT_EQ(header("X-Custom-1"), "");
  EXPECT_NE(header("X_Custom").find("\"X_Custom\" is not the name of"), std::string::npos);
}

TEST(ValidatePod, KernelSettingsHaveNames) {
  const auto sysctl = [](const std::string& name) {
    return PodErrors("securityContext: {sysctls: [{name: '" + name + "', value: '1'}]}\n");
  };
  for (const char* name : {"net.core.somaxconn", "net/ipv4/conf/eth0.1/x", "kernel.shm_rmid-a"}) {
    EXPECT_EQ(sysctl(name), "") << name;
  }
  for (const char* name : {"net..core", "Net.core", ".net", "net.core_", "a b"}) {
    EXPECT_NE(sysctl(name).find("is not the name of a kernel setting"), std::string::npos) << name;
  }
}

TEST(ValidatePod, OnlyAPrivilegedContainerMountsOnTheHost) {
  const std::string mount =
      "volumeMounts: [{name: data, mountPath: /d, mountPropagation: Bidirectional}]";
  EXPECT_EQ(ContainerErrors(mount + ", securityContext: {privileged: true}"), "");
  EXPECT_EQ(ContainerErrors(mount),
            "spec.initContainers[i].volumeMounts[/d].mountPropagation: \"Bidirectional\" needs a "
            "container that is privileged\n");
}

TEST(ValidatePod, TokensAreGoodForTenMinutesAtLeast) {
  const auto token = [](const std::string& seconds) {
    return PodErrors("volumes: [{name: v, projected: {sources: [{serviceAccountToken: {path: t" +
                     seconds + "}}]}}]\n");
  };
  EXPECT_EQ(token(""), "");
  EXPECT_EQ(token(", expirationSeconds: 600"), "");
  EXPECT_EQ(token(", expirationSeconds: 4294967296"), "");
  EXPECT_NE(token(", expirationSeconds: 599"), "");
  EXPECT_NE(token(", expirationSeconds: 4294967297"), "");
}

TEST(ValidatePod, NamesAndHostPortsAreUnique) {
  EXPECT_EQ(PodErrors("initContainers: [{name: main, image: b}]\n"),
            "spec.initContainers[main].name: duplicate container name \"main\"\n");
  EXPECT_EQ(ContainerErrors("ports: [{containerPort: 1, hostPort: 5}, "
                            "{containerPort: 2, hostPort: 5}]"),
            "spec.initContainers[i].ports[1].hostPort: the host's port 5 is asked for twice\n");
  EXPECT_EQ(PodErrors("dnsPolicy: None\n"),
            "spec.dnsConfig.nameservers: required with dnsPolicy \"None\"\n");
  EXPECT_EQ(PodErrors("hostAliases: [{ip: nine, hostnames: [a]}]\n"),
            "spec.hostAliases[0].ip: \"nine\" is not an IP address\n");
}

}  // namespace
}  // namespace reconcile
