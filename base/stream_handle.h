#pragma once

#include <cstddef>
#include <functional>
#include <utility>

namespace reconcile {

// Byte streams have credits (DESIGN 5): a sender passes on frames of at most kMaxStreamFrameBytes,
// and at most kStreamWindowBytes that the receiver has not taken yet. Then it pauses its source,
// for as long as the receiver likes: a slow receiver costs a window of memory and is never cut off.
inline constexpr size_t kMaxStreamFrameBytes = 32 << 10;
inline constexpr size_t kStreamWindowBytes = 256 << 10;

// The receiver's hold on a stream. Receiver's loop thread only; a copy is the same stream; harmless
// after the stream's end. An empty one belongs to no stream.
class StreamHandle {
 public:
  StreamHandle() = default;
  StreamHandle(std::function<void()> cancel, std::function<void(size_t)> taken)
      : cancel_(std::move(cancel)), taken_(std::move(taken)) {}

  // Ends the stream; after this the receiver is not called again.
  void Cancel() const {
    if (cancel_) cancel_();
  }
  // `bytes` of those received make room in the window. May be called while being given bytes.
  void Taken(size_t bytes) const {
    if (taken_) taken_(bytes);
  }

 private:
  std::function<void()> cancel_;
  std::function<void(size_t)> taken_;
};

}  // namespace reconcile
