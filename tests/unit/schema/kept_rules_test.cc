// Rules about kinds that are only kept, as the API server has them: each with what it takes and
// what it does not.

#include <gtest/gtest.h>

#include "schema/kept.h"
#include "schema/names.h"
#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

using Lines = std::vector<std::string>;

// The kind's errors for each of these specs: "ok" for none.
void ExpectOk(const std::string& api_version, const std::string& kind, const Lines& specs) {
  for (const std::string& spec : specs) {
    EXPECT_EQ(testing::ErrorsOf("apiVersion: " + api_version + "\nkind: " + kind +
                                "\nmetadata: {name: x}\nspec: {" + spec + "}\n"),
              "")
        << spec;
  }
}

struct Wrong {
  std::string spec;
  std::string error;  // a part of it
};
void ExpectWrong(const std::string& api_version, const std::string& kind,
                 const std::vector<Wrong>& specs) {
  for (const Wrong& wrong : specs) {
    const std::string errors =
        testing::ErrorsOf("apiVersion: " + api_version + "\nkind: " + kind +
                          "\nmetadata: {name: x}\nspec: {" + wrong.spec + "}\n");
    EXPECT_NE(errors.find(wrong.error), std::string::npos) << wrong.spec << "\n" << errors;
  }
}

const std::string kSize = "resources: {requests: {storage: 1Gi}}";

TEST(KeptRules, ClaimsAreForOnePodOrForMore) {
  ExpectOk("v1", "PersistentVolumeClaim",
           {"accessModes: [ReadWriteOncePod], " + kSize,
            "accessModes: [ReadWriteOnce, ReadOnlyMany], volumeMode: Block, " + kSize,
            "accessModes: [ReadWriteOnce], storageClassName: '', " + kSize});
  ExpectWrong("v1", "PersistentVolumeClaim",
              {{"accessModes: [ReadWriteOncePod, ReadWriteOnce], " + kSize,
                "spec.accessModes: \"ReadWriteOncePod\" goes with no other access mode"},
               {"accessModes: [], " + kSize, "spec.accessModes: required"},
               {"accessModes: [ReadWriteTwice], " + kSize, "spec.accessModes[0]: "},
               {"accessModes: [ReadWriteOnce], volumeMode: Files, " + kSize, "spec.volumeMode: "},
               {"accessModes: [ReadWriteOnce], storageClassName: A_b, " + kSize,
                "spec.storageClassName: "}});
  ExpectWrong("v1", "PersistentVolume",
              {{"accessModes: [ReadWriteOncePod, ReadOnlyMany], capacity: {storage: 1Gi}, nfs: "
                "{server: s, path: /}",
                "goes with no other access mode"}});
}

TEST(KeptRules, ClaimsOfAStatefulSetAreClaims) {
  const auto set = [](const std::string& claim) {
    return testing::ErrorsOf(
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: x}\nspec: {serviceName: x, "
        "selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: "
        "{containers: [{name: c, image: i:1}]}}, volumeClaimTemplates: [{metadata: {name: d}, "
        "spec: {" +
        claim + "}}]}\n");
  };
  EXPECT_EQ(set("accessModes: [ReadWriteOncePod], " + kSize), "");
  EXPECT_NE(set("accessModes: [ReadWriteOncePod, ReadWriteOnce], " + kSize), "");
  EXPECT_NE(set("accessModes: [ReadWriteOnce], resources: {requests: {storage: 0}}"), "");
  EXPECT_NE(set("accessModes: [ReadWriteOnce]"), "");
}

TEST(KeptRules, ClaimsThatGoWithAPodAreClaims) {
  const auto pod = [](const std::string& source) {
    return testing::ErrorsOf(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: c, image: "
        "i:1}], "
        "volumes: [{name: v, ephemeral: {" +
        source + "}}]}\n");
  };
  EXPECT_EQ(pod("volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], " + kSize + "}}"), "");
  EXPECT_NE(pod("volumeClaimTemplate: {spec: {accessModes: [ReadWriteOncePod, ReadOnlyMany], " +
                kSize + "}}"),
            "");
  EXPECT_NE(pod("volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce]}}"), "");
  EXPECT_NE(pod("").find("volumeClaimTemplate: required"), std::string::npos);
}

TEST(KeptRules, ClaimsGrowAndChangeNothingElse) {
  const auto claim = [](const std::string& spec) {
    return testing::MustDecode(
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: x}\nspec: {accessModes: "
        "[ReadWriteOnce], " +
        spec + "}\n");
  };
  const auto update = [&](const std::string& before, const std::string& after) {
    Problems problems;
    ValidateUpdate(*claim(before), *claim(after), &problems);
    return problems.errors.empty() ? "" : problems.errors[0].message;
  };
  const std::string two = "resources: {requests: {storage: 2Gi}}";
  EXPECT_EQ(update(kSize, two), "");
  EXPECT_EQ(update(kSize, "resources: {requests: {storage: 1024Mi}}"), "");
  EXPECT_NE(update(two, kSize).find("must not shrink (from 2Gi to 1Gi): volumes only grow"),
            std::string::npos);
  EXPECT_NE(update(kSize, kSize + ", storageClassName: fast"), "");
  EXPECT_NE(update(kSize, "resources: {requests: {storage: 1Gi}, limits: {storage: 3Gi}}"), "");
  EXPECT_NE(update(kSize, "volumeMode: Block, " + kSize), "");
  EXPECT_EQ(update(kSize, kSize + ", volumeName: v"), "");
  EXPECT_NE(update(kSize + ", volumeName: v", kSize + ", volumeName: w"), "");
  EXPECT_EQ(update(kSize, kSize + ", volumeAttributesClassName: gold"), "");
}

TEST(KeptRules, QuotasLimitWhatTheirScopesHave) {
  ExpectOk("v1", "ResourceQuota",
           {"hard: {cpu: 4, requests.memory: 1Gi, pods: 10, count/jobs.batch: 3, "
            "requests.nvidia.com/gpu: 1, services.loadbalancers: 0}",
            "hard: {pods: 10}, scopes: [BestEffort, NotTerminating]",
            "hard: {count/jobs.batch: 5, requests.nvidia.com/gpu: 4}, scopes: [NotTerminating]",
            "hard: {limits.cpu: 1}, scopeSelector: {matchExpressions: [{scopeName: PriorityClass, "
            "operator: In, values: [high]}]}",
            "hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: Terminating, "
            "operator: Exists}]}"});
  ExpectWrong(
      "v1", "ResourceQuota",
      {{"hard: {pod: 10}", "spec.hard[pod]: \"pod\" is no resource that a quota counts"},
       {"hard: {pods: -1}", "spec.hard[pods]: must be 0 or more"},
       {"hard: {pods: 1}, scopes: [Best]", "spec.scopes[0]: \"Best\" is none of"},
       {"hard: {cpu: 1}, scopes: [BestEffort]",
        "\"BestEffort\" does not go with the resource \"cpu\""},
       {"hard: {configmaps: 1}, scopes: [Terminating]", "does not go with the resource"},
       {"hard: {pods: 1}, scopes: [Terminating, NotTerminating]", "exclude each other"},
       {"hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: Terminating, operator: "
        "In, values: [a]}]}",
        "must be \"Exists\" for the scope \"Terminating\""},
       {"hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: "
        "In}]}",
        "values: required by operator \"In\""}});
}

TEST(KeptRules, LimitRangesAreInOrder) {
  const auto limit = [](const std::string& fields) { return "limits: [{" + fields + "}]"; };
  ExpectOk("v1", "LimitRange",
           {limit("type: Container, min: {cpu: 100m}, defaultRequest: {cpu: 100m}, default: {cpu: "
                  "1}, max: {cpu: '2'}, maxLimitRequestRatio: {cpu: 10}"),
            limit("type: Pod, max: {memory: 1Gi}"),
            limit("type: PersistentVolumeClaim, min: {storage: 1Gi}"),
            limit("type: shop.example/cart, max: {cpu: 1}")});
  ExpectWrong("v1", "LimitRange",
              {{limit("type: Container, min: {cpu: 2}, max: {cpu: 1}"),
                "spec.limits[0].max[cpu]: must be at least min, 2, not 1"},
               {limit("type: Container, default: {cpu: 2}, max: {cpu: 1}"),
                "max[cpu]: must be at least default, 2, not 1"},
               {limit("type: Container, min: {cpu: 2}, default: {cpu: 1500m}"),
                "default[cpu]: must be at least min, 2, not 1500m"},
               {limit("type: Container, defaultRequest: {cpu: 2}, default: {cpu: 1}"),
                "default[cpu]: must be at least defaultRequest, 2, not 1"},
               {limit("type: Container, maxLimitRequestRatio: {cpu: 500m}"),
                "must be at least 1, not 500m"},
               {limit("type: Pod, default: {cpu: 1}"), "default: has no place with type \"Pod\""},
               {limit("type: Box"), "type: \"Box\" is none of"},
               {limit("type: PersistentVolumeClaim, max: {cpu: 1}"), "needs min or max of storage"},
               {limit("type: Pod}, {type: Pod"), "\"Pod\" is there already"}});
}

TEST(KeptRules, IngressClassesNameTheirController) {
  const std::string group = "networking.k8s.io/v1";
  const std::string longest = "a.example/" + std::string(240, 'x');
  ExpectOk(group, "IngressClass",
           {"controller: example.com/ingress", "controller: example.com/a/b_~c",
            "controller: " + longest,
            "controller: a.example/b, parameters: {kind: C, name: n, scope: Namespace, namespace: "
            "d}"});
  ExpectWrong(group, "IngressClass",
              {{"controller: nginx", "spec.controller: \"nginx\" is not a domain"},
               {"controller: example.com/", "is not a domain"},
               {"controller: /a", "is not a domain"},
               {"controller: example.com/a b", "is not a domain"},
               {"controller: " + longest + "x", "must be at most 250 characters"},
               {"", "spec.controller: \"\" is not a domain"},
               {"controller: a.example/b, parameters: {kind: C, name: n, scope: Namespace}",
                "namespace: required"},
               {"controller: a.example/b, parameters: {kind: C, name: n, namespace: d}",
                "namespace: has no place"}});
}

TEST(KeptRules, ServicesKeepClientsForADayAtMost) {
  const std::string head = "ports: [{port: 80}], sessionAffinity: ClientIP, ";
  const auto timeout = [&](const std::string& seconds) {
    return head + "sessionAffinityConfig: {clientIP: {timeoutSeconds: " + seconds + "}}";
  };
  ExpectOk("v1", "Service", {timeout("1"), timeout("86400")});
  ExpectWrong("v1", "Service",
              {{timeout("0"), "timeoutSeconds: must be from 1 to 86400, not 0"},
               {timeout("86401"), "must be from 1 to 86400"},
               {"ports: [{port: 80}], sessionAffinityConfig: {clientIP: {timeoutSeconds: 5}}",
                "needs sessionAffinity \"ClientIP\""}});
}

TEST(KeptRules, LeasesLastAndTellTheTimeInMicroseconds) {
  const std::string group = "coordination.k8s.io/v1";
  ExpectOk(group, "Lease",
           {"holderIdentity: a, leaseDurationSeconds: 15, renewTime: "
            "'2026-01-31T12:00:00.123456Z', leaseTransitions: 0",
            "acquireTime: '2026-01-31T12:00:00.000000+01:00'"});
  ExpectWrong(group, "Lease",
              {{"leaseDurationSeconds: 0", "leaseDurationSeconds: must be from 1"},
               {"leaseTransitions: -1", "leaseTransitions: must be from 0"},
               {"renewTime: '2026-01-31T12:00:00Z'", "renewTime: "},
               {"renewTime: '2026-01-31T12:00:00.123Z'", "is no time in microseconds"},
               {"renewTime: '2026-13-31T12:00:00.123456Z'", "is no time in microseconds"},
               {"acquireTime: yesterday", "acquireTime: \"yesterday\""}});
}

TEST(KeptRules, AutoscalersKeepAPodUnlessTheMetricComesFromElsewhere) {
  const std::string group = "autoscaling/v2";
  const std::string head = "scaleTargetRef: {kind: Deployment, name: w}, maxReplicas: 3, ";
  const std::string external =
      "metrics: [{type: External, external: {metric: {name: q}, target: {type: AverageValue, "
      "averageValue: ";
  ExpectOk(group, "HorizontalPodAutoscaler",
           {head + "minReplicas: 1", head + "minReplicas: 0, " + external + "'30'}}}]"});
  ExpectWrong(group, "HorizontalPodAutoscaler",
              {{head + "minReplicas: 0", "minReplicas: must be from 1"},
               {head + external + "'0'}}}]", "averageValue: must be more than 0"}});
}

TEST(KeptRules, TargetsOfAutoscalersFitTheirSource) {
  const std::string group = "autoscaling/v2";
  const std::string head =
      "scaleTargetRef: {kind: Deployment, name: w}, maxReplicas: 3, metrics: [{type: ";
  const std::string resource = head + "Resource, resource: {name: cpu, target: {type: Utilization";
  const std::string pods = head + "Pods, pods: {metric: {name: q}, target: {type: AverageValue";
  const std::string object = head +
                             "Object, object: {metric: {name: q}, describedObject: {kind: Service, "
                             "name: s}, target: {type: "
                             "Value";
  const std::string external =
      head + "External, external: {metric: {name: q}, target: {type: Value";
  ExpectOk(group, "HorizontalPodAutoscaler",
           {resource + ", averageUtilization: 50}}}]", resource + ", averageValue: 1}}}]",
            pods + ", averageValue: 1}}}]", object + ", value: 1}}}]",
            object + ", value: 1, averageValue: 1}}}]", external + ", averageValue: 1}}}]"});
  ExpectWrong(group, "HorizontalPodAutoscaler",
              {{resource + "}}}]", "resource.target: needs one of"},
               {resource + ", value: 1}}}]", "resource.target: needs one of"},
               {resource + ", averageUtilization: 50, averageValue: 1}}}]", "only one of them"},
               {resource + ", averageUtilization: 0}}}]", "averageUtilization: must be from 1"},
               {pods + ", value: 1}}}]", "pods.target: needs one of \"averageValue\""},
               {object + ", averageUtilization: 5}}}]", "object.target: needs one of"},
               {object + ", value: 0}}}]", "value: must be more than 0"},
               {external + ", value: 1, averageValue: 1}}}]", "only one of them"}});
}

TEST(KeptRules, BehaviorThatIsGivenHasAPolicy) {
  const auto autoscaler = [](const std::string& rules) {
    return testing::ErrorsOf(
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: x}\nspec: "
        "{scaleTargetRef: {kind: Deployment, name: w}, maxReplicas: 3, behavior: {scaleUp: {" +
        rules + "}}}\n");
  };
  EXPECT_EQ(autoscaler("stabilizationWindowSeconds: 0"), "");
  EXPECT_EQ(autoscaler("policies: [{type: Pods, value: 1, periodSeconds: 15}]"), "");
  EXPECT_NE(autoscaler("policies: []").find("scaleUp.policies: needs one policy or more"),
            std::string::npos);
}

TEST(KeptRules, AnIngressHasOneClass) {
  const auto ingress = [](const std::string& annotations, const std::string& name) {
    return testing::PlainErrorsOf(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x, annotations: {" +
        annotations + "}}\nspec: {ingressClassName: '" + name +
        "', defaultBackend: {service: {name: s, port: {number: 80}}}}\n");
  };
  const std::string annotation = "kubernetes.io/ingress.class: nginx";
  EXPECT_EQ(ingress("", "nginx"), "");
  EXPECT_EQ(ingress(annotation, "nginx"), "");
  EXPECT_EQ(
      ingress(annotation, "haproxy"),
      "spec.ingressClassName: the annotation kubernetes.io/ingress.class says \"nginx\", this "
      "\"haproxy\": leave the annotation out\n");
  EXPECT_NE(ingress("", "A_b").find("is not a DNS subdomain"), std::string::npos);
  EXPECT_NE(ingress("", ""), "");
}

TEST(KeptRules, AddressesOfEndpointsAreReachable) {
  const auto slice = [](const std::string& type, const std::string& address) {
    return testing::PlainErrorsOf(
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: x}\naddressType: " +
        type + "\nendpoints: [{addresses: ['" + address + "']}]\n");
  };
  EXPECT_EQ(slice("IPv4", "10.0.0.1"), "");
  EXPECT_EQ(slice("IPv6", "fd00::1"), "");
  EXPECT_EQ(slice("FQDN", "db.example.com."), "");
  EXPECT_EQ(slice("IPv6", "10.0.0.1"),
            "endpoints[0].addresses[0]: \"10.0.0.1\" is no address of the slice's addressType, "
            "\"IPv6\"\n");
  EXPECT_NE(slice("IPv4", "fd00::1"), "");
  EXPECT_NE(slice("IPv4", "127.0.0.1"), "");
  EXPECT_NE(slice("FQDN", "db"), "");
  const auto endpoints = [](const std::string& ip) {
    return testing::ErrorsOf(
        "apiVersion: v1\nkind: Endpoints\nmetadata: {name: x}\nsubsets: [{addresses: [{ip: '" + ip +
        "'}], ports: [{port: 80}]}]\n");
  };
  EXPECT_EQ(endpoints("10.0.0.1"), "");
  for (const char* ip : {"127.0.0.1", "169.254.0.1", "::1", "fe80::1", "0.0.0.0", "here"}) {
    EXPECT_NE(endpoints(ip), "") << ip;
  }
}

TEST(KeptRules, PoliciesExceptPartsOfABlock) {
  const std::string group = "networking.k8s.io/v1";
  const auto block = [](const std::string& cidr, const std::string& except) {
    return "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: '" + cidr + "', except: ['" +
           except + "']}}]}]";
  };
  ExpectOk(group, "NetworkPolicy",
           {block("10.0.0.0/8", "10.1.0.0/16"), block("0.0.0.0/0", "10.0.0.0/8"),
            block("fd00::/8", "fd12:3456::/32"), block("10.0.0.0/9", "10.127.255.255/32")});
  ExpectWrong(group, "NetworkPolicy",
              {{block("10.0.0.0/8", "11.0.0.0/16"),
                "except[0]: \"11.0.0.0/16\" is not a part of \"10.0.0.0/8\""},
               {block("10.0.0.0/8", "10.0.0.0/8"), "is not a part of"},
               {block("10.0.0.0/16", "10.0.0.0/8"), "is not a part of"},
               {block("10.0.0.0/9", "10.128.0.0/10"), "is not a part of"},
               {block("10.0.0.0/8", "fd00::/16"), "is not a part of"},
               {block("10.0.0.0/8", "10.1.0.0"), "is no CIDR"}});
}

TEST(KeptRules, PortsOfEndpointsHaveTheirOwnNames) {
  const auto slice = [](const std::string& ports) {
    return testing::ErrorsOf(
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: x}\naddressType: "
        "IPv4\nendpoints: [{addresses: [10.0.0.1]}]\nports: [" +
        ports + "]\n");
  };
  EXPECT_EQ(slice("{port: 80}"), "");
  EXPECT_EQ(slice("{name: a, port: 80}, {name: b, port: 81}"), "");
  EXPECT_NE(slice("{name: a, port: 80}, {name: a, port: 81}").find("there is a port \"a\" already"),
            std::string::npos);
  EXPECT_NE(slice("{port: 80}, {port: 81}"), "");
  EXPECT_NE(slice("{name: A_, port: 80}"), "");
  const auto endpoints = [](const std::string& ports) {
    return testing::ErrorsOf(
        "apiVersion: v1\nkind: Endpoints\nmetadata: {name: x}\nsubsets: [{addresses: [{ip: "
        "10.0.0.1}], ports: [" +
        ports + "]}]\n");
  };
  EXPECT_EQ(endpoints("{port: 80}"), "");
  EXPECT_EQ(endpoints("{name: dns, port: 53, protocol: TCP}, {name: dns, port: 53, protocol: UDP}"),
            "");
  EXPECT_NE(endpoints("{name: dns, port: 53}, {port: 80}").find("there are several ports"),
            std::string::npos);
}

TEST(KeptRules, SlicesHaveAddressesOfOneTypeAndNotTooMany) {
  const auto slice = [](const std::string& type, const std::string& endpoints) {
    return testing::ErrorsOf(
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: x}\n" + type +
        "endpoints: [" + endpoints + "]\n");
  };
  const auto many = [](const std::string& item, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += (i > 0 ? ", " : "") + item;
    return text;
  };
  const std::string ipv4 = "addressType: IPv4\n";
  const std::string one = "{addresses: [10.0.0.1]}";
  EXPECT_EQ(slice(ipv4, many(one, 1000)), "");
  EXPECT_NE(slice(ipv4, many(one, 1001)).find("more than 1000 endpoints"), std::string::npos);
  EXPECT_EQ(slice(ipv4, "{addresses: [" + many("10.0.0.1", 100) + "]}"), "");
  EXPECT_NE(slice(ipv4, "{addresses: [" + many("10.0.0.1", 101) + "]}").find("more than 100"),
            std::string::npos);
  EXPECT_NE(slice("", one), "");
  EXPECT_NE(slice("addressType: IPv5\n", one), "");
  EXPECT_NE(slice(ipv4, "{addresses: [a.example]}"), "");
  EXPECT_EQ(slice("addressType: FQDN\n", "{addresses: [a.example]}"), "");
  EXPECT_NE(slice(ipv4, "{addresses: []}"), "");
}

TEST(KeptRules, PrioritiesEndAtABillion) {
  const auto priority = [](const std::string& value, const std::string& name = "x") {
    return testing::ErrorsOf(
        "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: " + name +
        "}\nvalue: " + value + "\n");
  };
  EXPECT_EQ(priority("1000000000"), "");
  EXPECT_EQ(priority("-2147483648"), "");
  EXPECT_NE(priority("1000000001"), "");
  EXPECT_NE(priority("-2147483649"), "");
  EXPECT_NE(priority("1", "system-mine"), "");
}

TEST(KeptRules, BlocksAreReadToTheBit) {
  for (const char* text : {"10.0.0.0/8", "0.0.0.0/0", "1.2.3.4/32", "::/0", "fd00::1/128"}) {
    EXPECT_TRUE(ReadIpBlock(text)) << text;
  }
  for (const char* text : {"", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0/8",
                           "10.0.0.0/-1", "::/129", "10.0.0.0/8x", "10.0.0.0/ 8"}) {
    EXPECT_FALSE(ReadIpBlock(text)) << text;
  }
  EXPECT_EQ(ReadIpBlock("10.255.255.255/12")->address, (std::vector<unsigned char>{10, 240, 0, 0}));
}

}  // namespace
}  // namespace reconcile
