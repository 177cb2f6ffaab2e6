#include "api/http_text.h"

#include "base/check.h"

namespace reconcile {
namespace {

// Nobody reads it, and no line may be without it.
std::string_view PhraseOf(int code) {
  if (code < 300) return "OK";
  return code < 500 ? "Refused" : "Failed";
}

std::string Hex(size_t number) {
  std::string digits;
  do {
    digits.insert(digits.begin(), "0123456789abcdef"[number & 15]);
    number >>= 4;
  } while (number > 0);
  return digits;
}

}  // namespace

std::string ResponseHead(const ApiResponse& answer, std::optional<size_t> length, bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(answer.code) + " ";
  head += PhraseOf(answer.code);
  head += "\r\nContent-Type: " + answer.content_type;
  head += length ? "\r\nContent-Length: " + std::to_string(*length)
                 : std::string("\r\nTransfer-Encoding: chunked");
  if (answer.retry_after_s > 0) head += "\r\nRetry-After: " + std::to_string(answer.retry_after_s);
  for (const auto& [name, value] : answer.headers) head += "\r\n" + name + ": " + value;
  head += "\r\nCache-Control: " + answer.cache_control;
  head += "\r\nX-Content-Type-Options: nosniff\r\nConnection: ";
  head += keep_alive ? "keep-alive\r\n\r\n" : "close\r\n\r\n";
  return head;
}

std::string ChunkHead(size_t bytes) {
  CHECK(bytes > 0);  // it would be the last
  return Hex(bytes) + "\r\n";
}

}  // namespace reconcile
