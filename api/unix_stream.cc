#include "api/unix_stream.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace reconcile {
namespace {

constexpr int kLookMs = 100;  // how soon a stop is noticed
constexpr int kReadTimeoutMs = 5'000;
constexpr int kForEver = -1;

}  // namespace

UnixStream::~UnixStream() {
  if (socket_ < 0) return;
  ::shutdown(socket_, SHUT_RDWR);
  ::close(socket_);
}

bool UnixStream::Wait(short events, int timeout_ms) const {
  for (int waited_ms = 0; !*stopping_; waited_ms += kLookMs) {
    if (timeout_ms != kForEver && waited_ms >= timeout_ms) return false;
    pollfd ready{socket_, events, 0};
    const int count = ::poll(&ready, 1, kLookMs);
    if (count < 0 && errno != EINTR) return false;
    if (count <= 0) continue;
    return (ready.revents & events) != 0;
  }
  return false;
}

bool UnixStream::is_readable() const {
  return position_ < buffered_ || Wait(POLLIN, kReadTimeoutMs);
}

bool UnixStream::is_writable() const {
  pollfd state{socket_, 0, 0};
  return !*stopping_ && ::poll(&state, 1, 0) == 0;  // else it has hung up
}

ssize_t UnixStream::read(char* bytes, size_t size) {
  if (position_ == buffered_) {
    if (!Wait(POLLIN, kReadTimeoutMs)) return -1;
    const ssize_t count = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
    if (count <= 0) return count;
    buffered_ = static_cast<size_t>(count);
    position_ = 0;
  }
  const size_t count = std::min(size, buffered_ - position_);
  std::copy_n(buffer_.data() + position_, count, bytes);
  position_ += count;
  return static_cast<ssize_t>(count);
}

ssize_t UnixStream::write(const char* bytes, size_t size) {
  for (size_t sent = 0; sent < size;) {
    if (!Wait(POLLOUT, kForEver)) return -1;
    const ssize_t count = ::send(socket_, bytes + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno != EAGAIN && errno != EINTR) return -1;
    if (count > 0) sent += static_cast<size_t>(count);
  }
  return static_cast<ssize_t>(size);
}

void UnixStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

void UnixStream::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

}  // namespace reconcile
