#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "link/certificates.h"

namespace reconcile {

// TLS 1.3 only, without session resumption: a resumed session would not show its certificate
// anew. The handshake itself takes any certificate of the peer, or none from a client: it proves
// that the peer holds the key. Whether the certificate is worth anything is for CheckPeer,
// CheckChain and CheckFirstContact to say, in words, before anything else is said.
using TlsContext = std::shared_ptr<SSL_CTX>;

// Invalid when key and certificate do not belong together.
Result<TlsContext> MakeServerTls(const KeyPair& identity);
// Without a certificate (before joining) when `identity` is nullptr.
Result<TlsContext> MakeClientTls(const KeyPair* identity);

// What the peer showed in its handshake, leaf first, as PEM; empty when it showed nothing.
std::string PeerChainPem(SSL* ssl);

// A client's: names the controller in its first message (kControllerTlsName).
void AskForController(SSL* ssl);

// The life of the first certificate in `pem`, whosesoever it is.
struct CertificateLife {
  WallTime not_before;
  WallTime not_after;
};
Result<CertificateLife> ReadCertificateLife(const std::string& pem);

}  // namespace reconcile
