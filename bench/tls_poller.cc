#include "bench/tls_poller.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include <array>

#include "base/check.h"

namespace reconcile {
namespace {

constexpr int kEventsAtOnce = 256;

// A key and a certificate that nobody checks.
void GiveIdentity(SSL_CTX* context) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                &EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
  X509* const raw = certificate.get();
  X509_gmtime_adj(X509_getm_notBefore(raw), -3600);
  X509_gmtime_adj(X509_getm_notAfter(raw), 86'400);
  X509_set_pubkey(raw, key.get());
  CHECK(X509_sign(raw, key.get(), EVP_sha256()) > 0);
  CHECK(SSL_CTX_use_certificate(context, raw) == 1);
  CHECK(SSL_CTX_use_PrivateKey(context, key.get()) == 1);
}

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

int64_t BenchMicros() {
  timespec now = {};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

TlsPoller::TlsPoller(bool server)
    : context_(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()), &SSL_CTX_free),
      server_(server),
      poll_(::epoll_create1(EPOLL_CLOEXEC)) {
  ::signal(SIGPIPE, SIG_IGN);
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_3_VERSION);
  SSL_CTX_set_mode(context_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                       SSL_MODE_RELEASE_BUFFERS);
  if (server) GiveIdentity(context_.get());
}

TlsPoller::~TlsPoller() = default;

uint16_t TlsPoller::Listen(const TlsPeer& model) {
  model_.on_ready = model.on_ready;
  model_.on_data = model.on_data;
  listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address = Loopback(0);
  CHECK(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  CHECK(::listen(listener_.get(), 1024) == 0);
  socklen_t size = sizeof(address);
  ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
  epoll_event event = {.events = EPOLLIN, .data = {.ptr = nullptr}};
  CHECK(::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, listener_.get(), &event) == 0);
  return ntohs(address.sin_port);
}

TlsPeer* TlsPoller::Add(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  auto peer = std::make_unique<TlsPeer>();
  peer->fd = UniqueFd(fd);
  peer->ssl.reset(SSL_new(context_.get()));
  SSL_set_fd(peer->ssl.get(), fd);
  if (server_) SSL_set_accept_state(peer->ssl.get());
  if (!server_) SSL_set_connect_state(peer->ssl.get());
  epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = peer.get()}};
  CHECK(::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, fd, &event) == 0);
  TlsPeer* const raw = peer.get();
  peers_[fd] = std::move(peer);
  return raw;
}

TlsPeer* TlsPoller::Connect(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(port);
  CHECK(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  TlsPeer* const peer = Add(fd);
  Advance(peer);
  return peer;
}

void TlsPoller::AcceptAll() {
  for (int fd = 0; (fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
    TlsPeer* const peer = Add(fd);
    peer->on_ready = model_.on_ready;
    peer->on_data = model_.on_data;
    Advance(peer);
  }
}

void TlsPoller::Send(TlsPeer* peer, std::string_view bytes) {
  peer->out += bytes;
  if (peer->ready) Write(peer);
}

void TlsPoller::Write(TlsPeer* peer) {
  while (peer->written < peer->out.size() && !peer->closed) {
    const int size = SSL_write(peer->ssl.get(), peer->out.data() + peer->written,
                               static_cast<int>(peer->out.size() - peer->written));
    if (size <= 0) {
      const int error = SSL_get_error(peer->ssl.get(), size);
      peer->closed = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
      if (peer->closed) ++closed_;
      return;
    }
    peer->written += static_cast<size_t>(size);
  }
  peer->out.clear();
  peer->written = 0;
}

void TlsPoller::Read(TlsPeer* peer) {
  static std::array<char, 65'536> buffer;
  while (!peer->closed) {
    const int size = SSL_read(peer->ssl.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (size <= 0) {
      const int error = SSL_get_error(peer->ssl.get(), size);
      peer->closed = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
      if (peer->closed) ++closed_;
      return;
    }
    if (peer->on_data) peer->on_data(peer, {buffer.data(), static_cast<size_t>(size)});
  }
}

void TlsPoller::Advance(TlsPeer* peer) {
  if (peer->closed) return;
  if (!peer->ready) {
    const int done = SSL_do_handshake(peer->ssl.get());
    if (done != 1) {
      const int error = SSL_get_error(peer->ssl.get(), done);
      peer->closed = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
      if (peer->closed) ++closed_;
      return;
    }
    peer->ready = true;
    if (peer->on_ready) peer->on_ready(peer);
  }
  Write(peer);
  Read(peer);
}

void TlsPoller::Poll(int wait_ms) {
  std::array<epoll_event, kEventsAtOnce> events;
  const int count = ::epoll_wait(poll_.get(), events.data(), kEventsAtOnce, wait_ms);
  for (int i = 0; i < count; ++i) {
    auto* const peer = static_cast<TlsPeer*>(events[static_cast<size_t>(i)].data.ptr);
    if (peer == nullptr) {
      AcceptAll();
    } else {
      Advance(peer);
    }
  }
}

}  // namespace reconcile
