#pragma once

#include "base/status.h"
#include "base/value.h"

namespace reconcile {

// Changes of JSON documents. All PURE; they recurse as deep as what they are given, which readers
// limit.

// RFC 7386: members of `patch` take the place of those of `target`, null takes them away.
Value JsonMergePatch(Value target, const Value& patch);

// RFC 6902. Invalid when `patch` is no such list; NotFound, with the operation's number, when one
// of its operations cannot be done on what is there, or its test fails.
Result<Value> JsonPatch(Value target, const Value& patch);
inline constexpr size_t kMaxPatchOperations = 1000;
inline constexpr size_t kMaxCopiedPatchBytes = 3 << 20;  // by all `copy` and `move` of one patch
inline constexpr size_t kMaxPatchedDepth = 64;           // of what is put anywhere, from the root

// Takes the member away, when it is there. CHECKs that it is a map.
void EraseMember(std::string_view key, Value* map);
// A member to change, null when it is not there or `map` is no map.
Value* MutableMember(std::string_view key, Value* map);

}  // namespace reconcile
