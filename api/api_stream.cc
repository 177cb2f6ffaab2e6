#include "api/api_stream.h"

#include <algorithm>
#include <utility>

#include "api/http_text.h"
#include "api/routes.h"
#include "base/log.h"

namespace reconcile {
namespace {

constexpr size_t kMostOfOneWriteBytes = 256 << 10;  // and the rest of its last piece
// So much of its window is open again before the handler is told: a thousand watches that are each
// told a little would keep the loop busy with that alone.
constexpr size_t kToldAtOnceBytes = kStreamWindowBytes / 4;

}  // namespace

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
ApiSink ApiStream::Sink() {
  const auto take = [bridge = parts_.bridge, weak = weak_from_this(),
                     weak_loop = std::weak_ptr<OnLoop>(on_loop_)](std::vector<SharedBytes> pieces) {
    const auto on_loop = weak_loop.lock();
    if (!on_loop) return;
    bridge->PostInTurn([weak, pieces = std::move(pieces), replayed = on_loop->starting]() mutable {
      if (const auto self = weak.lock()) self->OnData(std::move(pieces), replayed);
    });
  };
  ApiSink sink;
  sink.on_data = [take](std::string_view bytes) {
    if (!bytes.empty()) take({std::make_shared<const std::string>(bytes)});
  };
  sink.on_end = [bridge = parts_.bridge, weak = weak_from_this()](const Status& status) {
    bridge->PostInTurn([weak, status] {
      if (const auto self = weak.lock()) self->OnEnd(status);
    });
  };
  sink.on_shared = take;
  return sink;
}

void ApiStream::OnData(std::vector<SharedBytes> pieces, bool replayed) {
  if (closed_) return;
  size_t bytes = 0;
  for (const SharedBytes& piece : pieces) bytes += piece->size();
  if (replayed) replayed_bytes_ += bytes;
  const size_t most = parts_.options.max_unread_bytes + replayed_bytes_;
  // What comes at once is taken in any size: its bytes are there already.
  if (unread_bytes_ > 0 && unread_bytes_ + bytes > most) return TakeNoMore();
  waiting_.insert(waiting_.end(), pieces.begin(), pieces.end());
  unread_bytes_ += bytes;
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
  if (!answer_.too_slow.empty()) {
    waiting_.push_back(std::make_shared<const std::string>(answer_.too_slow));
  }
  if (answer_.too_slow.empty()) end_ = UnavailableError("the reader is too slow");
  Pump();
}

// One chunk of what waits, with the answer's head before it and its end after it where they are
// due.
std::vector<SharedBytes> ApiStream::TakeWaiting(size_t* taken) {
  std::vector<SharedBytes> pieces = {nullptr};  // what frames the chunk is known after it
  while (!waiting_.empty() && *taken < kMostOfOneWriteBytes) {
    *taken += waiting_.front()->size();
    pieces.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  std::string before = head_written_ ? "" : ResponseHead(answer_, std::nullopt, false);
  head_written_ = true;
  std::string after;
  if (*taken > 0) {
    before += ChunkHead(*taken);
    after = kChunkEnd;
  }
  if (ended_ && waiting_.empty() && end_.ok()) after += kLastChunk;
  if (!after.empty()) pieces.push_back(std::make_shared<const std::string>(std::move(after)));
  if (before.empty()) {
    pieces.erase(pieces.begin());
  } else {
    pieces.front() = std::make_shared<const std::string>(std::move(before));
  }
  return pieces;
}

void ApiStream::TellTaken(size_t bytes) {
  untold_bytes_ += bytes;
  if (untold_bytes_ < kToldAtOnceBytes) return;
  loop_->Post([on_loop = on_loop_, told = std::exchange(untold_bytes_, 0)] {
    on_loop->handle.Taken(told);
  });
}

void ApiStream::Pump() {
  const auto writer = writer_.lock();
  if (writing_ || !writer) return;
  if (!head_written_) {
    if (ended_ && !end_.ok() && waiting_.empty()) return writer->AnswerInstead(ErrorResponse(end_));
    if (waiting_.empty() && !ended_ && !head_due_) return;
  }
  size_t bytes = 0;
  std::vector<SharedBytes> pieces = TakeWaiting(&bytes);
  const bool last = ended_ && waiting_.empty();
  if (pieces.empty() && !last) return;
  if (pieces.empty()) return writer->EndAfterStream(false);
  writing_ = true;
  // The connection holds the stream, and no longer than it is one.
  const bool patient = answer_.too_slow.empty();
  writer->WritePieces(std::move(pieces), patient, [weak = weak_from_this(), bytes, last] {
    const auto self = weak.lock();
    if (!self) return;
    self->writing_ = false;
    self->unread_bytes_ -= bytes;
    self->replayed_bytes_ -= std::min(self->replayed_bytes_, bytes);
    self->TellTaken(bytes);
    const auto owner = self->writer_.lock();
    if (last && owner) return owner->EndAfterStream(self->end_.ok());
    self->Pump();
  });
}

}  // namespace reconcile
