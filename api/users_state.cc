#include "api/users_state.h"

#include <algorithm>

#include "base/digest.h"
#include "base/ids.h"
#include "base/value.h"

namespace reconcile {
namespace {

constexpr size_t kSecretWords = 4;  // of 64 bits
constexpr size_t kUserTokenBytes = kUserTokenPrefix.size() + kSecretWords * 16;

Value EncodeGroups(const std::vector<std::string>& groups) {
  Value list = Value::MakeList();
  for (const std::string& group : groups) list.Append(Value::String(group));
  return list;
}

Result<UserToken> DecodeToken(const Value& value) {
  UserToken token;
  token.user.name = value.GetString("user");
  token.created = {value.GetInt("created")};
  token.expires = {value.GetInt("expires")};
  for (const Value& group : value.GetList("groups")) {
    if (!group.IsString()) return InvalidError("a token's group is no text");
    token.user.groups.push_back(group.AsString());
  }
  if (token.user.name.empty() || token.expires.ms == 0) {
    return InvalidError("a token without a user or an end");
  }
  return token;
}

Status UnknownToken() {
  return InvalidError("the token is not one of this cluster, or was revoked");
}

}  // namespace

std::string MakeSessionKey(Random* random) {
  std::string bytes;
  for (size_t i = 0; i < kSecretWords; ++i) {
    uint64_t word = random->Next();
    for (int byte = 0; byte < 8; ++byte, word >>= 8) bytes += static_cast<char>(word & 0xff);
  }
  return ToHex(bytes);
}

std::string MakeUserToken(Random* random) {
  return std::string(kUserTokenPrefix) + MakeSessionKey(random);
}

std::string HashOfToken(std::string_view token) { return Sha256Hex(token); }

Status AddUserToken(const std::string& token, const ApiUser& user, WallTime now, WallTime expires,
                    UsersState* state) {
  std::erase_if(state->tokens, [&](const auto& entry) { return entry.second.expires <= now; });
  if (state->tokens.size() >= kMaxUserTokens) {
    return ConflictError("there are " + std::to_string(kMaxUserTokens) +
                         " tokens of users already: revoke users that need none any more");
  }
  state->tokens[HashOfToken(token)] = {user, now, expires};
  return OkStatus();
}

Status RevokeUserIn(const std::string& user, WallTime now, UsersState* state) {
  if (state->revoked_until_s.size() >= kMaxRevokedUsers && !state->revoked_until_s.contains(user)) {
    return ConflictError(
        "too many users are revoked already: rotate the CA, which ends all certificates");
  }
  std::erase_if(state->tokens, [&](const auto& entry) { return entry.second.user.name == user; });
  int64_t& until_s = state->revoked_until_s[user];
  until_s = std::max(until_s, now.ms / 1000);
  return OkStatus();
}

Result<ApiUser> FindUserToken(const UsersState& state, std::string_view token, WallTime now) {
  if (token.size() != kUserTokenBytes || !token.starts_with(kUserTokenPrefix)) {
    return UnknownToken();
  }
  return FindUserTokenByHash(state, HashOfToken(token), now);
}

Result<ApiUser> FindUserTokenByHash(const UsersState& state, const std::string& hash,
                                    WallTime now) {
  const auto found = state.tokens.find(hash);
  if (found == state.tokens.end()) return UnknownToken();
  if (found->second.expires <= now) {
    return InvalidError("the token has expired (" + FormatRfc3339(found->second.expires) + ")");
  }
  return found->second.user;
}

bool IsUserRevoked(const UsersState& state, const std::string& user, int64_t issued_s) {
  const auto found = state.revoked_until_s.find(user);
  return found != state.revoked_until_s.end() && issued_s <= found->second;
}

std::string WriteUsersState(const UsersState& state) {
  Value tokens = Value::MakeMap();
  for (const auto& [hash, token] : state.tokens) {
    Value value = Value::MakeMap();
    value.Set("user", Value::String(token.user.name));
    value.Set("groups", EncodeGroups(token.user.groups));
    value.Set("created", Value::Int(token.created.ms));
    value.Set("expires", Value::Int(token.expires.ms));
    tokens.Set(hash, std::move(value));
  }
  Value revoked = Value::MakeMap();
  for (const auto& [user, until_s] : state.revoked_until_s) revoked.Set(user, Value::Int(until_s));
  Value whole = Value::MakeMap();
  whole.Set("format", Value::Int(1));
  if (!state.session_key.empty()) whole.Set("sessionKey", Value::String(state.session_key));
  whole.Set("tokens", std::move(tokens));
  whole.Set("revokedUntil", std::move(revoked));
  return WriteJson(whole);
}

Result<UsersState> ReadUsersState(std::string_view text) {
  const Result<Value> value = ParseJson(text, {.max_bytes = kMaxUsersFileBytes, .max_depth = 8});
  if (!value.ok()) return value.status();
  // A list that is not understood must not pass for an empty one: it holds revocations.
  const Value* tokens = value->IsMap() ? value->Find("tokens") : nullptr;
  const Value* revoked = value->IsMap() ? value->Find("revokedUntil") : nullptr;
  if (tokens == nullptr || !tokens->IsMap() || revoked == nullptr || !revoked->IsMap() ||
      value->GetInt("format") != 1) {
    return InvalidError("it is no list of users, or a newer program's");
  }
  UsersState state;
  state.session_key = value->GetString("sessionKey");
  for (const Value::Member& member : tokens->AsMap()) {
    Result<UserToken> token = DecodeToken(member.value);
    if (!token.ok()) return token.status();
    state.tokens[member.key] = std::move(token).value();
  }
  for (const Value::Member& member : revoked->AsMap()) {
    if (!member.value.IsInt()) return InvalidError("a revocation without its time");
    state.revoked_until_s[member.key] = member.value.AsInt();
  }
  return state;
}

}  // namespace reconcile
