#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "base/stream_handle.h"

namespace reconcile {

enum class PodOutput : uint8_t { kOut, kErr };

// How it went: not ok when it never ran, or was cut.
struct PodStreamEnd {
  Status status;
  std::optional<int> exit_code;  // of a command that ran to its end: 0 to 255
};

// Called on the receiver's loop, never inside a call to PodStream, and not after Cancel.
struct PodStreamSink {
  // Frames and window as of base/stream_handle.h; binary, told to be Taken.
  std::function<void(PodOutput, std::string_view)> on_output;
  // So much of what was written has been passed on to the container: room in the window again.
  std::function<void(size_t bytes)> on_input_taken;
  std::function<void(const PodStreamEnd&)> on_end;  // once, last; all output came before
};

// A stream both ways between a client and a container, by its receiver's side: exec, attach, or one
// TCP connection. That side's loop thread only; harmless after the end.
class PodStream {
 public:
  virtual ~PodStream() = default;
  // At most kMaxStreamFrameBytes; at most kStreamWindowBytes that were not said to be taken: more
  // ends the stream as Internal.
  virtual void Write(std::string_view bytes) = 0;
  virtual void CloseInput() = 0;  // the container reads the end of file; output goes on
  virtual void Resize(uint16_t columns, uint16_t rows) = 0;  // of the terminal
  virtual void Taken(size_t bytes) = 0;                      // of the output
  // The process of an exec is killed when it can be, a connection closed. Nothing is said after.
  virtual void Cancel() = 0;
};

}  // namespace reconcile
