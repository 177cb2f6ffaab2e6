#include "agent/agent_core.h"
#include "agent/containers.h"
#include "agent/resource_use.h"

namespace reconcile {

// What is used goes with the next report, whatever is the reason for that: it is none by itself.
void Agent::Core::LookAtUse() {
  if (!options_.read_use || reading_use_) return;
  reading_use_ = true;
  std::vector<CountedContainer> counted;
  std::vector<ContainerOwner> owners;
  for (const auto& [id, container] : seen_.containers) {
    if (!IsLive(container) || container.process_id == 0) continue;
    const std::string& uid = LabelOf(container, kLabelPodUid);
    if (uid.empty()) continue;
    counted.push_back({id, container.process_id, OwnsNetwork(container)});
    owners.push_back({id, uid, LabelOf(container, kLabelContainer), IsSandbox(container)});
  }
  options_.read_use(std::move(counted),
                    Guarded([this, owners = std::move(owners)](UseCounters counters) {
                      reading_use_ = false;
                      OnUse(std::move(counters), owners);
                    }));
}

void Agent::Core::OnUse(UseCounters counters, const std::vector<ContainerOwner>& owners) {
  if (counters.at_us == 0) return;
  if (use_counters_.at_us != 0) {
    UsageReport usage = UsageBetween(use_counters_, counters, owners);
    usage.number = usage_ == nullptr ? 1 : usage_->number + 1;
    usage_ = std::make_shared<const UsageReport>(std::move(usage));
  }
  use_counters_ = std::move(counters);
}

}  // namespace reconcile
