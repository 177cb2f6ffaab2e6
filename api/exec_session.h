#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/pod_input.h"
#include "api/socket_session.h"
#include "base/value.h"

namespace reconcile {

// Kubernetes' protocols of remote commands, the better one first. Binary messages whose first byte
// is a channel: 0 input, 1 output, 2 errors, 3 how it ended (a Status object), 4 the terminal's
// size. In v5 the message [255, channel] closes a channel (k8s.io/apimachinery, remotecommand).
inline constexpr std::string_view kChannelProtocolV5 = "v5.channel.k8s.io";
inline constexpr std::string_view kChannelProtocolV4 = "v4.channel.k8s.io";
inline constexpr uint8_t kCloseChannel = 255;
std::string OnChannel(size_t channel, std::string_view bytes);

// The first of `spoken` that is among `offered`.
std::optional<std::string> ChooseSubprotocol(const std::vector<std::string>& offered,
                                             const std::vector<std::string_view>& spoken);

// A session of exec or attach: begins at once.
std::shared_ptr<SocketSession> MakeExecSession(const PodStreamRequest& request,
                                               std::string_view protocol,
                                               const PodStreamOpener& open, SessionPeer* peer);

// PURE: how a remote command ended, as the channel 3 has it.
Value EndStatus(const PodStreamEnd& end);

}  // namespace reconcile
