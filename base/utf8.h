#pragma once

#include <cstddef>
#include <string_view>

namespace reconcile {

// Bytes of the well-formed UTF-8 sequence at `at` (1 to 4), or 0 when there is none: overlong
// forms, surrogates and what lies beyond U+10FFFF are not well-formed (RFC 3629). `at` <
// text.size().
size_t Utf8SequenceLength(std::string_view text, size_t at);

// Offset of the first byte that is not part of well-formed UTF-8; npos when there is none.
size_t FindInvalidUtf8(std::string_view text);

}  // namespace reconcile
