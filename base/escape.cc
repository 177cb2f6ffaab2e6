#include "base/escape.h"

#include <cstdint>

namespace reconcile {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

void AddHex(unsigned value, int digits, std::string* text) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
    *text += kHexDigits[value >> shift & 15];
}

// True when `c` was a control character, and has been added escaped.
bool AddControl(char c, std::string* text) {
  const auto byte = static_cast<unsigned char>(c);
  if (c == '\n') {
    *text += "\\n";
  } else if (byte < 0x20 || byte == 0x7f) {
    *text += "\\x";
    AddHex(byte, 2, text);
  } else {
    return false;
  }
  return true;
}

// The code point of a C1 control or a direction mark at the start of `text`, and its length in
// bytes; 0 for anything else.
struct HiddenControl {
  unsigned code_point = 0;
  size_t length = 0;
};
HiddenControl FindHiddenControl(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.size() >= 2 && byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) <= 0x9f) {
    return {byte(1), 2};
  }
  if (text.size() < 3 || byte(0) != 0xe2) return {};
  const unsigned code_point = 0x2000U + ((byte(1) & 0x3fU) << 6) + (byte(2) & 0x3fU);
  const bool turns = (code_point >= 0x202a && code_point <= 0x202e) ||
                     (code_point >= 0x2066 && code_point <= 0x2069);
  return turns ? HiddenControl{code_point, 3} : HiddenControl{};
}

// True when `text` hides a control at `*at`, which has been added escaped and passed over.
bool AddHidden(std::string_view text, size_t* at, std::string* escaped) {
  const HiddenControl hidden = FindHiddenControl(text.substr(*at));
  if (hidden.length == 0) return false;
  *escaped += "\\u";
  AddHex(hidden.code_point, 4, escaped);
  *at += hidden.length;
  return true;
}

}  // namespace

std::string EscapeForLog(std::string_view text) {
  std::string escaped;
  for (size_t i = 0; i < text.size();) {
    if (AddHidden(text, &i, &escaped)) continue;
    const char c = text[i++];
    if (AddControl(c, &escaped)) continue;
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string EscapeForJson(std::string_view text) {
  std::string escaped;
  for (size_t i = 0; i < text.size();) {
    if (!AddHidden(text, &i, &escaped)) escaped += text[i++];
  }
  return escaped;
}

std::string EscapeForTerminal(std::string_view text) {
  std::string escaped;
  for (size_t i = 0; i < text.size();) {
    if (AddHidden(text, &i, &escaped)) continue;
    if (!AddControl(text[i], &escaped)) escaped += text[i];
    ++i;
  }
  return escaped;
}

}  // namespace reconcile
