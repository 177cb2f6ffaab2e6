#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "api/user.h"
#include "base/random.h"
#include "base/status.h"
#include "base/time.h"

namespace reconcile {

// What the controller remembers of users, and the rules over it. PURE: the file is UserRegistry's.

inline constexpr size_t kMaxUserTokens = 1000;
inline constexpr size_t kMaxRevokedUsers = 4096;
inline constexpr size_t kMaxUsersFileBytes = 4 << 20;
inline constexpr std::string_view kUserTokenPrefix = "rcu1.";

struct UserToken {
  ApiUser user;
  WallTime created;
  WallTime expires;
};

struct UsersState {
  std::string session_key;                  // of the page's sessions; empty until the first login
  std::map<std::string, UserToken> tokens;  // by the lower-case hex SHA-256 of their text
  // By name: certificates that were issued until this second are refused.
  std::map<std::string, int64_t> revoked_until_s;
};

// 256 bits of chance behind a prefix that scanners of leaked secrets can know.
std::string MakeUserToken(Random* random);
// Remembers a token by its hash; forgets those that have ended. Conflict when there are too many.
Status AddUserToken(const std::string& token, const ApiUser& user, WallTime now, WallTime expires,
                    UsersState* state);
// Ends everything that was given to `user` until now.
Status RevokeUserIn(const std::string& user, WallTime now, UsersState* state);

std::string MakeSessionKey(Random* random);
// The key that tokens have here.
std::string HashOfToken(std::string_view token);

// Whose token this is, when it is valid. Invalid otherwise; unknown and damaged give the same
// words.
Result<ApiUser> FindUserToken(const UsersState& state, std::string_view token, WallTime now);
// The same by its hash, for what was given for a token.
Result<ApiUser> FindUserTokenByHash(const UsersState& state, const std::string& hash, WallTime now);
bool IsUserRevoked(const UsersState& state, const std::string& user, int64_t issued_s);

std::string WriteUsersState(const UsersState& state);
Result<UsersState> ReadUsersState(std::string_view text);

}  // namespace reconcile
