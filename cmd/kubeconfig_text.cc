#include "cmd/kubeconfig_text.h"

#include "schema/text.h"

namespace reconcile {

std::string KubeconfigText(const Kubeconfig& kubeconfig) {
  std::string text =
      "apiVersion: v1\nkind: Config\ncurrent-context: reconcile\nclusters:\n- name: reconcile\n"
      "  cluster:\n    server: " +
      kubeconfig.server +
      "\n    certificate-authority-data: " + EncodeBase64(kubeconfig.authority_pem) +
      "\ncontexts:\n- name: reconcile\n  context:\n    cluster: reconcile\n    user: \"" +
      kubeconfig.user + "\"\n";
  if (!kubeconfig.namespace_name.empty()) {
    text += "    namespace: \"" + kubeconfig.namespace_name + "\"\n";
  }
  text += "users:\n- name: \"" + kubeconfig.user + "\"\n  user:\n";
  if (!kubeconfig.token.empty()) return text + "    token: " + kubeconfig.token + "\n";
  return text + "    client-certificate-data: " + EncodeBase64(kubeconfig.certificate_pem) +
         "\n    client-key-data: " + EncodeBase64(kubeconfig.private_key_pem) + "\n";
}

}  // namespace reconcile
