#include <gtest/gtest.h>

#include "schema/core.h"
#include "schema/workload.h"
#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

using testing::DeploymentWithSpec;
using testing::ErrorsOf;
using testing::MustDecode;
using testing::PodWithSpec;

// The golden files of decode_test.cc show most rules broken; these are their bounds.

TEST(Validate, ASyncWaveIsAnInteger) {
  const auto map = [](const std::string& wave) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations:\n    "
           "argocd.argoproj.io/sync-wave: \"" +
           wave + "\"\n";
  };
  for (const char* good : {"0", "2", "-5", "+1"}) EXPECT_EQ(ErrorsOf(map(good)), "") << good;
  EXPECT_EQ(ErrorsOf(map("first")),
            "m.yaml:6:35: metadata.annotations[argocd.argoproj.io/sync-wave]: the wave must be an "
            "integer, such as \"2\" or \"-1\", not \"first\"\n");
  EXPECT_NE(ErrorsOf(map("1.5")), "");
}

TEST(Validate, SurgeAndUnavailableMustNotBothBeZero) {
  const auto rolling = [](const std::string& fields) {
    return ErrorsOf(DeploymentWithSpec("strategy: {rollingUpdate: {" + fields + "}}\n"));
  };
  EXPECT_EQ(rolling("maxSurge: 0, maxUnavailable: 1"), "");
  EXPECT_EQ(rolling("maxSurge: 200%, maxUnavailable: 100%"), "");
  EXPECT_NE(rolling("maxSurge: 0, maxUnavailable: 0%"), "");
  EXPECT_NE(rolling("maxUnavailable: 101%"), "");
  EXPECT_NE(rolling("maxSurge: -1"), "");
  for (const char* wrong : {"'25'", "'%'", "'2.5%'", "' 5%'", "'9999999%'", "many"}) {
    EXPECT_NE(rolling("maxSurge: " + std::string(wrong)), "") << wrong;
  }
}

TEST(Validate, TheSelectorMustTakeTheTemplatesOwnPods) {
  std::string yaml = DeploymentWithSpec("");
  yaml.replace(yaml.find("labels: {app: web}"), 18, "labels: {app: api}");
  EXPECT_EQ(
      ErrorsOf(yaml),
      "m.yaml:7:24: spec.template.metadata.labels: the selector does not match the template's "
      "labels: the pods would not belong to their own workload\n");
  yaml.replace(yaml.find("{matchLabels: {app: web}}"), 25, "{matchLabels: {}}");
  EXPECT_EQ(ErrorsOf(yaml), "m.yaml:5:13: spec.selector: required\n");
}

TEST(Validate, RecreateTakesNoRollingUpdate) {
  EXPECT_NE(ErrorsOf(DeploymentWithSpec("strategy: {type: Recreate, rollingUpdate: {}}\n"))
                .find("spec.strategy.rollingUpdate: must not be given with type \"Recreate\""),
            std::string::npos);
}

TEST(Validate, ProgressDeadlineMustBeLongerThanMinReady) {
  EXPECT_EQ(ErrorsOf(DeploymentWithSpec("minReadySeconds: 599\n")), "");
  EXPECT_NE(ErrorsOf(DeploymentWithSpec("minReadySeconds: 600\n")), "");
}

TEST(Validate, SecondsAndCountsFitIn32Bits) {
  for (const char* field :
       {"minReadySeconds: 2147483646\nprogressDeadlineSeconds", "revisionHistoryLimit"}) {
    EXPECT_EQ(ErrorsOf(DeploymentWithSpec(std::string(field) + ": 2147483647\n")), "") << field;
    EXPECT_NE(ErrorsOf(DeploymentWithSpec(std::string(field) + ": 2147483648\n")), "") << field;
  }
  EXPECT_NE(ErrorsOf(DeploymentWithSpec("minReadySeconds: 2147483648\n")), "");
  EXPECT_EQ(ErrorsOf(PodWithSpec("terminationGracePeriodSeconds: 2147483647\n")), "");
  EXPECT_NE(ErrorsOf(PodWithSpec("terminationGracePeriodSeconds: 2147483648\n"))
                .find("spec.terminationGracePeriodSeconds: must be at most 2147483647, not "
                      "2147483648"),
            std::string::npos);
}

TEST(Validate, DataIsLimitedToAMebibyte) {
  ConfigMap config_map;
  config_map.metadata.name = "c";
  config_map.data["a"] = std::string((1 << 20) - 1, 'x');
  config_map.binary_data["b"] = "x";
  Problems problems;
  Validate(config_map, "", &problems);
  EXPECT_TRUE(problems.errors.empty());
  config_map.binary_data["b"] += "x";
  Validate(config_map, "", &problems);
  ASSERT_EQ(problems.errors.size(), 1U);
  EXPECT_EQ(problems.errors[0].ToString(),
            "ConfigMap c: data: holds 1048577 bytes; the limit is 1048576 (1 MiB)");
}

TEST(Validate, AnnotationsAreLimitedTo256KibibytesWithTheirKeys) {
  ConfigMap config_map;
  config_map.metadata.name = "c";
  config_map.metadata.annotations["a"] = std::string((256 << 10) - 1, 'x');
  Problems problems;
  Validate(config_map, "", &problems);
  EXPECT_TRUE(problems.errors.empty());
  config_map.metadata.annotations["A"] = "";
  Validate(config_map, "", &problems);
  EXPECT_EQ(problems.errors.size(), 1U);
}

TEST(Validate, ObjectsMadeInCodeMustHaveTheirRequiredFields) {
  Deployment deployment;
  deployment.spec.pod_template.spec.containers.emplace_back();
  Problems problems;
  Validate(deployment, "", &problems);
  std::string text;
  for (const Problem& problem : problems.errors) text += problem.message + '\n';
  EXPECT_EQ(text,
            "Deployment : metadata: required\n"
            "Deployment : spec.selector: required\n"
            "Deployment : spec.template.spec.containers[0].name: required\n"
            "Deployment : spec.template.spec.containers[0].image: required\n");
}

TEST(Validate, ServicePortsAndTypes) {
  const auto service = [](const std::string& spec) {
    return ErrorsOf("apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {" + spec + "}\n");
  };
  EXPECT_EQ(service("clusterIP: None"), "");
  EXPECT_EQ(service("type: NodePort, ports: [{port: 80, nodePort: 30000}]"), "");
  EXPECT_EQ(service("ports: [{port: 53, name: a}, {port: 53, name: b, protocol: UDP}]"), "");
  EXPECT_NE(service("type: ClusterIP"), "");
  EXPECT_NE(service("type: NodePort, ports: [{port: 80, nodePort: 32768}]"), "");
  EXPECT_NE(service("ports: [{port: 80, nodePort: 30000}]"), "");
  EXPECT_NE(service("clusterIP: here, ports: [{port: 80}]"), "");
  EXPECT_EQ(service("type: ExternalName, externalName: db.example.com."), "");
  EXPECT_EQ(service("type: ExternalName"),
            "m.yaml:4:7: spec.externalName: required by type \"ExternalName\"\n");
}

TEST(Validate, SecretTypesNeedTheirKeys) {
  const auto secret = [](const std::string& type, const std::string& keys) {
    return ErrorsOf("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ntype: " + type +
                    "\nstringData: {" + keys + "}\n");
  };
  EXPECT_EQ(secret("kubernetes.io/tls", "tls.crt: a, tls.key: b"), "");
  EXPECT_NE(secret("kubernetes.io/tls", "tls.crt: a"), "");
  EXPECT_EQ(secret("kubernetes.io/basic-auth", "username: a"), "");
  EXPECT_NE(secret("kubernetes.io/basic-auth", "user: a"), "");
  EXPECT_NE(secret("kubernetes.io/ssh-auth", ""), "");
  EXPECT_NE(secret("kubernetes.io/dockerconfigjson", ""), "");
  EXPECT_NE(secret("kubernetes.io/dockercfg", ""), "");
  EXPECT_NE(secret("kubernetes.io/service-account-token", ""), "");
  EXPECT_EQ(secret("my.own/type", "anything: a"), "");
}

TEST(Validate, LoginsForRegistriesAreJson) {
  const auto secret = [](const std::string& text, const std::string& type = "dockerconfigjson") {
    return ErrorsOf("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ntype: kubernetes.io/" +
                    type + "\nstringData: {." + type + ": '" + text + "'}\n");
  };
  for (const char* text : {"{\"auths\": {}}", "{}", "null", "{\"a\": 1, \"a\": 2}"}) {
    EXPECT_EQ(secret(text), "") << text;
  }
  for (const char* text : {"", "[]", "hunter2", "{\"auths\": {}", "{auths: {}}", "7"}) {
    EXPECT_NE(secret(text), "") << text;
    EXPECT_EQ(secret(text).find("hunter2"), std::string::npos);
  }
  EXPECT_EQ(secret("{}", "dockercfg"), "");
  EXPECT_NE(secret("{", "dockercfg").find("wants a map in JSON here"), std::string::npos);
}

TEST(Validate, FieldPathsOfVariables) {
  const auto pod = [](const std::string& path) {
    return ErrorsOf(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n"
        "    image: i\n    env: [{name: A, valueFrom: {fieldRef: {fieldPath: \"" +
        path + "\"}}}]\n");
  };
  for (const char* path : {"metadata.name", "metadata.labels['a/b']", "metadata.annotations['x']",
                           "spec.nodeName", "status.podIP", "status.podIPs"}) {
    EXPECT_EQ(pod(path), "") << path;
  }
  for (const char* path : {"metadata.labels", "metadata.labels['']", "metadata.labels[a]",
                           "spec.containers", "status.phase", "metadata.labels['a"}) {
    EXPECT_NE(pod(path), "") << path;
  }
}

TEST(Validate, ARuleAboutAFieldThatCouldNotBeReadIsNotBroken) {
  std::string yaml = DeploymentWithSpec("");
  yaml.replace(yaml.find("matchLabels: {app: web}"), 23, "matchLabels: {app: 1.5}");
  EXPECT_EQ(ErrorsOf(yaml),
            "m.yaml:5:33: spec.selector.matchLabels[app]: must be a string, not the number 1.5; "
            "quote it: \"1.5\"\n");
}

}  // namespace
}  // namespace reconcile
