#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace reconcile {

// Owners of libcrypto's objects, and their way into and out of text: for the certificates*.cc only.
template <auto Free>
struct OpensslDeleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using BioHandle = std::unique_ptr<BIO, OpensslDeleter<BIO_free_all>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;
using DigestHandle = std::unique_ptr<EVP_MD_CTX, OpensslDeleter<EVP_MD_CTX_free>>;
using CertificateHandle = std::unique_ptr<X509, OpensslDeleter<X509_free>>;
using RequestHandle = std::unique_ptr<X509_REQ, OpensslDeleter<X509_REQ_free>>;
using CertificateStoreHandle = std::unique_ptr<X509_STORE, OpensslDeleter<X509_STORE_free>>;
using StoreContextHandle = std::unique_ptr<X509_STORE_CTX, OpensslDeleter<X509_STORE_CTX_free>>;
using ExtensionHandle = std::unique_ptr<X509_EXTENSION, OpensslDeleter<X509_EXTENSION_free>>;
using NamesHandle = std::unique_ptr<GENERAL_NAMES, OpensslDeleter<GENERAL_NAMES_free>>;
using BigNumberHandle = std::unique_ptr<BIGNUM, OpensslDeleter<BN_free>>;
using SerialHandle = std::unique_ptr<ASN1_INTEGER, OpensslDeleter<ASN1_INTEGER_free>>;

// Internal: "libcrypto failed to WHAT: reason"; empties this thread's error queue.
Status OpensslError(const std::string& what);

// Readers give nullptr for what is not PEM of that kind; none ever asks for a passphrase.
CertificateHandle ReadCertificatePem(std::string_view pem);
RequestHandle ReadRequestPem(std::string_view pem);
KeyHandle ReadPrivateKeyPem(std::string_view pem);
// Invalid beyond kMaxBundleBytes or kMaxBundleCertificates, and when there is none.
Result<std::vector<CertificateHandle>> ReadBundlePem(std::string_view pem);

Result<std::string> CertificateToPem(X509* certificate);
Result<std::string> RequestToPem(X509_REQ* request);
Result<std::string> PrivateKeyToPem(EVP_PKEY* key);

Result<std::string> FingerprintOf(X509* certificate);  // lower-case hex SHA-256 of its DER
std::string BytesToHex(const unsigned char* bytes, size_t size);

}  // namespace reconcile
