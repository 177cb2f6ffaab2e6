#include <boost/asio/buffer.hpp>
#include <chrono>
#include <deque>

#include "link/beast_stream.h"

namespace reconcile {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

constexpr size_t kMaskedPieceBytes = 16
                                     << 10;  // what a client masks and writes at once: one record

class BeastSocket final : public LinkSocket, public std::enable_shared_from_this<BeastSocket> {
 public:
  explicit BeastSocket(BeastWebSocket socket) : socket_(std::move(socket)) {}

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
  struct Message {
    std::string bytes;
    bool binary = false;
  };

  bool MayRead() const {
    return unhandled_messages_ < kMaxUnhandledMessages && unhandled_bytes_ < kMaxUnhandledBytes;
  }
  void Read();
  void OnRead(const boost::system::error_code& error);
  void Write();
  void OnWritten(const boost::system::error_code& error);
  void SayGoodbye();
  void End(const Status& why);

  BeastWebSocket socket_;
  Handler handler_;
  beast::flat_buffer incoming_;
  bool reading_ = false;
  size_t unhandled_messages_ = 0;
  size_t unhandled_bytes_ = 0;
  std::deque<Message> outgoing_;  // the first one is being written
  bool closing_ = false;
  bool ended_ = false;
  const std::shared_ptr<SocketBacklog> backlog_ = std::make_shared<SocketBacklog>();
};

void BeastSocket::Read() {
  if (reading_ || ended_) return;
  reading_ = true;
  socket_.async_read(incoming_, [self = shared_from_this()](const boost::system::error_code& error,
                                                            size_t) { self->OnRead(error); });
}

void BeastSocket::OnRead(const boost::system::error_code& error) {
  // Still reading, so that Handled() from inside the handler begins no other read into what is
  // here.
  if (error == websocket::error::closed) {
    const auto& reason = socket_.reason().reason;
    return End(UnavailableError(reason.empty() ? "the other side closed the connection"
                                               : "the other side closed the connection: " +
                                                     std::string(reason.data(), reason.size())));
  }
  if (error) return End(BeastError("the connection broke", error));
  const size_t size = incoming_.size();
  ++unhandled_messages_;
  unhandled_bytes_ += size;
  if (handler_.on_message && !closing_) {
    handler_.on_message({static_cast<const char*>(incoming_.data().data()), size},
                        socket_.got_binary());
  }
  incoming_.consume(size);
  // A large message leaves no large buffer behind.
  if (incoming_.capacity() > kMaxUnhandledBytes) incoming_.shrink_to_fit();
  reading_ = false;
  if (closing_ || MayRead()) Read();
}

void BeastSocket::Handled(size_t bytes) {
  --unhandled_messages_;
  unhandled_bytes_ -= bytes;
  if (MayRead()) Read();
}

void BeastSocket::Send(std::string message, bool binary) {
  if (closing_ || ended_) {
    --backlog_->messages;
    backlog_->bytes -= message.size();
    return;
  }
  outgoing_.push_back({std::move(message), binary});
  if (outgoing_.size() == 1) Write();
}

void BeastSocket::Write() {
  socket_.binary(outgoing_.front().binary);
  socket_.async_write(asio::buffer(outgoing_.front().bytes),
                      [self = shared_from_this()](const boost::system::error_code& error, size_t) {
                        self->OnWritten(error);
                      });
}

void BeastSocket::OnWritten(const boost::system::error_code& error) {
  --backlog_->messages;
  backlog_->bytes -= outgoing_.front().bytes.size();
  outgoing_.pop_front();
  if (error) return End(BeastError("the connection broke", error));
  if (!outgoing_.empty()) return Write();
  if (closing_) return SayGoodbye();
  if (handler_.on_drained) handler_.on_drained();
}

void BeastSocket::Close() {
  if (closing_ || ended_) return;
  closing_ = true;
  if (outgoing_.empty()) SayGoodbye();
}

void BeastSocket::SayGoodbye() {
  socket_.async_close(websocket::close_code::normal,
                      [self = shared_from_this()](const boost::system::error_code&) {
                        self->End(UnavailableError("this side closed the connection"));
                      });
}

void BeastSocket::End(const Status& why) {
  if (ended_) return;
  ended_ = true;
  // What is being written is counted out by its own completion.
  while (outgoing_.size() > 1) {
    --backlog_->messages;
    backlog_->bytes -= outgoing_.back().bytes.size();
    outgoing_.pop_back();
  }
  boost::system::error_code ignored;
  beast::get_lowest_layer(socket_).close(ignored);
  const Handler handler = std::move(handler_);
  handler_ = {};
  if (handler.on_closed) handler.on_closed(why);
}

}  // namespace

void SetSocketOptions(const SocketLimits& limits, BeastWebSocket* socket) {
  // The WebSocket has timers of its own.
  socket->next_layer().ExpiresNever();
  websocket::stream_base::timeout timeout = {};
  timeout.handshake_timeout = std::chrono::milliseconds(limits.handshake_ms);
  timeout.idle_timeout = std::chrono::milliseconds(limits.silent_ms);
  timeout.keep_alive_pings = true;
  socket->set_option(timeout);
  socket->read_message_max(limits.max_message_bytes);
  socket->auto_fragment(false);
  socket->write_buffer_bytes(kMaskedPieceBytes);
}

std::shared_ptr<LinkSocket> MakeBeastSocket(BeastWebSocket socket) {
  return std::make_shared<BeastSocket>(std::move(socket));
}

Status BeastError(const std::string& what, const boost::system::error_code& error) {
  if (error == beast::error::timeout || error == asio::error::timed_out)
    return UnavailableError(what + ": no answer in time");
  return UnavailableError(what + ": " + error.message());
}

}  // namespace reconcile
