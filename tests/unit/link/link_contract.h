#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "link/agent_link.h"

namespace reconcile {

// A controller and one agent, and what is between them: the world that the contract of AgentLink
// and ControllerLink runs in. A transport gives one and says INSTANTIATE_TEST_SUITE_P(Name,
// LinkContract, testing::Values(LinkWorldMaker{...})), linking link_contract.cc.
class LinkWorld {
 public:
  virtual ~LinkWorld() = default;
  virtual AgentLink* controller_end() = 0;
  virtual ControllerLink* agent_end() = 0;
  virtual std::string node() const = 0;
  virtual void Connect() = 0;
  virtual void Disconnect() = 0;
  // Runs a task on that side's loop, and waits for it. Called on neither loop.
  virtual void OnController(const std::function<void()>& task) = 0;
  virtual void OnAgent(const std::function<void()>& task) = 0;
  // Waits until everything sent, in both directions, has arrived.
  virtual void Settle() = 0;
};

struct LinkWorldMaker {
  const char* name;
  std::function<std::unique_ptr<LinkWorld>()> make;
  bool carries_logs = true;
  friend std::ostream& operator<<(std::ostream& out, const LinkWorldMaker& maker) {
    return out << maker.name;
  }
};

class LinkContract : public testing::TestWithParam<LinkWorldMaker> {};

}  // namespace reconcile
