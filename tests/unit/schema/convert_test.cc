#include "schema/convert.h"

#include <gtest/gtest.h>

#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

ConvertedManifest Convert(const std::string& yaml) {
  const std::optional<ConvertedManifest> converted = ConvertOldVersion(testing::Yaml(yaml));
  EXPECT_TRUE(converted) << yaml;
  return converted ? *converted : ConvertedManifest{};
}

// What `yaml` is converted to, written as JSON; both are compared as text.
void ExpectConverted(const std::string& yaml, const std::string& expected) {
  const ConvertedManifest converted = Convert(yaml);
  EXPECT_TRUE(converted.errors.empty()) << yaml;
  EXPECT_EQ(WriteJson(converted.value, 1), WriteJson(testing::Yaml(expected), 1)) << yaml;
}

TEST(Convert, ServedVersionsAreLeftAlone) {
  for (const char* yaml : {"{apiVersion: apps/v1, kind: Deployment}", "{apiVersion: v1, kind: Pod}",
                           "{apiVersion: extensions/v1beta1, kind: Pod}", "{kind: Pod}", "[a]",
                           "{apiVersion: 1, kind: Deployment}"}) {
    EXPECT_FALSE(ConvertOldVersion(testing::Yaml(yaml))) << yaml;
  }
}

// extensions/v1beta1 defaults.go, SetDefaults_Deployment.
TEST(Convert, ExtensionsDeploymentKeepsItsDefaults) {
  ExpectConverted(
      "apiVersion: extensions/v1beta1\n"
      "kind: Deployment\n"
      "metadata: {name: web}\n"
      "spec: {template: {metadata: {labels: {app: web}}}}\n",
      "apiVersion: apps/v1\n"
      "kind: Deployment\n"
      "metadata: {name: web, labels: {app: web}}\n"
      "spec:\n"
      "  template: {metadata: {labels: {app: web}}}\n"
      "  selector: {matchLabels: {app: web}}\n"
      "  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 1}}\n"
      "  progressDeadlineSeconds: 2147483647\n"
      "  revisionHistoryLimit: 2147483647\n");
}

TEST(Convert, WhatIsGivenIsKept) {
  ExpectConverted(
      "apiVersion: extensions/v1beta1\n"
      "kind: Deployment\n"
      "metadata: {name: web, labels: {own: label}}\n"
      "spec:\n"
      "  selector: {matchLabels: {app: web}}\n"
      "  strategy: {type: Recreate}\n"
      "  progressDeadlineSeconds: 5\n"
      "  revisionHistoryLimit: 0\n"
      "  template: {metadata: {labels: {app: web}}}\n",
      "apiVersion: apps/v1\n"
      "kind: Deployment\n"
      "metadata: {name: web, labels: {own: label}}\n"
      "spec:\n"
      "  selector: {matchLabels: {app: web}}\n"
      "  strategy: {type: Recreate}\n"
      "  progressDeadlineSeconds: 5\n"
      "  revisionHistoryLimit: 0\n"
      "  template: {metadata: {labels: {app: web}}}\n");
}

TEST(Convert, AppsV1Beta1KeepsItsDefaults) {
  ExpectConverted(
      "apiVersion: apps/v1beta1\n"
      "kind: Deployment\n"
      "metadata: {labels: {}}\n"
      "spec: {selector: null, template: {metadata: {labels: {app: web}}}}\n",
      "apiVersion: apps/v1\n"
      "kind: Deployment\n"
      "metadata: {labels: {app: web}}\n"
      "spec:\n"
      "  selector: {matchLabels: {app: web}}\n"
      "  template: {metadata: {labels: {app: web}}}\n"
      "  revisionHistoryLimit: 2\n");
  ExpectConverted(
      "apiVersion: apps/v1beta1\n"
      "kind: StatefulSet\n"
      "metadata: {labels: {a: b}}\n"
      "spec: {template: {metadata: {labels: {app: db}}}}\n",
      "apiVersion: apps/v1\n"
      "kind: StatefulSet\n"
      "metadata: {labels: {a: b}}\n"
      "spec:\n"
      "  template: {metadata: {labels: {app: db}}}\n"
      "  selector: {matchLabels: {app: db}}\n"
      "  updateStrategy: {type: OnDelete}\n");
}

TEST(Convert, ExtensionsDaemonSetIsUpdatedOnDelete) {
  ExpectConverted(
      "apiVersion: extensions/v1beta1\n"
      "kind: DaemonSet\n"
      "metadata: {labels: {a: b}}\n"
      "spec: {templateGeneration: 3, template: {metadata: {labels: {app: d}}}}\n",
      "apiVersion: apps/v1\n"
      "kind: DaemonSet\n"
      "metadata: {labels: {a: b}}\n"
      "spec:\n"
      "  template: {metadata: {labels: {app: d}}}\n"
      "  selector: {matchLabels: {app: d}}\n"
      "  updateStrategy: {type: OnDelete}\n");
}

TEST(Convert, IngressBackendsNameTheirService) {
  for (const char* version : {"extensions/v1beta1", "networking.k8s.io/v1beta1"}) {
    ExpectConverted("apiVersion: " + std::string(version) +
                        "\n"
                        "kind: Ingress\n"
                        "spec:\n"
                        "  backend: {serviceName: web, servicePort: 80}\n"
                        "  rules:\n"
                        "  - http:\n"
                        "      paths:\n"
                        "      - {path: /a, backend: {serviceName: a, servicePort: http}}\n"
                        "      - {pathType: Exact, backend: {resource: {kind: B}}}\n"
                        "  - {host: h}\n",
                    "apiVersion: networking.k8s.io/v1\n"
                    "kind: Ingress\n"
                    "spec:\n"
                    "  defaultBackend: {service: {name: web, port: {number: 80}}}\n"
                    "  rules:\n"
                    "  - http:\n"
                    "      paths:\n"
                    "      - path: /a\n"
                    "        backend: {service: {name: a, port: {name: http}}}\n"
                    "        pathType: ImplementationSpecific\n"
                    "      - {pathType: Exact, backend: {resource: {kind: B}}}\n"
                    "  - {host: h}\n");
  }
}

TEST(Convert, TheNewFormInAnOldVersionIsAnError) {
  const ConvertedManifest converted = Convert(
      "apiVersion: networking.k8s.io/v1beta1\n"
      "kind: Ingress\n"
      "spec: {rules: [{http: {paths: [{backend: {service: {name: a}}}]}}]}\n");
  ASSERT_EQ(converted.errors.size(), 1U);
  EXPECT_EQ(converted.errors[0].mark.line, 3);
  EXPECT_EQ(converted.errors[0].message,
            "unknown field \"service\" in this old apiVersion; the new one has it: write "
            "apiVersion: networking.k8s.io/v1");
}

TEST(Convert, AnEmptySelectorOfADisruptionBudgetStillMatchesNothing) {
  ExpectConverted(
      "{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, spec: {selector: {}}}",
      "{apiVersion: policy/v1, kind: PodDisruptionBudget, spec: {selector: {matchExpressions: "
      "[{key: pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match, operator: Exists}]}}}");
  ExpectConverted(
      "{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, "
      "spec: {selector: {matchLabels: {a: b}}}}",
      "{apiVersion: policy/v1, kind: PodDisruptionBudget, "
      "spec: {selector: {matchLabels: {a: b}}}}");
}

TEST(Convert, AutoscalerMetricsGetTargets) {
  ExpectConverted(
      "apiVersion: autoscaling/v2beta1\n"
      "kind: HorizontalPodAutoscaler\n"
      "spec:\n"
      "  metrics:\n"
      "  - {type: Resource, resource: {name: cpu, targetAverageUtilization: 50}}\n"
      "  - {type: Resource, resource: {name: memory, targetAverageValue: 1Gi}}\n"
      "  - {type: Pods, pods: {metricName: m, targetAverageValue: 1k, selector: {x: y}}}\n"
      "  - {type: Object, object: {metricName: r, targetValue: 2k, target: {kind: Ingress}}}\n"
      "  - {type: External, external: {metricName: q, metricSelector: {a: b}, targetValue: 9}}\n",
      "apiVersion: autoscaling/v2\n"
      "kind: HorizontalPodAutoscaler\n"
      "spec:\n"
      "  metrics:\n"
      "  - type: Resource\n"
      "    resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}\n"
      "  - type: Resource\n"
      "    resource: {name: memory, target: {type: AverageValue, averageValue: 1Gi}}\n"
      "  - type: Pods\n"
      "    pods: {metric: {name: m, selector: {x: y}}, "
      "target: {type: AverageValue, averageValue: 1k}}\n"
      "  - type: Object\n"
      "    object: {describedObject: {kind: Ingress}, metric: {name: r}, "
      "target: {type: Value, value: 2k}}\n"
      "  - type: External\n"
      "    external: {metric: {name: q, selector: {a: b}}, target: {type: Value, value: 9}}\n");
}

TEST(Convert, AlphaBindingsGetGroups) {
  ExpectConverted(
      "apiVersion: rbac.authorization.k8s.io/v1alpha1\n"
      "kind: RoleBinding\n"
      "subjects:\n"
      "- {kind: ServiceAccount, apiVersion: v1, name: a}\n"
      "- {kind: Group, name: g}\n"
      "- {kind: User, name: '*'}\n",
      "apiVersion: rbac.authorization.k8s.io/v1\n"
      "kind: RoleBinding\n"
      "subjects:\n"
      "- {kind: ServiceAccount, name: a}\n"
      "- {kind: Group, name: g, apiGroup: rbac.authorization.k8s.io}\n"
      "- {kind: Group, name: 'system:authenticated', apiGroup: rbac.authorization.k8s.io}\n");
}

TEST(Convert, EndpointSliceTopologyBecomesFields) {
  ExpectConverted(
      "apiVersion: discovery.k8s.io/v1beta1\n"
      "kind: EndpointSlice\n"
      "endpoints:\n"
      "- {topology: {kubernetes.io/hostname: n, topology.kubernetes.io/zone: z, other: o}}\n",
      "apiVersion: discovery.k8s.io/v1\n"
      "kind: EndpointSlice\n"
      "endpoints:\n"
      "- {nodeName: n, zone: z, deprecatedTopology: {other: o}}\n");
}

TEST(Convert, TheWarningNamesBothVersionsAndWhatToWrite) {
  const std::string text =
      "apiVersion: extensions/v1beta1\n"
      "kind: Deployment\n"
      "metadata: {name: web, labels: {a: b}}\n"
      "spec:\n"
      "  template:\n"
      "    metadata: {labels: {app: web}}\n"
      "    spec: {containers: [{name: web, image: 'nginx:1'}]}\n";
  EXPECT_EQ(
      testing::WarningsOf(text),
      "m.yaml:1:13: apiVersion: deprecated: Kubernetes 1.16 and newer do not serve "
      "extensions/v1beta1 for kind Deployment; write apiVersion: apps/v1, and spec.selector (the "
      "template's labels), spec.strategy.rollingUpdate.maxSurge: 1, "
      "spec.strategy.rollingUpdate.maxUnavailable: 1, spec.progressDeadlineSeconds: 2147483647, "
      "spec.revisionHistoryLimit: 2147483647, which the old version filled in\n");
  EXPECT_EQ(testing::ErrorsOf(text), "");
}

TEST(Convert, ErrorsStillPointAtTheLine) {
  EXPECT_EQ(testing::ErrorsOf("apiVersion: apps/v1beta1\n"
                              "kind: Deployment\n"
                              "metadata: {name: web}\n"
                              "spec:\n"
                              "  rollbackTo: {revision: 1}\n"
                              "  template:\n"
                              "    metadata: {labels: {app: WRONG/}}\n"
                              "    spec: {containers: [{name: web, imag: nginx}]}\n")
                .find("m.yaml:5:15: spec.rollbackTo has no place in apps/v1"),
            0U);
}

}  // namespace
}  // namespace reconcile
