#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "schema/object.h"

namespace reconcile {

// The wave in which a commit's object is applied: Argo CD's annotation, an integer that may be
// negative. Without it, 0.
inline constexpr std::string_view kSyncWave = "argocd.argoproj.io/sync-wave";

// As Go's strconv.Atoi reads it, within 32 bits; nothing when it is not an integer.
std::optional<int32_t> ParseWave(std::string_view text);
// 0, too, for a value that validation refuses.
int32_t WaveOf(const ObjectMeta& metadata);

}  // namespace reconcile
