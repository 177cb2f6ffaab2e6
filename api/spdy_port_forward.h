#pragma once

#include <memory>
#include <string_view>

#include "api/pod_input.h"
#include "api/socket_session.h"

namespace reconcile {

inline constexpr std::string_view kSpdyPortForwardProtocol = "SPDY/3.1+portforward.k8s.io";
inline constexpr size_t kMaxForwardedConnections = 128;  // of one session at a time

// `kubectl port-forward`: SPDY/3.1, its bytes in WebSocket messages, however these cut them. For
// each connection that kubectl took, the client opens two streams with the headers `requestid`
// (which makes them two of one), `port`, and `streamtype`: "data", or "error" for what went wrong,
// in words. One connection into the pod for each.
//
// The WebSocket holds back who sends too much, both ways. Clients are told what they may send by
// WINDOW_UPDATE too, but their own windows are not heeded: kubectl has none, and a server that
// waited for them would stop after 64 KiB.
std::shared_ptr<SocketSession> MakeSpdyPortForward(const PodStreamOpener& open, SessionPeer* peer);

}  // namespace reconcile
