#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reconcile {

// FNV-1a, 32 and 64 bit: stable over builds and machines, not for anything an attacker gains by
// colliding.
uint32_t Fnv1a32(std::string_view bytes);
inline constexpr uint64_t kFnv1a64Begin = 14695981039346656037ULL;
// `begin` may be the hash of what stands before `bytes`.
uint64_t Fnv1a64(std::string_view bytes, uint64_t begin = kFnv1a64Begin);

// Lower-case hex of SHA-256.
std::string Sha256Hex(std::string_view bytes);

// A UUID (version 8, RFC 9562) that is a function of `parts` alone: the same creation has the same
// uid, however often it is tried. Parts are length-prefixed before hashing, so ("ab","c") and
// ("a","bc") differ.
std::string DeriveUid(const std::vector<std::string_view>& parts);

// `length` characters of Kubernetes' safe alphabet (bcdfghjklmnpqrstvwxz2456789, SEMANTICS 1.2)
// drawn from `hash`.
std::string SafeSuffix(uint64_t hash, int length);

// `base` (which ends in "-" for Kubernetes' generateName) cut so that base + suffix is at most 63
// characters.
std::string GenerateName(std::string_view base, std::string_view suffix);

}  // namespace reconcile
