#include "agent/node_status.h"

#include "base/version.h"

namespace reconcile {
namespace {

Condition ReadyCondition(const HostHealth& health) {
  Condition ready;
  ready.type = "Ready";
  ready.status = ConditionStatus::kFalse;
  if (!health.engine_error.empty()) {
    ready.reason = "ContainerRuntimeNotReady";
    ready.message = "the container engine does not answer: " + health.engine_error;
  } else if (!health.engine) {
    ready.reason = "ContainerRuntimeNotReady";
    ready.message = "waiting for the container engine";
  } else if (!health.network_error.empty()) {
    ready.reason = "NetworkNotReady";
    ready.message = "the host's network cannot be prepared: " + health.network_error;
  } else if (!health.files_errors.empty()) {
    ready.reason = "FilesNotWritable";
    ready.message = "the agent's files cannot be written: " + health.files_errors.begin()->second;
  } else {
    ready.status = ConditionStatus::kTrue;
    ready.reason = "AgentReady";
    ready.message = "the agent and the container engine are up";
  }
  return ready;
}

Condition LiveRestoreCondition(const EngineInfo& engine) {
  Condition condition{.type = std::string(kLiveRestore)};
  condition.status = engine.live_restore ? ConditionStatus::kTrue : ConditionStatus::kFalse;
  condition.reason = engine.live_restore ? "LiveRestoreOn" : "LiveRestoreOff";
  condition.message =
      engine.live_restore
          ? "containers outlive a crash of dockerd"
          : "dockerd runs without live-restore: its crash, or its update, takes all "
            "containers down. Set \"live-restore\": true in daemon.json";
  return condition;
}

// As Kubernetes has it: False is good.
Condition NetworkCondition(const HostHealth& health) {
  Condition condition{.type = "NetworkUnavailable"};
  const bool lacks = !health.network_problems.empty();
  condition.status = lacks ? ConditionStatus::kTrue : ConditionStatus::kFalse;
  condition.reason = lacks ? "NetworkIncomplete" : "NetworkInSync";
  for (const std::string& problem : health.network_problems) {
    condition.message += (condition.message.empty() ? "" : "; ") + problem;
  }
  if (!lacks) condition.message = "routes to other hosts and service addresses are in place";
  return condition;
}

}  // namespace

NodeStatus MakeNodeStatus(const AgentOptions& options, const HostHealth& health) {
  NodeStatus status;
  status.conditions.push_back(ReadyCondition(health));
  status.conditions.push_back(NetworkCondition(health));
  for (const Pressure pressure : kAllPressures) {
    if (!health.pressures) break;
    const PressureState& state = (*health.pressures)[static_cast<size_t>(pressure)];
    status.conditions.push_back(ConditionOf(pressure, state));
  }
  if (!options.host_ip.empty()) status.addresses.push_back({"InternalIP", options.host_ip});
  status.addresses.push_back({"Hostname", options.node_name});
  status.node_info.machine_id = options.machine_id;
  status.node_info.boot_id = options.boot_id;
  status.node_info.agent_version = kVersion;
  status.node_info.operating_system = "linux";
  if (!health.engine) return status;
  const EngineInfo& engine = *health.engine;
  status.conditions.push_back(LiveRestoreCondition(engine));
  status.node_info.kernel_version = engine.kernel_version;
  status.node_info.os_image = engine.operating_system;
  status.node_info.container_runtime_version = "docker://" + engine.version;
  status.node_info.architecture = engine.architecture;
  status.capacity = AllocatableOf(health);
  status.allocatable = status.capacity;
  return status;
}

ResourceList AllocatableOf(const HostHealth& health) {
  ResourceList all;
  if (!health.engine) return all;
  all["cpu"] = Quantity::FromUnits(health.engine->cpus);
  all["memory"] = Quantity::FromUnits(health.engine->memory_bytes, Quantity::Family::kBinary);
  all["pods"] = Quantity::FromUnits(kMaxPodsPerNode);
  return all;
}

StringMap MakeNodeLabels(const AgentOptions& options, const HostHealth& health) {
  StringMap labels = options.node_labels;
  labels["kubernetes.io/hostname"] = options.node_name;
  // The older names too, as the kubelet has them: many manifests still select by these.
  for (const char* prefix : {"", "beta."}) {
    labels[std::string(prefix) + "kubernetes.io/os"] = "linux";
    if (!health.engine) continue;
    labels[std::string(prefix) + "kubernetes.io/arch"] = health.engine->architecture;
  }
  return labels;
}

}  // namespace reconcile
