#include "schema/text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>

namespace reconcile {

namespace {

// Longer words are not compared: a key of a megabyte must not cost a megabyte per known word.
constexpr size_t kMaxComparedBytes = 64;

char Lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

size_t EditDistance(std::string_view a, std::string_view b) {
  using Row = std::array<size_t, kMaxComparedBytes + 1>;
  Row before_previous{}, previous{}, current{};
  for (size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = Lower(a[i - 1]) == Lower(b[j - 1]) ? 0 : 1;
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        current[j] = std::min(current[j], before_previous[j - 2] + 1);
      }
    }
    before_previous = previous;
    previous = current;
  }
  return previous[b.size()];
}

size_t Distance(std::string_view word, std::string_view known) {
  return EditDistance(word.substr(0, kMaxComparedBytes), known.substr(0, kMaxComparedBytes));
}

// At most `max_bytes` of `text`, not ending in the middle of a UTF-8 sequence.
std::string_view Beginning(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string ShortText(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const bool cut = text.size() > kShownTextBytes;
  text = Beginning(text, kShownTextBytes);
  std::string shown;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      shown += "\\n";
    } else if (c == '\t') {
      shown += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      shown += "\\x";
      shown += kHex[byte >> 4U];
      shown += kHex[byte & 0xFU];
    } else {
      shown += c;
    }
  }
  return cut ? shown + "..." : shown;
}

std::string CutText(std::string_view text, size_t max_bytes) {
  const std::string_view shown = Beginning(text, max_bytes);
  return std::string(shown) + (shown.size() < text.size() ? "..." : "");
}

std::string Quoted(std::string_view text) { return '"' + ShortText(text) + '"'; }

std::string_view Trimmed(std::string_view text, std::string_view spaces) {
  const size_t first = text.find_first_not_of(spaces);
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

std::string QuotedList(const std::vector<std::string_view>& words) {
  std::string list;
  for (std::string_view word : words) {
    if (!list.empty()) list += ", ";
    list += Quoted(word);
  }
  return list;
}

std::string_view NearestWord(std::string_view word, const std::vector<std::string_view>& known) {
  std::string_view best;
  size_t best_distance = SIZE_MAX;
  for (std::string_view candidate : known) {
    const size_t distance = Distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

bool IsSimilar(std::string_view word, std::string_view known) {
  const size_t length = std::max(word.size(), known.size());
  return length <= kMaxComparedBytes && Distance(word, known) <= std::max<size_t>(1, length / 3);
}

std::string EncodeBase64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) {
      group = group << 8U | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (size_t j = 0; j < 4; ++j) {
      text += j <= count ? kBase64Digits[group >> (18U - 6U * j) & 63U] : '=';
    }
  }
  return text;
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

bool DecodeBase64(std::string_view text, std::string* bytes) {
  bytes->clear();
  uint32_t group = 0;
  size_t digits = 0, padding = 0;
  for (char c : text) {
    if (c == '\n' || c == '\r') continue;
    if (c == '=') {
      ++padding;
      group <<= 6U;
    } else {
      const size_t digit = kBase64Digits.find(c);
      if (digit == std::string_view::npos || padding > 0) return false;
      group = group << 6U | static_cast<uint32_t>(digit);
    }
    if (++digits % 4 != 0) continue;
    if (padding > 2) return false;
    for (size_t j = 0; j < 3 - padding; ++j) {
      bytes->push_back(static_cast<char>(group >> (16U - 8U * j) & 0xFFU));
    }
    group = 0;
  }
  return digits % 4 == 0;
}

}  // namespace reconcile
