#include "api/socket_frames.h"

#include <cstdint>

namespace reconcile {
namespace {

constexpr size_t kLengthBytes = 4;

}  // namespace

std::string SocketFrameHead(size_t message_bytes) {
  std::string head;
  for (const int shift : {24, 16, 8, 0}) {
    head += static_cast<char>((message_bytes >> shift) & 255);
  }
  return head;
}

Status SocketFrameReader::Feed(std::string_view bytes,
                               const std::function<void(std::string_view)>& on_message) {
  rest_ += bytes;
  std::string_view left = rest_;
  while (left.size() >= kLengthBytes) {
    size_t size = 0;
    for (const char byte : left.substr(0, kLengthBytes))
      size = size << 8 | static_cast<uint8_t>(byte);
    if (size > kMaxSocketMessageBytes) return InvalidError("a message that is too long");
    if (left.size() - kLengthBytes < size) break;
    on_message(left.substr(kLengthBytes, size));
    left.remove_prefix(kLengthBytes + size);
  }
  rest_.erase(0, rest_.size() - left.size());
  return OkStatus();
}

}  // namespace reconcile
