#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace reconcile {

// Bytes of the well-formed UTF-8 sequence at `at` (1 to 4), or 0 when there is none: overlong
// forms, surrogates and what lies beyond U+10FFFF are not well-formed (RFC 3629). `at` <
// text.size().
size_t Utf8SequenceLength(std::string_view text, size_t at);

// Offset of the first byte that is not part of well-formed UTF-8; npos when there is none.
size_t FindInvalidUtf8(std::string_view text);

// The text with U+FFFD in place of each run of bytes that are not part of well-formed UTF-8.
std::string ToValidUtf8(std::string_view text);

// The longest beginning of well-formed text that has at most `max_bytes` and ends with a whole
// character.
std::string_view CutUtf8(std::string_view text, size_t max_bytes);
// The same of its end.
std::string_view EndOfUtf8(std::string_view text, size_t max_bytes);

}  // namespace reconcile
