#include "api/page_session.h"

#include <charconv>

#include "base/digest.h"

namespace reconcile {
namespace {

constexpr std::string_view kSessionPrefix = "rcs1.";
constexpr size_t kHashBytes = 64;  // as hex
constexpr size_t kMostSessionBytes = 256;

std::string SealOf(std::string_view key, std::string_view what) {
  return ToHex(HmacSha256(key, what));
}

}  // namespace

std::string MakePageSession(std::string_view key, std::string_view token_hash, WallTime expires) {
  const std::string what =
      std::string(kSessionPrefix) + std::string(token_hash) + "." + std::to_string(expires.ms);
  return what + "." + SealOf(key, what);
}

Result<PageSession> ReadPageSession(std::string_view key, std::string_view session, WallTime now) {
  const Status unknown = InvalidError("the session is not one of this cluster");
  const size_t seal_at = session.rfind('.');
  const size_t end_at = kSessionPrefix.size() + kHashBytes;
  if (session.size() > kMostSessionBytes || seal_at == session.npos || seal_at <= end_at ||
      !session.starts_with(kSessionPrefix) || session[end_at] != '.') {
    return unknown;
  }
  const std::string_view what = session.substr(0, seal_at);
  if (!EqualSecrets(session.substr(seal_at + 1), SealOf(key, what))) return unknown;
  PageSession read;
  read.token_hash = what.substr(kSessionPrefix.size(), kHashBytes);
  const std::string_view expires = what.substr(end_at + 1);
  const auto number =
      std::from_chars(expires.data(), expires.data() + expires.size(), read.expires.ms);
  if (number.ec != std::errc() || number.ptr != expires.data() + expires.size()) return unknown;
  if (read.expires <= now) return InvalidError("the session has ended");
  return read;
}

}  // namespace reconcile
