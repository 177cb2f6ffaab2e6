#pragma once

// Only for beast_*.cc, as link/beast_stream.h is.
#include <openssl/ssl.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/role.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace reconcile {

// TLS over a TCP connection, as Asio and Beast want a stream. libssl reads and writes the socket
// itself, and has buffers only while a record is on its way: a connection on which nothing is said
// keeps some kilobytes, where asio::ssl::stream keeps 70 KB. One read and one write may be under
// way at once. Its context's thread only.
class TlsStream {
 public:
  using executor_type = boost::asio::any_io_executor;
  using next_layer_type = boost::asio::ip::tcp::socket;
  using ErrorCode = boost::system::error_code;
  enum class Side { kServer, kClient };

  // Takes a reference of its own to `context`.
  TlsStream(boost::asio::ip::tcp::socket socket, SSL_CTX* context);

  executor_type get_executor() { return state_->socket.get_executor(); }
  next_layer_type& next_layer() { return state_->socket; }
  const next_layer_type& next_layer() const { return state_->socket; }
  SSL* native_handle() { return state_->ssl.get(); }

  // The connection ends then. What is under way on it, or begins later, ends with
  // asio::error::timed_out.
  void ExpiresAfter(int64_t limit_ms);
  void ExpiresNever();

  // Each completes as Asio's do: never inside the call, with eof when the other side said goodbye,
  // with ssl::error::stream_truncated when it is gone without.

  // done(error, endpoint)
  template <typename Done>
  void AsyncConnect(const std::vector<boost::asio::ip::tcp::endpoint>& endpoints, Done done);
  template <typename Token>
  auto async_handshake(Side side, Token&& token) {
    if (side == Side::kServer) {
      SSL_set_accept_state(native_handle());
    } else {
      SSL_set_connect_state(native_handle());
    }
    return Begin<void(ErrorCode)>([](State* state) { return state->Shake(); },
                                  std::forward<Token>(token));
  }
  // Says goodbye and waits for the other side's.
  template <typename Token>
  auto async_shutdown(Token&& token) {
    return Begin<void(ErrorCode)>([](State* state) { return state->Shutdown(); },
                                  std::forward<Token>(token));
  }
  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return Begin<void(ErrorCode, size_t)>([buffer = FirstOf<boost::asio::mutable_buffer>(buffers)](
                                              State* state) { return state->Read(buffer); },
                                          std::forward<Token>(token));
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    const auto first = FirstOf<boost::asio::const_buffer>(buffers);
    std::string gathered;
    if (first.size() < kRecordBytes && first.size() < boost::asio::buffer_size(buffers)) {
      gathered.resize(std::min(kRecordBytes, boost::asio::buffer_size(buffers)));
      boost::asio::buffer_copy(boost::asio::buffer(gathered), buffers);
    }
    return Begin<void(ErrorCode, size_t)>(
        [first, gathered = std::move(gathered)](State* state) {
          return state->Write(gathered.empty() ? first : boost::asio::buffer(gathered));
        },
        std::forward<Token>(token));
  }

 private:
  static constexpr size_t kRecordBytes = 16 << 10;  // small pieces share a record, RFC 8446 5.1

  enum class Want { kNothing, kReadable, kWritable };
  // What an attempt came to: it is done, or wants something of the socket first.
  struct Attempt {
    Want want = Want::kNothing;
    ErrorCode error;
    size_t size = 0;
  };
  struct SslFree {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  struct State {
    explicit State(boost::asio::ip::tcp::socket tcp)
        : socket(std::move(tcp)), timer(socket.get_executor()) {}
    Attempt Shake();
    Attempt Shutdown();
    Attempt Read(boost::asio::mutable_buffer buffer);
    Attempt Write(boost::asio::const_buffer buffer);
    Attempt Judge(int result, size_t size);

    boost::asio::ip::tcp::socket socket;
    boost::asio::steady_timer timer;
    std::unique_ptr<SSL, SslFree> ssl;
    ErrorCode socket_error;  // the last that libssl was not told in words
    bool expired = false;
  };

  // One operation: attempts, with waits between them.
  template <typename Try>
  struct Operation {
    std::shared_ptr<State> state;
    Try attempt;
    bool waited = false;
    Attempt last = {};

    template <typename Self>
    void operator()(Self& self, const ErrorCode& error = {}) {
      State& on = *state;
      const bool is_over = waited && last.want == Want::kNothing;
      if (!is_over) {
        if (on.expired) {
          last = {Want::kNothing, boost::asio::error::timed_out};
        } else if (error) {
          last = {Want::kNothing, error};
        } else {
          last = attempt(&on);
        }
      }
      if (last.want != Want::kNothing) {
        waited = true;
        using Socket = boost::asio::ip::tcp::socket;
        return on.socket.async_wait(
            last.want == Want::kReadable ? Socket::wait_read : Socket::wait_write, std::move(self));
      }
      if (!std::exchange(waited, true)) {
        return boost::asio::post(on.socket.get_executor(), std::move(self));
      }
      if constexpr (Try::kCounts) {
        self.complete(last.error, last.size);
      } else {
        self.complete(last.error);
      }
    }
  };
  template <typename Function, bool counts>
  struct Tried : Function {
    static constexpr bool kCounts = counts;
  };
  template <typename Signature, typename Function, typename Token>
  auto Begin(Function attempt, Token&& token) {
    using Try = Tried<Function, std::is_same_v<Signature, void(ErrorCode, size_t)>>;
    return boost::asio::async_compose<Token, Signature>(
        Operation<Try>{state_, Try{std::move(attempt)}}, token, state_->socket);
  }
  // The first that is not empty.
  template <typename Buffer, typename Buffers>
  static Buffer FirstOf(const Buffers& buffers) {
    const auto end = boost::asio::buffer_sequence_end(buffers);
    for (auto it = boost::asio::buffer_sequence_begin(buffers); it != end; ++it) {
      const Buffer buffer(*it);
      if (buffer.size() > 0) return buffer;
    }
    return Buffer();
  }
  static const BIO_METHOD* SocketMethod();
  static int ReadSocket(BIO* bio, char* into, int size);
  static int WriteSocket(BIO* bio, const char* from, int size);

  std::shared_ptr<State> state_;
};

template <typename Done>
void TlsStream::AsyncConnect(const std::vector<boost::asio::ip::tcp::endpoint>& endpoints,
                             Done done) {
  boost::asio::async_connect(
      state_->socket, endpoints,
      [state = state_, done = std::move(done)](
          const ErrorCode& error, const boost::asio::ip::tcp::endpoint& endpoint) mutable {
        done(state->expired ? ErrorCode(boost::asio::error::timed_out) : error, endpoint);
      });
}

// For Beast's WebSocket, which ends the stream below it so.
template <typename Handler>
void async_teardown(boost::beast::role_type, TlsStream& stream, Handler&& handler) {
  stream.async_shutdown(std::forward<Handler>(handler));
}

}  // namespace reconcile
