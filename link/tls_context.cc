#include "link/tls_context.h"

#include <time.h>

#include <ctime>

#include "link/openssl_handles.h"

namespace reconcile {
namespace {

Status TlsError(const std::string& what) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return InvalidError(what + ": " + (reason == nullptr ? "no reason given" : reason));
}

int TakeAnyCertificate(int, X509_STORE_CTX*) { return 1; }

Status UseKeyPair(const KeyPair& identity, SSL_CTX* context) {
  const Result<std::vector<CertificateHandle>> chain = ReadBundlePem(identity.certificate_pem);
  if (!chain.ok()) return chain.status();
  for (size_t i = 0; i < chain->size(); ++i) {
    X509* certificate = (*chain)[i].get();
    const bool used = i == 0 ? SSL_CTX_use_certificate(context, certificate) == 1
                             : SSL_CTX_add1_chain_cert(context, certificate) == 1;
    if (!used) return TlsError("the certificate cannot be used");
  }
  const KeyHandle key = ReadPrivateKeyPem(identity.private_key_pem);
  if (key == nullptr || SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return TlsError("the private key cannot be used with its certificate");
  }
  return OkStatus();
}

Result<TlsContext> MakeTls(const SSL_METHOD* method, const KeyPair* identity) {
  TlsContext context(SSL_CTX_new(method), OpensslDeleter<SSL_CTX_free>());
  if (context == nullptr) return TlsError("no TLS context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, TakeAnyCertificate);
  SSL_CTX_set_max_cert_list(context.get(), static_cast<long>(kMaxBundleBytes));
  if (identity != nullptr) RETURN_IF_ERROR(UseKeyPair(*identity, context.get()));
  return context;
}

Result<WallTime> TimeOf(const ASN1_TIME* time) {
  std::tm fields = {};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return TlsError("the certificate's time is not one");
  return WallTime{int64_t{::timegm(&fields)} * 1000};
}

void AppendPem(X509* certificate, std::string* text) {
  const Result<std::string> pem = CertificateToPem(certificate);
  if (pem.ok()) *text += *pem;
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
  const CertificateHandle leaf = ReadCertificatePem(pem);
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
