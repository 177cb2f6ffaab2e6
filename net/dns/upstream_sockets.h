#pragma once

#include <functional>
#include <string>
#include <unordered_map>

#include "base/epoll_loop.h"
#include "base/unique_fd.h"
#include "net/dns/forwarder.h"

namespace reconcile {

// The sockets of UpstreamCalls: one each, nonblocking, in the namespace of the loop's thread. Loop
// thread only.
class UpstreamSockets {
 public:
  struct Events {
    std::function<void(uint64_t call, std::string packet)> on_packet;
    std::function<void(uint64_t call)> on_failure;
  };
  UpstreamSockets(EpollLoop* loop, Events events) : loop_(loop), events_(std::move(events)) {}
  ~UpstreamSockets();

  // A failure is told later, never inside the call.
  void Begin(const UpstreamCall& call);
  void End(uint64_t call);

 private:
  struct Socket {
    UniqueFd fd;
    bool tcp = false;
    std::string out;  // by TCP: what is still to be sent
    std::string in;   // by TCP: what came of the reply and the length before it
  };

  void OnReady(uint64_t call);
  void OnUdp(uint64_t call, const Socket& socket);
  void OnTcp(uint64_t call, Socket* socket);

  EpollLoop* loop_;
  Events events_;
  std::unordered_map<uint64_t, Socket> sockets_;
};

}  // namespace reconcile
