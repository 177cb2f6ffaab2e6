#include "api/paced_output.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace reconcile {

PacedOutput::PacedOutput(LogSink sink) : PacedOutput(ApiSink{std::move(sink)}, 0) {}

PacedOutput::PacedOutput(ApiSink sink, size_t shared_window_bytes)
    : sink_(std::move(sink)),
      window_bytes_(sink_.on_shared ? shared_window_bytes : kStreamWindowBytes) {}

void PacedOutput::Write(SharedBytes piece) {
  if (over_ || end_ || piece->empty()) return;
  pieces_.push_back(std::move(piece));
  Send();
}

void PacedOutput::End(Status status) {
  if (over_ || end_) return;
  end_ = std::move(status);
  Send();
}

void PacedOutput::EndNow(Status status) {
  if (over_) return;
  pieces_.clear();
  at_ = 0;
  end_ = std::move(status);
  Send();
}

void PacedOutput::Cancel() {
  over_ = true;
  pieces_.clear();
  if (sending_) return;  // Send() is about to let go of it
  const auto keep = shared_from_this();
  const ApiSink sink = std::exchange(sink_, {});
}

void PacedOutput::Taken(size_t bytes) {
  in_flight_ -= std::min(bytes, in_flight_);
  Send();
}

StreamHandle PacedOutput::handle() {
  // The handle may go with the sink, from inside its own call.
  return {[self = shared_from_this()] {
            const auto keep = self;
            keep->Cancel();
          },
          [self = shared_from_this()](size_t bytes) {
            const auto keep = self;
            keep->Taken(bytes);
          }};
}

void PacedOutput::Send() {
  if (sending_ || over_) return;
  const auto keep = shared_from_this();
  sending_ = true;
  while (!pieces_.empty() && in_flight_ < window_bytes_) SendSome();
  if (!over_ && end_ && pieces_.empty()) SendEnd();
  sending_ = false;
  if (!over_) return;
  const ApiSink sink = std::exchange(sink_, {});
}

void PacedOutput::SendSome() {
  const SharedBytes piece = pieces_.front();
  size_t size = piece->size() - at_;
  if (!sink_.on_shared) {
    size = std::min({size, kMaxStreamFrameBytes, window_bytes_ - in_flight_});
  }
  const std::string_view bytes = std::string_view(*piece).substr(at_, size);
  in_flight_ += size;
  at_ += size;
  if (at_ == piece->size()) {
    pieces_.pop_front();
    at_ = 0;
  }
  if (sink_.on_shared) return sink_.on_shared({piece});
  sink_.on_data(bytes);
}

void PacedOutput::SendEnd() {
  over_ = true;
  sink_.on_end(*end_);
}

}  // namespace reconcile
