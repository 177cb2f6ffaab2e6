// The connections of the API's port: HTTP/1.1 over TLS, one request after the other, read in steps,
// so that nothing of a request is taken in before it is known to be welcome. Answers are written as
// text of our own, whole or in chunks.
#include "api/beast_api.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <optional>

#include "api/api_stream.h"
#include "api/beast_head.h"
#include "api/http_text.h"
#include "api/refusal.h"
#include "api/routes.h"
#include "base/log.h"
#include "link/beast_listener.h"
#include "link/beast_stream.h"

namespace reconcile {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr size_t kReadAtOnceBytes = 16 << 10;
constexpr size_t kHangUpBytes = 512;  // read at once of what nobody listens to
constexpr size_t kWriteAtOnceBytes = 256 << 10;
constexpr size_t kMaxLingerBytes = 1 << 20;  // read and thrown away after a refusal
constexpr int64_t kLingerMs = 1'000;

class ApiSession final : public ApiStreamWriter, public std::enable_shared_from_this<ApiSession> {
 public:
  ApiSession(TlsStream tls, std::shared_ptr<const ApiServerParts> parts,
             std::shared_ptr<ApiGate::Place> place, std::string remote_address)
      : tls_(std::move(tls)),
        parts_(std::move(parts)),
        place_(std::move(place)),
        remote_address_(std::move(remote_address)),
        buffer_(parts_->options.max_head_bytes + kReadAtOnceBytes) {}
  void Start();

 private:
  const ApiServerOptions& options() const { return parts_->options; }
  // Whatever is under way then has this long, or the connection ends.
  void Arm(int64_t limit_ms);
  void Close();
  void ReadHead();
  void OnHead(const error_code& error);
  void TakeHead();
  void ReadBody();
  void OnBody(const error_code& error);
  void Dispatch();
  void DispatchHealth(uint64_t turn, ApiRequest request);
  void OnAnswer(uint64_t turn, ApiResponse answer);
  void RefuseBad(int code, const std::string& why);
  void Answer(const ApiResponse& answer, bool close);
  void TellAnswer(int code);
  void WriteOut(int64_t limit_ms, std::function<void()> done);
  void BeginSocket(ApiResponse answer);
  void BeginStream(ApiResponse answer);
  void WatchForHangUp();
  void Recheck();
  void Linger();
  void ReadAway();
  // Of ApiStreamWriter.
  void WritePieces(std::vector<SharedBytes> pieces, bool patient,
                   std::function<void()> done) override;
  void AnswerInstead(const ApiResponse& answer) override { Answer(answer, true); }
  void EndAfterStream(bool clean) override;

  TlsStream tls_;
  const std::shared_ptr<const ApiServerParts> parts_;
  const std::shared_ptr<ApiGate::Place> place_;
  const std::string remote_address_;
  std::string chain_pem_;
  beast::flat_buffer buffer_;
  std::optional<BeastRequestParser> parser_;
  ApiHead head_;
  ApiGate::BodyShare body_share_;
  uint64_t turn_ = 0;  // requests so far; answers to earlier ones come too late
  bool answered_ = false;
  TimerId timer_ = 0;
  ApiServerOptions::OnAnswer on_answer_;
  std::string out_;
  size_t written_ = 0;
  std::shared_ptr<ApiStream> stream_;
  size_t lingered_bytes_ = 0;
};

void ApiSession::Arm(int64_t limit_ms) {
  parts_->io->Cancel(timer_);
  timer_ = parts_->io->After(limit_ms, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Close();
  });
}

void ApiSession::Close() {
  ++turn_;
  stream_.reset();
  body_share_.reset();
  parts_->io->Cancel(timer_);
  error_code ignored;
  tls_.next_layer().close(ignored);
}

void ApiSession::Start() {
  Arm(options().step_ms);
  tls_.async_handshake(TlsStream::Side::kServer,
                       [self = shared_from_this()](const error_code& error) {
                         if (error) return self->Close();  // a port scan, or TLS older than 1.3
                         self->chain_pem_ = PeerChainPem(self->tls_.native_handle());
                         self->ReadHead();
                       });
}

void ApiSession::ReadHead() {
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(options().max_head_bytes));
  parser_->body_limit(boost::none);  // until it is known whose it is
  head_ = {};
  head_.request.remote_address = remote_address_;
  answered_ = false;
  Arm(place_->is_known() ? options().idle_ms : options().step_ms);
  http::async_read_header(
      tls_, buffer_, *parser_,
      [self = shared_from_this()](const error_code& error, size_t) { self->OnHead(error); });
}

void ApiSession::OnHead(const error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return RefuseBad(431, "the request's head has more than " +
                              std::to_string(options().max_head_bytes) + " bytes");
  }
  if (error == http::error::end_of_stream || error == http::error::partial_message) return Close();
  if (error.category() == http::make_error_code(http::error::bad_method).category()) {
    return RefuseBad(400, "not an HTTP request: " + error.message());
  }
  if (error) return Close();
  TakeHead();
}

void ApiSession::TakeHead() {
  if (options().on_request) on_answer_ = options().on_request();
  const HttpProblem problem = ReadBeastHead(*parser_, &head_);
  if (problem.code != 0) return RefuseBad(problem.code, problem.why);
  ReadUpgrade(head_.headers, beast::websocket::is_upgrade(parser_->get()), &head_.request);
  if (const auto refusal = parts_->gate->Refuse(chain_pem_, place_.get(), &head_)) {
    return Answer(*refusal, head_.has_body || refusal->code == 401);
  }
  if (head_.has_body) return ReadBody();
  Dispatch();
}

void ApiSession::ReadBody() {
  const auto length = parser_->content_length();
  if (length && *length > options().max_body_bytes) {
    return RefuseBad(413, "the body has " + std::to_string(*length) + " bytes, more than " +
                              std::to_string(options().max_body_bytes));
  }
  body_share_ = parts_->gate->ReserveBody(length.value_or(options().max_body_bytes));
  if (!body_share_) {
    ApiResponse answer = RefusalResponse(429, "too many requests with bodies at once");
    answer.retry_after_s = 1;
    return Answer(answer, true);
  }
  parser_->body_limit(options().max_body_bytes);
  Arm(options().step_ms);
  http::async_read(
      tls_, buffer_, *parser_,
      [self = shared_from_this()](const error_code& error, size_t) { self->OnBody(error); });
}

void ApiSession::OnBody(const error_code& error) {
  if (error == http::error::body_limit || error == http::error::buffer_overflow) {
    return RefuseBad(413, "the body is larger than this place takes");
  }
  if (error == http::error::end_of_stream || error == http::error::partial_message) return Close();
  if (error.category() == http::make_error_code(http::error::bad_method).category()) {
    return RefuseBad(400, "the body cannot be read: " + error.message());
  }
  if (error) return Close();
  head_.request.body = std::move(parser_->get().body());
  if (head_.is_login) return Answer(parts_->gate->LogIn(head_), true);
  Dispatch();
}

void ApiSession::Dispatch() {
  const uint64_t turn = ++turn_;
  parts_->io->Cancel(timer_);
  // Nothing else holds the connection while the handler works.
  timer_ = parts_->io->After(options().answer_ms, [self = shared_from_this(), turn] {
    self->OnAnswer(turn, RefusalResponse(504, "the controller did not answer in time"));
  });
  // The body goes with the request, and its share of the memory as long as the handler has it.
  std::string body = std::exchange(head_.request.body, {});
  ApiRequest request = head_.request;
  request.body = std::move(body);
  if (LastHealth::IsAskedBy(request)) {
    request.body = {};
    body_share_.reset();
    return DispatchHealth(turn, std::move(request));
  }
  parts_->loop->Post([handler = parts_->handler, bridge = parts_->bridge, weak = weak_from_this(),
                      turn, request = std::move(request), share = std::move(body_share_)] {
    ApiResponse answer = (*handler)(request);
    bridge->Post([weak, turn, answer = std::move(answer)]() mutable {
      if (const auto self = weak.lock()) self->OnAnswer(turn, std::move(answer));
    });
  });
}

// The loop's answer, or the one before it when the loop is busy.
void ApiSession::DispatchHealth(uint64_t turn, ApiRequest request) {
  parts_->io->After(LastHealth::kPatienceMs, [weak = weak_from_this(), turn, request] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    const auto known = self->parts_->health->Find(request, self->parts_->io->now().mono);
    if (known) self->OnAnswer(turn, *known);
  });
  parts_->loop->Post([handler = parts_->handler, bridge = parts_->bridge, health = parts_->health,
                      io = parts_->io, weak = weak_from_this(), turn,
                      request = std::move(request)] {
    ApiResponse answer = (*handler)(request);
    bridge->Post([weak, turn, health, io, request, answer = std::move(answer)]() mutable {
      health->Note(request, answer, io->now().mono);
      if (const auto self = weak.lock()) self->OnAnswer(turn, std::move(answer));
    });
  });
}

void ApiSession::OnAnswer(uint64_t turn, ApiResponse answer) {
  if (turn != turn_ || answered_) return;
  ++turn_;  // another answer to it comes too late
  if (answer.socket) return BeginSocket(std::move(answer));
  if (answer.stream && head_.request.method == "HEAD") return Answer(answer, true);
  if (answer.stream) return BeginStream(std::move(answer));
  Answer(answer, false);
}

void ApiSession::RefuseBad(int code, const std::string& why) {
  parts_->gate->OnBadRequest(remote_address_, code, why);
  Answer(RefusalResponse(code, why), true);
}

void ApiSession::TellAnswer(int code) {
  if (const auto on_answer = std::exchange(on_answer_, {})) on_answer(head_.request, code);
}

void ApiSession::Answer(const ApiResponse& answer, bool close) {
  if (std::exchange(answered_, true)) return;
  TellAnswer(answer.code);
  const bool keep = !close && parser_->get().keep_alive();
  out_ = ResponseHead(answer, answer.body.size(), keep);
  if (head_.request.method != "HEAD") out_ += answer.body;
  WriteOut(options().write_ms, [self = shared_from_this(), keep] {
    if (keep) return self->ReadHead();
    self->Linger();
  });
}

// In parts: a large answer has as long for each as a small one.
void ApiSession::WriteOut(int64_t limit_ms, std::function<void()> done) {
  const size_t size = std::min(kWriteAtOnceBytes, out_.size() - written_);
  Arm(limit_ms);
  asio::async_write(tls_, asio::buffer(out_.data() + written_, size),
                    [self = shared_from_this(), limit_ms, done = std::move(done)](
                        const error_code& error, size_t count) mutable {
                      if (error) return self->Close();
                      self->written_ += count;
                      if (self->written_ < self->out_.size()) {
                        return self->WriteOut(limit_ms, std::move(done));
                      }
                      self->out_ = {};
                      self->written_ = 0;
                      self->parts_->io->Cancel(self->timer_);
                      done();
                    });
}

// From here on the connection is the socket's. Nobody may have said anything on it before it knows
// that it is one.
void ApiSession::BeginSocket(ApiResponse answer) {
  const std::string user = head_.request.user ? head_.request.user->name : "";
  auto place = parts_->sockets->Enter(user);
  if (!place) {
    return Answer(RefusalResponse(429,
                                  "too many open sessions (exec, attach, port-forward) of "
                                  "user " +
                                      user + "; end some of them"),
                  true);
  }
  if (buffer_.size() > 0) return Close();
  parts_->io->Cancel(timer_);
  answered_ = true;
  TellAnswer(101);
  const SocketLimits limits = {.handshake_ms = options().step_ms,
                               .silent_ms = options().socket_silent_ms,
                               .max_message_bytes = kMaxSocketMessageBytes};
  const auto still_may = [parts = parts_, chain_pem = chain_pem_, head = head_] {
    return parts->gate->StillHolds(chain_pem, head);
  };
  AcceptBeastSocket(std::move(tls_), parser_->get(), limits, answer.socket->subprotocol,
                    [self = shared_from_this(), upgrade = *answer.socket, place = std::move(place),
                     still_may](Result<std::shared_ptr<LinkSocket>> socket) mutable {
                      if (!socket.ok()) return;
                      self->parts_->sockets->Begin(std::move(socket).value(), std::move(upgrade),
                                                   std::move(place), still_may, self->place_);
                    });
}

void ApiSession::BeginStream(ApiResponse answer) {
  parts_->io->Cancel(timer_);
  // Of a watch nothing stays that it does not need.
  parser_.reset();
  buffer_.clear();
  buffer_.shrink_to_fit();
  WatchForHangUp();
  Recheck();
  stream_ = std::make_shared<ApiStream>(weak_from_this(), std::move(answer), *parts_);
  stream_->Start();
}

void ApiSession::WritePieces(std::vector<SharedBytes> pieces, bool patient,
                             std::function<void()> done) {
  TellAnswer(200);  // with its first word
  Arm(patient ? options().patient_ms : options().write_ms);
  std::vector<asio::const_buffer> buffers;
  for (const SharedBytes& piece : pieces) buffers.push_back(asio::buffer(*piece));
  asio::async_write(tls_, buffers,
                    [self = shared_from_this(), pieces = std::move(pieces), done = std::move(done)](
                        const error_code& error, size_t) {
                      if (error) return self->Close();
                      self->parts_->io->Cancel(self->timer_);
                      done();
                    });
}

// Whatever a client sends while it is given a stream is not listened to: the connection ends after
// it.
void ApiSession::WatchForHangUp() {
  buffer_.clear();
  tls_.async_read_some(buffer_.prepare(kHangUpBytes),
                       [self = shared_from_this()](const error_code& error, size_t size) {
                         self->lingered_bytes_ += size;
                         if (error || self->lingered_bytes_ > kMaxLingerBytes) return self->Close();
                         self->WatchForHangUp();
                       });
}

void ApiSession::Recheck() {
  parts_->io->After(options().recheck_ms, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || !self->stream_) return;
    if (!self->parts_->gate->StillHolds(self->chain_pem_, self->head_)) return self->Close();
    self->Recheck();
  });
}

void ApiSession::EndAfterStream(bool clean) {
  if (!clean) return Close();  // so that the reader sees that this was no regular end
  error_code ignored;
  tls_.next_layer().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  Arm(kLingerMs);
}

// A close with unread input would be a reset, which may overtake the answer.
void ApiSession::Linger() {
  Arm(kLingerMs);
  tls_.async_shutdown([self = shared_from_this()](const error_code&) {
    // Whether the client said goodbye too, or is still sending: what comes is read away.
    error_code ignored;
    self->tls_.next_layer().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    self->ReadAway();
  });
}

void ApiSession::ReadAway() {
  buffer_.clear();
  tls_.next_layer().async_read_some(
      buffer_.prepare(kReadAtOnceBytes),
      [self = shared_from_this()](const error_code& error, size_t size) {
        self->lingered_bytes_ += size;
        if (error || self->lingered_bytes_ > kMaxLingerBytes) return self->Close();
        self->ReadAway();
      });
}

}  // namespace

Result<uint16_t> ListenApi(std::shared_ptr<const ApiServerParts> parts) {
  using Listener = BeastListener<ApiGate::Place>;
  IoThread* const io = parts->io;
  const auto listener = std::make_shared<Listener>(
      io, Listener::Calls{
              .enter = [parts](const std::string& from) { return parts->gate->Enter(from); },
              .tls = [parts] { return parts->gate->tls(); },
              .begin =
                  [parts](TlsStream tls, std::shared_ptr<ApiGate::Place> place, std::string from) {
                    std::make_shared<ApiSession>(std::move(tls), parts, std::move(place),
                                                 std::move(from))
                        ->Start();
                  }});
  const Result<uint16_t> port =
      listener->Listen(parts->options.address, parts->options.port, "serve the API",
                       "another port is chosen by --api-listen, or none by --api-listen off");
  if (port.ok()) io->Post([listener] { listener->Accept(); });
  return port;
}

}  // namespace reconcile
