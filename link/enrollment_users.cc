// Certificates of which the list of nodes tells nothing: controllers' and users'.
#include <algorithm>

#include "link/certificate_issuer.h"
#include "link/enrollment.h"
#include "link/enrollment_state.h"
#include "schema/names.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr size_t kMaxSubjectBytes = 64;  // of one name in a subject (RFC 5280, appendix A)

// Those that can stand in a certificate. Nobody depends on the others: agents verify the CA.
std::vector<std::string> FitServerNames(const std::vector<std::string>& names) {
  std::vector<std::string> fit = {std::string(kControllerTlsName)};
  for (const std::string& name : names) {
    if (!IsIpAddress(name) && !CheckDnsSubdomain(name).empty()) continue;
    if (std::find(fit.begin(), fit.end(), name) == fit.end()) fit.push_back(name);
  }
  return fit;
}

}  // namespace

Result<KeyPair> Enrollment::MakeServerPair(const KeyPair& authority,
                                           const std::vector<std::string>& names, WallTime now) {
  CertificateOrder order;
  order.names = FitServerNames(names);
  order.common_name = std::string(kControllerTlsName);
  order.use = CertificateUse::kController;
  order.not_before = {now.ms - std::min(kBackdateMs, options_.node_life_ms)};
  order.not_after = {now.ms + options_.node_life_ms};
  Result<KeyAndRequest> request = MakeKeyAndRequest();
  if (!request.ok()) return request.status();
  {
    const std::lock_guard lock(write_mutex_);  // random_ is used by one at a time
    order.serial = MakeSerial(0, random_);
  }
  const Result<std::string> certificate = IssueCertificate(authority, request->request_pem, order);
  if (!certificate.ok()) return certificate.status().WithContext("the controller's certificate");
  return KeyPair{*certificate + authority.certificate_pem, std::move(request->private_key_pem)};
}

Result<KeyPair> Enrollment::ApiCertificate(const std::vector<std::string>& names, WallTime now) {
  return MakeServerPair(ActiveKeys(), names, now);
}

Result<std::string> Enrollment::IssueUser(const std::string& name,
                                          const std::vector<std::string>& groups,
                                          std::string_view request_pem, int64_t life_ms,
                                          WallTime now) {
  for (const std::string& text : groups) {
    if (text.size() <= kMaxSubjectBytes && !text.empty()) continue;
    return InvalidError("group " + Quoted(text) + ": a certificate takes 1 to 64 bytes");
  }
  if (name.empty() || name.size() > kMaxSubjectBytes) {
    return InvalidError("user " + Quoted(name) + ": a certificate takes 1 to 64 bytes");
  }
  const Result<std::string> key = CheckRequest(request_pem);
  if (!key.ok()) return key.status();
  CertificateOrder order;
  order.common_name = name;
  order.organisations = groups;
  order.use = CertificateUse::kUser;
  order.not_before = {now.ms - kBackdateMs};
  order.not_after = {now.ms + life_ms};
  {
    const std::lock_guard lock(write_mutex_);
    order.serial = MakeSerial(std::max<int64_t>(now.ms / 1000, 1), random_);
  }
  return IssueCertificate(NewestKeys(), request_pem, order);
}

}  // namespace reconcile
