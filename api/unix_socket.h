#pragma once

#include <memory>

#include "link/io_thread.h"
#include "link/link_socket.h"

namespace reconcile {

// A connection of the local socket whose messages are framed as api/socket_frames.h says. Takes
// `fd` over. On `io`, which outlives it; nullptr when `io` has no room for it.
std::shared_ptr<LinkSocket> MakeUnixSocket(int fd, IoThread* io);

}  // namespace reconcile
