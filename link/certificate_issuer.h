#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "link/certificates.h"

namespace reconcile {

// The CA's half of certificates.h, for Enrollment. Any thread; nothing here keeps state.

// Checks a request from outside: size, one PEM block, a key that is fit (P-256, Ed25519, RSA of
// 2048 to 8192 bits) and its own signature. Its subject and wishes are ignored. Returns the lower-
// case hex SHA-256 of its public key (SubjectPublicKeyInfo). Invalid, with why.
Result<std::string> CheckRequest(std::string_view request_pem);

struct AuthorityOrder {
  std::string cluster_id;  // 1 to 64 characters
  int number = 1;          // in the subject, so that no two CAs of a cluster share a name
  std::string serial;      // hex digits
  WallTime not_before;
  WallTime not_after;
};
// A new self-signed CA with a P-256 key.
Result<KeyPair> MakeAuthority(const AuthorityOrder& order);

struct CertificateOrder {
  std::string common_name;
  std::vector<std::string> names;          // DNS names and IP addresses, checked by the caller
  std::vector<std::string> organisations;  // of a user: its groups, at most 64 bytes each
  CertificateUse use = CertificateUse::kNode;
  std::string serial;  // hex digits
  WallTime not_before;
  WallTime not_after;  // cut at the CA's own end
};
// A certificate for the key of a request that CheckRequest has accepted.
Result<std::string> IssueCertificate(const KeyPair& authority, std::string_view request_pem,
                                     const CertificateOrder& order);

// Base64 of an ECDSA signature over a fixed heading and `text`: the heading keeps it from ever
// being taken for the signature of a certificate.
Result<std::string> SignText(std::string_view private_key_pem, std::string_view text);
inline constexpr std::string_view kSignatureHeading = "reconcile signature 1\n";

// Whether the private key is the certificate's.
bool IsPair(const KeyPair& pair);
// Whether `ca_pem`'s key signed the certificate, whatever their times.
bool IsIssuedBy(std::string_view certificate_pem, std::string_view ca_pem);
// From and until when a certificate is valid.
Result<std::pair<WallTime, WallTime>> ValidityOf(std::string_view certificate_pem);

}  // namespace reconcile
