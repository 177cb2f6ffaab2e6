#include "net/port_stream.h"

#include <algorithm>
#include <utility>

namespace reconcile {
namespace {

static_assert(kSocketPieceBytes <= kMaxStreamFrameBytes &&
                  kMaxUntakenSocketBytes <= kStreamWindowBytes,
              "what is read of a socket goes on as it is");

class PortStream final : public PodStream, public std::enable_shared_from_this<PortStream> {
 public:
  PortStream(EventLoop* loop, SocketThread* sockets, std::weak_ptr<const int> alive, uint16_t port,
             PodStreamSink sink)
      : loop_(loop),
        sockets_(sockets),
        alive_(std::move(alive)),
        port_(port),
        sink_(std::move(sink)) {}

  void Open(std::function<Result<UniqueFd>()> open) {
    SocketThread::Events events;
    const auto self = shared_from_this();
    events.on_bytes = [self](const std::string& bytes) {
      self->sink_.on_output(PodOutput::kOut, bytes);
    };
    events.on_written = [self](size_t bytes) {
      self->unwritten_bytes_ -= std::min(bytes, self->unwritten_bytes_);
      self->sink_.on_input_taken(bytes);
    };
    events.on_end = [self](const Status& why) {
      self->socket_ = 0;
      self->End(why.WithContext("port " + std::to_string(self->port_) + " of the pod"));
    };
    socket_ = sockets_->Open(
        [port = port_, open = std::move(open)]() -> Result<UniqueFd> {
          Result<UniqueFd> fd = open();
          RETURN_IF_ERROR(fd.status());
          RETURN_IF_ERROR(BeginConnectToLoopback(fd->get(), port));
          return fd;
        },
        std::move(events));
  }

  void Write(std::string_view bytes) override {
    if (is_over() || bytes.empty()) return;
    unwritten_bytes_ += bytes.size();
    if (bytes.size() <= kMaxStreamFrameBytes && unwritten_bytes_ <= kStreamWindowBytes) {
      return sockets_->Write(socket_, std::string(bytes));
    }
    const SocketThread::SocketId socket = std::exchange(socket_, 0);
    sockets_->Close(socket);
    // Later: the sink is not called inside a call to us.
    loop_->Post([self = shared_from_this()] {
      if (self->alive_.expired() || self->cancelled_) return;
      self->End(InternalError("more was written into a connection than it takes"));
    });
  }
  void CloseInput() override {
    if (!is_over()) sockets_->CloseWriting(socket_);
  }
  void Resize(uint16_t, uint16_t) override {}  // there is no terminal
  void Taken(size_t bytes) override {
    if (!is_over()) sockets_->Taken(socket_, bytes);
  }
  void Cancel() override {
    cancelled_ = true;
    if (!is_over()) sockets_->Close(std::exchange(socket_, 0));
  }

 private:
  bool is_over() const { return socket_ == 0 || alive_.expired(); }
  void End(const Status& status) const { sink_.on_end({status, std::nullopt}); }

  EventLoop* const loop_;
  SocketThread* const sockets_;
  const std::weak_ptr<const int> alive_;
  const uint16_t port_;
  const PodStreamSink sink_;
  SocketThread::SocketId socket_ = 0;  // 0: it has ended
  bool cancelled_ = false;
  size_t unwritten_bytes_ = 0;
};

}  // namespace

std::shared_ptr<PodStream> OpenPortStream(EventLoop* loop, SocketThread* sockets,
                                          std::shared_ptr<const int> alive, uint16_t port,
                                          std::function<Result<UniqueFd>()> open,
                                          PodStreamSink sink) {
  const auto stream =
      std::make_shared<PortStream>(loop, sockets, std::move(alive), port, std::move(sink));
  stream->Open(std::move(open));
  return stream;
}

}  // namespace reconcile
