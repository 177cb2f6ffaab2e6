#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "link/tls_context.h"

namespace reconcile {

// A client without our code that says and reads what the test tells it to.
class RawTls {
 public:
  // A small `receive_bytes` lets a server feel soon that nobody reads.
  explicit RawTls(uint16_t port, const KeyPair* identity = nullptr, int receive_bytes = 0)
      : context_(*MakeClientTls(identity)), ssl_(SSL_new(context_.get()), &SSL_free) {
    ::signal(SIGPIPE, SIG_IGN);
    fd_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience = {.tv_sec = 30, .tv_usec = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (receive_bytes > 0) {
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    }
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    SSL_set_fd(ssl_.get(), fd_.get());
    connected_ =
        ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
        SSL_connect(ssl_.get()) == 1;
  }
  bool connected() const { return connected_; }
  bool Send(const std::string& text) {
    return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) > 0;
  }
  // What comes until `end` is among it, or the connection's end.
  std::string ReadUntil(const std::string& end) {
    char buffer[4096];
    while (text_.find(end) == std::string::npos) {
      const int size = SSL_read(ssl_.get(), buffer, sizeof(buffer));
      if (size <= 0) break;
      text_.append(buffer, static_cast<size_t>(size));
    }
    const size_t at = text_.find(end);
    const size_t size = at == std::string::npos ? text_.size() : at + end.size();
    const std::string found = text_.substr(0, size);
    text_.erase(0, size);
    return found;
  }
  std::string ReadAll() { return ReadUntil("\x01 never said"); }
  // In good order. A server that closes first waits for this.
  void Close() {
    SSL_shutdown(ssl_.get());
    fd_ = UniqueFd();
  }
  // Reads one answer whose length its head tells; its code, 0 when the connection ended.
  int ReadAnswer(std::string* body = nullptr) {
    const std::string head = ReadUntil("\r\n\r\n");
    if (head.size() < 12) return 0;
    const size_t at = head.find("Content-Length: ");
    size_t left = at == std::string::npos ? 0 : std::strtoul(head.c_str() + at + 16, nullptr, 10);
    char buffer[4096];
    while (text_.size() < left) {
      const int size = SSL_read(ssl_.get(), buffer, sizeof(buffer));
      if (size <= 0) return 0;
      text_.append(buffer, static_cast<size_t>(size));
    }
    if (body != nullptr) *body = text_.substr(0, left);
    text_.erase(0, left);
    return std::atoi(head.c_str() + 9);
  }

 private:
  TlsContext context_;
  UniqueFd fd_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  bool connected_ = false;
  std::string text_;  // read and not handed out yet
};

}  // namespace reconcile
