#pragma once

#include <map>
#include <memory>
#include <string>

#include "link/server_connections.h"

namespace reconcile {

// How many connections there are. They may outlive the server by the moments of its end, so what
// they count is theirs together.
struct ServerConnections::Counts {
  size_t open = 0;
  size_t strangers = 0;
  std::map<std::string, size_t> strangers_by_address;
  std::atomic<size_t> hooks = 0;  // given back on any thread
};

// A connection's place, given back when the last one who holds it lets go.
class ServerConnections::Slot {
 public:
  // nullptr when there is no room.
  static std::shared_ptr<Slot> Take(const std::shared_ptr<Counts>& counts,
                                    const std::string& address);
  static std::shared_ptr<void> TakeHook(const std::shared_ptr<Counts>& counts);
  Slot(std::shared_ptr<Counts> counts, std::string address);
  ~Slot();
  // It is known now whose connection it is.
  void BecomeKnown();

 private:
  const std::shared_ptr<Counts> counts_;
  const std::string address_;
  bool stranger_ = true;
};

}  // namespace reconcile
