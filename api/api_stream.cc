#include "api/api_stream.h"

#include <algorithm>
#include <utility>

#include "api/http_text.h"
#include "api/routes.h"
#include "base/log.h"

namespace reconcile {

// The handler's end; the loop's alone.
struct ApiStream::OnLoop {
  StreamHandle handle;
  bool starting = false;
};

ApiStream::ApiStream(std::weak_ptr<ApiStreamWriter> writer, ApiResponse answer,
                     const ApiServerParts& parts)
    : writer_(std::move(writer)),
      answer_(std::move(answer)),
      parts_(parts),
      loop_(parts.loop),
      on_loop_(std::make_shared<OnLoop>()) {}

ApiStream::~ApiStream() {
  loop_->Post([on_loop = on_loop_] { std::exchange(on_loop->handle, {}).Cancel(); });
}

void ApiStream::Start() {
  loop_->Post([on_loop = on_loop_, start = answer_.stream, sink = Sink()] {
    on_loop->starting = true;
    on_loop->handle = start(sink);
    on_loop->starting = false;
  });
  const int64_t wait_ms = answer_.begins_at_once ? 0 : parts_.options.first_word_ms;
  parts_.io->After(wait_ms, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->head_due_ = true;
    self->Pump();
  });
}

// Holds the handler's end weakly: its handle may hold the sink.
LogSink ApiStream::Sink() {
  return {
      .on_data =
          [bridge = parts_.bridge, weak = weak_from_this(),
           weak_loop = std::weak_ptr<OnLoop>(on_loop_)](std::string_view bytes) {
            const auto on_loop = weak_loop.lock();
            if (!on_loop) return;
            bridge->Post([weak, text = std::string(bytes), replayed = on_loop->starting]() mutable {
              if (const auto self = weak.lock()) self->OnData(std::move(text), replayed);
            });
          },
      .on_end =
          [bridge = parts_.bridge, weak = weak_from_this()](const Status& status) {
            bridge->Post([weak, status] {
              if (const auto self = weak.lock()) self->OnEnd(status);
            });
          }};
}

void ApiStream::OnData(std::string bytes, bool replayed) {
  if (closed_) return;
  if (replayed) replayed_bytes_ += bytes.size();
  const size_t most = parts_.options.max_unread_bytes + replayed_bytes_;
  if (unread_bytes_ + bytes.size() > most) return TakeNoMore();
  AppendChunk(bytes, &waiting_);
  waiting_bytes_ += bytes.size();
  unread_bytes_ += bytes.size();
  Pump();
}

void ApiStream::OnEnd(const Status& status) {
  if (closed_) return;
  closed_ = true;
  ended_ = true;
  end_ = status;
  Pump();
}

// What waits is thrown away, so that its reader is told to begin anew rather than given half.
void ApiStream::TakeNoMore() {
  closed_ = true;
  ended_ = true;
  loop_->Post([on_loop = on_loop_] { std::exchange(on_loop->handle, {}).Cancel(); });
  LogInfo("a stream's reader is too slow and is cut off");
  if (parts_.options.on_cut_off) parts_.options.on_cut_off();
  waiting_.clear();
  waiting_bytes_ = 0;
  AppendChunk(answer_.too_slow, &waiting_);
  if (answer_.too_slow.empty()) end_ = UnavailableError("the reader is too slow");
  Pump();
}

void ApiStream::Pump() {
  const auto writer = writer_.lock();
  if (writing_ || !writer) return;
  if (!head_written_) {
    if (ended_ && !end_.ok() && waiting_.empty()) return writer->AnswerInstead(ErrorResponse(end_));
    if (waiting_.empty() && !ended_ && !head_due_) return;
  }
  const bool last = ended_;
  std::string text = head_written_ ? "" : ResponseHead(answer_, std::nullopt, false);
  head_written_ = true;
  text += std::exchange(waiting_, {});
  const size_t bytes = std::exchange(waiting_bytes_, 0);
  if (last && end_.ok()) text += kLastChunk;
  if (text.empty() && !last) return;
  if (text.empty()) return writer->EndAfterStream(false);
  writing_ = true;
  // The connection holds the stream, and no longer than it is one.
  const bool patient = answer_.too_slow.empty();
  writer->WriteText(std::move(text), patient, [weak = weak_from_this(), bytes, last] {
    const auto self = weak.lock();
    if (!self) return;
    self->writing_ = false;
    self->unread_bytes_ -= bytes;
    self->replayed_bytes_ -= std::min(self->replayed_bytes_, bytes);
    self->loop_->Post([on_loop = self->on_loop_, bytes] { on_loop->handle.Taken(bytes); });
    const auto owner = self->writer_.lock();
    if (last && owner) return owner->EndAfterStream(self->end_.ok());
    self->Pump();
  });
}

}  // namespace reconcile
