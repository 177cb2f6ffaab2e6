#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/stream_handle.h"

namespace reconcile {

// What a client of the API wants of a running pod, both ways: exec, attach, or one TCP connection
// of a port-forward. Its agent serves it over a connection that the agent dials.
struct PodStreamRequest {
  enum class Kind : uint8_t { kExec, kAttach, kPortForward };
  Kind kind = Kind::kExec;
  std::string pod_uid;
  std::string container;             // "" is the only one; none for a port-forward
  std::vector<std::string> command;  // kExec: as it is run, no shell
  bool in = false;
  bool out = false;
  bool err = false;  // never with tty: a terminal has one output
  bool tty = false;
  uint16_t port = 0;  // kPortForward: on the loopback of the pod's network namespace
};

enum class PodOutput : uint8_t { kOut, kErr };

// How it went: not ok when it never ran, or was cut.
struct PodStreamEnd {
  Status status;
  std::optional<int> exit_code;  // kExec that ran to its end: 0 to 255
};

// Called on the receiver's loop, never inside a call to PodStream, and not after Cancel.
struct PodStreamSink {
  // Frames and window as of base/stream_handle.h; binary, told to be Taken.
  std::function<void(PodOutput, std::string_view)> on_output;
  // So much of what was written has been passed on to the container: room in the window again.
  std::function<void(size_t bytes)> on_input_taken;
  std::function<void(const PodStreamEnd&)> on_end;  // once, last; all output came before
};

// A stream both ways, by its receiver's side. That side's loop thread only; harmless after the end.
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
