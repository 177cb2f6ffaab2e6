#include "api/list_stream.h"

#include <utility>

#include "api/paced_output.h"

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
        output_(std::make_shared<PacedOutput>(std::move(sink), kSharedWindowBytes)) {}

  void Post() {
    if (std::exchange(posted_, true)) return;
    loop_->Post([self = shared_from_this()] {
      self->posted_ = false;
      self->Step();
    });
  }
  void Taken(size_t bytes) {
    output_->Taken(bytes);
    if (output_->wants_more() && !done_) Post();
  }
  void Cancel() {
    objects_.clear();
    output_->Cancel();
  }

 private:
  void Step() {
    if (done_ || !output_->wants_more()) return;
    std::string piece;
    const size_t size = std::exchange(begun_, true) ? kPieceBytes : kFirstPieceBytes;
    piece.reserve(size + size / 4);
    if (size == kFirstPieceBytes) writer_.Begin(&piece);
    while (next_ < objects_.size() && piece.size() < size) {
      writer_.Add(std::exchange(objects_[next_++], nullptr), &piece);
    }
    done_ = next_ == objects_.size();
    if (done_) writer_.End(&piece);
    output_->Write(std::make_shared<const std::string>(std::move(piece)));
    if (done_) return output_->End(OkStatus());
    if (output_->wants_more()) Post();
  }

  EventLoop* const loop_;
  ListWriter writer_;
  std::vector<ObjectPtr> objects_;
  size_t next_ = 0;
  const std::shared_ptr<PacedOutput> output_;
  bool begun_ = false;
  bool posted_ = false;
  bool done_ = false;  // all is written
};

}  // namespace

StreamStart StreamOfList(EventLoop* loop, ListWriter writer, std::vector<ObjectPtr> objects) {
  return [loop, writer = std::move(writer), objects = std::move(objects)](const ApiSink& sink) {
    const auto stream = std::make_shared<ListStream>(loop, writer, objects, sink);
    stream->Post();
    // The handle may go with the sink, from inside its own call.
    return StreamHandle(
        [stream] {
          const auto keep = stream;
          keep->Cancel();
        },
        [stream](size_t bytes) {
          const auto keep = stream;
          keep->Taken(bytes);
        });
  };
}

}  // namespace reconcile
