#include "api/unix_socket.h"

#include <poll.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <string>
#include <utility>

#include "api/socket_frames.h"
#include "base/unique_fd.h"

namespace reconcile {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t kReadAtOnceBytes = 64 << 10;

// The counterpart of link/'s WebSocket (beast_socket.cc), whose duties are the same.
class UnixSocket final : public LinkSocket, public std::enable_shared_from_this<UnixSocket> {
 public:
  explicit UnixSocket(asio::local::stream_protocol::socket socket) : socket_(std::move(socket)) {}

  void Start(Handler handler) override {
    handler_ = std::move(handler);
    Read();
  }
  void Handled(size_t bytes) override;
  void Send(std::string message, bool binary) override;
  void Close() override;
  void Abort(const Status& why) override { End(why); }
  const std::shared_ptr<SocketBacklog>& backlog() const override { return backlog_; }

 private:
  void Read();
  void OnRead(const error_code& error, size_t size);
  void WatchForHangUp();
  void Write();
  void OnWritten(const error_code& error);
  void End(const Status& why);

  asio::local::stream_protocol::socket socket_;
  Handler handler_;
  std::array<char, kReadAtOnceBytes> incoming_ = {};
  SocketFrameReader frames_;
  bool reading_ = false;
  bool watching_ = false;  // for a hang-up
  size_t unhandled_messages_ = 0;
  size_t unhandled_bytes_ = 0;
  std::deque<std::string> outgoing_;  // the first one is being written
  std::string head_;                  // of that one
  bool closing_ = false;
  bool ended_ = false;
  const std::shared_ptr<SocketBacklog> backlog_ = std::make_shared<SocketBacklog>();
};

void UnixSocket::Read() {
  const bool may =
      unhandled_messages_ < kMaxUnhandledMessages && unhandled_bytes_ < kMaxUnhandledBytes;
  if (reading_ || ended_) return;
  if (!may) return WatchForHangUp();
  reading_ = true;
  socket_.async_read_some(asio::buffer(incoming_),
                          [self = shared_from_this()](const error_code& error, size_t size) {
                            self->OnRead(error, size);
                          });
}

void UnixSocket::OnRead(const error_code& error, size_t size) {
  if (error) return End(UnavailableError("the command has gone: " + error.message()));
  const Status status = frames_.Feed({incoming_.data(), size}, [&](std::string_view message) {
    ++unhandled_messages_;
    unhandled_bytes_ += message.size();
    if (handler_.on_message && !closing_) handler_.on_message(message, true);
  });
  reading_ = false;
  if (!status.ok()) return End(status);
  Read();
}

// While input is held back nobody reads its end.
void UnixSocket::WatchForHangUp() {
  if (std::exchange(watching_, true)) return;
  socket_.async_wait(
      asio::socket_base::wait_error, [self = shared_from_this()](const error_code& error) {
        self->watching_ = false;
        if (error || self->ended_ || self->reading_) return;
        pollfd state{self->socket_.native_handle(), 0, 0};
        if (::poll(&state, 1, 0) <= 0) return;
        self->End(UnavailableError("the command has gone while its input was held back"));
      });
}

void UnixSocket::Handled(size_t bytes) {
  --unhandled_messages_;
  unhandled_bytes_ -= bytes;
  Read();
}

void UnixSocket::Send(std::string message, bool) {
  if (closing_ || ended_) {
    --backlog_->messages;
    backlog_->bytes -= message.size();
    return;
  }
  outgoing_.push_back(std::move(message));
  if (outgoing_.size() == 1) Write();
}

void UnixSocket::Write() {
  head_ = SocketFrameHead(outgoing_.front().size());
  const std::array<asio::const_buffer, 2> parts = {asio::buffer(head_),
                                                   asio::buffer(outgoing_.front())};
  asio::async_write(socket_, parts, [self = shared_from_this()](const error_code& error, size_t) {
    self->OnWritten(error);
  });
}

void UnixSocket::OnWritten(const error_code& error) {
  --backlog_->messages;
  backlog_->bytes -= outgoing_.front().size();
  outgoing_.pop_front();
  if (error) return End(UnavailableError("the command has gone: " + error.message()));
  if (!outgoing_.empty()) return Write();
  if (closing_) return End(UnavailableError("this side closed the connection"));
  if (handler_.on_drained) handler_.on_drained();
}

void UnixSocket::Close() {
  if (closing_ || ended_) return;
  closing_ = true;
  if (outgoing_.empty()) End(UnavailableError("this side closed the connection"));
}

void UnixSocket::End(const Status& why) {
  if (ended_) return;
  ended_ = true;
  // What is being written is counted out by its own completion.
  while (outgoing_.size() > 1) {
    --backlog_->messages;
    backlog_->bytes -= outgoing_.back().size();
    outgoing_.pop_back();
  }
  error_code ignored;
  socket_.close(ignored);
  const Handler handler = std::move(handler_);
  handler_ = {};
  if (handler.on_closed) handler.on_closed(why);
}

}  // namespace

std::shared_ptr<LinkSocket> MakeUnixSocket(int fd, IoThread* io) {
  UniqueFd owned(fd);
  asio::local::stream_protocol::socket socket(io->context());
  error_code error;
  socket.assign(asio::local::stream_protocol(), fd, error);
  if (error) return nullptr;
  (void)owned.Release();
  return std::make_shared<UnixSocket>(std::move(socket));
}

}  // namespace reconcile
