#include "link/enrollment_state.h"

#include <algorithm>
#include <charconv>

namespace reconcile {
namespace {

constexpr std::string_view kCreateAnother = ": create another with `reconcile token create`";

int64_t SecondsOf(WallTime time) { return std::max<int64_t>(time.ms / 1000, 1); }

bool HasEnded(TokenState state) { return state != TokenState::kValid; }

TokenState StateOf(const TokenRecord& token, WallTime now) {
  if (token.revoked.ms != 0) return TokenState::kRevoked;
  if (now >= token.expires) return TokenState::kExpired;
  return token.uses >= token.max_uses ? TokenState::kUsedUp : TokenState::kValid;
}

CertificateState StateOf(const NodeRecord& node, WallTime now) {
  if (node.revoked.ms != 0) return CertificateState::kRevoked;
  return now >= node.expires ? CertificateState::kExpired : CertificateState::kValid;
}

const TokenUse* FindUse(const TokenRecord& token, const std::string& node, std::string_view key,
                        WallTime now) {
  for (const TokenUse& use : token.recent_uses) {
    if (use.node == node && use.key == key && now.ms - use.at.ms <= kJoinRetryMs) return &use;
  }
  return nullptr;
}

bool MayBeRepeated(const TokenRecord& token, WallTime now) {
  return !token.recent_uses.empty() && now.ms - token.recent_uses.back().at.ms <= kJoinRetryMs;
}

// The record of a token whose secret is right, or nullptr.
const TokenRecord* FindProven(const EnrollmentState& state, const JoinToken& token) {
  const std::string hash = HashOfTokenSecret(token.secret);
  const std::string nobody(hash.size(), '-');
  const auto found = state.tokens.find(token.id);
  const bool is_known = found != state.tokens.end();
  const bool equal = EqualInConstantTime(hash, is_known ? found->second.secret_hash : nobody);
  return is_known && equal ? &found->second : nullptr;
}

Status UsedUp(const TokenRecord& token) {
  return InvalidError("join token " + token.id + " has been used " + std::to_string(token.uses) +
                      " of " + std::to_string(token.max_uses) + " times" +
                      std::string(kCreateAnother));
}

// Everything but whether uses are left.
Result<const TokenRecord*> FindUsable(const EnrollmentState& state, const JoinToken& token,
                                      WallTime now) {
  const TokenRecord* record = FindProven(state, token);
  if (record == nullptr) {
    return InvalidError(
        "this join token is not known to this cluster: it was copied wrongly, is another "
        "cluster's, or ended long ago" +
        std::string(kCreateAnother));
  }
  switch (StateOf(*record, now)) {
    case TokenState::kRevoked:
      return InvalidError("join token " + record->id + " was revoked at " +
                          FormatRfc3339(record->revoked) + std::string(kCreateAnother));
    case TokenState::kExpired:
      return InvalidError("join token " + record->id + " expired at " +
                          FormatRfc3339(record->expires) + std::string(kCreateAnother));
    case TokenState::kUsedUp:
    case TokenState::kValid:
      break;
  }
  if (token.ca_fingerprint != state.active().fingerprint) {
    return InvalidError("join token " + record->id + " names another CA than this cluster's" +
                        std::string(kCreateAnother));
  }
  return record;
}

void ForgetTokens(WallTime now, std::map<std::string, TokenRecord>* tokens) {
  std::erase_if(*tokens, [&](const auto& entry) {
    return now.ms - entry.second.expires.ms > kForgetTokensMs;
  });
  while (tokens->size() >= kMaxTokenRecords) {
    auto oldest = tokens->end();
    for (auto it = tokens->begin(); it != tokens->end(); ++it) {
      if (!HasEnded(StateOf(it->second, now))) continue;
      if (oldest == tokens->end() || it->second.created < oldest->second.created) oldest = it;
    }
    if (oldest == tokens->end()) return;
    tokens->erase(oldest);
  }
}

// A name that is new takes a place; those of certificates that ended long ago are given up first.
Status MakeRoomFor(const std::string& node, WallTime now,
                   std::map<std::string, NodeRecord>* nodes) {
  if (nodes->contains(node)) return OkStatus();
  std::erase_if(
      *nodes, [&](const auto& entry) { return now.ms - entry.second.expires.ms > kForgetNodesMs; });
  if (nodes->size() < kMaxNodeRecords) return OkStatus();
  return ConflictError("node " + node + " cannot join: this cluster has issued certificates to " +
                       std::to_string(nodes->size()) + " nodes, which is the limit; names are " +
                       "forgotten 60 days after their certificate's end");
}

}  // namespace

std::string_view ToString(TokenState state) {
  switch (state) {
    case TokenState::kValid:
      return "Valid";
    case TokenState::kUsedUp:
      return "UsedUp";
    case TokenState::kExpired:
      return "Expired";
    case TokenState::kRevoked:
      return "Revoked";
  }
  return "";
}

std::string_view ToString(CertificateState state) {
  switch (state) {
    case CertificateState::kValid:
      return "Valid";
    case CertificateState::kExpired:
      return "Expired";
    case CertificateState::kRevoked:
      return "Revoked";
  }
  return "";
}

std::string_view ToString(AuthorityState state) {
  switch (state) {
    case AuthorityState::kActive:
      return "Active";
    case AuthorityState::kNext:
      return "Next";
  }
  return "";
}

std::string RandomHexDigits(size_t digits, Random* random) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  while (text.size() < digits) {
    uint64_t bits = random->Next();
    for (int i = 0; i < 16 && text.size() < digits; ++i, bits >>= 4) text += kHex[bits & 15];
  }
  return text;
}

std::string MakeSerial(int64_t generation, Random* random) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string serial(kGenerationDigits, '0');
  for (size_t i = kGenerationDigits; i > 0; --i, generation >>= 4) {
    serial[i - 1] = kHex[static_cast<size_t>(generation & 15)];
  }
  return serial + RandomHexDigits(kSerialDigits - kGenerationDigits, random);
}

int64_t GenerationOfSerial(std::string_view serial) {
  if (serial.size() != kSerialDigits) return 0;
  int64_t generation = 0;
  const char* end = serial.data() + kGenerationDigits;
  const auto [stop, error] = std::from_chars(serial.data(), end, generation, 16);
  return error == std::errc() && stop == end && generation > 0 ? generation : 0;
}

Status CheckTokenOptions(const TokenOptions& options) {
  if (options.valid_ms < kMinTokenLifeMs || options.valid_ms > kMaxTokenLifeMs) {
    return InvalidError("a join token lives between 1 minute and 30 days, not " +
                        std::to_string(options.valid_ms / 1000) + " seconds");
  }
  if (options.uses < 1 || options.uses > kMaxTokenUses) {
    return InvalidError("a join token can be used between 1 and " + std::to_string(kMaxTokenUses) +
                        " times, not " + std::to_string(options.uses));
  }
  if (!options.node.empty() && options.uses != 1) {
    return InvalidError("a join token for node " + options.node + " can be used once, not " +
                        std::to_string(options.uses) + " times");
  }
  return OkStatus();
}

Status AddToken(TokenRecord token, WallTime now, EnrollmentState* state) {
  ForgetTokens(now, &state->tokens);
  if (state->tokens.size() >= kMaxTokenRecords) {
    return ConflictError(std::to_string(kMaxTokenRecords) +
                         " join tokens are in use, which is the limit: revoke some with "
                         "`reconcile token revoke ID`");
  }
  std::string id = token.id;
  state->tokens[std::move(id)] = std::move(token);
  return OkStatus();
}

Status RevokeTokenIn(const std::string& id, WallTime now, EnrollmentState* state) {
  const auto found = state->tokens.find(id);
  if (found == state->tokens.end()) {
    return NotFoundError("no join token has the id \"" + id +
                         "\"; `reconcile token list` shows them");
  }
  if (found->second.revoked.ms == 0) found->second.revoked = now;
  return OkStatus();
}

TokenInfo DescribeToken(const TokenRecord& token, WallTime now) {
  return {token.id,      token.node,    token.uses,         token.max_uses,
          token.created, token.expires, StateOf(token, now)};
}

Status CheckTokenIn(const EnrollmentState& state, const JoinToken& token, WallTime now) {
  const Result<const TokenRecord*> record = FindUsable(state, token, now);
  if (!record.ok()) return record.status();
  const bool used_up = StateOf(**record, now) == TokenState::kUsedUp;
  return used_up && !MayBeRepeated(**record, now) ? UsedUp(**record) : OkStatus();
}

Result<JoinDecision> DecideJoin(const EnrollmentState& state, const JoinToken& token,
                                const std::string& node, std::string_view key, WallTime now) {
  const Result<const TokenRecord*> found = FindUsable(state, token, now);
  if (!found.ok()) return found.status();
  const TokenRecord& record = **found;
  if (!record.node.empty() && record.node != node) {
    return InvalidError("join token " + record.id + " is for node " + record.node + ", not for " +
                        node);
  }
  const auto known = state.nodes.find(node);
  const bool has_record = known != state.nodes.end();
  const bool in_use = has_record && StateOf(known->second, now) == CertificateState::kValid;
  if (in_use && known->second.key == key && FindUse(record, node, key, now) != nullptr) {
    return JoinDecision{std::max(SecondsOf(now), known->second.generation), true};
  }
  if (StateOf(record, now) == TokenState::kUsedUp) return UsedUp(record);
  if (in_use && record.node.empty()) {
    return ConflictError("a node named " + node +
                         " has a valid certificate. If this host is to take its place, create the "
                         "token with `reconcile token create --node " +
                         node + "`; if not, give this host another name (--node-name)");
  }
  int64_t generation = std::max(SecondsOf(now), state.trust_generation);
  if (has_record) {
    generation = std::max({generation, known->second.generation + 1, known->second.min_generation});
  }
  return JoinDecision{generation, false};
}

Status RecordJoin(const std::string& token_id, const JoinDecision& decision,
                  const std::string& node, NodeRecord issued, WallTime now,
                  EnrollmentState* state) {
  RETURN_IF_ERROR(MakeRoomFor(node, now, &state->nodes));
  if (decision.is_retry) {
    issued.min_generation = state->nodes[node].min_generation;
  } else {
    issued.min_generation = decision.generation;
    TokenRecord& token = state->tokens[token_id];
    ++token.uses;
    std::erase_if(token.recent_uses,
                  [&](const TokenUse& use) { return now.ms - use.at.ms > kJoinRetryMs; });
    if (token.recent_uses.size() >= kMaxRecentUses) {
      token.recent_uses.erase(token.recent_uses.begin());
    }
    token.recent_uses.push_back({node, issued.key, now});
  }
  issued.revoked = {};
  state->nodes[node] = std::move(issued);
  return OkStatus();
}

int64_t RenewalGeneration(const EnrollmentState& state, const std::string& node, WallTime now) {
  const int64_t generation = std::max(SecondsOf(now), state.trust_generation);
  const auto known = state.nodes.find(node);
  return known == state.nodes.end() ? generation : std::max(generation, known->second.generation);
}

Status RecordRenewal(const std::string& node, NodeRecord issued, WallTime now,
                     EnrollmentState* state) {
  RETURN_IF_ERROR(MakeRoomFor(node, now, &state->nodes));
  NodeRecord& record = state->nodes[node];
  issued.min_generation = record.min_generation;
  record = std::move(issued);
  return OkStatus();
}

Status CheckSerialIn(const EnrollmentState& state, const std::string& node,
                     std::string_view serial) {
  const int64_t generation = GenerationOfSerial(serial);
  if (generation == 0)
    return InvalidError("the certificate of node " + node + " has a serial that is not ours");
  const auto known = state.nodes.find(node);
  if (known == state.nodes.end() || generation >= known->second.min_generation) return OkStatus();
  if (known->second.revoked.ms != 0) {
    return InvalidError("node " + node + " was revoked at " + FormatRfc3339(known->second.revoked) +
                        ": to let this host in again, join it with a new token");
  }
  return InvalidError("the certificate of node " + node +
                      " ended when a host joined under this name at " +
                      FormatRfc3339({known->second.min_generation * 1000}) +
                      ": give this host another name and join it with a new token");
}

void RevokeNodeIn(const std::string& node, int64_t seen_generation, WallTime now,
                  EnrollmentState* state) {
  NodeRecord& record = state->nodes[node];
  if (record.revoked.ms != 0) return;
  record.revoked = now;
  record.min_generation = std::max({SecondsOf(now), record.generation, seen_generation}) + 1;
  // The record outlives every certificate that it refuses, also unknown ones.
  record.expires = std::max(record.expires, now);
}

IssuedNode DescribeNode(const std::string& node, const NodeRecord& record, WallTime now) {
  return {node,           record.serial,        record.authority, record.issued,
          record.expires, StateOf(record, now), record.revoked};
}

void BeginRotationIn(AuthorityRecord next, WallTime now, EnrollmentState* state) {
  state->authorities.push_back(std::move(next));
  state->trust_generation = std::max(SecondsOf(now), state->trust_generation) + 1;
}

void FinishRotationIn(WallTime now, EnrollmentState* state) {
  state->authorities.erase(state->authorities.begin());
  state->trust_generation = std::max(SecondsOf(now), state->trust_generation) + 1;
  for (auto& [id, token] : state->tokens) {
    const bool fits = token.authority == state->active().number;
    if (!fits && !HasEnded(StateOf(token, now))) token.revoked = now;
  }
}

}  // namespace reconcile
