#include "schema/sync_wave.h"

#include <charconv>
#include <string>

namespace reconcile {

std::optional<int32_t> ParseWave(std::string_view text) {
  if (text.starts_with("+") && !text.starts_with("+-")) text.remove_prefix(1);
  int32_t wave = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, wave);
  if (error != std::errc() || at != end) return std::nullopt;
  return wave;
}

int32_t WaveOf(const ObjectMeta& metadata) {
  if (metadata.annotations.empty()) return 0;
  static const std::string name(kSyncWave);
  const auto found = metadata.annotations.find(name);
  return found == metadata.annotations.end() ? 0 : ParseWave(found->second).value_or(0);
}

}  // namespace reconcile
