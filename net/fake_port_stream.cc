#include "net/fake_port_stream.h"

#include <algorithm>
#include <utility>

namespace reconcile {

FakePortStream::FakePortStream(EventLoop* loop, std::weak_ptr<int> client, PodStreamSink sink)
    : loop_(loop), client_(std::move(client)), sink_(std::move(sink)) {}

void FakePortStream::Opened(const Status& status) {
  if (!status.ok()) return End(status);
  open_ = true;
  Pump();
}

void FakePortStream::Write(std::string_view bytes) {
  if (over_ || closed_) return;
  input_ += bytes;
  PumpSoon();
}

void FakePortStream::CloseInput() {
  closed_ = true;
  PumpSoon();
}

void FakePortStream::Taken(size_t bytes) {
  untaken_bytes_ -= std::min(bytes, untaken_bytes_);
  PumpSoon();
}

// The sink is not called inside a call to us.
void FakePortStream::PumpSoon() {
  loop_->Post([self = shared_from_this()] { self->Pump(); });
}

void FakePortStream::Pump() {
  if (over_ || !open_ || client_.expired()) return;
  if (input_.size() > kStreamWindowBytes) {
    return End(InternalError("more was written into a connection than it takes"));
  }
  while (!over_ && !input_.empty() && untaken_bytes_ < kStreamWindowBytes) {
    const size_t room = std::min(kMaxStreamFrameBytes, kStreamWindowBytes - untaken_bytes_);
    const std::string piece = input_.substr(0, room);
    input_.erase(0, piece.size());
    untaken_bytes_ += piece.size();
    sink_.on_input_taken(piece.size());
    sink_.on_output(PodOutput::kOut, piece);
  }
  if (closed_ && input_.empty()) End(OkStatus());
}

void FakePortStream::End(const Status& status) {
  if (std::exchange(over_, true) || client_.expired()) return;
  sink_.on_end({status, std::nullopt});
}

}  // namespace reconcile
