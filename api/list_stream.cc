#include "api/list_stream.h"

#include <algorithm>
#include <utility>

namespace reconcile {
namespace {

// Between two pieces others have their turn: a piece takes about a millisecond.
constexpr size_t kPieceBytes = 128 << 10;
constexpr size_t kFirstPieceBytes = 16 << 10;
// Of pieces that nobody has to copy; so large that a busy loop's turns seldom leave a reader
// waiting.
constexpr size_t kSharedWindowBytes = 512 << 10;

class ListStream final : public std::enable_shared_from_this<ListStream> {
 public:
  ListStream(EventLoop* loop, ListWriter writer, std::vector<ObjectPtr> objects, ApiSink sink)
      : loop_(loop),
        writer_(std::move(writer)),
        objects_(std::move(objects)),
        sink_(std::move(sink)) {}

  void Post() {
    if (std::exchange(posted_, true)) return;
    loop_->Post([self = shared_from_this()] {
      self->posted_ = false;
      self->Step();
    });
  }
  void Taken(size_t bytes) {
    in_flight_ -= std::min(bytes, in_flight_);
    if (!ended_) Post();
  }
  void Cancel() {
    ended_ = true;
    objects_.clear();
  }

 private:
  void Step() {
    const size_t window = sink_.on_shared ? kSharedWindowBytes : kStreamWindowBytes;
    if (ended_ || in_flight_ >= window) return;
    std::string piece;
    const size_t size = std::exchange(begun_, true) ? kPieceBytes : kFirstPieceBytes;
    piece.reserve(size + size / 4);
    if (size == kFirstPieceBytes) writer_.Begin(&piece);
    while (next_ < objects_.size() && piece.size() < size) {
      writer_.Add(std::exchange(objects_[next_++], nullptr), &piece);
    }
    const bool last = next_ == objects_.size();
    if (last) writer_.End(&piece);
    Send(std::move(piece));
    if (ended_) return;
    if (!last) return Post();
    ended_ = true;
    sink_.on_end(OkStatus());
  }
  void Send(std::string piece) {
    in_flight_ += piece.size();
    if (sink_.on_shared) {
      return sink_.on_shared({std::make_shared<const std::string>(std::move(piece))});
    }
    for (size_t at = 0; at < piece.size() && !ended_; at += kMaxStreamFrameBytes) {
      sink_.on_data(std::string_view(piece).substr(at, kMaxStreamFrameBytes));
    }
  }

  EventLoop* const loop_;
  ListWriter writer_;
  std::vector<ObjectPtr> objects_;
  size_t next_ = 0;
  const ApiSink sink_;
  size_t in_flight_ = 0;  // bytes that are not taken
  bool begun_ = false;
  bool posted_ = false;
  bool ended_ = false;
};

}  // namespace

StreamStart StreamOfList(EventLoop* loop, ListWriter writer, std::vector<ObjectPtr> objects) {
  return [loop, writer = std::move(writer), objects = std::move(objects)](const ApiSink& sink) {
    const auto stream = std::make_shared<ListStream>(loop, writer, objects, sink);
    stream->Post();
    return StreamHandle([stream] { stream->Cancel(); },
                        [stream](size_t bytes) { stream->Taken(bytes); });
  };
}

}  // namespace reconcile
