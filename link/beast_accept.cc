#include "link/beast_stream.h"

namespace reconcile {

void AcceptBeastSocket(TlsStream stream,
                       const boost::beast::http::request<boost::beast::http::string_body>& request,
                       const SocketLimits& limits, const std::string& subprotocol,
                       SocketDone done) {
  const auto socket = std::make_shared<BeastWebSocket>(std::move(stream));
  SetSocketOptions(limits, socket.get());
  if (!subprotocol.empty()) {
    socket->set_option(boost::beast::websocket::stream_base::decorator(
        [subprotocol](boost::beast::websocket::response_type& response) {
          response.set(boost::beast::http::field::sec_websocket_protocol, subprotocol);
        }));
  }
  socket->async_accept(request,
                       [socket, done = std::move(done)](const boost::system::error_code& error) {
                         if (error)
                           return done(BeastError("the WebSocket's handshake failed", error));
                         done(MakeBeastSocket(std::move(*socket)));
                       });
}

}  // namespace reconcile
