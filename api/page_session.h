#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/time.h"

namespace reconcile {

// What a browser keeps of a login to the page, instead of the token: it tells whose token it was,
// and is good for the page alone and for a day. Browsers show cookies to every port of a host, so
// that what keeps one must be able to lose it. PURE.

inline constexpr int64_t kSessionLifeMs = 24LL * 3600 * 1000;

// "rcs1.", the hash of the token (lower-case hex), its end, and an HMAC-SHA256 over these by `key`.
std::string MakePageSession(std::string_view key, std::string_view token_hash, WallTime expires);

struct PageSession {
  std::string token_hash;
  WallTime expires;
};
// Invalid when it was not made by `key`, or has ended.
Result<PageSession> ReadPageSession(std::string_view key, std::string_view session, WallTime now);

}  // namespace reconcile
