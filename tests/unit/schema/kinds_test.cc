#include <gtest/gtest.h>

#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

std::string ErrorOfHead(const std::string& api_version, const std::string& kind) {
  return testing::ErrorsOf("apiVersion: " + api_version + "\nkind: " + kind +
                           "\nmetadata: {name: x}\n");
}

TEST(ManifestKind, OfKubernetesButNotOursIsSaidToBeSo) {
  EXPECT_EQ(ErrorOfHead("apps/v1", "ControllerRevision"),
            "m.yaml:2:7: kind: kind ControllerRevision is valid in Kubernetes, not yet supported "
            "here\n");
  EXPECT_EQ(ErrorOfHead("node.k8s.io/v1", "RuntimeClass"),
            "m.yaml:2:7: kind: kind RuntimeClass is valid in Kubernetes, not yet supported here\n");
  // The system's own records are no one's to declare.
  EXPECT_EQ(
      ErrorOfHead("v1", "Event"),
      "m.yaml:2:7: kind: kind Event is valid in Kubernetes, not yet supported here: the system "
      "writes Events itself; leave it out\n");
}

TEST(ManifestKind, UnknownNamesTheNearest) {
  EXPECT_EQ(ErrorOfHead("apps/v1", "Deploymet"),
            "m.yaml:2:7: kind: unknown kind \"Deploymet\"; did you mean \"Deployment\"?\n");
  EXPECT_EQ(ErrorOfHead("v1", "pod"),
            "m.yaml:2:7: kind: unknown kind \"pod\"; did you mean \"Pod\"?\n");
}

TEST(ManifestKind, AnApiVersionThatNeverWasNamesTheOneToUse) {
  EXPECT_EQ(ErrorOfHead("apps/v2", "Deployment"),
            "m.yaml:1:13: apiVersion: \"apps/v2\" is not served for kind Deployment; use "
            "\"apps/v1\"\n");
}

TEST(ManifestKind, CustomResourcesAreSaidToBeSo) {
  EXPECT_EQ(
      ErrorOfHead("serving.knative.dev/v1", "Service"),
      "m.yaml:2:7: kind: \"Service\" of \"serving.knative.dev/v1\" is not a kind of Kubernetes "
      "itself; custom resources are not supported here. To pass over those of this group, name "
      "\"serving.knative.dev\" in the source's ignoreGroups, and validate with --ignore-group "
      "serving.knative.dev\n");
  EXPECT_NE(ErrorOfHead("gateway.networking.k8s.io/v1", "Gateway").find("custom resources"),
            std::string::npos);
  EXPECT_NE(
      ErrorOfHead("kustomize.config.k8s.io/v1beta1", "Kustomization").find("kustomization.yaml"),
      std::string::npos);
  EXPECT_NE(ErrorOfHead("reconcile.dev/v1", "Source").find("custom resources"), std::string::npos);
}

TEST(ManifestKind, TextThatIsNoManifestIsSaidToBeSo) {
  EXPECT_EQ(
      testing::ErrorsOf("services: {web: {image: nginx}}\nstages: [build]\n"),
      "m.yaml:1:1: not a manifest: it has neither apiVersion nor kind; keep other files out of "
      "the source's folder\n");
  EXPECT_EQ(testing::ErrorsOf("- a\n"),
            "m.yaml:1:1: a manifest is a map with apiVersion, kind and metadata, not a list\n");
  EXPECT_EQ(testing::ErrorsOf("kind: Pod\n"), "m.yaml:1:1: apiVersion: required\n");
  EXPECT_EQ(testing::ErrorsOf("apiVersion: 1\nkind: [Pod]\n"),
            "m.yaml:1:13: apiVersion: must be a string that is not empty\n"
            "m.yaml:2:7: kind: must be a string that is not empty\n");
}

}  // namespace
}  // namespace reconcile
