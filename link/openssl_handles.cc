#include "link/openssl_handles.h"

#include <array>

#include "link/certificates.h"

namespace reconcile {
namespace {

// libcrypto's own would ask the terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

BioHandle Reader(std::string_view text) {
  return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

template <typename Write>
Result<std::string> ToText(const std::string& what, Write write) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || write(bio.get()) != 1) return OpensslError("write " + what);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return std::string(bytes, static_cast<size_t>(size));
}

}  // namespace

Status OpensslError(const std::string& what) {
  std::array<char, 256> reason{};
  const unsigned long code = ERR_get_error();
  ERR_error_string_n(code, reason.data(), reason.size());
  ERR_clear_error();
  return InternalError("libcrypto failed to " + what +
                       (code == 0 ? "" : ": " + std::string(reason.data())));
}

CertificateHandle ReadCertificatePem(std::string_view pem) {
  if (pem.size() > kMaxBundleBytes) return nullptr;
  const BioHandle bio = Reader(pem);
  CertificateHandle certificate(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  return certificate;
}

RequestHandle ReadRequestPem(std::string_view pem) {
  if (pem.size() > kMaxRequestBytes) return nullptr;
  const BioHandle bio = Reader(pem);
  RequestHandle request(PEM_read_bio_X509_REQ(bio.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  return request;
}

KeyHandle ReadPrivateKeyPem(std::string_view pem) {
  if (pem.size() > kMaxRequestBytes) return nullptr;
  const BioHandle bio = Reader(pem);
  KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  return key;
}

Result<std::vector<CertificateHandle>> ReadBundlePem(std::string_view pem) {
  if (pem.size() > kMaxBundleBytes) {
    return InvalidError("a bundle of certificates has " + std::to_string(pem.size()) +
                        " bytes; at most " + std::to_string(kMaxBundleBytes) + " are read");
  }
  const BioHandle bio = Reader(pem);
  std::vector<CertificateHandle> certificates;
  while (true) {
    CertificateHandle one(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
    if (one == nullptr) break;
    if (certificates.size() == kMaxBundleCertificates) {
      return InvalidError("a bundle has more than " + std::to_string(kMaxBundleCertificates) +
                          " certificates");
    }
    certificates.push_back(std::move(one));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end) return InvalidError("a bundle of certificates is damaged: not all of it is PEM");
  if (certificates.empty()) return InvalidError("there is no certificate in it");
  return certificates;
}

Result<std::string> CertificateToPem(X509* certificate) {
  return ToText("a certificate", [&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

Result<std::string> RequestToPem(X509_REQ* request) {
  return ToText("a request", [&](BIO* bio) { return PEM_write_bio_X509_REQ(bio, request); });
}

Result<std::string> PrivateKeyToPem(EVP_PKEY* key) {
  return ToText("a key", [&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string BytesToHex(const unsigned char* bytes, size_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

Result<std::string> FingerprintOf(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) {
    return OpensslError("hash a certificate");
  }
  return BytesToHex(digest.data(), size);
}

}  // namespace reconcile
