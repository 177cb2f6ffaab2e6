#include "reconciler/references.h"

#include <gtest/gtest.h>

#include "reconciler/desired_memory.h"
#include "reconciler/reference_table.h"
#include "schema/manifests.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

std::vector<ObjectPtr> Parse(const std::string& yaml) {
  const auto bytes = std::make_shared<const std::string>(yaml);
  ParsedManifests parsed = ParseManifests({{"a.yaml", "", bytes}});
  for (const Problem& error : parsed.problems.errors) ADD_FAILURE() << error.ToString() << yaml;
  return std::move(parsed.objects);
}

// A line for each warning: what follows "a.yaml:<line>:1: <kind> ".
std::string WarningsOf(const std::string& yaml, const ClusterState& state = ClusterState()) {
  Problems problems;
  BuildDesired("main", "c0ffee", Parse(yaml), state, &problems);
  for (const Problem& error : problems.errors) ADD_FAILURE() << error.ToString();
  std::string text;
  for (const Problem& warning : problems.warnings) {
    EXPECT_GT(warning.line, 0);
    EXPECT_EQ(warning.rule, Rule::kReference);
    text += warning.message + "\n";
  }
  return text;
}

std::string Object(const std::string& api_version, const std::string& kind, const std::string& name,
                   const std::string& fields = "") {
  return "---\napiVersion: " + api_version + "\nkind: " + kind + "\nmetadata: {name: " + name +
         "}\n" + fields + "\n";
}

// A Pod whose spec has these fields besides its container.
std::string PodWith(const std::string& spec) {
  return Object("v1", "Pod", "p", "spec: {containers: [{name: c, image: i:1}], " + spec + "}");
}
std::string PodWithVolume(const std::string& source) {
  return PodWith("volumes: [{name: v, " + source + "}]");
}
std::string ContainerWith(const std::string& fields) {
  return Object("v1", "Pod", "p", "spec: {containers: [{name: c, image: i:1, " + fields + "}]}");
}
std::string IngressWith(const std::string& spec) {
  return Object("networking.k8s.io/v1", "Ingress", "i", "spec: {" + spec + "}");
}
std::string Binding(const std::string& kind, const std::string& role, const std::string& subject) {
  return Object(
      "rbac.authorization.k8s.io/v1", kind, "b",
      "roleRef: {apiGroup: rbac.authorization.k8s.io, " + role + "}\nsubjects: [" + subject + "]");
}
std::string Set(const std::string& name, const std::string& service) {
  return Object("apps/v1", "StatefulSet", name,
                "spec: {serviceName: " + service +
                    ", selector: {matchLabels: {app: s}}, template: {metadata: {labels: {app: s}}, "
                    "spec: {containers: [{name: c, image: i:1}]}}, volumeClaimTemplates: "
                    "[{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: "
                    "{requests: {storage: 1Gi}}}}]}");
}
std::string Claim(const std::string& more) {
  return Object(
      "v1", "PersistentVolumeClaim", "c",
      "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, " + more + "}");
}

const std::string kMap = Object("v1", "ConfigMap", "x", "data: {k: v}");
const std::string kSecret = Object("v1", "Secret", "x", "stringData: {k: v}");
const std::string kService =
    Object("v1", "Service", "x", "spec: {ports: [{name: http, port: 80}]}");
const std::string kUser = "{kind: User, name: u, apiGroup: rbac.authorization.k8s.io}";

struct Case {
  std::string user;    // names what is not there
  std::string named;   // what it names
  std::string warned;  // the warning without `named`
};

std::vector<Case> CasesOfPods() {
  const std::string map = "uses ConfigMap default/x, which is not declared: its containers wait";
  const std::string secret = "uses Secret default/x, which is not declared: its containers wait";
  return {
      {ContainerWith("envFrom: [{configMapRef: {name: x}}]"), kMap, map},
      {ContainerWith("envFrom: [{secretRef: {name: x}}]"), kSecret, secret},
      {ContainerWith("env: [{name: E, valueFrom: {configMapKeyRef: {name: x, key: k}}}]"), kMap,
       map},
      {ContainerWith("env: [{name: E, valueFrom: {secretKeyRef: {name: x, key: k}}}]"), kSecret,
       secret},
      {PodWith("initContainers: [{name: d, image: i:1, envFrom: [{secretRef: {name: x}}]}]"),
       kSecret, secret},
      {PodWithVolume("configMap: {name: x}"), kMap, map},
      {PodWithVolume("secret: {secretName: x, items: [{key: k, path: f}]}"), kSecret, secret},
      {PodWithVolume("projected: {sources: [{configMap: {name: x}}]}"), kMap, map},
      {PodWithVolume("projected: {sources: [{secret: {name: x}}]}"), kSecret, secret},
      {PodWithVolume("persistentVolumeClaim: {claimName: c}"), Claim("volumeMode: Block"),
       "uses PersistentVolumeClaim default/c, which is not declared: its containers wait"},
      {PodWithVolume("persistentVolumeClaim: {claimName: data-s-2}"), Set("s", "x") + kService,
       "uses PersistentVolumeClaim default/data-s-2, which is not declared"},
      {PodWith("imagePullSecrets: [{name: x}]"), kSecret,
       "uses Secret default/x, which is not declared"},
      {PodWith("serviceAccountName: x"), Object("v1", "ServiceAccount", "x"),
       "uses ServiceAccount default/x, which is not declared: its pods are not made"},
      {PodWith("priorityClassName: x"),
       Object("scheduling.k8s.io/v1", "PriorityClass", "x", "value: 7"),
       "uses PriorityClass x, which is not declared: its pods are not made"},
  };
}

std::vector<Case> CasesOfOthers() {
  const std::string no_service = "uses Service default/x, which is not declared";
  const std::string role = Object("rbac.authorization.k8s.io/v1", "Role", "x", "rules: []");
  const std::string cluster_role =
      Object("rbac.authorization.k8s.io/v1", "ClusterRole", "x", "rules: []");
  const std::string storage =
      Object("storage.k8s.io/v1", "StorageClass", "x", "provisioner: a.example/b");
  const std::string account = Object("v1", "ServiceAccount", "x");
  return {
      {IngressWith("defaultBackend: {service: {name: x, port: {number: 80}}}"), kService,
       no_service},
      {IngressWith("rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: "
                   "x, port: {name: http}}}}]}}]"),
       kService, no_service},
      {IngressWith("ingressClassName: x, defaultBackend: {resource: {kind: B, name: b}}"),
       Object("networking.k8s.io/v1", "IngressClass", "x", "spec: {controller: a.example/b}"),
       "uses IngressClass x, which is not declared"},
      {Object("autoscaling/v2", "HorizontalPodAutoscaler", "h",
              "spec: {scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: s}, "
              "maxReplicas: 3}"),
       Set("s", "x") + kService, "uses StatefulSet default/s, which is not declared"},
      {Binding("RoleBinding", "kind: Role, name: x", kUser), role,
       "uses Role default/x, which is not declared"},
      {Binding("RoleBinding", "kind: ClusterRole, name: x", kUser), cluster_role,
       "uses ClusterRole x, which is not declared"},
      {Binding("RoleBinding", "kind: ClusterRole, name: view",
               "{kind: ServiceAccount, name: x, namespace: default}"),
       account, "uses ServiceAccount default/x, which is not declared"},
      {Binding("ClusterRoleBinding", "kind: ClusterRole, name: x", kUser), cluster_role,
       "uses ClusterRole x, which is not declared"},
      {Set("s", "x"), kService, no_service},
      {Claim("storageClassName: x"), storage, "uses StorageClass x, which is not declared"},
      {Claim("volumeName: x"),
       Object("v1", "PersistentVolume", "x",
              "spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], nfs: {server: s, "
              "path: /}}"),
       "uses PersistentVolume x, which is not declared"},
  };
}

void ExpectWarnedOf(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    const std::string warnings = WarningsOf(one.user);
    EXPECT_NE(warnings.find(one.warned), std::string::npos) << one.user << warnings;
    EXPECT_EQ(std::count(warnings.begin(), warnings.end(), '\n'), 1) << warnings;
    EXPECT_EQ(WarningsOf(one.user + one.named), "") << one.user;
  }
}

TEST(References, WhatPodsNameIsLookedFor) { ExpectWarnedOf(CasesOfPods()); }
TEST(References, WhatOtherKindsNameIsLookedFor) { ExpectWarnedOf(CasesOfOthers()); }

TEST(References, OfEveryKindThatMakesPods) {
  const std::string pods =
      "template: {metadata: {labels: {a: b}}, spec: {restartPolicy: Never, containers: [{name: c, "
      "image: i:1, envFrom: [{secretRef: {name: x}}]}]}}";
  EXPECT_EQ(
      WarningsOf(Object("batch/v1", "CronJob", "j",
                        "spec: {schedule: '0 1 * * *', jobTemplate: {spec: {" + pods + "}}}")),
      "CronJob default/j: uses Secret default/x, which is not declared: its containers wait "
      "until it is\n");
  EXPECT_NE(WarningsOf(Object("batch/v1", "Job", "j", "spec: {" + pods + "}")), "");
}

TEST(References, WhatIsOptionalMayBeMissing) {
  EXPECT_EQ(WarningsOf(PodWithVolume("configMap: {name: x, optional: true}")), "");
  EXPECT_EQ(
      WarningsOf(PodWithVolume("projected: {sources: [{secret: {name: x, optional: true}}]}")), "");
  EXPECT_EQ(WarningsOf(ContainerWith("envFrom: [{secretRef: {name: x, optional: true}}]")), "");
}

TEST(References, WhatEveryClusterHasIsThere) {
  EXPECT_EQ(WarningsOf(PodWith("serviceAccountName: default")), "");
  EXPECT_EQ(WarningsOf(PodWith("priorityClassName: system-node-critical")), "");
  EXPECT_EQ(WarningsOf(PodWithVolume("configMap: {name: kube-root-ca.crt}")), "");
  EXPECT_EQ(WarningsOf(IngressWith("defaultBackend: {service: {name: kubernetes, port: {number: "
                                   "443}}}")),
            "");
  for (const char* role : {"admin", "edit", "view", "cluster-admin", "'system:node'"}) {
    EXPECT_EQ(WarningsOf(Binding("ClusterRoleBinding",
                                 std::string("kind: ClusterRole, name: ") + role, kUser)),
              "");
  }
  EXPECT_FALSE(IsBuiltIn({Kind::kService, "shop", "kubernetes"}));
  EXPECT_FALSE(IsBuiltIn({Kind::kServiceAccount, "shop", "defaults"}));
}

TEST(References, OfNamespacesThatTheCommitHasNothingInNobodyKnows) {
  const std::string binding = Binding("ClusterRoleBinding", "kind: ClusterRole, name: view",
                                      "{kind: ServiceAccount, name: x, namespace: far}");
  EXPECT_EQ(WarningsOf(binding), "");
  EXPECT_NE(WarningsOf(binding + Object("v1", "Namespace", "far")), "");
}

// A commit after another, of which the memory knows.
std::string RememberedWarnings(const std::string& before, const std::string& more,
                               const std::string& less = "") {
  DesiredMemory memory;
  Problems problems;
  std::vector<ObjectPtr> objects = Parse(before);
  const size_t kept = objects.size();
  for (const ObjectPtr& object : Parse(less)) objects.push_back(object);
  memory.Build("main", "1", objects, ClusterState(), &problems);
  EXPECT_TRUE(problems.warnings.empty());
  objects.resize(kept);
  for (const ObjectPtr& object : Parse(more)) objects.push_back(object);
  memory.Build("main", "2", objects, ClusterState(), &problems);
  std::string text;
  for (const Problem& warning : problems.warnings) text += warning.message + "\n";
  return text;
}

TEST(References, WhatIsMissingIsToldAlsoByWhoRemembersTheLastCommit) {
  const std::string binding = Binding("ClusterRoleBinding", "kind: ClusterRole, name: view",
                                      "{kind: ServiceAccount, name: x, namespace: far}");
  EXPECT_NE(RememberedWarnings(binding, Object("v1", "Namespace", "far")), "");
  for (const std::vector<Case>& cases : {CasesOfPods(), CasesOfOthers()}) {
    for (const Case& one : cases) {
      EXPECT_NE(RememberedWarnings(one.user, "", one.named).find(one.warned), std::string::npos)
          << one.user;
    }
  }
  const std::string ingress =
      IngressWith("defaultBackend: {service: {name: x, port: {number: 80}}}");
  EXPECT_NE(RememberedWarnings(ingress, Object("v1", "Service", "x", "spec: {ports: [{port: 81}]}"),
                               kService),
            "");
}

TEST(References, KeysAndPortsAreLookedFor) {
  EXPECT_EQ(
      WarningsOf(PodWithVolume("configMap: {name: x, items: [{key: other, path: f}]}") + kMap),
      "Pod default/p: uses key 'other' of ConfigMap default/x, which has no such key: its "
      "containers wait until it has\n");
  const auto port = [](const std::string& text) {
    return WarningsOf(IngressWith("defaultBackend: {service: {name: x, port: {" + text + "}}}") +
                      kService);
  };
  EXPECT_EQ(port("number: 8080"),
            "Ingress default/i: uses port '8080' of Service default/x, which has no such port\n");
  EXPECT_NE(port("name: web"), "");
}

TEST(References, KindsThatAreUnknownAreNotLookedFor) {
  EXPECT_EQ(
      WarningsOf(Object("autoscaling/v2", "HorizontalPodAutoscaler", "h",
                        "spec: {scaleTargetRef: {apiVersion: shop.example/v1, kind: Deployment, "
                        "name: x}, maxReplicas: 3}")),
      "");
}

TEST(References, BudgetsAndServicesSelectPodsAndPoliciesNeedNot) {
  const auto budget = [](const std::string& selector) {
    return Object("policy/v1", "PodDisruptionBudget", "b",
                  "spec: {minAvailable: 1, selector: " + selector + "}");
  };
  EXPECT_EQ(
      WarningsOf(budget("{matchLabels: {app: s}}")),
      "PodDisruptionBudget default/b: selects no pod: no declared pod or pod template carries "
      "its labels\n");
  const std::string set = Set("s", "x") + kService;
  EXPECT_EQ(WarningsOf(budget("{matchLabels: {app: s}}") + set), "");
  EXPECT_EQ(
      WarningsOf(budget("{matchExpressions: [{key: app, operator: In, values: [r, s]}]}") + set),
      "");
  EXPECT_NE(
      WarningsOf(budget("{matchExpressions: [{key: app, operator: NotIn, values: [s]}]}") + set),
      "");
  EXPECT_EQ(
      WarningsOf(Object("v1", "Service", "y", "spec: {selector: {app: s}, ports: [{port: 80}]}") +
                 set),
      "");
  EXPECT_EQ(WarningsOf(Object("networking.k8s.io/v1", "NetworkPolicy", "n",
                              "spec: {podSelector: {matchLabels: {app: s}}}")),
            "");
}

TEST(References, NamesKnowWhichKindsMayBeNamed) {
  EXPECT_TRUE(MayBeNamed(Kind::kConfigMap));
  EXPECT_TRUE(MayBeNamed(Kind::kServiceAccount));
  EXPECT_TRUE(MayBeNamed(Kind::kDeployment));
  EXPECT_FALSE(MayBeNamed(Kind::kNetworkPolicy));
}

}  // namespace
}  // namespace reconcile
