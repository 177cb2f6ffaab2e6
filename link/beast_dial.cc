#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>
#include <vector>

#include "base/version.h"
#include "link/beast_stream.h"
#include "link/dial.h"

namespace reconcile {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

class Dial final : public std::enable_shared_from_this<Dial> {
 public:
  Dial(DialTarget target, std::string path, IoThread* io, DialDone done)
      : target_(std::move(target)),
        where_(target_.host + ":" + std::to_string(target_.port)),
        path_(std::move(path)),
        io_(io),
        done_(std::move(done)),
        resolver_(io->context()) {}
  void Post(const HttpFields& fields, const std::string& body);
  void Socket(const SocketLimits& limits);

 private:
  void Start();
  void OnResolved(const error_code& error, asio::ip::tcp::resolver::results_type addresses);
  void OnConnected(const error_code& error);
  void OnHandshake(const error_code& error);
  void SendRequest();
  void ReadAnswer();
  void OpenSocket();
  void OnSocket(const error_code& error);
  bool Failed(const std::string& what, const error_code& error);
  void Finish(Result<DialAnswer> answer);
  void BeginStep() { stream_->ExpiresAfter(target_.step_ms); }

  const DialTarget target_;
  const std::string where_;
  const std::string path_;
  IoThread* const io_;
  DialDone done_;
  asio::ip::tcp::resolver resolver_;
  TimerId resolve_timer_ = 0;
  std::optional<TlsStream> stream_;
  std::optional<SocketLimits> socket_limits_;  // when a WebSocket is wanted
  std::optional<BeastWebSocket> socket_;
  websocket::response_type socket_answer_;
  http::request<http::string_body> request_;
  beast::flat_buffer buffer_{kMaxDialAnswerBytes};
  http::response_parser<http::string_body> parser_;
};

void Dial::Post(const HttpFields& fields, const std::string& body) {
  request_ = {http::verb::post, path_, 11};
  request_.set(http::field::host, where_);
  request_.set(http::field::user_agent, "reconcile/" + std::string(kVersion));
  for (const auto& [name, value] : fields) request_.set(name, value);
  request_.body() = body;
  request_.prepare_payload();
  Start();
}

void Dial::Socket(const SocketLimits& limits) {
  socket_limits_ = limits;
  Start();
}

void Dial::Start() {
  // The system's resolver has time-outs of its own, which may be a minute.
  const auto self = shared_from_this();
  resolve_timer_ = io_->After(target_.step_ms, [self] {
    self->Finish(UnavailableError("the address of " + self->target_.host +
                                  " was not found in time; is DNS working?"));
    self->resolver_.cancel();
  });
  resolver_.async_resolve(
      target_.host, std::to_string(target_.port), asio::ip::tcp::resolver::numeric_service,
      [self](const error_code& error, asio::ip::tcp::resolver::results_type addresses) {
        self->OnResolved(error, std::move(addresses));
      });
}

void Dial::OnResolved(const error_code& error, asio::ip::tcp::resolver::results_type addresses) {
  if (!done_) return;  // too late
  io_->Cancel(resolve_timer_);
  if (Failed("the address of " + target_.host + " was not found", error)) return;
  stream_.emplace(asio::ip::tcp::socket(io_->context()), target_.tls.get());
  AskForController(stream_->native_handle());
  BeginStep();
  // Begins with another address each time: one that swallows packets uses up the step's time.
  std::vector<asio::ip::tcp::endpoint> endpoints;
  for (const auto& entry : addresses) endpoints.push_back(entry.endpoint());
  const int64_t first = io_->now().mono.ms % static_cast<int64_t>(endpoints.size());  // none empty
  std::rotate(endpoints.begin(), endpoints.begin() + first, endpoints.end());
  stream_->AsyncConnect(endpoints, [self = shared_from_this()](const error_code& why,
                                                               const asio::ip::tcp::endpoint&) {
    self->OnConnected(why);
  });
}

void Dial::OnConnected(const error_code& error) {
  if (Failed("no connection to " + where_, error)) return;
  error_code ignored;
  stream_->next_layer().set_option(asio::ip::tcp::no_delay(true), ignored);
  BeginStep();
  stream_->async_handshake(
      TlsStream::Side::kClient,
      [self = shared_from_this()](const error_code& why) { self->OnHandshake(why); });
}

void Dial::OnHandshake(const error_code& error) {
  if (Failed("no TLS with " + where_, error)) return;
  const Status checked = target_.check(PeerChainPem(stream_->native_handle()));
  if (!checked.ok()) {
    return Finish(checked.WithContext(where_ + " is not this cluster's controller"));
  }
  if (socket_limits_) {
    OpenSocket();
  } else {
    SendRequest();
  }
}

void Dial::SendRequest() {
  BeginStep();
  http::async_write(*stream_, request_,
                    [self = shared_from_this()](const error_code& error, size_t) {
                      if (self->Failed("nothing can be sent to " + self->where_, error)) return;
                      self->ReadAnswer();
                    });
}

void Dial::ReadAnswer() {
  parser_.body_limit(kMaxDialAnswerBytes);
  BeginStep();
  http::async_read(
      *stream_, buffer_, parser_, [self = shared_from_this()](const error_code& error, size_t) {
        if (self->Failed("no answer from " + self->where_, error)) return;
        auto& message = self->parser_.get();
        self->Finish(DialAnswer{static_cast<int>(message.result_int()), message.body(), {}});
      });
}

void Dial::OpenSocket() {
  socket_.emplace(std::move(*stream_));
  SetSocketOptions(*socket_limits_, &*socket_);
  socket_->async_handshake(
      socket_answer_, where_, path_,
      [self = shared_from_this()](const error_code& error) { self->OnSocket(error); });
}

void Dial::OnSocket(const error_code& error) {
  if (error == websocket::error::upgrade_declined) {
    return Finish(DialAnswer{
        static_cast<int>(socket_answer_.result_int()), std::string(socket_answer_.body()), {}});
  }
  if (Failed("no answer from " + where_, error)) return;
  Finish(DialAnswer{101, "", MakeBeastSocket(std::move(*socket_))});
}

bool Dial::Failed(const std::string& what, const error_code& error) {
  if (error) Finish(BeastError(what, error));
  return static_cast<bool>(error);
}

void Dial::Finish(Result<DialAnswer> answer) {
  if (!done_) return;
  const DialDone done = std::exchange(done_, nullptr);
  done(std::move(answer));
}

}  // namespace

void DialPost(const DialTarget& target, const std::string& path, const HttpFields& fields,
              const std::string& body, IoThread* io, DialDone done) {
  io->Post([=] { std::make_shared<Dial>(target, path, io, done)->Post(fields, body); });
}

void DialSocket(const DialTarget& target, const std::string& path, const SocketLimits& limits,
                IoThread* io, DialDone done) {
  io->Post([=] { std::make_shared<Dial>(target, path, io, done)->Socket(limits); });
}

}  // namespace reconcile
