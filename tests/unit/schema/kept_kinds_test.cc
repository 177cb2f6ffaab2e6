// Kinds that are checked, stored and shown, and from which nothing follows.

#include <gtest/gtest.h>

#include "schema/kept.h"
#include "schema/manifests.h"
#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

std::string Head(const std::string& api_version, const std::string& kind) {
  return "apiVersion: " + api_version + "\nkind: " + kind + "\nmetadata: {name: x}\n";
}
std::string ErrorsOf(const std::string& api_version, const std::string& kind,
                     const std::string& fields) {
  return testing::ErrorsOf(Head(api_version, kind) + fields);
}
std::string PolicyErrors(const std::string& spec) {
  return ErrorsOf("networking.k8s.io/v1", "NetworkPolicy", "spec: " + spec + "\n");
}
std::string IngressErrors(const std::string& spec) {
  return ErrorsOf("networking.k8s.io/v1", "Ingress", "spec: " + spec + "\n");
}
std::string RoleErrors(const std::string& kind, const std::string& rule) {
  return ErrorsOf("rbac.authorization.k8s.io/v1", kind, "rules: [" + rule + "]\n");
}

TEST(KeptKinds, AreReadBackAsTheyWereStored) {
  const ObjectPtr object = testing::MustDecode(
      Head("networking.k8s.io/v1", "Ingress") +
      "spec:\n  rules:\n  - host: '*.shop.example'\n    http:\n      paths:\n"
      "      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}\n");
  const Result<ObjectPtr> again = DecodeStored(EncodeObjectJson(*object, EncodeFor::kStore));
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_TRUE(EqualObjects(*object, **again));
  EXPECT_NE(EncodeObjectJson(**again, EncodeFor::kUser).find("\"pathType\":\"Prefix\""),
            std::string::npos);
}

TEST(KeptKinds, AreDiffedFieldByField) {
  const auto claim = [](const std::string& size) {
    return testing::MustDecode(Head("v1", "PersistentVolumeClaim") +
                               "spec: {accessModes: [ReadWriteOnce], resources: {requests: "
                               "{storage: " +
                               size + "}}}\n");
  };
  const std::vector<FieldChange> changes = DiffObjects(*claim("1Gi"), *claim("2Gi"));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].path, "spec.resources.requests[storage]");
  EXPECT_TRUE(DiffObjects(*claim("1Gi"), *claim("1024Mi")).empty());
  Problems problems;
  ValidateUpdate(*claim("1Gi"), *claim("2Gi"), &problems);
  EXPECT_TRUE(problems.errors.empty());
}

TEST(KeptKinds, WhatMayNotChangeDoesNot) {
  const auto storage = [](const std::string& provisioner) {
    return testing::MustDecode(Head("storage.k8s.io/v1", "StorageClass") +
                               "provisioner: " + provisioner + "\n");
  };
  Problems problems;
  ValidateUpdate(*storage("a.example/x"), *storage("b.example/y"), &problems);
  ASSERT_EQ(problems.errors.size(), 1U);
  EXPECT_NE(problems.errors[0].message.find("provisioner: must not change"), std::string::npos);
}

TEST(KeptKinds, RolesNameWhatTheyAllow) {
  EXPECT_EQ(RoleErrors("Role", "{apiGroups: [''], resources: [pods], verbs: [get]}"), "");
  EXPECT_EQ(RoleErrors("ClusterRole", "{nonResourceURLs: [/healthz], verbs: [get]}"), "");
  EXPECT_NE(RoleErrors("Role", "{nonResourceURLs: [/healthz], verbs: [get]}"), "");
  EXPECT_EQ(RoleErrors("Role", "{apiGroups: [''], resources: [pods]}"),
            "m.yaml:4:9: rules[0].verbs: required\n");
  EXPECT_EQ(testing::ErrorsOf("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n"
                              "metadata: {name: 'system:node'}\n"),
            "");
}

TEST(KeptKinds, BindingsNameARoleAndWhoGetsIt) {
  const auto binding = [](const std::string& kind, const std::string& role,
                          const std::string& subject) {
    return ErrorsOf("rbac.authorization.k8s.io/v1", kind,
                    "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: " + role +
                        ", name: r}\nsubjects: [" + subject + "]\n");
  };
  EXPECT_EQ(binding("RoleBinding", "Role", "{kind: ServiceAccount, name: a, namespace: b}"), "");
  EXPECT_EQ(binding("ClusterRoleBinding", "ClusterRole",
                    "{kind: User, name: a, apiGroup: rbac.authorization.k8s.io}"),
            "");
  EXPECT_EQ(binding("RoleBinding", "Role", "{kind: ServiceAccount, name: a}"),
            "m.yaml:5:12: subjects[0].namespace: required for a ServiceAccount\n");
  EXPECT_NE(binding("ClusterRoleBinding", "Role", "{kind: User, name: a}"), "");
}

TEST(KeptKinds, IngressesSayWhoAnswers) {
  const auto path = [](const std::string& text) {
    return IngressErrors("{rules: [{http: {paths: [{" + text +
                         ", backend: {service: {name: w, port: {name: http}}}}]}}]}");
  };
  EXPECT_EQ(path("path: /a/, pathType: Exact"), "");
  EXPECT_EQ(path("pathType: ImplementationSpecific"), "");
  EXPECT_NE(path("path: a, pathType: Exact"), "");
  EXPECT_NE(path("path: /a//b, pathType: Prefix"), "");
  EXPECT_NE(path("path: /a"), "");
  EXPECT_EQ(IngressErrors("{}"), "m.yaml:4:7: spec: needs rules or a defaultBackend\n");
  EXPECT_NE(IngressErrors("{rules: [{host: 10.0.0.1}]}"), "");
  EXPECT_NE(IngressErrors("{defaultBackend: {service: {name: w, port: {number: 70000}}}}"), "");
}

TEST(KeptKinds, NetworkPoliciesNamePeersAndPorts) {
  EXPECT_EQ(PolicyErrors("{podSelector: {}, ingress: [{from: [{podSelector: {}}]}, {}]}"), "");
  EXPECT_EQ(PolicyErrors("{egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: dns}]}]}"),
            "");
  EXPECT_NE(PolicyErrors("{ingress: [{from: [{}]}]}"), "");
  EXPECT_NE(PolicyErrors("{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/33}}]}]}"), "");
  EXPECT_NE(PolicyErrors("{ingress: [{ports: [{port: 80, endPort: 70}]}]}"), "");
  EXPECT_NE(PolicyErrors("{podSelector: {matchExpressions: [{key: a, operator: In}]}}"), "");
}

TEST(KeptKinds, VolumesHaveOneSource) {
  const auto volume = [](const std::string& source) {
    return ErrorsOf(
        "v1", "PersistentVolume",
        "spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce]" + source + "}\n");
  };
  EXPECT_EQ(volume(", nfs: {server: s, path: /}"), "");
  EXPECT_NE(volume(""), "");
  EXPECT_NE(volume(", nfs: {server: s, path: /}, hostPath: {path: /x}"), "");
  EXPECT_NE(testing::WarningsOf(Head("v1", "PersistentVolume") +
                                "spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], "
                                "gcePersistentDisk: {pdName: d}}\n")
                .find("spec.gcePersistentDisk: accepted, not acted on"),
            std::string::npos);
}

TEST(KeptKinds, ClaimsAskForSomething) {
  const auto claim = [](const std::string& spec) {
    return ErrorsOf("v1", "PersistentVolumeClaim", "spec: {" + spec + "}\n");
  };
  EXPECT_NE(claim("accessModes: [ReadWriteOnce], resources: {requests: {cpu: 1}}"), "");
  EXPECT_NE(claim("accessModes: [ReadWriteOnce], resources: {requests: {storage: 0}}"), "");
  EXPECT_NE(claim("resources: {requests: {storage: 1Gi}}"), "");
}

TEST(KeptKinds, AutoscalersHaveBoundsAndTargets) {
  const auto scaler = [](const std::string& spec) {
    return ErrorsOf("autoscaling/v2", "HorizontalPodAutoscaler",
                    "spec: {scaleTargetRef: {kind: Deployment, name: web}, " + spec + "}\n");
  };
  const std::string cpu =
      "metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, "
      "averageUtilization: 50}}}]";
  EXPECT_EQ(scaler("maxReplicas: 3, " + cpu), "");
  EXPECT_NE(scaler("minReplicas: 4, maxReplicas: 3"), "");
  EXPECT_NE(scaler("minReplicas: 1"), "");
  EXPECT_NE(scaler("maxReplicas: 3, metrics: [{type: Pods}]"), "");
}

TEST(KeptKinds, AutoscalersOfVersion1AreKeptAsVersion2) {
  const std::string head = Head("autoscaling/v1", "HorizontalPodAutoscaler");
  const std::string spec =
      "spec: {scaleTargetRef: {kind: Deployment, name: web}, maxReplicas: 3, "
      "targetCPUUtilizationPercentage: 70}\n";
  EXPECT_EQ(testing::WarningsOf(head + spec), "");
  const std::string json = EncodeObjectJson(*testing::MustDecode(head + spec), EncodeFor::kUser);
  EXPECT_NE(json.find("\"apiVersion\":\"autoscaling/v2\""), std::string::npos);
  EXPECT_NE(json.find("\"averageUtilization\":70"), std::string::npos);
  EXPECT_NE(testing::ErrorsOf(head + "spec: {scaleTargetRef: {kind: Deployment, name: web}, "
                                     "maxReplicas: 3, targetCPUUtilizationPercentage: much}\n"),
            "");
}

TEST(KeptKinds, BudgetsHaveOneBound) {
  const auto budget = [](const std::string& spec) {
    return ErrorsOf("policy/v1", "PodDisruptionBudget", "spec: {" + spec + "}\n");
  };
  EXPECT_EQ(budget("minAvailable: 50%"), "");
  EXPECT_NE(budget("minAvailable: 101%"), "");
  EXPECT_NE(budget("minAvailable: 1, maxUnavailable: 1"), "");
}

TEST(KeptKinds, WhatCouldNotBeReadEndsNoRule) {
  EXPECT_NE(ErrorsOf("v1", "Service", "spec: {ports: [{port: 80}], externalIPs: [1, [a]]}\n"), "");
  EXPECT_NE(PolicyErrors("{ingress: [{from: [7, {ipBlock: {cidr: 1, except: [2]}}], ports: x}]}"),
            "");
  EXPECT_NE(IngressErrors("{rules: [7, {host: [], http: {paths: [{backend: 1}]}}]}"), "");
  EXPECT_NE(ErrorsOf("v1", "Endpoints", "subsets: [1, {addresses: [2, {ip: 3}], ports: 4}]\n"), "");
}

}  // namespace
}  // namespace reconcile
