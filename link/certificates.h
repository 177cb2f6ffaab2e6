#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/status.h"
#include "base/time.h"

namespace reconcile {

// X.509 behind our own words: keys, requests, certificates, signatures. Everything is text (PEM) at
// this seam; OpenSSL stays in certificates*.cc. Any thread; nothing here keeps state or does I/O.
// Errors: Invalid for what came from outside, with why; Internal when libcrypto fails.

// The largest request, certificate or bundle that is looked at.
inline constexpr size_t kMaxRequestBytes = 16 * 1024;
inline constexpr size_t kMaxBundleBytes = 64 * 1024;
inline constexpr size_t kMaxBundleCertificates = 8;
inline constexpr int64_t kBackdateMs = 3600LL * 1000;  // for hosts whose clocks are behind
// In every certificate of a controller, beside its own names. Agents may verify this name and dial
// by whatever leads to the controller: only controllers' certificates are for server use.
inline constexpr std::string_view kControllerTlsName = "controller.reconcile.internal";

struct KeyPair {
  std::string certificate_pem;  // a chain: the certificate, then CAs
  std::string private_key_pem;  // PKCS #8
};
struct KeyAndRequest {
  std::string private_key_pem;
  std::string request_pem;  // PKCS #10
};

// A P-256 key and a signed request for `node`. On the agent, for joining and for each renewal.
Result<KeyAndRequest> MakeNodeRequest(const std::string& node);

// The same for whoever else is to have a certificate.
Result<KeyAndRequest> MakeKeyAndRequest();

// What a peer's certificate says. Read from a certificate, it is only a claim:
// Enrollment::CheckPeer says whether it holds.
struct PeerCertificate {
  std::string node;    // its only DNS name
  std::string serial;  // 32 hex digits
  WallTime not_before;
  WallTime not_after;
  std::string pem;
};
// The first certificate in `pem`. Invalid when it cannot be a node's.
Result<PeerCertificate> ReadPeerCertificate(std::string_view pem);
// The same from DER, as a TLS library hands it out.
Result<PeerCertificate> ReadPeerCertificateDer(std::string_view der);

// For a host that joins, before it says anything: the chain that the controller showed must hold
// the CA with this fingerprint (the join token's) and come from it. Returns that CA's PEM.
Result<std::string> CheckFirstContact(std::string_view chain_pem, std::string_view ca_fingerprint,
                                      WallTime now);
enum class CertificateUse { kController, kNode, kUser };
// Whether the first certificate in `chain_pem` was issued for `use` by one of the CAs in
// `trusted_pem`, and is valid at `now`. Invalid, with why, when not: not yet valid, expired, of a
// foreign CA, for another use.
Status CheckChain(std::string_view chain_pem, std::string_view trusted_pem, CertificateUse use,
                  WallTime now);

// Lower-case hex SHA-256 of the DER of the first certificate in `pem`.
Result<std::string> CertificateFingerprint(std::string_view pem);
// The certificates of a bundle, each as PEM text: the first is its owner's, the others are CAs.
// Invalid beyond kMaxBundleBytes or kMaxBundleCertificates.
Result<std::vector<std::string>> SplitBundle(std::string_view pem);
// The cluster id that a CA's certificate carries in its subject.
Result<std::string> ClusterIdOf(std::string_view ca_pem);

// Whether `signature_base64` is Enrollment::Sign's of `text` by one of the CAs in `ca_bundle_pem`.
bool VerifySignature(std::string_view ca_bundle_pem, std::string_view text,
                     std::string_view signature_base64);

// When to renew a certificate: a random point between half and four fifths of its life, so that
// hosts that joined together do not renew together. Choose once per certificate.
WallTime RenewalTime(WallTime not_before, WallTime not_after, Random* random);

}  // namespace reconcile
