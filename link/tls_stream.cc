#include "link/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <boost/asio/ssl/error.hpp>
#include <cerrno>
#include <chrono>

#include "base/check.h"

namespace reconcile {

namespace asio = boost::asio;

TlsStream::TlsStream(asio::ip::tcp::socket socket, SSL_CTX* context)
    : state_(std::make_shared<State>(std::move(socket))) {
  state_->ssl.reset(SSL_new(context));
  BIO* const bio = BIO_new(SocketMethod());
  CHECK(state_->ssl != nullptr && bio != nullptr);
  BIO_set_data(bio, state_.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(state_->ssl.get(), bio, bio);  // it is the SSL's now
  // A write that waited may go on from where its bytes were moved to.
  SSL_set_mode(state_->ssl.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_set_read_ahead(state_->ssl.get(), 1);
}

void TlsStream::ExpiresAfter(int64_t limit_ms) {
  state_->timer.expires_after(std::chrono::milliseconds(limit_ms));
  state_->timer.async_wait([weak = std::weak_ptr(state_)](const ErrorCode& error) {
    const auto state = weak.lock();
    // One that was due may have been set anew before this.
    if (error || !state || state->timer.expiry() > std::chrono::steady_clock::now()) return;
    state->expired = true;
    ErrorCode ignored;
    state->socket.close(ignored);
  });
  state_->expired = false;
}

void TlsStream::ExpiresNever() {
  state_->timer.expires_at(asio::steady_timer::time_point::max());
  state_->expired = false;
}

TlsStream::Attempt TlsStream::State::Shake() {
  ERR_clear_error();
  return Judge(SSL_do_handshake(ssl.get()), 0);
}

TlsStream::Attempt TlsStream::State::Shutdown() {
  ERR_clear_error();
  int result = SSL_shutdown(ssl.get());
  if (result == 0) result = SSL_shutdown(ssl.get());  // said; now the other side
  return Judge(result, 0);
}

TlsStream::Attempt TlsStream::State::Read(asio::mutable_buffer buffer) {
  if (buffer.size() == 0) return {};
  ERR_clear_error();
  size_t size = 0;
  const int result = SSL_read_ex(ssl.get(), buffer.data(), buffer.size(), &size);
  return Judge(result, size);
}

TlsStream::Attempt TlsStream::State::Write(asio::const_buffer buffer) {
  if (buffer.size() == 0) return {};
  ERR_clear_error();
  size_t size = 0;
  const int result = SSL_write_ex(ssl.get(), buffer.data(), buffer.size(), &size);
  return Judge(result, size);
}

TlsStream::Attempt TlsStream::State::Judge(int result, size_t size) {
  if (result > 0) return {Want::kNothing, {}, size};
  switch (SSL_get_error(ssl.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {Want::kReadable, {}, 0};
    case SSL_ERROR_WANT_WRITE:
      return {Want::kWritable, {}, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {Want::kNothing, asio::error::eof, 0};
    case SSL_ERROR_SSL: {
      const unsigned long code = ERR_get_error();
      ERR_clear_error();
      return {Want::kNothing, {static_cast<int>(code), asio::error::get_ssl_category()}, 0};
    }
    default:
      return {Want::kNothing,
              socket_error ? socket_error : ErrorCode(asio::ssl::error::stream_truncated), 0};
  }
}

// As libssl's own for sockets, but that a reader who is gone sends this process no signal.
const BIO_METHOD* TlsStream::SocketMethod() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    CHECK(made != nullptr);
    BIO_meth_set_read(made, ReadSocket);
    BIO_meth_set_write(made, WriteSocket);
    BIO_meth_set_ctrl(made, [](BIO*, int command, long, void*) -> long {
      return command == BIO_CTRL_FLUSH ? 1 : 0;
    });
    return made;
  }();
  return method;
}

int TlsStream::ReadSocket(BIO* bio, char* into, int size) {
  State* const state = static_cast<State*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const ssize_t got =
      ::recv(state->socket.native_handle(), into, static_cast<size_t>(size), MSG_DONTWAIT);
  if (got > 0) return static_cast<int>(got);
  if (got == 0) {
    state->socket_error = asio::ssl::error::stream_truncated;
  } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
    BIO_set_retry_read(bio);
  } else {
    state->socket_error = ErrorCode(errno, boost::system::system_category());
  }
  return got == 0 ? 0 : -1;
}

int TlsStream::WriteSocket(BIO* bio, const char* from, int size) {
  State* const state = static_cast<State*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const ssize_t sent = ::send(state->socket.native_handle(), from, static_cast<size_t>(size),
                              MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<int>(sent);
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
    BIO_set_retry_write(bio);
  } else {
    state->socket_error = ErrorCode(errno, boost::system::system_category());
  }
  return -1;
}

}  // namespace reconcile
