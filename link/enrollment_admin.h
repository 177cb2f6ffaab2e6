#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace reconcile {

inline constexpr int64_t kDefaultTokenLifeMs = 24LL * 3600 * 1000;
inline constexpr int64_t kMinTokenLifeMs = 60'000;
inline constexpr int64_t kMaxTokenLifeMs = 30LL * 24 * 3600 * 1000;
inline constexpr int kMaxTokenUses = 1000;

struct TokenOptions {
  int64_t valid_ms = kDefaultTokenLifeMs;  // kMinTokenLifeMs .. kMaxTokenLifeMs
  int uses = 1;                            // 1 .. kMaxTokenUses
  std::string node;  // the only node that may join by it, also while its name is in use; "": any
};

enum class TokenState { kValid, kUsedUp, kExpired, kRevoked };
std::string_view ToString(TokenState state);  // "Valid", "UsedUp", ...

// A join token as people see it: without its secret.
struct TokenInfo {
  std::string id;
  std::string node;  // "" any
  int uses = 0;      // how many hosts have joined by it
  int max_uses = 0;
  WallTime created;
  WallTime expires;
  TokenState state = TokenState::kValid;
};

enum class CertificateState { kValid, kExpired, kRevoked };
std::string_view ToString(CertificateState state);

// The newest certificate of a node.
struct IssuedNode {
  std::string node;
  std::string serial;  // 32 hex digits
  int authority = 0;   // the number of the CA that issued it
  WallTime issued;
  WallTime expires;
  CertificateState state = CertificateState::kValid;
  WallTime revoked;  // 0: not
};

// kActive signs everything. In a rotation kNext is trusted already and issues the nodes'
// certificates, while kActive still answers for the controller.
enum class AuthorityState { kActive, kNext };
std::string_view ToString(AuthorityState state);

struct AuthorityInfo {
  int number = 0;  // counts the CAs of this cluster, from 1
  std::string fingerprint;
  WallTime created;
  WallTime expires;
  AuthorityState state = AuthorityState::kActive;
};

struct AuthorityView {
  std::string cluster_id;
  std::vector<AuthorityInfo> authorities;  // one, or two during a rotation
  // During a rotation: "NODE: why it cannot be finished because of it". Empty when it can.
  std::vector<std::string> waiting_for;
};

// What people ask of enrollment, by the local API. Any thread; each change is durable when it
// returns. Unavailable when the disk refuses: then nothing has changed.
class EnrollmentAdmin {
 public:
  virtual ~EnrollmentAdmin() = default;

  // The whole text of a new token; it is kept nowhere. Invalid for options out of their bounds.
  virtual Result<std::string> CreateToken(const TokenOptions& options, WallTime now) = 0;
  // Oldest first; those that can no longer be used stay for a while, so that they can be told of.
  virtual std::vector<TokenInfo> ListTokens(WallTime now) const = 0;
  // NotFound for an unknown id. Revoking again is no error.
  virtual Status RevokeToken(const std::string& id, WallTime now) = 0;

  // By name. Nodes whose certificates ended long ago are forgotten.
  virtual std::vector<IssuedNode> Nodes(WallTime now) const = 0;
  // Refuses every certificate that was ever issued to `node`, also those this controller does not
  // remember. The name may then be joined anew. NotFound when nothing was issued to it.
  virtual Status RevokeNode(const std::string& node, WallTime now) = 0;

  virtual AuthorityView Authorities(WallTime now) const = 0;
  // See Enrollment. Both: Conflict when the rotation is not in the stage for it, with why.
  virtual Status BeginRotation(WallTime now) = 0;
  virtual Status FinishRotation(WallTime now) = 0;
};

}  // namespace reconcile
