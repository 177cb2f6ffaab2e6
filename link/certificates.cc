#include "link/certificates.h"

#include <openssl/bn.h>

#include <array>

#include "link/certificate_issuer.h"
#include "link/openssl_handles.h"
#include "schema/names.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr size_t kSerialBytes = 16;

// The only DNS name of a certificate; "" when there is none or more of any kind.
std::string OnlyDnsName(X509* certificate) {
  const NamesHandle names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr || sk_GENERAL_NAME_num(names.get()) != 1) return "";
  int type = 0;
  const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), 0), &type);
  if (type != GEN_DNS) return "";
  const auto* text = static_cast<const ASN1_STRING*>(value);
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

std::string SerialOf(X509* certificate) {
  const BigNumberHandle number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  std::array<unsigned char, kSerialBytes> bytes{};
  const bool fits =
      number != nullptr && BN_is_negative(number.get()) == 0 &&
      BN_bn2binpad(number.get(), bytes.data(), kSerialBytes) == static_cast<int>(kSerialBytes);
  return fits ? BytesToHex(bytes.data(), bytes.size()) : "";
}

Result<PeerCertificate> ReadPeer(X509* certificate) {
  PeerCertificate peer;
  peer.node = OnlyDnsName(certificate);
  peer.serial = SerialOf(certificate);
  ERR_clear_error();
  if (peer.node.empty() || !CheckDnsSubdomain(peer.node).empty()) {
    return InvalidError("the certificate is no node's: it names none, or more than one");
  }
  if (peer.serial.empty()) {
    return InvalidError("the certificate for " + peer.node + " has a serial that is not ours");
  }
  Result<std::string> pem = CertificateToPem(certificate);
  if (!pem.ok()) return pem.status();
  peer.pem = std::move(pem).value();
  const auto validity = ValidityOf(peer.pem);
  if (!validity.ok()) return validity.status();
  peer.not_before = validity->first;
  peer.not_after = validity->second;
  return peer;
}

// Names in messages are a stranger's until the certificate is verified.
std::string Describe(X509* certificate) {
  const std::string name = OnlyDnsName(certificate);
  ERR_clear_error();
  return name.empty() ? "the certificate" : "the certificate for " + Quoted(name);
}

Status Explain(int code, X509* certificate, std::string_view pem, CertificateUse use) {
  const std::string what = Describe(certificate);
  const auto validity = ValidityOf(pem);
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return InvalidError(
          what + " or its CA has expired (" +
          (validity.ok() ? FormatRfc3339(validity->second) : "at no readable time") +
          "): join this host again with a new token");
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return InvalidError(what + " is not valid yet (" +
                          (validity.ok() ? FormatRfc3339(validity->first) : "at no readable time") +
                          "): is a clock wrong?");
    case X509_V_ERR_INVALID_PURPOSE:
      return InvalidError(what + (use == CertificateUse::kController ? " is not for a controller"
                                                                     : " is not for a client"));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return InvalidError(what + " was not issued by this cluster's CA");
    default:
      return InvalidError(what + " does not hold: " + X509_verify_cert_error_string(code));
  }
}

bool VerifyWith(EVP_PKEY* key, std::string_view text, std::string_view signature) {
  const DigestHandle digest(EVP_MD_CTX_new());
  return digest != nullptr &&
         EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(digest.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                          signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                          text.size()) == 1;
}

}  // namespace

Result<KeyAndRequest> MakeNodeRequest(const std::string& node) {
  const std::string wrong = CheckDnsSubdomain(node);
  if (!wrong.empty()) return InvalidError("node name " + Quoted(node) + ": " + wrong);
  return MakeKeyAndRequest();
}

Result<KeyAndRequest> MakeKeyAndRequest() {
  const KeyHandle key(EVP_EC_gen("P-256"));
  const RequestHandle request(X509_REQ_new());
  // The subject stays empty: names are agreed on beside the request.
  const bool made = key != nullptr && request != nullptr &&
                    X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
                    X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
                    X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0;
  if (!made) return OpensslError("make a key and a certificate request");
  Result<std::string> key_pem = PrivateKeyToPem(key.get());
  if (!key_pem.ok()) return key_pem.status();
  Result<std::string> request_pem = RequestToPem(request.get());
  if (!request_pem.ok()) return request_pem.status();
  return KeyAndRequest{std::move(key_pem).value(), std::move(request_pem).value()};
}

Result<PeerCertificate> ReadPeerCertificate(std::string_view pem) {
  const CertificateHandle certificate = ReadCertificatePem(pem);
  if (certificate == nullptr) return InvalidError("this is not a PEM certificate");
  return ReadPeer(certificate.get());
}

Result<PeerCertificate> ReadPeerCertificateDer(std::string_view der) {
  if (der.size() > kMaxBundleBytes) return InvalidError("the certificate is too large");
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const CertificateHandle certificate(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())));
  ERR_clear_error();
  if (certificate == nullptr) return InvalidError("this is not a DER certificate");
  return ReadPeer(certificate.get());
}

Status CheckChain(std::string_view chain_pem, std::string_view trusted_pem, CertificateUse use,
                  WallTime now) {
  const CertificateHandle leaf = ReadCertificatePem(chain_pem);
  if (leaf == nullptr) return InvalidError("this is not a PEM certificate");
  const auto trusted = ReadBundlePem(trusted_pem);
  if (!trusted.ok()) return trusted.status().WithContext("the trusted CAs");
  const CertificateStoreHandle store(X509_STORE_new());
  const StoreContextHandle context(X509_STORE_CTX_new());
  if (store == nullptr || context == nullptr) return OpensslError("verify a certificate");
  for (const CertificateHandle& ca : *trusted) {
    if (X509_check_ca(ca.get()) != 1) continue;  // in a node's own chain
    if (X509_STORE_add_cert(store.get(), ca.get()) != 1) return OpensslError("trust a CA");
  }
  if (X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), nullptr) != 1) {
    return OpensslError("verify a certificate");
  }
  X509_STORE_CTX_set_time(context.get(), 0, now.ms / 1000);
  X509_STORE_CTX_set_purpose(context.get(), use == CertificateUse::kController
                                                ? X509_PURPOSE_SSL_SERVER
                                                : X509_PURPOSE_SSL_CLIENT);
  const bool holds = X509_verify_cert(context.get()) == 1;
  const int code = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  if (!holds) return Explain(code, leaf.get(), chain_pem, use);
  // A CA is in its own store: it must not pass for a node.
  if (X509_check_ca(leaf.get()) != 0) return InvalidError("this is a CA's certificate");
  return OkStatus();
}

Result<std::string> CheckFirstContact(std::string_view chain_pem, std::string_view ca_fingerprint,
                                      WallTime now) {
  const auto chain = ReadBundlePem(chain_pem);
  if (!chain.ok()) return chain.status();
  for (const CertificateHandle& certificate : *chain) {
    const Result<std::string> fingerprint = FingerprintOf(certificate.get());
    if (!fingerprint.ok()) return fingerprint.status();
    if (*fingerprint != ca_fingerprint || X509_check_ca(certificate.get()) != 1) continue;
    Result<std::string> ca_pem = CertificateToPem(certificate.get());
    if (!ca_pem.ok()) return ca_pem;
    RETURN_IF_ERROR(CheckChain(chain_pem, *ca_pem, CertificateUse::kController, now));
    return ca_pem;
  }
  return InvalidError(
      "whoever answers there does not have the CA that the join token names: the address leads to "
      "another cluster or to a stranger, or the CA was rotated after the token was made. Nothing "
      "was said to it; create another token on the controller");
}

Result<std::string> CertificateFingerprint(std::string_view pem) {
  const CertificateHandle certificate = ReadCertificatePem(pem);
  if (certificate == nullptr) return InvalidError("this is not a PEM certificate");
  return FingerprintOf(certificate.get());
}

Result<std::vector<std::string>> SplitBundle(std::string_view pem) {
  const auto certificates = ReadBundlePem(pem);
  if (!certificates.ok()) return certificates.status();
  std::vector<std::string> texts;
  for (const CertificateHandle& certificate : *certificates) {
    Result<std::string> text = CertificateToPem(certificate.get());
    if (!text.ok()) return text.status();
    texts.push_back(std::move(text).value());
  }
  return texts;
}

Result<std::string> ClusterIdOf(std::string_view ca_pem) {
  const CertificateHandle ca = ReadCertificatePem(ca_pem);
  if (ca == nullptr) return InvalidError("this is not a PEM certificate");
  X509_NAME* subject = X509_get_subject_name(ca.get());
  const int at = X509_NAME_get_index_by_NID(subject, NID_organizationName, -1);
  if (at < 0) return InvalidError("the CA's certificate names no cluster");
  const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<size_t>(ASN1_STRING_length(text)));
}

bool VerifySignature(std::string_view ca_bundle_pem, std::string_view text,
                     std::string_view signature_base64) {
  const auto authorities = ReadBundlePem(ca_bundle_pem);
  std::string signature;
  if (!authorities.ok() || signature_base64.size() > kMaxRequestBytes ||
      !DecodeBase64(signature_base64, &signature)) {
    return false;
  }
  const std::string signed_text = std::string(kSignatureHeading) + std::string(text);
  bool holds = false;
  for (const CertificateHandle& ca : *authorities) {
    EVP_PKEY* key = X509_check_ca(ca.get()) == 1 ? X509_get0_pubkey(ca.get()) : nullptr;
    holds = holds || (key != nullptr && VerifyWith(key, signed_text, signature));
  }
  ERR_clear_error();
  return holds;
}

WallTime RenewalTime(WallTime not_before, WallTime not_after, Random* random) {
  const int64_t life_ms = not_after.ms > not_before.ms ? not_after.ms - not_before.ms : 0;
  const auto spread_ms = static_cast<uint64_t>(life_ms * 3 / 10);  // 4/5 - 1/2
  return {not_before.ms + life_ms / 2 + static_cast<int64_t>(random->Below(spread_ms + 1))};
}

}  // namespace reconcile
