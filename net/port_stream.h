#pragma once

#include <cstdint>
#include <memory>

#include "base/pod_stream.h"
#include "base/socket_thread.h"

namespace reconcile {

// One TCP connection to a port, as a stream: its output is what the program there says. `sockets`
// is there as long as `*alive`. `open` gives a TCP socket of the right network namespace that does
// not block; it is called on the sockets' thread.
std::shared_ptr<PodStream> OpenPortStream(EventLoop* loop, SocketThread* sockets,
                                          std::shared_ptr<const int> alive, uint16_t port,
                                          std::function<Result<UniqueFd>()> open,
                                          PodStreamSink sink);

}  // namespace reconcile
