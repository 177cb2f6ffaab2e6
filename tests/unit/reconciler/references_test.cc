#include "reconciler/references.h"

#include <gtest/gtest.h>

#include <set>

#include "reconciler/desired_memory.h"
#include "reconciler/facts.h"
#include "reconciler/reference_table.h"
#include "schema/manifests.h"
#include "tests/unit/reconciler/reference_warnings.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

std::string Document(const std::string& api_version, const std::string& kind,
                     const std::string& name, const std::string& fields = "") {
  return "---\napiVersion: " + api_version + "\nkind: " + kind + "\nmetadata: {name: " + name +
         "}\n" + fields + "\n";
}

// A Pod whose spec has these fields besides its container.
std::string PodWith(const std::string& spec) {
  return Document("v1", "Pod", "p", "spec: {containers: [{name: c, image: i:1}], " + spec + "}");
}
std::string PodWithVolume(const std::string& source) {
  return PodWith("volumes: [{name: v, " + source + "}]");
}
std::string ContainerWith(const std::string& fields) {
  return Document("v1", "Pod", "p", "spec: {containers: [{name: c, image: i:1, " + fields + "}]}");
}
std::string IngressWith(const std::string& spec) {
  return Document("networking.k8s.io/v1", "Ingress", "i", "spec: {" + spec + "}");
}
std::string BindingWith(const std::string& kind, const std::string& role,
                        const std::string& subject) {
  return Document(
      "rbac.authorization.k8s.io/v1", kind, "b",
      "roleRef: {apiGroup: rbac.authorization.k8s.io, " + role + "}\nsubjects: [" + subject + "]");
}
std::string SetWith(const std::string& name, const std::string& service) {
  return Document(
      "apps/v1", "StatefulSet", name,
      "spec: {serviceName: " + service +
          ", selector: {matchLabels: {app: s}}, template: {metadata: {labels: {app: s}}, "
          "spec: {containers: [{name: c, image: i:1}]}}, volumeClaimTemplates: "
          "[{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: "
          "{requests: {storage: 1Gi}}}}]}");
}
std::string ClaimWith(const std::string& more) {
  return Document(
      "v1", "PersistentVolumeClaim", "c",
      "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, " + more + "}");
}

std::string ServiceTo(const std::string& port) {
  return Document("v1", "Service", "s",
                  "spec: {selector: {app: s}, ports: [{port: 80, targetPort: " + port + "}]}");
}

const std::string kNamedMap = Document("v1", "ConfigMap", "x", "data: {k: v}");
const std::string kNamedSecret = Document("v1", "Secret", "x", "stringData: {k: v}");
const std::string kNamedService =
    Document("v1", "Service", "x", "spec: {ports: [{name: http, port: 80}]}");
const std::string kSomeUser = "{kind: User, name: u, apiGroup: rbac.authorization.k8s.io}";

struct ReferenceCase {
  std::string user;    // names what is not there
  std::string named;   // what it names
  std::string warned;  // the warning without `named`
};

std::vector<ReferenceCase> CasesOfPods() {
  const std::string map = "uses ConfigMap default/x, which is not declared: its containers wait";
  const std::string secret = "uses Secret default/x, which is not declared: its containers wait";
  return {
      {ContainerWith("envFrom: [{configMapRef: {name: x}}]"), kNamedMap, map},
      {ContainerWith("envFrom: [{secretRef: {name: x}}]"), kNamedSecret, secret},
      {ContainerWith("env: [{name: E, valueFrom: {configMapKeyRef: {name: x, key: k}}}]"),
       kNamedMap, map},
      {ContainerWith("env: [{name: E, valueFrom: {secretKeyRef: {name: x, key: k}}}]"),
       kNamedSecret, secret},
      {PodWith("initContainers: [{name: d, image: i:1, envFrom: [{secretRef: {name: x}}]}]"),
       kNamedSecret, secret},
      {PodWithVolume("configMap: {name: x}"), kNamedMap, map},
      {PodWithVolume("secret: {secretName: x, items: [{key: k, path: f}]}"), kNamedSecret, secret},
      {PodWithVolume("projected: {sources: [{configMap: {name: x}}]}"), kNamedMap, map},
      {PodWithVolume("projected: {sources: [{secret: {name: x}}]}"), kNamedSecret, secret},
      {PodWithVolume("persistentVolumeClaim: {claimName: c}"), ClaimWith("volumeMode: Block"),
       "uses PersistentVolumeClaim default/c, which is not declared: its containers wait"},
      {PodWithVolume("persistentVolumeClaim: {claimName: data-s-2}"),
       SetWith("s", "x") + kNamedService,
       "uses PersistentVolumeClaim default/data-s-2, which is not declared"},
      {PodWith("imagePullSecrets: [{name: x}]"), kNamedSecret,
       "uses Secret default/x, which is not declared"},
      {PodWith("serviceAccountName: x"), Document("v1", "ServiceAccount", "x"),
       "uses ServiceAccount default/x, which is not declared: its pods are not made"},
      {PodWith("priorityClassName: x"),
       Document("scheduling.k8s.io/v1", "PriorityClass", "x", "value: 7"),
       "uses PriorityClass x, which is not declared: its pods are not made"},
  };
}

std::vector<ReferenceCase> CasesOfOthers() {
  const std::string no_service = "uses Service default/x, which is not declared";
  const std::string role = Document("rbac.authorization.k8s.io/v1", "Role", "x", "rules: []");
  const std::string cluster_role =
      Document("rbac.authorization.k8s.io/v1", "ClusterRole", "x", "rules: []");
  const std::string account = Document("v1", "ServiceAccount", "x");
  return {
      {IngressWith("defaultBackend: {service: {name: x, port: {number: 80}}}"), kNamedService,
       no_service},
      {IngressWith("rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: "
                   "x, port: {name: http}}}}]}}]"),
       kNamedService, no_service},
      {IngressWith("ingressClassName: x, defaultBackend: {resource: {kind: B, name: b}}"),
       Document("networking.k8s.io/v1", "IngressClass", "x", "spec: {controller: a.example/b}"),
       "uses IngressClass x, which is not declared"},
      {Document("autoscaling/v2", "HorizontalPodAutoscaler", "h",
                "spec: {scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: s}, "
                "maxReplicas: 3}"),
       SetWith("s", "x") + kNamedService, "uses StatefulSet default/s, which is not declared"},
      {BindingWith("RoleBinding", "kind: Role, name: x", kSomeUser), role,
       "uses Role default/x, which is not declared"},
      {BindingWith("RoleBinding", "kind: ClusterRole, name: x", kSomeUser), cluster_role,
       "uses ClusterRole x, which is not declared"},
      {BindingWith("RoleBinding", "kind: ClusterRole, name: view",
                   "{kind: ServiceAccount, name: x, namespace: default}"),
       account, "uses ServiceAccount default/x, which is not declared"},
      {BindingWith("ClusterRoleBinding", "kind: ClusterRole, name: x", kSomeUser), cluster_role,
       "uses ClusterRole x, which is not declared"},
      {SetWith("s", "x"), kNamedService, no_service},
      {ClaimWith("volumeName: x"),
       Document("v1", "PersistentVolume", "x",
                "spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], nfs: {server: s, "
                "path: /}}"),
       "uses PersistentVolume x, which is not declared"},
  };
}

void ExpectWarnedOf(const std::vector<ReferenceCase>& cases) {
  for (const ReferenceCase& one : cases) {
    const std::string warnings = ReferenceWarnings(one.user);
    EXPECT_NE(warnings.find(one.warned), std::string::npos) << one.user << warnings;
    EXPECT_EQ(std::count(warnings.begin(), warnings.end(), '\n'), 1) << warnings;
    EXPECT_EQ(ReferenceWarnings(one.user + one.named), "") << one.user;
  }
}

TEST(References, WhatPodsNameIsLookedFor) { ExpectWarnedOf(CasesOfPods()); }
TEST(References, WhatOtherKindsNameIsLookedFor) { ExpectWarnedOf(CasesOfOthers()); }

TEST(References, OfEveryKindThatMakesPods) {
  const std::string pods =
      "template: {metadata: {labels: {a: b}}, spec: {restartPolicy: Never, containers: [{name: c, "
      "image: i:1, envFrom: [{secretRef: {name: x}}]}]}}";
  EXPECT_EQ(ReferenceWarnings(
                Document("batch/v1", "CronJob", "j",
                         "spec: {schedule: '0 1 * * *', jobTemplate: {spec: {" + pods + "}}}")),
            "CronJob default/j: uses Secret default/x, which is not declared: its containers wait "
            "until it is\n");
  EXPECT_NE(ReferenceWarnings(Document("batch/v1", "Job", "j", "spec: {" + pods + "}")), "");
}

TEST(References, WhatIsOptionalMayBeMissing) {
  EXPECT_EQ(ReferenceWarnings(PodWithVolume("configMap: {name: x, optional: true}")), "");
  EXPECT_EQ(ReferenceWarnings(
                PodWithVolume("projected: {sources: [{secret: {name: x, optional: true}}]}")),
            "");
  EXPECT_EQ(ReferenceWarnings(ContainerWith("envFrom: [{secretRef: {name: x, optional: true}}]")),
            "");
}

TEST(References, WhatEveryClusterHasIsThere) {
  EXPECT_EQ(ReferenceWarnings(PodWith("serviceAccountName: default")), "");
  EXPECT_EQ(ReferenceWarnings(PodWith("priorityClassName: system-node-critical")), "");
  EXPECT_EQ(ReferenceWarnings(PodWithVolume("configMap: {name: kube-root-ca.crt}")), "");
  EXPECT_EQ(
      ReferenceWarnings(IngressWith("defaultBackend: {service: {name: kubernetes, port: {number: "
                                    "443}}}")),
      "");
  for (const char* role : {"admin", "edit", "view", "cluster-admin", "'system:node'"}) {
    EXPECT_EQ(
        ReferenceWarnings(BindingWith("ClusterRoleBinding",
                                      std::string("kind: ClusterRole, name: ") + role, kSomeUser)),
        "");
  }
  EXPECT_FALSE(IsBuiltIn({Kind::kService, "shop", "kubernetes"}));
  EXPECT_FALSE(IsBuiltIn({Kind::kServiceAccount, "shop", "defaults"}));
}

TEST(References, FactsPointAtTheFieldThatNames) {
  const std::string pod =
      "apiVersion: v1\n"
      "kind: Pod\n"
      "metadata: {name: p}\n"
      "spec:\n"
      "  imagePullSecrets: [{name: none}]\n"
      "  volumes:\n"
      "    - name: v\n"
      "      configMap: {name: x, items: [{key: gone, path: f}]}\n"
      "  containers:\n"
      "    - {name: c, image: 'i:1'}\n"
      "    - name: d\n"
      "      image: i:1\n"
      "      env:\n"
      "        - {name: E, value: v}\n"
      "        - {name: F, valueFrom: {configMapKeyRef: {name: x, key: none}}}\n";
  std::multiset<std::string> said;
  for (const Problem& warning : ProblemsByFacts(pod + kNamedMap).warnings) {
    said.insert(warning.ToString());
  }
  EXPECT_EQ(said, (std::multiset<std::string>{
                      "a.yaml:5:29: Pod default/p: uses Secret default/none, which is not declared",
                      "a.yaml:8:42: Pod default/p: uses key 'gone' of ConfigMap default/x, which "
                      "has no such key: its containers wait until it has",
                      "a.yaml:15:65: Pod default/p: uses key 'none' of ConfigMap default/x, which "
                      "has no such key: its containers wait until it has"}));
}

TEST(References, FactsPointIntoTheTemplateOfACronJob) {
  const std::string job =
      "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: j}\nspec:\n  schedule: 0 1 * * *\n"
      "  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: Never\n"
      "          serviceAccountName: x\n          containers: [{name: c, image: i:1}]\n";
  const Problems problems = ProblemsByFacts(job);
  ASSERT_EQ(problems.warnings.size(), 1U);
  EXPECT_EQ(problems.warnings[0].line, 11);
  EXPECT_EQ(problems.warnings[0].column, 31);
}

TEST(References, OneThatIsNamedForSeveralReasonsIsToldOnce) {
  EXPECT_EQ(
      ReferenceWarnings(ContainerWith(
          "envFrom: [{configMapRef: {name: x}}], env: [{name: E, valueFrom: {configMapKeyRef: "
          "{name: x, key: k}}}, {name: F, valueFrom: {configMapKeyRef: {name: x, key: l}}}]")),
      "Pod default/p: uses ConfigMap default/x, which is not declared: its containers wait until "
      "it is\n");
  const std::string secret =
      PodWith("imagePullSecrets: [{name: x}], volumes: [{name: v, secret: {secretName: x}}]");
  EXPECT_EQ(ReferenceWarnings(secret),
            "Pod default/p: uses Secret default/x, which is not declared: its containers wait "
            "until it is\n");
}

// What the documents, in the namespace "shop", are told of it.
std::string NamespaceErrors(const std::vector<std::string>& names) {
  std::string yaml;
  for (const std::string& name : names) {
    yaml += "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name +
            "\n  namespace: shop\n";
  }
  Problems problems;
  BuildDesired("main", "c0ffee", ParseDocuments(yaml), ClusterState(), &problems);
  ExpectFactsSayTheSame(yaml, problems);
  std::string text;
  for (const Problem& error : ProblemsByFacts(yaml).errors) text += error.ToString() + "\n";
  return text;
}

TEST(References, AMissingNamespaceIsToldOnceWhereItIsFirstNamed) {
  const std::string advice =
      ": add a manifest of kind Namespace with that name, or use another namespace\n";
  EXPECT_EQ(
      NamespaceErrors({"z"}),
      "a.yaml:6:14: there is no namespace \"shop\", and ConfigMap shop/z is to be in it" + advice);
  EXPECT_EQ(NamespaceErrors({"z", "b", "a"}),
            "a.yaml:6:14: there is no namespace \"shop\", and 3 objects are to be in it, ConfigMap "
            "shop/z first" +
                advice);
}

TEST(References, APortOfAServiceLeadsToOneThatItsPodsHave) {
  const auto pods = [](const std::string& name, const std::string& ports) {
    return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: " + name +
           ", labels: {app: s}}\nspec: {containers: [{name: c, image: i:1, ports: [" + ports +
           "]}]}\n";
  };
  const std::string web = pods("p", "{name: web, containerPort: 8080}");
  EXPECT_EQ(ReferenceWarnings(ServiceTo("web") + web), "");
  EXPECT_EQ(ReferenceWarnings(ServiceTo("8081") + web), "");
  EXPECT_EQ(ReferenceWarnings(ServiceTo("web") + pods("o", "") + web), "");
  EXPECT_EQ(ReferenceWarnings(ServiceTo("http") + web),
            "Service default/s: leads to the port \"http\" of its pods, and none of those it "
            "selects has a container port of that name: name one of theirs, or give its number\n");
  EXPECT_EQ(ReferenceWarnings(ServiceTo("http")),
            "Service default/s: selects no pod: no declared pod or pod template carries its "
            "labels\n");
  const Problems unselected = ProblemsByFacts(ServiceTo("http"));
  ASSERT_EQ(unselected.warnings.size(), 1U);
  EXPECT_EQ(unselected.warnings[0].line, 5);
  EXPECT_EQ(unselected.warnings[0].column, 18);
  const Problems problems = ProblemsByFacts(ServiceTo("http") + web);
  ASSERT_EQ(problems.warnings.size(), 1U);
  EXPECT_EQ(problems.warnings[0].line, 5);
  EXPECT_EQ(problems.warnings[0].column, 59);
}

TEST(References, OfNamespacesThatTheCommitHasNothingInNobodyKnows) {
  const std::string binding = BindingWith("ClusterRoleBinding", "kind: ClusterRole, name: view",
                                          "{kind: ServiceAccount, name: x, namespace: far}");
  EXPECT_EQ(ReferenceWarnings(binding), "");
  EXPECT_NE(ReferenceWarnings(binding + Document("v1", "Namespace", "far")), "");
}

// A commit after another, of which the memory knows.
std::string RememberedWarnings(const std::string& before, const std::string& more,
                               const std::string& less = "") {
  DesiredMemory memory;
  Problems problems;
  std::vector<ObjectPtr> objects = ParseDocuments(before);
  const size_t kept = objects.size();
  for (const ObjectPtr& object : ParseDocuments(less)) objects.push_back(object);
  memory.Build("main", "1", objects, ClusterState(), &problems);
  EXPECT_TRUE(problems.warnings.empty());
  objects.resize(kept);
  for (const ObjectPtr& object : ParseDocuments(more)) objects.push_back(object);
  memory.Build("main", "2", objects, ClusterState(), &problems);
  std::string text;
  for (const Problem& warning : problems.warnings) text += warning.message + "\n";
  return text;
}

TEST(References, WhatIsMissingIsToldAlsoByWhoRemembersTheLastCommit) {
  const std::string binding = BindingWith("ClusterRoleBinding", "kind: ClusterRole, name: view",
                                          "{kind: ServiceAccount, name: x, namespace: far}");
  EXPECT_NE(RememberedWarnings(binding, Document("v1", "Namespace", "far")), "");
  for (const std::vector<ReferenceCase>& cases : {CasesOfPods(), CasesOfOthers()}) {
    for (const ReferenceCase& one : cases) {
      EXPECT_NE(RememberedWarnings(one.user, "", one.named).find(one.warned), std::string::npos)
          << one.user;
    }
  }
  const std::string web =
      "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: s}}\nspec: {containers: "
      "[{name: c, image: i:1, ports: [{name: web, containerPort: 80}]}]}\n";
  std::string other = web;
  other.replace(other.find("web"), 3, "api");
  EXPECT_NE(RememberedWarnings(ServiceTo("web"), other, web).find("leads to the port"),
            std::string::npos);
  const std::string ingress =
      IngressWith("defaultBackend: {service: {name: x, port: {number: 80}}}");
  EXPECT_NE(
      RememberedWarnings(ingress, Document("v1", "Service", "x", "spec: {ports: [{port: 81}]}"),
                         kNamedService),
      "");
}

TEST(References, KeysAndPortsAreLookedFor) {
  EXPECT_EQ(ReferenceWarnings(
                PodWithVolume("configMap: {name: x, items: [{key: other, path: f}]}") + kNamedMap),
            "Pod default/p: uses key 'other' of ConfigMap default/x, which has no such key: its "
            "containers wait until it has\n");
  const auto port = [](const std::string& text) {
    return ReferenceWarnings(
        IngressWith("defaultBackend: {service: {name: x, port: {" + text + "}}}") + kNamedService);
  };
  EXPECT_EQ(port("number: 8080"),
            "Ingress default/i: uses port '8080' of Service default/x, which has no such port\n");
  EXPECT_NE(port("name: web"), "");
}

TEST(References, KindsThatAreUnknownAreNotLookedFor) {
  EXPECT_EQ(ReferenceWarnings(
                Document("autoscaling/v2", "HorizontalPodAutoscaler", "h",
                         "spec: {scaleTargetRef: {apiVersion: shop.example/v1, kind: Deployment, "
                         "name: x}, maxReplicas: 3}")),
            "");
}

TEST(References, BudgetsAndServicesSelectPodsAndPoliciesNeedNot) {
  const auto budget = [](const std::string& selector) {
    return Document("policy/v1", "PodDisruptionBudget", "b",
                    "spec: {minAvailable: 1, selector: " + selector + "}");
  };
  EXPECT_EQ(
      ReferenceWarnings(budget("{matchLabels: {app: s}}")),
      "PodDisruptionBudget default/b: selects no pod: no declared pod or pod template carries "
      "its labels\n");
  const std::string set = SetWith("s", "x") + kNamedService;
  EXPECT_EQ(ReferenceWarnings(budget("{matchLabels: {app: s}}") + set), "");
  EXPECT_EQ(ReferenceWarnings(
                budget("{matchExpressions: [{key: app, operator: In, values: [r, s]}]}") + set),
            "");
  EXPECT_NE(ReferenceWarnings(
                budget("{matchExpressions: [{key: app, operator: NotIn, values: [s]}]}") + set),
            "");
  EXPECT_EQ(
      ReferenceWarnings(
          Document("v1", "Service", "y", "spec: {selector: {app: s}, ports: [{port: 80}]}") + set),
      "");
  EXPECT_EQ(ReferenceWarnings(Document("networking.k8s.io/v1", "NetworkPolicy", "n",
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
