#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/stream_handle.h"

namespace reconcile {

// A log as our own command line asks for it, so that a failure amid the log comes with its reason
// and apart from the text: frames of a kind ('d' data, 'e' a Status object, the last one), a length
// (4 bytes, big endian), and as many bytes. Whoever accepts something else gets the bare text.
inline constexpr std::string_view kLogFramesType = "application/x-reconcile-log-frames";

std::string DataFrame(std::string_view bytes);
std::string ErrorFrame(std::string_view status_object);

// Takes frames apart, however the bytes arrive.
class LogFrameReader {
 public:
  // Calls `on_data` for each data frame. Internal when the bytes are no frames, or a frame is
  // larger than kMaxStreamFrameBytes.
  Status Feed(std::string_view bytes, const std::function<void(std::string_view)>& on_data);
  // The Status object of the error frame; empty when there was none.
  const std::string& error() const { return error_; }

 private:
  std::string rest_;
  std::string error_;
};

}  // namespace reconcile
