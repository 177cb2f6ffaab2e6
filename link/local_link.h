#pragma once

#include <memory>
#include <string>

#include "base/event_loop.h"
#include "link/agent_link.h"

namespace reconcile {

// Controller and agent in one process: what one end sends is encoded, posted to the other end's
// loop, and decoded there, so that the wire form is what runs. The two loops may be two threads or
// one.
class LocalLink {
 public:
  LocalLink(EventLoop* controller_loop, EventLoop* agent_loop, std::string node);
  ~LocalLink();
  AgentLink* controller_end();
  ControllerLink* agent_end();
  // Both handlers set: connects, so that each side learns of the other.
  void Connect();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace reconcile
