#pragma once

#include <optional>
#include <string>

#include "agent/agent.h"
#include "agent/pressure.h"
#include "schema/core.h"

namespace reconcile {

inline constexpr int64_t kMaxPodsPerNode = 110;  // SEMANTICS 8.12

// What an agent knows of its host's health.
struct HostHealth {
  std::optional<EngineInfo> engine;  // as last heard
  std::string engine_error;          // the engine's words while it is down; "" when it is up
  std::string network_error;         // why the network could not be prepared
  std::vector<std::string> network_problems;  // what the network lacks though it works
  std::optional<Pressures> pressures;         // none: not looked at yet
  StringMap files_errors;  // why the agent's own files could not be written, by which
};

// PURE. What the node reports of itself. Conditions carry no transition times: the controller
// keeps them.
NodeStatus MakeNodeStatus(const AgentOptions& options, const HostHealth& health);
// PURE. What the host has for pods; empty until the engine has answered.
ResourceList AllocatableOf(const HostHealth& health);
StringMap MakeNodeLabels(const AgentOptions& options, const HostHealth& health);

}  // namespace reconcile
