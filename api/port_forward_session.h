#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/exec_session.h"
#include "api/pod_input.h"
#include "api/socket_session.h"

namespace reconcile {

inline constexpr size_t kMaxForwardedPorts = 32;  // of one session

std::optional<uint16_t> ParsePort(std::string_view text);  // decimal, 1 to 65535

// Ports of a pod over the channels of api/exec_session.h, as the kubelet has it: the n-th port has
// 2n for its bytes both ways and 2n+1 for what went wrong, in words; the first message of each
// channel is the port, two bytes, little-endian. One connection into the pod for each port, opened
// at once; when all have ended, so does the session. v5 closes a port's input by [255, 2n].
std::shared_ptr<SocketSession> MakePortForwardSession(const std::vector<uint16_t>& ports,
                                                      std::string_view protocol,
                                                      const PodStreamOpener& open,
                                                      SessionPeer* peer);

}  // namespace reconcile
