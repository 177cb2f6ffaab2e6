// The HTTP side of the controller's port: one request for each connection, read in steps, so that
// nothing of a request is taken in before it is known to be welcome.
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <optional>

#include "base/log.h"
#include "link/beast_listener.h"
#include "link/beast_stream.h"
#include "link/http_checks.h"
#include "link/http_server.h"

namespace reconcile {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr size_t kReadAtOnceBytes = 16 << 10;
constexpr size_t kMaxLingerBytes = 1 << 20;  // read and thrown away after a refusal
constexpr int64_t kLingerMs = 1'000;

class HttpSession final : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(TlsStream stream, const HttpServerOptions& options, HttpServerHandler* handler,
              IoThread* io, std::shared_ptr<void> connection, std::string remote_address)
      : stream_(std::move(stream)),
        options_(options),
        handler_(handler),
        io_(io),
        connection_(std::move(connection)),
        buffer_(options.max_header_bytes + kReadAtOnceBytes) {
    head_.request.remote_address = std::move(remote_address);
  }
  void Start();

 private:
  void BeginStep(int64_t limit_ms) { stream_.ExpiresAfter(limit_ms); }
  void ReadHead();
  void OnHead(const error_code& error);
  void TakeHead();
  void ReadBody(size_t max_bytes);
  void OnBody(const error_code& error);
  void OpenSocket(const SocketLimits& limits);
  void Refuse(int code, const std::string& why);
  void Write(LinkHttpResponse answer);
  void Linger();
  void ReadAway();

  TlsStream stream_;
  const HttpServerOptions options_;
  HttpServerHandler* const handler_;
  IoThread* const io_;
  std::shared_ptr<void> connection_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_{std::in_place};
  http::response<http::string_body> response_;
  HttpHead head_;
  bool answered_ = false;
  TimerId answer_timer_ = 0;
  size_t lingered_bytes_ = 0;
};

void HttpSession::Start() {
  BeginStep(options_.step_ms);
  stream_.async_handshake(TlsStream::Side::kServer,
                          [self = shared_from_this()](const error_code& error) {
                            if (error) return;  // a port scan, or TLS older than 1.3
                            self->ReadHead();
                          });
}

void HttpSession::ReadHead() {
  head_.chain_pem = PeerChainPem(stream_.native_handle());
  parser_->header_limit(static_cast<uint32_t>(options_.max_header_bytes));
  parser_->body_limit(boost::none);  // until it is known whose it is
  BeginStep(options_.step_ms);
  http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](const error_code& error, size_t) { self->OnHead(error); });
}

void HttpSession::OnHead(const error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return Refuse(431, "the request's head has more than " +
                           std::to_string(options_.max_header_bytes) + " bytes");
  }
  if (error == http::error::end_of_stream || error == http::error::partial_message) return;
  if (error.category() == http::make_error_code(http::error::bad_method).category()) {
    return Refuse(400, "not an HTTP request: " + error.message());
  }
  if (error) return;  // the connection broke, or took too long
  TakeHead();
}

void HttpSession::TakeHead() {
  const auto& message = parser_->get();
  HttpFraming framing;
  for (const auto& field : message) {
    const std::string name = LowerCase({field.name_string().data(), field.name_string().size()});
    const std::string_view value(field.value().data(), field.value().size());
    framing.Add(name, value);
    std::string& joined = head_.request.headers[name];
    joined += (joined.empty() ? "" : ", ") + std::string(value);
  }
  head_.request.method = std::string(message.method_string());
  const std::string_view target(message.target().data(), message.target().size());
  head_.request.path = std::string(target.substr(0, target.find('?')));
  head_.wants_socket = beast::websocket::is_upgrade(message);
  const HttpProblem problem = framing.Check(message.version());
  if (problem.code != 0) return Refuse(problem.code, problem.why);

  HttpVerdict verdict = handler_->OnHead(&head_);
  switch (verdict.what) {
    case HttpVerdict::Do::kAnswer:
      return Write(std::move(verdict.answer));
    case HttpVerdict::Do::kReadBody:
      return ReadBody(verdict.max_body_bytes);
    case HttpVerdict::Do::kOpenSocket:
      return OpenSocket(verdict.socket);
  }
}

void HttpSession::ReadBody(size_t max_bytes) {
  const auto length = parser_->content_length();
  if (length && *length > max_bytes) {
    return Refuse(413, "the body has " + std::to_string(*length) + " bytes, more than " +
                           std::to_string(max_bytes));
  }
  parser_->body_limit(max_bytes);
  BeginStep(options_.step_ms);
  http::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](const error_code& error, size_t) { self->OnBody(error); });
}

void HttpSession::OnBody(const error_code& error) {
  if (error == http::error::body_limit || error == http::error::buffer_overflow) {
    return Refuse(413, "the body is larger than this place takes");
  }
  if (error == http::error::end_of_stream || error == http::error::partial_message) return;
  if (error.category() == http::make_error_code(http::error::bad_method).category()) {
    return Refuse(400, "the body cannot be read: " + error.message());
  }
  if (error) return;
  head_.request.body = std::move(parser_->get().body());
  stream_.ExpiresNever();  // the answer's timer does
  const auto self = shared_from_this();
  answer_timer_ = io_->After(options_.step_ms, [self] {
    self->Write({503, "text/plain", "no answer in time\n"});
  });
  handler_->OnBody(std::move(head_), [io = io_, weak = weak_from_this()](LinkHttpResponse answer) {
    io->Post([weak, answer = std::move(answer)]() mutable {
      if (const auto session = weak.lock()) session->Write(std::move(answer));
    });
  });
}

void HttpSession::OpenSocket(const SocketLimits& limits) {
  const auto self = shared_from_this();
  AcceptBeastSocket(std::move(stream_), parser_->get(), limits, "",
                    [self](Result<std::shared_ptr<LinkSocket>> socket) {
                      if (!socket.ok()) return;
                      self->handler_->OnSocket(std::move(self->head_), std::move(self->connection_),
                                               std::move(socket).value());
                    });
}

void HttpSession::Refuse(int code, const std::string& why) {
  handler_->OnBadRequest(head_.request.remote_address, code, why);
  Write({code, "text/plain", why + "\n"});
}

void HttpSession::Write(LinkHttpResponse answer) {
  if (answered_) return;
  answered_ = true;
  io_->Cancel(answer_timer_);
  response_.result(static_cast<unsigned>(answer.code));
  response_.version(11);
  response_.set(http::field::content_type, answer.content_type);
  response_.set(http::field::date, FormatHttpDate(io_->now().wall));
  response_.set(http::field::cache_control, "no-store");
  response_.set(http::field::connection, "close");
  response_.body() = std::move(answer.body);
  response_.prepare_payload();
  BeginStep(options_.step_ms);
  http::async_write(stream_, response_,
                    [self = shared_from_this()](const error_code& error, size_t) {
                      if (!error) self->Linger();
                    });
}

// A close with unread input would be a reset, which may overtake the answer.
void HttpSession::Linger() {
  BeginStep(kLingerMs);
  stream_.async_shutdown([self = shared_from_this()](const error_code&) {
    // Whether the client said goodbye too, or is still sending: what comes is read away.
    error_code ignored;
    self->stream_.next_layer().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    self->BeginStep(kLingerMs);
    self->ReadAway();
  });
}

void HttpSession::ReadAway() {
  buffer_.clear();
  stream_.next_layer().async_read_some(
      buffer_.prepare(kReadAtOnceBytes),
      [self = shared_from_this()](const error_code& error, size_t size) {
        self->lingered_bytes_ += size;
        if (!error && self->lingered_bytes_ < kMaxLingerBytes) self->ReadAway();
      });
}

}  // namespace

Result<uint16_t> ListenHttp(const HttpServerOptions& options, HttpServerHandler* handler,
                            IoThread* io) {
  using Listener = BeastListener<void>;
  const auto listener = std::make_shared<Listener>(
      io,
      Listener::Calls{
          .enter = [handler](const std::string& from) { return handler->OnConnection(from); },
          .tls = [handler] { return handler->Tls(); },
          .begin =
              [options, handler, io](TlsStream tls, std::shared_ptr<void> place, std::string from) {
                std::make_shared<HttpSession>(std::move(tls), options, handler, io,
                                              std::move(place), std::move(from))
                    ->Start();
              }});
  const Result<uint16_t> port =
      listener->Listen(options.address, options.port, "listen", "is another controller running?");
  if (port.ok()) io->Post([listener] { listener->Accept(); });
  return port;
}

}  // namespace reconcile
