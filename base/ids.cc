#include "base/ids.h"

#include "base/check.h"
#include "base/digest.h"

namespace reconcile {
namespace {

constexpr std::string_view kSafeAlphabet = "bcdfghjklmnpqrstvwxz2456789";
constexpr size_t kMaxNameLength = 63;

}  // namespace

uint32_t Fnv1a32(std::string_view bytes) {
  uint32_t hash = 2166136261U;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

uint64_t Fnv1a64(std::string_view bytes, uint64_t begin) {
  uint64_t hash = begin;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

std::string Sha256Hex(std::string_view bytes) { return ToHex(Sha256(bytes)); }

std::string DeriveUid(const std::vector<std::string_view>& parts) {
  std::string joined;
  for (const std::string_view part : parts) {
    joined += std::to_string(part.size());
    joined += ':';
    joined += part;
  }
  std::string digest = Sha256(joined).substr(0, 16);
  digest[6] = static_cast<char>((digest[6] & 0x0f) | 0x80);
  digest[8] = static_cast<char>((digest[8] & 0x3f) | 0x80);
  const std::string hex = ToHex(digest);
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20);
}

std::string SafeSuffix(uint64_t hash, int length) {
  std::string text;
  for (int i = 0; i < length; ++i) {
    text += kSafeAlphabet[hash % kSafeAlphabet.size()];
    hash /= kSafeAlphabet.size();
  }
  return text;
}

std::string GenerateName(std::string_view base, std::string_view suffix) {
  CHECK(suffix.size() < kMaxNameLength);
  return std::string(base.substr(0, kMaxNameLength - suffix.size())) + std::string(suffix);
}

}  // namespace reconcile
