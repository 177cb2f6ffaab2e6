#pragma once

// Only for beast_*.cc, as link/beast_stream.h is.
#include <netinet/tcp.h>

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/log.h"
#include "link/beast_stream.h"
#include "link/io_thread.h"
#include "link/tls_context.h"

namespace reconcile {

inline constexpr int64_t kAcceptAgainMs = 100;  // after the system refused one (descriptors)

// Of the connections: TCP's own probes.
inline constexpr int kKeepAliveIdleS = 30;
inline constexpr int kKeepAliveEveryS = 10;
inline constexpr int kKeepAliveTimes = 3;

// Accepts connections for TLS, and goes on when the system has no room for one. `Place` is what
// holds a connection's place: `enter` gives it for the address that it comes from, or nullptr, and
// then it is closed without a word. All is called on the IoThread.
template <typename Place>
class BeastListener final : public std::enable_shared_from_this<BeastListener<Place>> {
 public:
  struct Calls {
    std::function<std::shared_ptr<Place>(const std::string& remote_address)> enter;
    std::function<TlsContext()> tls;  // for the next handshake
    std::function<void(TlsStream, std::shared_ptr<Place>, std::string remote_address)> begin;
  };

  BeastListener(IoThread* io, Calls calls)
      : io_(io), calls_(std::move(calls)), acceptor_(io->context()) {}

  // `purpose` ("listen") and `advice` go into what is said when it is Unavailable: the address is
  // taken, say. Invalid when it is none. Returns the port.
  Result<uint16_t> Listen(const std::string& ip_address, uint16_t port, const std::string& purpose,
                          const std::string& advice) {
    const std::string failed =
        "cannot " + purpose + " on " + ip_address + ":" + std::to_string(port) + ": ";
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(ip_address, error);
    if (error) return InvalidError(failed + "not an address");
    const boost::asio::ip::tcp::endpoint endpoint(address, port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(boost::asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
    if (error) return UnavailableError(failed + error.message() + "; " + advice);
    return acceptor_.local_endpoint().port();
  }

  void Accept() {
    acceptor_.async_accept([self = this->shared_from_this()](const boost::system::error_code& error,
                                                             boost::asio::ip::tcp::socket socket) {
      self->OnAccepted(error, std::move(socket));
    });
  }

 private:
  // A peer that went without a word is missed after a minute, also where nothing is to be sent.
  static void KeepAlive(boost::asio::ip::tcp::socket* socket) {
    using boost::asio::detail::socket_option::integer;
    boost::system::error_code ignored;
    socket->set_option(boost::asio::socket_base::keep_alive(true), ignored);
    socket->set_option(integer<IPPROTO_TCP, TCP_KEEPIDLE>(kKeepAliveIdleS), ignored);
    socket->set_option(integer<IPPROTO_TCP, TCP_KEEPINTVL>(kKeepAliveEveryS), ignored);
    socket->set_option(integer<IPPROTO_TCP, TCP_KEEPCNT>(kKeepAliveTimes), ignored);
  }
  void OnAccepted(const boost::system::error_code& error, boost::asio::ip::tcp::socket socket) {
    if (error) {
      if (!refused_before_) LogError("no connections can be accepted", {{"why", error.message()}});
      refused_before_ = true;
      io_->After(kAcceptAgainMs, [self = this->shared_from_this()] { self->Accept(); });
      return;
    }
    refused_before_ = false;
    boost::system::error_code gone;
    const auto remote = socket.remote_endpoint(gone);
    const std::string address = gone ? "" : remote.address().to_string();
    auto place = gone ? nullptr : calls_.enter(address);
    if (place != nullptr) {
      socket.set_option(boost::asio::ip::tcp::no_delay(true), gone);
      KeepAlive(&socket);
      calls_.begin(TlsStream(std::move(socket), calls_.tls().get()), std::move(place), address);
    }
    Accept();
  }

  IoThread* const io_;
  const Calls calls_;
  boost::asio::ip::tcp::acceptor acceptor_;
  bool refused_before_ = false;
};

}  // namespace reconcile
