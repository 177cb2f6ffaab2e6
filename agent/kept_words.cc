#include "agent/kept_words.h"

#include <charconv>

namespace reconcile {

std::string KeptMs(const std::optional<int64_t>& ms) {
  return ms ? std::to_string(*ms) : std::string(kKeptUnknown);
}

bool ReadKeptFlag(const std::string& word, bool* flag) {
  *flag = word == "1";
  return word == "0" || word == "1";
}

bool ReadKeptMs(const std::string& word, std::optional<int64_t>* ms) {
  if (word == kKeptUnknown) return true;
  int64_t number = 0;
  const char* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, number);
  if (error != std::errc() || stop != end) return false;
  *ms = number;
  return true;
}

}  // namespace reconcile
