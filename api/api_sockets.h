#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "api/io_bridge.h"
#include "api/socket_session.h"
#include "link/link_socket.h"

namespace reconcile {

struct ApiSocketLimits {
  size_t max = 512;                      // sessions at once
  size_t max_of_user = 64;               // of these
  int64_t look_ms = 20'000;              // how soon an idle session or a lost identity is noticed
  int64_t idle_ms = 4 * 60 * 60 * 1000;  // nothing passes either way: as the kubelet has it
};

// The sessions of one server's WebSockets: carries their messages between the sockets' thread and
// the loop that sessions live on. The sockets' thread alone; give it up after that has stopped and
// before it goes. Sessions end on the loop, which must still come to it.
class ApiSockets {
 public:
  // A session's place; given back when it goes.
  class Place;

  // All given outlive it.
  ApiSockets(EventLoop* loop, IoThread* io, std::shared_ptr<IoBridge> bridge,
             ApiSocketLimits limits);
  ~ApiSockets();
  ApiSockets(const ApiSockets&) = delete;
  ApiSockets& operator=(const ApiSockets&) = delete;

  // nullptr when there is no room for one more of this user.
  std::shared_ptr<Place> Enter(const std::string& user);
  // Begins the session on a socket whose handshake is done. `still_may` is asked now and then; when
  // it says no, the session is cut off. `hold` is kept as long as the session is.
  void Begin(std::shared_ptr<LinkSocket> socket, SocketUpgrade upgrade,
             std::shared_ptr<Place> place, std::function<bool()> still_may,
             std::shared_ptr<void> hold);

 private:
  struct Counts;
  class Open;
  void Look();

  EventLoop* const loop_;
  IoThread* const io_;
  const std::shared_ptr<IoBridge> bridge_;
  const ApiSocketLimits limits_;
  const std::shared_ptr<Counts> counts_;
  // By its own number: who asks for one that has ended finds none.
  std::map<uint64_t, std::shared_ptr<Open>> open_;
  uint64_t begun_ = 0;  // ever
  TimerId look_timer_ = 0;
};

}  // namespace reconcile
