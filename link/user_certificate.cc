#include "link/user_certificate.h"

#include <openssl/bn.h>

#include "link/certificate_issuer.h"
#include "link/certificates.h"
#include "link/openssl_handles.h"

namespace reconcile {
namespace {

constexpr int kSerialBytes = 16;

// Every entry of one kind in the subject, in their order.
std::vector<std::string> SubjectEntries(X509* certificate, int nid) {
  std::vector<std::string> texts;
  X509_NAME* subject = X509_get_subject_name(certificate);
  for (int at = X509_NAME_get_index_by_NID(subject, nid, -1); at >= 0;
       at = X509_NAME_get_index_by_NID(subject, nid, at)) {
    const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    texts.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                       static_cast<size_t>(ASN1_STRING_length(text)));
  }
  return texts;
}

std::string UserSerialOf(X509* certificate) {
  const BigNumberHandle number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  std::vector<unsigned char> bytes(kSerialBytes);
  const bool fits = number != nullptr && BN_is_negative(number.get()) == 0 &&
                    BN_bn2binpad(number.get(), bytes.data(), kSerialBytes) == kSerialBytes;
  return fits ? BytesToHex(bytes.data(), bytes.size()) : "";
}

}  // namespace

Result<UserCertificate> CheckUserCertificate(std::string_view chain_pem,
                                             std::string_view trusted_pem, WallTime now) {
  RETURN_IF_ERROR(CheckChain(chain_pem, trusted_pem, CertificateUse::kUser, now));
  const CertificateHandle certificate = ReadCertificatePem(chain_pem);
  if (certificate == nullptr) return InvalidError("this is not a PEM certificate");
  const std::vector<std::string> units =
      SubjectEntries(certificate.get(), NID_organizationalUnitName);
  const bool has_names = X509_get_ext_by_NID(certificate.get(), NID_subject_alt_name, -1) >= 0;
  if (units != std::vector<std::string>{kUserUnit} || has_names) {
    return InvalidError("the certificate is no user's: it is a host's");
  }
  const std::vector<std::string> names = SubjectEntries(certificate.get(), NID_commonName);
  if (names.size() != 1 || names.front().empty()) {
    return InvalidError("the certificate names no user, or more than one");
  }
  UserCertificate user;
  user.name = names.front();
  user.groups = SubjectEntries(certificate.get(), NID_organizationName);
  user.serial = UserSerialOf(certificate.get());
  ERR_clear_error();
  if (user.groups.size() > kMaxUserGroups || user.serial.empty()) {
    return InvalidError("the certificate of user " + user.name + " is not one of ours");
  }
  const auto validity = ValidityOf(chain_pem);
  if (!validity.ok()) return validity.status();
  user.not_before = validity->first;
  user.not_after = validity->second;
  return user;
}

}  // namespace reconcile
