#include "link/certificate_issuer.h"

#include <openssl/bn.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>

#include "base/ids.h"
#include "link/openssl_handles.h"
#include "link/user_certificate.h"
#include "schema/names.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;     // larger ones cost more time than any host is worth
constexpr size_t kMaxNameBytes = 64;  // of an organisation or common name (RFC 5280, appendix A)
constexpr long kVersion3 = 2;

std::string CheckKeyKind(EVP_PKEY* key) {
  std::array<char, 64> group{};
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519:
      return "";
    case EVP_PKEY_EC:
      if (EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1 &&
          std::string_view(group.data()) == SN_X9_62_prime256v1) {
        return "";
      }
      return "its elliptic curve is not P-256";
    case EVP_PKEY_RSA:
      if (EVP_PKEY_get_bits(key) < kMinRsaBits) return "its RSA key has fewer than 2048 bits";
      return EVP_PKEY_get_bits(key) <= kMaxRsaBits ? "" : "its RSA key has more than 8192 bits";
    default:
      return "its key is neither P-256, Ed25519 nor RSA";
  }
}

Result<std::string> FingerprintOfKey(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return OpensslError("write a public key");
  std::string fingerprint =
      Sha256Hex({reinterpret_cast<const char*>(der), static_cast<size_t>(size)});
  OPENSSL_free(der);
  return fingerprint;
}

bool AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionHandle extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool AddName(X509_NAME* name, const char* field, const std::string& text) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool SetSerial(X509* certificate, const std::string& hex) {
  BIGNUM* number = nullptr;
  if (BN_hex2bn(&number, hex.c_str()) != static_cast<int>(hex.size())) number = nullptr;
  const BigNumberHandle owner(number);
  return number != nullptr &&
         BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
}

bool SetTimes(X509* certificate, WallTime not_before, WallTime not_after) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), not_before.ms / 1000) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), not_after.ms / 1000) != nullptr;
}

std::string AlternativeNames(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ",") + std::string(IsIpAddress(name) ? "IP:" : "DNS:") + name;
  }
  return text;
}

// What keeps nodes' and users' certificates apart, beside the names that only the former have.
const char* UnitOf(CertificateUse use) {
  switch (use) {
    case CertificateUse::kController:
      return "controller";
    case CertificateUse::kNode:
      return "node";
    case CertificateUse::kUser:
      return kUserUnit;
  }
  return "";
}

bool FillLeaf(const CertificateOrder& order, X509* issuer, X509* certificate) {
  const bool for_client = order.use != CertificateUse::kController;
  const std::string use = for_client ? "clientAuth" : "serverAuth";
  X509_NAME* name = X509_get_subject_name(certificate);
  for (const std::string& organisation : order.organisations) {
    if (!AddName(name, "O", organisation)) return false;
  }
  const auto add_names = [&] {
    return order.names.empty() ||
           AddExtension(certificate, issuer, NID_subject_alt_name, AlternativeNames(order.names));
  };
  // A long name stands among the alternative names alone, which is where everybody looks.
  const bool named =
      order.common_name.size() > kMaxNameBytes || AddName(name, "CN", order.common_name);
  return named && AddName(name, "OU", UnitOf(order.use)) &&
         X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
         AddExtension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
         AddExtension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
         AddExtension(certificate, issuer, NID_ext_key_usage, use) && add_names() &&
         AddExtension(certificate, issuer, NID_subject_key_identifier, "hash") &&
         AddExtension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
}

bool FillAuthority(const AuthorityOrder& order, X509* certificate) {
  X509_NAME* name = X509_get_subject_name(certificate);
  return AddName(name, "O", order.cluster_id) &&
         AddName(name, "CN", "reconcile CA " + std::to_string(order.number)) &&
         X509_set_issuer_name(certificate, name) == 1 &&
         AddExtension(certificate, certificate, NID_basic_constraints,
                      "critical,CA:TRUE,pathlen:0") &&
         AddExtension(certificate, certificate, NID_key_usage,
                      "critical,keyCertSign,cRLSign,digitalSignature") &&
         AddExtension(certificate, certificate, NID_subject_key_identifier, "hash");
}

Result<WallTime> ToWallTime(const ASN1_TIME* time) {
  struct tm parts = {};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return InvalidError("a certificate's time is damaged");
  return WallTime{static_cast<int64_t>(::timegm(&parts)) * 1000};
}

}  // namespace

Result<std::string> CheckRequest(std::string_view request_pem) {
  const auto refuse = [](const std::string& why) {
    return InvalidError("the certificate request is refused: " + why);
  };
  if (request_pem.size() > kMaxRequestBytes) {
    return refuse("it has " + std::to_string(request_pem.size()) + " bytes; at most " +
                  std::to_string(kMaxRequestBytes) + " are read");
  }
  constexpr std::string_view kBegin = "-----BEGIN";
  const size_t first = request_pem.find(kBegin);
  if (first != std::string_view::npos &&
      request_pem.find(kBegin, first + 1) != std::string_view::npos) {
    return refuse("there is more than one PEM block");
  }
  const RequestHandle request = ReadRequestPem(request_pem);
  EVP_PKEY* key = request == nullptr ? nullptr : X509_REQ_get0_pubkey(request.get());
  if (key == nullptr) {
    ERR_clear_error();
    return refuse("it is not a PEM certificate request (PKCS #10) with a key");
  }
  const std::string unfit = CheckKeyKind(key);
  if (!unfit.empty()) return refuse(unfit);
  const bool signed_by_key = X509_REQ_verify(request.get(), key) == 1;
  ERR_clear_error();
  if (!signed_by_key) return refuse("it is not signed with its own key");
  return FingerprintOfKey(key);
}

Result<KeyPair> MakeAuthority(const AuthorityOrder& order) {
  if (order.cluster_id.empty() || order.cluster_id.size() > kMaxNameBytes) {
    return InvalidError("cluster id \"" + order.cluster_id +
                        "\": a CA's subject takes 1 to 64 bytes");
  }
  const KeyHandle key(EVP_EC_gen("P-256"));
  const CertificateHandle certificate(X509_new());
  const bool made = key != nullptr && certificate != nullptr &&
                    X509_set_version(certificate.get(), kVersion3) == 1 &&
                    SetSerial(certificate.get(), order.serial) &&
                    SetTimes(certificate.get(), order.not_before, order.not_after) &&
                    X509_set_pubkey(certificate.get(), key.get()) == 1 &&
                    FillAuthority(order, certificate.get()) &&
                    X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0;
  if (!made) return OpensslError("make a CA");
  Result<std::string> certificate_pem = CertificateToPem(certificate.get());
  if (!certificate_pem.ok()) return certificate_pem.status();
  Result<std::string> key_pem = PrivateKeyToPem(key.get());
  if (!key_pem.ok()) return key_pem.status();
  return KeyPair{std::move(certificate_pem).value(), std::move(key_pem).value()};
}

Result<std::string> IssueCertificate(const KeyPair& authority, std::string_view request_pem,
                                     const CertificateOrder& order) {
  const CertificateHandle issuer = ReadCertificatePem(authority.certificate_pem);
  const KeyHandle issuer_key = ReadPrivateKeyPem(authority.private_key_pem);
  const RequestHandle request = ReadRequestPem(request_pem);
  const CertificateHandle certificate(X509_new());
  if (issuer == nullptr || issuer_key == nullptr || request == nullptr || certificate == nullptr) {
    return InternalError("a certificate cannot be issued: the CA or the request cannot be read");
  }
  const Result<std::pair<WallTime, WallTime>> of_issuer = ValidityOf(authority.certificate_pem);
  if (!of_issuer.ok()) return of_issuer.status();
  if (order.not_before >= of_issuer->second) {
    return InvalidError("no certificate can be issued: the cluster's CA expired at " +
                        FormatRfc3339(of_issuer->second));
  }
  const WallTime not_after = std::min(order.not_after, of_issuer->second);
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  const bool made = key != nullptr && X509_set_version(certificate.get(), kVersion3) == 1 &&
                    SetSerial(certificate.get(), order.serial) &&
                    SetTimes(certificate.get(), order.not_before, not_after) &&
                    X509_set_pubkey(certificate.get(), key) == 1 &&
                    FillLeaf(order, issuer.get(), certificate.get()) &&
                    X509_sign(certificate.get(), issuer_key.get(), EVP_sha256()) > 0;
  if (!made) return OpensslError("issue a certificate for " + order.common_name);
  return CertificateToPem(certificate.get());
}

Result<std::string> SignText(std::string_view private_key_pem, std::string_view text) {
  const KeyHandle key = ReadPrivateKeyPem(private_key_pem);
  const DigestHandle digest(EVP_MD_CTX_new());
  const std::string signed_text = std::string(kSignatureHeading) + std::string(text);
  const auto* bytes = reinterpret_cast<const unsigned char*>(signed_text.data());
  size_t size = 0;
  if (key == nullptr || digest == nullptr ||
      EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(digest.get(), nullptr, &size, bytes, signed_text.size()) != 1) {
    return OpensslError("sign");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                     signed_text.size()) != 1) {
    return OpensslError("sign");
  }
  signature.resize(size);
  return EncodeBase64(signature);
}

bool IsPair(const KeyPair& pair) {
  const CertificateHandle certificate = ReadCertificatePem(pair.certificate_pem);
  const KeyHandle key = ReadPrivateKeyPem(pair.private_key_pem);
  const bool is_pair = certificate != nullptr && key != nullptr &&
                       X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  return is_pair;
}

bool IsIssuedBy(std::string_view certificate_pem, std::string_view ca_pem) {
  const CertificateHandle certificate = ReadCertificatePem(certificate_pem);
  const CertificateHandle ca = ReadCertificatePem(ca_pem);
  EVP_PKEY* key = ca == nullptr ? nullptr : X509_get0_pubkey(ca.get());
  const bool issued = certificate != nullptr && key != nullptr &&
                      X509_check_issued(ca.get(), certificate.get()) == X509_V_OK &&
                      X509_verify(certificate.get(), key) == 1;
  ERR_clear_error();
  return issued;
}

Result<std::pair<WallTime, WallTime>> ValidityOf(std::string_view certificate_pem) {
  const CertificateHandle certificate = ReadCertificatePem(certificate_pem);
  if (certificate == nullptr) return InvalidError("this is not a PEM certificate");
  const Result<WallTime> from = ToWallTime(X509_get0_notBefore(certificate.get()));
  if (!from.ok()) return from.status();
  const Result<WallTime> until = ToWallTime(X509_get0_notAfter(certificate.get()));
  if (!until.ok()) return until.status();
  return std::pair(*from, *until);
}

}  // namespace reconcile
