#include <utility>

#include "controller/core.h"
#include "reconciler/drain.h"
#include "reconciler/source_operations.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr size_t kMaxToldNodeBytes = 300;  // a user name, a reason

std::string ByWhomOfNode(const std::string& by, const std::string& reason) {
  const std::string text =
      WhoAndWhy(CutText(by, kMaxToldNodeBytes), CutText(reason, kMaxToldNodeBytes));
  return text.empty() ? "" : ", by " + text;
}

Status NoSuchNode(const std::string& name) {
  return NotFoundError("no node is named '" + name + "'; `reconcile get nodes` lists them");
}

std::string DeclaredAt(const Origin& origin) {
  return origin.file + ":" + std::to_string(origin.line);
}

NodeCordon CordonBy(const Controller::Told& told, WallTime at) {
  return {.by = CutText(told.by, kMaxToldNodeBytes),
          .reason = CutText(told.reason, kMaxToldNodeBytes),
          .at = at};
}

}  // namespace

Status Controller::Core::OperateNode(const std::string& name, const std::string& reason,
                                     const std::string& message,
                                     const std::function<void(NodeStatus*)>& change) {
  const auto state = store_->Snapshot();
  const auto node = std::make_shared<Node>(*state->Find<Node>("", name));
  change(&node->status);
  return OperateObjects(
      {{node->key(), node}},
      {{.key = node->key(), .reason = reason, .message = message, .component = "node-controller"}});
}

Controller::Heartbeats Controller::Core::LastHeartbeats() const {
  const Now now = loop_->now();
  Heartbeats heartbeats{.heard = {}, .lease_ms = options_.node_silent_ms};
  for (const auto& [node, heard] : heard_) {
    if (heard.agent_start.empty()) continue;
    heartbeats.heard[node] = WallTime{now.wall.ms - (now.mono - heard.last_heard)};
  }
  return heartbeats;
}

Status Controller::Core::Cordon(const std::string& name, const Told& told) {
  const auto node = store_->Snapshot()->Find<Node>("", name);
  if (node == nullptr) return NoSuchNode(name);
  if (node->status.cordon) {
    const NodeCordon& cordon = *node->status.cordon;
    return ConflictError("node " + name + " is cordoned already" +
                         ByWhomOfNode(cordon.by, cordon.reason));
  }
  return OperateNode(
      name, "NodeNotSchedulable",
      "cordoned: new pods go elsewhere" + ByWhomOfNode(told.by, told.reason),
      [&](NodeStatus* status) { status->cordon = CordonBy(told, loop_->now().wall); });
}

Status Controller::Core::Uncordon(const std::string& name, const Told& told) {
  const auto node = store_->Snapshot()->Find<Node>("", name);
  if (node == nullptr) return NoSuchNode(name);
  if (node->status.cordon || node->status.drain) {
    RETURN_IF_ERROR(OperateNode(name, "NodeSchedulable",
                                "uncordoned" + ByWhomOfNode(told.by, told.reason),
                                [](NodeStatus* status) {
                                  status->cordon.reset();
                                  status->drain.reset();
                                }));
  } else if (!node->spec.unschedulable) {
    return ConflictError("node " + name + " is not cordoned");
  }
  if (!node->spec.unschedulable) return OkStatus();
  return InvalidError("node " + name + " stays unschedulable: " +
                      DeclaredAt(node->metadata.origin) + " says so; take it out there");
}

Status Controller::Core::Drain(const std::string& name, NodeDrain drain, const Told& told) {
  const auto state = store_->Snapshot();
  if (state->Find<Node>("", name) == nullptr) return NoSuchNode(name);
  std::string refusals;
  for (const std::string& line : WhyNotDrained(name, drain, *state)) refusals += "\n  " + line;
  if (!refusals.empty()) {
    return ConflictError("node " + name + " is not drained, and nothing is changed:" + refusals);
  }
  const NodeCordon cordon = CordonBy(told, loop_->now().wall);
  drain.by = cordon.by;
  drain.reason = cordon.reason;
  drain.at = cordon.at;
  return OperateNode(
      name, "Draining",
      "its pods are moved as their budgets allow" + ByWhomOfNode(told.by, told.reason),
      [&](NodeStatus* status) {
        if (!status->cordon) status->cordon = cordon;
        status->drain = drain;
      });
}

}  // namespace reconcile
