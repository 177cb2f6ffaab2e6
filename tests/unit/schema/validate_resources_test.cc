#include <gtest/gtest.h>

#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

using testing::PlainErrorsOf;

std::string PodWithResources(const std::string& container_fields,
                             const std::string& pod_fields = "") {
  return "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers: [{name: c, image: "
         "i:1, " +
         container_fields + "}]\n" + pod_fields;
}

std::string ErrorsOfResources(const std::string& resources) {
  return PlainErrorsOf(PodWithResources("resources: {" + resources + "}"));
}

const std::string kPath = "spec.containers[c].resources";

TEST(ValidateResources, DevicesAreGivenWholeAndToOne) {
  EXPECT_EQ(ErrorsOfResources("limits: {nvidia.com/gpu: 2}"), "");
  EXPECT_EQ(ErrorsOfResources("requests: {nvidia.com/gpu: 2}, limits: {nvidia.com/gpu: 2000m}"),
            "");
  EXPECT_EQ(ErrorsOfResources("requests: {nvidia.com/gpu: 1}"),
            kPath +
                ".requests[nvidia.com/gpu]: needs a limit that is the same: \"nvidia.com/gpu\" "
                "cannot be overcommitted\n");
  EXPECT_EQ(ErrorsOfResources("requests: {nvidia.com/gpu: 1}, limits: {nvidia.com/gpu: 2}"),
            kPath +
                ".requests[nvidia.com/gpu]: must be the same as the limit, 2, not 1: "
                "\"nvidia.com/gpu\" cannot be overcommitted\n");
  EXPECT_NE(ErrorsOfResources("limits: {nvidia.com/gpu: 500m}")
                .find(kPath + ".limits[nvidia.com/gpu]: must be a whole number, not 500m\n"),
            std::string::npos);
  EXPECT_NE(ErrorsOfResources("limits: {'nvidia.com/g p u': 1}"), "");
  // Kubernetes' own may be overcommitted, and cut.
  EXPECT_EQ(ErrorsOfResources("requests: {example.kubernetes.io/a: 500m}"), "");
}

TEST(ValidateResources, HugePagesComeWithCpuOrMemory) {
  EXPECT_EQ(ErrorsOfResources("limits: {hugepages-2Mi: 4Mi, memory: 1Gi}"), "");
  EXPECT_EQ(ErrorsOfResources("limits: {hugepages-2Mi: 4Mi}, requests: {cpu: 1}"), "");
  EXPECT_EQ(ErrorsOfResources("limits: {hugepages-2Mi: 4Mi}"),
            kPath + ": huge pages need cpu or memory beside them\n");
  EXPECT_NE(
      ErrorsOfResources("limits: {hugepages-2Mi: 4Mi, cpu: 1}, requests: {hugepages-2Mi: 2Mi}")
          .find("must be the same as the limit, 4Mi, not 2Mi"),
      std::string::npos);
}

TEST(ValidateResources, StorageIsForClaims) {
  EXPECT_EQ(ErrorsOfResources("limits: {ephemeral-storage: 1Gi}"), "");
  EXPECT_EQ(ErrorsOfResources("requests: {storage: 1Gi}"),
            kPath +
                ".requests[storage]: a container has no \"storage\": claims of volumes have; its "
                "own disk space is \"ephemeral-storage\"\n");
}

TEST(ValidateResources, ClaimsThatThePodLacksAreTold) {
  const std::string claims = "resources: {claims: [{name: gpu}]}";
  const std::string warning = "the pod has no resourceClaims entry \"gpu\"";
  EXPECT_NE(testing::WarningsOf(PodWithResources(claims)).find(warning), std::string::npos);
  EXPECT_EQ(PlainErrorsOf(PodWithResources(claims)), "");
  EXPECT_EQ(testing::WarningsOf(
                PodWithResources(claims, "  resourceClaims: [{name: gpu, resourceClaimName: g}]\n"))
                .find(warning),
            std::string::npos);
}

TEST(ValidateResources, VariablesTakeLimitsAndRequests) {
  const std::string path = "spec.containers[c].env[A].valueFrom.resourceFieldRef";
  const auto variable = [](const std::string& fields) {
    return PlainErrorsOf(
        PodWithResources("env: [{name: A, valueFrom: {resourceFieldRef: {" + fields + "}}}]"));
  };
  for (const char* fields :
       {"resource: limits.cpu", "resource: limits.cpu, divisor: 1m",
        "resource: requests.cpu, divisor: '0'", "resource: limits.cpu, divisor: 1000m",
        "resource: requests.memory, divisor: 1Mi", "resource: limits.memory, divisor: 1024Ki",
        "resource: limits.ephemeral-storage, divisor: 1G",
        "resource: requests.hugepages-2Mi, divisor: 1Ki"}) {
    EXPECT_EQ(variable(fields), "") << fields;
  }
  EXPECT_EQ(variable("resource: limits.gpu"),
            path +
                ".resource: \"limits.gpu\" is not one of limits.NAME and requests.NAME for cpu, "
                "memory, ephemeral-storage, hugepages-SIZE\n");
  EXPECT_EQ(variable("resource: limits.cpu, divisor: 1k"),
            path + ".divisor: \"1k\" is none of \"1m\", \"1\"\n");
  EXPECT_NE(variable("resource: limits.memory, divisor: 2Mi"), "");
  EXPECT_NE(variable("resource: limits.memory, divisor: 1m"), "");
}

TEST(ValidateResources, FilesNameTheirContainerToo) {
  const auto file = [](const std::string& fields) {
    return PlainErrorsOf(PodWithResources("volumeMounts: []",
                                          "  volumes: [{name: v, downwardAPI: {items: [{path: a, "
                                          "resourceFieldRef: {" +
                                              fields + "}}]}}]\n"));
  };
  EXPECT_EQ(file("containerName: c, resource: limits.cpu"), "");
  EXPECT_EQ(file("resource: limits.cpu"),
            "spec.volumes[v].downwardAPI.items[0].resourceFieldRef.containerName: required in a "
            "volume\n");
}

TEST(ValidateResources, QuotasCountWholeObjects) {
  const auto quota = [](const std::string& hard) {
    return PlainErrorsOf(
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {" + hard + "}}\n");
  };
  EXPECT_EQ(quota("pods: 4, count/deployments.apps: '2', limits.cpu: 500m, services: 2000m"), "");
  EXPECT_EQ(quota("requests.nvidia.com/gpu: 500m"),
            "");  // the server looks at the names of devices only
  EXPECT_EQ(quota("pods: 500m"), "spec.hard[pods]: must be a whole number, not 500m\n");
  EXPECT_NE(quota("count/deployments.apps: '1.5'"), "");
}

}  // namespace
}  // namespace reconcile
