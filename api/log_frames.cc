#include "api/log_frames.h"

#include <cstdint>

namespace reconcile {
namespace {

constexpr size_t kHeaderBytes = 5;
constexpr char kData = 'd';
constexpr char kError = 'e';

std::string FrameOf(char kind, std::string_view bytes) {
  std::string frame(1, kind);
  for (const int shift : {24, 16, 8, 0}) {
    frame += static_cast<char>((bytes.size() >> shift) & 255);
  }
  return frame.append(bytes);
}

size_t LengthIn(std::string_view header) {
  size_t length = 0;
  for (const char byte : header.substr(1, 4)) length = length << 8 | static_cast<uint8_t>(byte);
  return length;
}

}  // namespace

std::string DataFrame(std::string_view bytes) { return FrameOf(kData, bytes); }

std::string ErrorFrame(std::string_view status_object) {
  return FrameOf(kError, status_object.substr(0, kMaxStreamFrameBytes));
}

Status LogFrameReader::Feed(std::string_view bytes,
                            const std::function<void(std::string_view)>& on_data) {
  rest_ += bytes;
  size_t position = 0;
  while (rest_.size() - position >= kHeaderBytes) {
    const std::string_view left = std::string_view(rest_).substr(position);
    const size_t length = LengthIn(left);
    if ((left[0] != kData && left[0] != kError) || length > kMaxStreamFrameBytes) {
      return InternalError("the controller's log stream is damaged");
    }
    if (left.size() - kHeaderBytes < length) break;
    if (left[0] == kData) on_data(left.substr(kHeaderBytes, length));
    if (left[0] == kError) error_ = left.substr(kHeaderBytes, length);
    position += kHeaderBytes + length;
  }
  rest_.erase(0, position);
  return OkStatus();
}

}  // namespace reconcile
