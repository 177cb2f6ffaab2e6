#include "link/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <time.h>

#include <ctime>

namespace reconcile {
namespace {

template <auto kFree>
struct TlsFree {
  template <typename T>
  void operator()(T* thing) const {
    kFree(thing);
  }
};
using BioHandle = std::unique_ptr<BIO, TlsFree<BIO_free>>;
using X509Handle = std::unique_ptr<X509, TlsFree<X509_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, TlsFree<EVP_PKEY_free>>;

Status TlsError(const std::string& what) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return InvalidError(what + ": " + (reason == nullptr ? "no reason given" : reason));
}

BioHandle BioOf(const std::string& pem) {
  return BioHandle(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

int TakeAnyCertificate(int, X509_STORE_CTX*) { return 1; }

Status UseIdentity(const KeyPair& identity, SSL_CTX* context) {
  const BioHandle chain = BioOf(identity.certificate_pem);
  const X509Handle leaf(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  if (leaf == nullptr || SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    return TlsError("the certificate cannot be used");
  }
  while (X509* next = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)) {
    if (SSL_CTX_add0_chain_cert(context, next) == 1) continue;
    X509_free(next);
    return TlsError("the certificate's chain cannot be used");
  }
  ERR_clear_error();  // the chain's end
  const BioHandle key_bio = BioOf(identity.private_key_pem);
  const KeyHandle key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
  if (key == nullptr || SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return TlsError("the private key cannot be used with its certificate");
  }
  return OkStatus();
}

Result<TlsContext> MakeTls(const SSL_METHOD* method, const KeyPair* identity) {
  TlsContext context(SSL_CTX_new(method), TlsFree<SSL_CTX_free>());
  if (context == nullptr) return TlsError("no TLS context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, TakeAnyCertificate);
  SSL_CTX_set_max_cert_list(context.get(), static_cast<long>(kMaxBundleBytes));
  if (identity != nullptr) RETURN_IF_ERROR(UseIdentity(*identity, context.get()));
  return context;
}

Result<WallTime> TimeOf(const ASN1_TIME* time) {
  std::tm fields = {};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return TlsError("the certificate's time is not one");
  return WallTime{int64_t{::timegm(&fields)} * 1000};
}

void AppendPem(X509* certificate, std::string* text) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_X509(bio.get(), certificate) != 1) return;
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  text->append(data, static_cast<size_t>(size));
}

}  // namespace

Result<TlsContext> MakeServerTls(const KeyPair& identity) {
  return MakeTls(TLS_server_method(), &identity);
}

Result<TlsContext> MakeClientTls(const KeyPair* identity) {
  return MakeTls(TLS_client_method(), identity);
}

void AskForController(SSL* ssl) {
  std::string name(kControllerTlsName);
  SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
}

Result<CertificateLife> ReadCertificateLife(const std::string& pem) {
  const BioHandle bio = BioOf(pem);
  const X509Handle leaf(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (leaf == nullptr) return TlsError("the certificate cannot be read");
  const Result<WallTime> not_before = TimeOf(X509_get0_notBefore(leaf.get()));
  const Result<WallTime> not_after = TimeOf(X509_get0_notAfter(leaf.get()));
  if (!not_before.ok()) return not_before.status();
  if (!not_after.ok()) return not_after.status();
  return CertificateLife{*not_before, *not_after};
}

std::string PeerChainPem(SSL* ssl) {
  std::string text;
  X509* leaf = SSL_get0_peer_certificate(ssl);
  if (leaf == nullptr) return text;
  AppendPem(leaf, &text);
  // A client's chain holds the leaf, a server's does not.
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    X509* certificate = sk_X509_value(chain, i);
    if (X509_cmp(certificate, leaf) != 0) AppendPem(certificate, &text);
  }
  return text;
}

}  // namespace reconcile
