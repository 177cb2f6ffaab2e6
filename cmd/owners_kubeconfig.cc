#include "cmd/owners_kubeconfig.h"

#include <unistd.h>

#include <cstdio>

#include "api/authorization.h"
#include "base/epoll_loop.h"
#include "base/time.h"
#include "cmd/keys_file.h"
#include "cmd/kubeconfig_text.h"
#include "cmd/user_name.h"
#include "link/certificates.h"
#include "schema/names.h"

namespace reconcile {

std::string ApiUserName() {
  const std::string name = UserName();
  return CheckDnsSubdomain(name).empty() ? name : "owner";
}

Status WritePrivateFile(const std::string& path, const std::string& text) {
  const std::string beside = path + ".new-" + std::to_string(::getpid());
  RETURN_IF_ERROR(WriteNewFile(beside, text));
  if (::rename(beside.c_str(), path.c_str()) == 0) return OkStatus();
  const Status failure = ErrnoError("write", path);
  ::unlink(beside.c_str());
  return failure;
}

Status WriteOwnersKubeconfig(const Config& config, UserRegistry* users) {
  if (users->server().empty()) return OkStatus();
  const Result<KeyAndRequest> request = MakeKeyAndRequest();
  if (!request.ok()) return request.status();
  Kubeconfig kubeconfig;
  kubeconfig.user = ApiUserName();
  const Result<std::string> certificate = users->IssueCertificate(
      {kubeconfig.user, {GroupOf({UserRole::kAdmin, ""}), "system:authenticated"}},
      request->request_pem, ReadSystemClock().wall);
  if (!certificate.ok()) return certificate.status();
  kubeconfig.server = users->server();
  kubeconfig.authority_pem = users->TrustBundlePem();
  kubeconfig.certificate_pem = *certificate;
  kubeconfig.private_key_pem = request->private_key_pem;
  return WritePrivateFile(config.data_folder + "/kubeconfig", KubeconfigText(kubeconfig));
}

}  // namespace reconcile
