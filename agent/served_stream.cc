#include "agent/served_stream.h"

namespace reconcile {

ServedStream::ServedStream(EventLoop* loop, PodStreamSink sink, std::function<void()> on_over)
    : loop_(loop), sink_(std::move(sink)), on_over_(std::move(on_over)) {}

void ServedStream::Begin(const std::function<std::shared_ptr<PodStream>(PodStreamSink)>& open) {
  if (over_) return;
  Say();
  WatchIdleness();
  behind_ = open(Sink());
  if (early_size_) behind_->Resize(early_size_->first, early_size_->second);
  const std::string early = std::exchange(early_input_, {});
  for (size_t at = 0; at < early.size(); at += kMaxStreamFrameBytes) {
    behind_->Write(std::string_view(early).substr(at, kMaxStreamFrameBytes));
  }
  if (early_closed_) behind_->CloseInput();
}

void ServedStream::Refuse(const Status& why) {
  loop_->Post([self = shared_from_this(), why] { self->End({why, std::nullopt}); });
}

PodStreamSink ServedStream::Sink() {
  // What stands behind is let go of at the end, and so is this.
  const auto self = shared_from_this();
  PodStreamSink sink;
  sink.on_output = [self](PodOutput output, std::string_view bytes) {
    if (self->over_) return;
    self->Say();
    self->sink_.on_output(output, bytes);
  };
  sink.on_input_taken = [self](size_t bytes) {
    if (!self->over_) self->sink_.on_input_taken(bytes);
  };
  sink.on_end = [self](const PodStreamEnd& end) { self->End(end); };
  return sink;
}

void ServedStream::Say() { said_at_ = loop_->now().mono; }

void ServedStream::WatchIdleness() {
  idle_timer_ = loop_->At(said_at_ + kStreamIdleMs, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->over_) return;
    if (self->loop_->now().mono - self->said_at_ < kStreamIdleMs) return self->WatchIdleness();
    if (self->behind_) self->behind_->Cancel();
    self->End({UnavailableError("nothing was said on the stream for four hours: it was closed"),
               std::nullopt});
  });
}

bool ServedStream::Over() {
  if (std::exchange(over_, true)) return false;
  if (idle_timer_ != 0) loop_->Cancel(std::exchange(idle_timer_, 0));
  const auto on_over = std::move(on_over_);
  if (on_over) on_over();
  return true;
}

void ServedStream::End(const PodStreamEnd& end) {
  if (!Over()) return;
  behind_.reset();
  sink_.on_end(end);
}

void ServedStream::Write(std::string_view bytes) {
  if (over_) return;
  Say();
  if (behind_) return behind_->Write(bytes);
  // The link holds its client to a window.
  if (early_input_.size() + bytes.size() <= kStreamWindowBytes) early_input_ += bytes;
}

void ServedStream::CloseInput() {
  if (over_) return;
  early_closed_ = true;
  if (behind_) behind_->CloseInput();
}

void ServedStream::Resize(uint16_t columns, uint16_t rows) {
  if (over_) return;
  Say();
  early_size_ = {columns, rows};
  if (behind_) behind_->Resize(columns, rows);
}

void ServedStream::Taken(size_t bytes) {
  if (!over_ && behind_) behind_->Taken(bytes);
}

void ServedStream::Cancel() {
  if (!Over()) return;
  const auto behind = std::exchange(behind_, nullptr);
  if (behind) behind->Cancel();
}

}  // namespace reconcile
