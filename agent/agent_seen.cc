#include <algorithm>

#include "agent/agent_core.h"
#include "agent/containers.h"
#include "agent/restart.h"
#include "base/log.h"

namespace reconcile {
namespace {

constexpr int64_t kMaxLookAgainMs = 5'000;  // at an engine that does not answer
constexpr int64_t kNetworkQuietMs = 200;    // between looks while pods come and go

int64_t LookAgainMs(int32_t failures) { return std::min(RetryDelayMs(failures), kMaxLookAgainMs); }

}  // namespace

// Events may be lost, hands may change anything: look at everything now and then.
void Agent::Core::Resync() {
  After(options_.resync_ms, [this] { Resync(); });
  AskEngineInfo();
  if (!cluster_id_.empty()) RequestList();
  RequestNetworkList();
  if (seen_.prepared && !seen_.busy.contains("network")) {
    Begin({"network", "the host's rules may have been changed", PrepareNetwork{*seen_.prepared}, "",
           "", ""});
  }
}

void Agent::Core::AskEngineInfo() {
  runtime_->GetEngineInfo(Guarded([this](Result<EngineInfo> info) {
    if (info.ok()) {
      const bool first = !health_.engine;
      health_.engine = std::move(info).value();
      if (cluster_id_.empty()) health_.engine_error.clear();
      if (first && !cluster_id_.empty()) RequestList();
    } else {
      if (!health_.engine) health_.engine_error = info.status().message();
      if (!health_.engine || cluster_id_.empty()) {
        After(kMaxLookAgainMs, [this] { AskEngineInfo(); });
      }
    }
    RequestTurn();
  }));
}

void Agent::Core::RequestList() {
  if (listing_) {
    list_again_ = true;
    return;
  }
  listing_ = true;
  changed_since_list_.clear();
  wait_for_this_list_ = std::move(wait_for_list_);
  wait_for_list_.clear();
  runtime_->ListContainers(cluster_id_, Guarded([this](Result<std::vector<ContainerInfo>> list) {
                             OnList(std::move(list));
                           }));
}

void Agent::Core::OnList(Result<std::vector<ContainerInfo>> list) {
  listing_ = false;
  if (!list.ok()) {
    OnListFailed(list.status());
  } else {
    // What changed while the list was being made is known better than from the list.
    std::map<std::string, ContainerInfo> containers;
    for (const auto& [id, container] : seen_.containers) {
      if (changed_since_list_.contains(id)) containers.emplace(id, container);
    }
    for (ContainerInfo& container : *list) {
      if (!changed_since_list_.contains(container.id)) {
        containers.emplace(container.id, std::move(container));
      }
    }
    seen_.containers = std::move(containers);
    std::erase_if(seen_.failed, [&](const auto& entry) {
      const std::string& key = entry.first;
      const bool of_container = key.starts_with("stop/") || key.starts_with("remove/");
      return of_container && !seen_.containers.contains(key.substr(key.find('/') + 1));
    });
    const bool was_up = seen_.engine_up;
    listed_ = true;
    list_failures_ = 0;
    seen_.engine_up = health_.engine.has_value();
    health_.engine_error.clear();
    if (!was_up) AskEngineInfo();
    for (const std::string& key : wait_for_this_list_) End(key);
    wait_for_this_list_.clear();
    RequestTurn();
  }
  if (list_again_) {
    list_again_ = false;
    RequestList();
  }
}

void Agent::Core::OnListFailed(const Status& status) {
  if (seen_.engine_up || list_failures_ == 0) {
    LogWarning("the container engine does not answer", {{"error", status.message()}});
  }
  seen_.engine_up = false;
  // One lost reply is no news; meanwhile nothing is done on a view that may be old.
  if (list_failures_ > 0 || !health_.engine) health_.engine_error = status.message();
  wait_for_list_.merge(wait_for_this_list_);
  wait_for_this_list_.clear();
  ++list_failures_;
  if (!list_again_) After(LookAgainMs(list_failures_), [this] { RequestList(); });
  RequestTurn();
}

void Agent::Core::OnEngineEvent(const EngineEvent& event) {
  if (event.container_id.empty()) {
    RequestList();
    return RequestNetworkList();
  }
  Inspect(event.container_id, [](const Status&) {});
}

void Agent::Core::Inspect(const std::string& id, std::function<void(Status)> then) {
  const auto found = looking_.find(id);
  if (found != looking_.end()) {
    found->second.next.push_back(std::move(then));
    return;
  }
  looking_[id].now.push_back(std::move(then));
  runtime_->InspectContainer(
      id, Guarded([this, id](const Result<ContainerInfo>& result) { OnInspected(id, result); }));
}

void Agent::Core::OnInspected(const std::string& id, const Result<ContainerInfo>& result) {
  Status status;
  if (result.ok() && LabelOf(*result, kLabelCluster) == cluster_id_) {
    seen_.containers[id] = *result;
    changed_since_list_.insert(id);
  } else if (result.ok() || result.status().code() == StatusCode::kNotFound) {
    seen_.containers.erase(id);
    changed_since_list_.insert(id);
  } else {
    status = result.status();
    RequestList();
  }
  Looking done = std::move(looking_[id]);
  looking_.erase(id);
  for (const auto& then : done.now) then(status);
  for (auto& then : done.next) Inspect(id, std::move(then));
  RequestTurn();
}

void Agent::Core::RequestNetworkList() {
  if (network_listing_) {
    network_list_again_ = true;
    return;
  }
  network_listing_ = true;
  network_->List(Guarded(
      [this, changes = network_changes_](const Result<std::vector<std::string>>& addresses) {
        network_listing_ = false;
        if (changes != network_changes_) network_list_again_ = true;
        if (!addresses.ok()) {
          After(LookAgainMs(++network_list_failures_), [this] { RequestNetworkList(); });
          network_list_again_ = false;
          return;
        }
        network_list_failures_ = 0;
        if (network_list_again_) {  // what it says may be older than what was done
          network_list_again_ = false;
          return After(kNetworkQuietMs, [this] { RequestNetworkList(); });
        }
        OnNetworkList(addresses);
      }));
}

void Agent::Core::OnNetworkList(const Result<std::vector<std::string>>& addresses) {
  seen_.network_listed = true;
  seen_.attached_addresses = {addresses->begin(), addresses->end()};
  RequestTurn();
}

}  // namespace reconcile
