#pragma once

#include <httplib.h>

#include <array>
#include <atomic>
#include <utility>

namespace reconcile {

// A connection on a Unix socket for cpp-httplib. Its own would give up a reader that takes nothing
// for a few seconds; this one waits for it as long as it stays, and until `stopping`. A sender of
// requests has kReadTimeoutMs for each part. Used by one thread; closes the socket.
class UnixStream final : public httplib::Stream {
 public:
  UnixStream(int socket, const std::atomic<bool>* stopping)
      : socket_(socket), stopping_(stopping) {}
  ~UnixStream() override;
  // Gives the connection away: the caller closes it. Nothing that came is kept back in here unless
  // more came than was read.
  int Release() { return std::exchange(socket_, -1); }
  UnixStream(const UnixStream&) = delete;
  UnixStream& operator=(const UnixStream&) = delete;

  bool is_readable() const override;
  // The other side is still there; writing may wait.
  bool is_writable() const override;
  ssize_t read(char* bytes, size_t size) override;         // -1: failed, or nothing came in time
  ssize_t write(const char* bytes, size_t size) override;  // all of them, or -1
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

 private:
  // Waits for one of `events`; false when the other side has gone, this stops, or time is up.
  bool Wait(short events, int timeout_ms) const;

  int socket_;  // -1: given away
  const std::atomic<bool>* const stopping_;
  std::array<char, 4096> buffer_{};
  size_t buffered_ = 0;
  size_t position_ = 0;
};

}  // namespace reconcile
