#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "link/pod_stream.h"

namespace reconcile {

// Opens a stream into one pod. The sink is called later, never inside this; the stream is cancelled
// when it is let go of. An error: there will be none.
using PodStreamOpener =
    std::function<Result<std::shared_ptr<PodStream>>(const PodStreamRequest&, PodStreamSink)>;

// What a client sends to a stream, held back to the stream's window. It keeps what came and is not
// passed on, with the holds on its messages, so that the client is read no further meanwhile.
class PodInput {
 public:
  explicit PodInput(std::shared_ptr<PodStream> stream) : stream_(std::move(stream)) {}

  void Write(std::string_view bytes, std::shared_ptr<void> hold);
  void Close();  // after what was written; nothing is taken after it
  void End();    // the stream has ended: forgets what waits
  // Of what was passed on.
  void OnTaken(size_t bytes);
  const std::shared_ptr<PodStream>& stream() const { return stream_; }

 private:
  struct Piece {
    std::string bytes;
    size_t passed = 0;
    std::shared_ptr<void> hold;
  };
  void Pump();

  const std::shared_ptr<PodStream> stream_;
  std::deque<Piece> pieces_;
  size_t untaken_bytes_ = 0;
  bool closing_ = false;
  bool closed_ = false;
};

}  // namespace reconcile
