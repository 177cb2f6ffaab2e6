#pragma once

// Only for beast_*.cc: whoever includes it pays a minute of compilation.
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <functional>
#include <memory>

#include "link/link_socket.h"
#include "link/tls_stream.h"

namespace reconcile {

// Without compression: nothing here inflates what comes from outside.
using BeastWebSocket = boost::beast::websocket::stream<TlsStream, false>;

using SocketDone = std::function<void(Result<std::shared_ptr<LinkSocket>>)>;

// The options that both ends of a WebSocket have.
void SetSocketOptions(const SocketLimits& limits, BeastWebSocket* socket);
// A WebSocket whose handshake is done.
std::shared_ptr<LinkSocket> MakeBeastSocket(BeastWebSocket socket);
// Answers a request for a WebSocket, which is to speak `subprotocol` unless that is empty; `done`
// is called once.
void AcceptBeastSocket(TlsStream stream,
                       const boost::beast::http::request<boost::beast::http::string_body>& request,
                       const SocketLimits& limits, const std::string& subprotocol, SocketDone done);

// "what: why", as Unavailable.
Status BeastError(const std::string& what, const boost::system::error_code& error);

}  // namespace reconcile
