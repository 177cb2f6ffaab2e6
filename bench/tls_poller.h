#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace reconcile {

// One TLS connection of a bench's client or floor. Its poller's thread alone.
struct TlsPeer {
  UniqueFd fd;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl{nullptr, &SSL_free};
  std::string out;  // not written yet
  size_t written = 0;
  bool ready = false;  // the handshake is done
  bool closed = false;
  std::function<void(TlsPeer*)> on_ready;
  std::function<void(TlsPeer*, std::string_view)> on_data;
  std::string text;  // the user's, as `mark` is
  int64_t mark = 0;
};

// Many TLS 1.3 connections on one thread, over epoll and OpenSSL alone: nothing of the product's
// own code is in the way that its figures are compared with.
class TlsPoller {
 public:
  // `server`: with a key of its own, for Listen.
  explicit TlsPoller(bool server);
  ~TlsPoller();
  // Any free port of loopback. Connections get the calls of `model`.
  uint16_t Listen(const TlsPeer& model);
  TlsPeer* Connect(uint16_t port);
  void Send(TlsPeer* peer, std::string_view bytes);
  // Handles what is there, waiting up to `wait_ms` for the first.
  void Poll(int wait_ms);
  size_t closed_count() const { return closed_; }
  std::map<int, std::unique_ptr<TlsPeer>>& peers() { return peers_; }

 private:
  TlsPeer* Add(int fd);
  void Advance(TlsPeer* peer);
  void Read(TlsPeer* peer);
  void Write(TlsPeer* peer);
  void AcceptAll();

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  const bool server_;
  UniqueFd poll_;
  UniqueFd listener_;
  TlsPeer model_;
  std::map<int, std::unique_ptr<TlsPeer>> peers_;  // by descriptor
  size_t closed_ = 0;
};

// Of CLOCK_BOOTTIME, which all processes share.
int64_t BenchMicros();

}  // namespace reconcile
