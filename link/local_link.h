#pragma once

#include <memory>
#include <string>

#include "base/event_loop.h"
#include "link/agent_link.h"

namespace reconcile {

inline constexpr size_t kMaxLinkStreams = 256;  // to one node, open at once

// Controller and agent in one process: what one end sends is posted to the other end's loop as it
// is. Its wire form would take a fifth of the process's time while containers start, and what is
// read of it equals what was written (tests/unit/link/messages_test.cc). The two loops may be two
// threads or one: objects are immutable and shared. The loops must outlive it. When it is destroyed
// nothing of it is called any more; destroy it when neither loop runs, or on the loop when both are
// one.
class LocalLink {
 public:
  LocalLink(EventLoop* controller_loop, EventLoop* agent_loop, std::string node);
  ~LocalLink();
  LocalLink(const LocalLink&) = delete;
  LocalLink& operator=(const LocalLink&) = delete;

  AgentLink* controller_end();
  ControllerLink* agent_end();
  // Both handlers set: connects, so that each side learns of the other. No effect when connected.
  // Connect and Disconnect: any thread, but one at a time.
  void Connect();
  // The connection breaks: what is under way is lost, log streams end.
  void Disconnect();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace reconcile
