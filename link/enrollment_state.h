#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "link/enrollment_admin.h"
#include "link/join_token.h"

namespace reconcile {

// What enrollment remembers, and the rules over it. PURE: certificates and files are Enrollment's.

inline constexpr size_t kMaxTokenRecords = 500;
inline constexpr size_t kMaxNodeRecords = 4096;
// A host whose answer got lost may send the same request again for this long.
inline constexpr int64_t kJoinRetryMs = 10LL * 60 * 1000;
inline constexpr size_t kMaxRecentUses = 128;  // that are kept for it, of one token
// Tokens that have ended, and certificates, are remembered for this long after, to be told of.
inline constexpr int64_t kForgetTokensMs = 7LL * 24 * 3600 * 1000;
inline constexpr int64_t kForgetNodesMs = 60LL * 24 * 3600 * 1000;

struct TokenUse {
  std::string node;
  std::string key;  // fingerprint of the public key of its request
  WallTime at;
};

struct TokenRecord {
  std::string id;
  std::string secret_hash;
  int authority = 0;  // number of the CA whose fingerprint it carries
  std::string node;   // "" any
  int uses = 0;
  int max_uses = 0;
  WallTime created;
  WallTime expires;
  WallTime revoked;                   // 0: not
  std::vector<TokenUse> recent_uses;  // oldest first
};

// A node's newest certificate. Generations are seconds of issue that never go back for one name;
// the first digits of a serial are its certificate's generation. So a revocation, which raises
// `min_generation`, holds for every certificate from before it, also for one that is not
// remembered.
struct NodeRecord {
  std::string serial;
  std::string key;
  int authority = 0;
  int64_t generation = 0;
  int64_t min_generation = 0;
  WallTime issued;
  WallTime expires;
  WallTime revoked;  // 0: not
};

struct AuthorityRecord {
  int number = 0;
  std::string fingerprint;
  WallTime created;
  WallTime expires;
};

struct EnrollmentState {
  std::string cluster_id;
  std::vector<AuthorityRecord> authorities;  // the active one; then the next one in a rotation
  int64_t trust_generation = 0;  // certificates from before came with another set of CAs
  // When the newest lineage that a CA signed began: agents follow none that began earlier.
  int64_t newest_lineage_ms = 0;
  std::map<std::string, TokenRecord> tokens;  // by id
  std::map<std::string, NodeRecord> nodes;    // by name

  const AuthorityRecord& active() const { return authorities.front(); }
  // The one that issues nodes' certificates.
  const AuthorityRecord& newest() const { return authorities.back(); }
  bool rotating() const { return authorities.size() > 1; }
};

// Serials: kGenerationDigits hex digits of the generation, then chance; kSerialDigits in all.
inline constexpr size_t kSerialDigits = 32;
inline constexpr size_t kGenerationDigits = 10;
std::string RandomHexDigits(size_t digits, Random* random);
std::string MakeSerial(int64_t generation, Random* random);
int64_t GenerationOfSerial(std::string_view serial);  // 0 for what is no serial of ours

Status CheckTokenOptions(const TokenOptions& options);
// Forgets what ended long ago. Conflict when kMaxTokenRecords tokens are in use.
Status AddToken(TokenRecord token, WallTime now, EnrollmentState* state);
Status RevokeTokenIn(const std::string& id, WallTime now, EnrollmentState* state);
TokenInfo DescribeToken(const TokenRecord& token, WallTime now);

// Whether the token may be used at all: Invalid, with which of it. An unknown id and a wrong secret
// give the same words, in the same time. One that is used up passes while a use may be repeated.
Status CheckTokenIn(const EnrollmentState& state, const JoinToken& token, WallTime now);

struct JoinDecision {
  int64_t generation = 0;  // of the certificate to issue
  bool is_retry = false;   // the same request as before: no further use
};
// Whether a request with this key may join as `node`. Invalid or Conflict, as Enrollment::Join.
Result<JoinDecision> DecideJoin(const EnrollmentState& state, const JoinToken& token,
                                const std::string& node, std::string_view key, WallTime now);
// `issued` has serial, key, authority, generation and times. Ends the node's earlier certificates.
// Conflict when kMaxNodeRecords names are remembered.
Status RecordJoin(const std::string& token_id, const JoinDecision& decision,
                  const std::string& node, NodeRecord issued, WallTime now, EnrollmentState* state);

// The generation of a certificate that is issued now to a node that has a good one.
int64_t RenewalGeneration(const EnrollmentState& state, const std::string& node, WallTime now);
Status RecordRenewal(const std::string& node, NodeRecord issued, WallTime now,
                     EnrollmentState* state);
// Whether certificates of `node` with this serial are refused. Invalid, with why.
Status CheckSerialIn(const EnrollmentState& state, const std::string& node,
                     std::string_view serial);
// `seen_generation`: the newest that the node is known to have had, beside the list's; 0: none.
void RevokeNodeIn(const std::string& node, int64_t seen_generation, WallTime now,
                  EnrollmentState* state);
IssuedNode DescribeNode(const std::string& node, const NodeRecord& record, WallTime now);

// Adds the next CA, or makes it the active one: its tokens' fingerprints no longer fit.
void BeginRotationIn(AuthorityRecord next, WallTime now, EnrollmentState* state);
void FinishRotationIn(WallTime now, EnrollmentState* state);

// The state as a file's text, with a checksum over it. Conflict when it would be larger than
// kMaxStateBytes.
inline constexpr size_t kMaxStateBytes = 16 << 20;
Result<std::string> WriteEnrollmentState(const EnrollmentState& state);
// Invalid, with what is wrong with the text: not all of it, damaged, of a newer format.
Result<EnrollmentState> ReadEnrollmentState(std::string_view text);

}  // namespace reconcile
