#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "api/http.h"

namespace reconcile {

// What a stream says, at its reader's pace: no more is out than its window holds
// (base/stream_handle.h), the rest waits here. It lets go of its sink, and of what that holds, when
// it has ended or was cancelled, also from inside the sink: a sink may own the stream's handle.
// Loop thread only.
class PacedOutput : public std::enable_shared_from_this<PacedOutput> {
 public:
  // Given frames, of a window of kStreamWindowBytes.
  explicit PacedOutput(LogSink sink);
  // Where the sink takes whole pieces (ApiSink::on_shared), it is given those, and its window is
  // `shared_window_bytes`.
  PacedOutput(ApiSink sink, size_t shared_window_bytes);

  // All three are nothing once it has ended. None calls the sink while that is being called: it is
  // given more, or the end, afterwards.
  void Write(SharedBytes piece);
  void End(Status status);     // when all is sent; no more is written
  void EndNow(Status status);  // what is not sent is left out
  // The sink is not called again.
  void Cancel();
  void Taken(size_t bytes);
  // That cancels it, and says what was taken.
  StreamHandle handle();

  // Whether the reader has room for more than was written.
  bool wants_more() const { return !over_ && pieces_.empty() && in_flight_ < window_bytes_; }
  bool is_sent() const { return pieces_.empty(); }  // all that was written
  bool ended() const { return over_; }

 private:
  void Send();
  void SendSome();
  void SendEnd();

  ApiSink sink_;
  const size_t window_bytes_;
  std::deque<SharedBytes> pieces_;
  size_t at_ = 0;         // in pieces_.front()
  size_t in_flight_ = 0;  // bytes sent and not taken
  std::optional<Status> end_;
  bool sending_ = false;
  bool over_ = false;
};

}  // namespace reconcile
