#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/http.h"

namespace reconcile {

// PURE: the head of an HTTP/1.1 answer, its last empty line included. Without a length the body
// comes in chunks. Never compressed: a compressor would hold a stream's words back.
std::string ResponseHead(const ApiResponse& answer, std::optional<size_t> length, bool keep_alive);
// What goes before and after a chunk of so many bytes, which are some; and what ends them all.
std::string ChunkHead(size_t bytes);
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace reconcile
