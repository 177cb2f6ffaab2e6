#include "cmd/kubeconfig_text.h"

#include <gtest/gtest.h>

#include "cmd/endpoint.h"

namespace reconcile {
namespace {

Kubeconfig Sample() {
  Kubeconfig kubeconfig;
  kubeconfig.server = "https://127.0.0.1:6443";
  kubeconfig.authority_pem = "ca";
  kubeconfig.user = "anna";
  return kubeconfig;
}

TEST(KubeconfigText, EmbedsCertificateAndKey) {
  Kubeconfig kubeconfig = Sample();
  kubeconfig.namespace_name = "shop";
  kubeconfig.certificate_pem = "certificate";
  kubeconfig.private_key_pem = "key";
  EXPECT_EQ(KubeconfigText(kubeconfig), R"(apiVersion: v1
kind: Config
current-context: reconcile
clusters:
- name: reconcile
  cluster:
    server: https://127.0.0.1:6443
    certificate-authority-data: Y2E=
contexts:
- name: reconcile
  context:
    cluster: reconcile
    user: "anna"
    namespace: "shop"
users:
- name: "anna"
  user:
    client-certificate-data: Y2VydGlmaWNhdGU=
    client-key-data: a2V5
)");
}

TEST(KubeconfigText, HasATokenInstead) {
  Kubeconfig kubeconfig = Sample();
  kubeconfig.token = "rcu1.00";
  const std::string text = KubeconfigText(kubeconfig);
  EXPECT_TRUE(text.ends_with("  user:\n    token: rcu1.00\n"));
  EXPECT_EQ(text.find("client-key-data"), std::string::npos);
  EXPECT_EQ(text.find("namespace"), std::string::npos);
}

TEST(ApiListen, IsOffOrAnAddressWithItsPort) {
  for (const char* text : {"off", "127.0.0.1:6443", "0.0.0.0:443", "[::1]:6443"}) {
    EXPECT_EQ(CheckApiListen(text), "") << text;
  }
  for (const char* text : {"", "on", "127.0.0.1", "[::1]", "::1", "host:6443", "127.0.0.1:x"}) {
    EXPECT_NE(CheckApiListen(text), "") << text;
  }
}

}  // namespace
}  // namespace reconcile
