#include <algorithm>

#include "agent/agent_core.h"
#include "agent/containers.h"
#include "agent/restart.h"
#include "base/log.h"

namespace reconcile {
namespace {

constexpr int64_t kMaxLookAgainMs = 5'000;  // at an engine that does not answer
constexpr int64_t kNetworkQuietMs = 200;    // between looks while pods come and go

// What was seen of a container whose state is the same says more than a list alone.
const ContainerInfo& KnownBetter(const std::map<std::string, ContainerInfo>& seen,
                                 const ContainerInfo& listed) {
  if (!listed.from_list_alone) return listed;
  const auto before = seen.find(listed.id);
  return before != seen.end() && before->second.state == listed.state ? before->second : listed;
}

int64_t LookAgainMs(int32_t failures) { return std::min(RetryDelayMs(failures), kMaxLookAgainMs); }

}  // namespace

// Events may be lost, hands may change anything: look at everything now and then.
void Agent::Core::Resync() {
  After(options_.resync_ms, [this] { Resync(); });
  AskEngineInfo();
  AskImages();
  if (!cluster_id_.empty()) RequestList();
  RequestNetworkList();
  PrepareAgain("the host's rules may have been changed");
}

void Agent::Core::Retry::Stop(EventLoop* loop) {
  if (timer != 0) loop->Cancel(timer);
  timer = 0;
}

void Agent::Core::LookAgainLater(Retry* retry, Task look) {
  retry->Stop(loop_);
  ++retry->failures;
  retry->timer =
      loop_->After(LookAgainMs(retry->failures), Guarded([retry, look = std::move(look)] {
                     retry->timer = 0;
                     look();
                   }));
}

void Agent::Core::AskEngineInfo() {
  if (asking_info_) return;
  asking_info_ = true;
  info_retry_.Stop(loop_);
  runtime_->GetEngineInfo(Guarded([this](Result<EngineInfo> info) {
    asking_info_ = false;
    if (info.ok()) {
      info_retry_.failures = 0;
      const bool first = !health_.engine;
      health_.engine = std::move(info).value();
      if (const std::string why = WhySandboxes(); !why.empty() && !told_sandboxes_) {
        told_sandboxes_ = true;
        LogInfo("each pod has a sandbox here, also those of one container", {{"because", why}});
      }
      if (cluster_id_.empty()) health_.engine_error.clear();
      if (first) AskImages();
      if (!sampled_root_) TakeSample();
      if (first && !cluster_id_.empty()) RequestList();
    } else {
      if (!health_.engine) health_.engine_error = info.status().message();
      if (!health_.engine || cluster_id_.empty()) {
        LookAgainLater(&info_retry_, [this] { AskEngineInfo(); });
      }
    }
    RequestTurn();
  }));
}

// Only hints for placing are made of it: a failure waits for the next look.
void Agent::Core::AskImages() {
  list_images_again_ = listing_images_;
  if (listing_images_) return;
  listing_images_ = true;
  const MonoTime asked = loop_->now().mono;
  runtime_->ListImages(Guarded([this, asked](const Result<std::vector<HostImage>>& listed) {
    listing_images_ = false;
    // Of images that somebody else took away: what is pulled from now on needs the room.
    const bool is_full = pulled_images_.size() >= kMaxPulledImages;
    if (listed.ok() && is_full) ForgetImagesGone(*listed, asked);
    if (listed.ok()) OnImages(*listed);
    if (list_images_again_) AskImages();
  }));
}

void Agent::Core::OnImages(const std::vector<HostImage>& listed) {
  std::vector<ContainerImage> images;
  for (const HostImage& info : listed) {
    ContainerImage image{.names = {}, .size_bytes = info.size_bytes};
    for (const auto* names : {&info.references, &info.digests}) {
      for (const std::string& name : *names) image.names.push_back(ListedImage(name));
    }
    images.push_back(std::move(image));
  }
  const auto told =
      std::make_shared<const std::vector<ContainerImage>>(TellableImages(std::move(images)));
  if (images_ != nullptr && SameImages(images_, told)) return;
  images_ = told;
  RequestTurn();
}

void Agent::Core::RequestList() {
  if (listing_) {
    list_again_ = true;
    return;
  }
  listing_ = true;
  list_retry_.Stop(loop_);
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
      if (changed_since_list_.contains(container.id)) continue;
      const ContainerInfo& better = KnownBetter(seen_.containers, container);
      containers.emplace(better.id, better);
    }
    containers.swap(seen_.containers);
    for (const auto& [id, before] : containers) {
      const auto after = seen_.containers.find(id);
      NoteChange(before, after == seen_.containers.end() ? nullptr : &after->second);
    }
    std::erase_if(seen_.failed, [&](const auto& entry) {
      const std::string& key = entry.first;
      const bool of_container = key.starts_with("stop/") || key.starts_with("remove/") ||
                                key.starts_with("hook/") || key.starts_with("end/");
      const std::string rest = key.substr(key.find('/') + 1);
      return of_container && !seen_.containers.contains(rest.substr(0, rest.find('/')));
    });
    const bool was_up = seen_.engine_up;
    if (!listed_) BelieveAdopted();
    if (!listed_) BelieveAdoptedHooks();
    listed_ = true;
    list_retry_.failures = 0;
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
  if (seen_.engine_up || list_retry_.failures == 0) {
    LogWarning("the container engine does not answer", {{"error", status.message()}});
  }
  seen_.engine_up = false;
  // One lost reply is no news; meanwhile nothing is done on a view that may be old.
  if (list_retry_.failures > 0 || !health_.engine) health_.engine_error = status.message();
  wait_for_list_.merge(wait_for_this_list_);
  wait_for_this_list_.clear();
  list_again_ = false;  // the next look serves all who asked
  LookAgainLater(&list_retry_, [this] { RequestList(); });
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
  std::vector<std::function<void(Status)>> asking;
  asking.push_back(std::move(then));
  Look(id, std::move(asking));
}

void Agent::Core::InspectStarted(const std::string& id, std::function<void(Status)> then) {
  const auto runs = [this, id] {
    const auto seen = seen_.containers.find(id);
    return seen != seen_.containers.end() && seen->second.state == ContainerRunState::kRunning &&
           seen->second.process_id != 0;
  };
  if (runs()) return then(OkStatus());
  const auto looking = looking_.find(id);
  if (looking == looking_.end()) return Inspect(id, std::move(then));
  looking->second.now.push_back([this, id, runs, then = std::move(then)](const Status& status) {
    runs() ? then(status) : Inspect(id, then);
  });
}

void Agent::Core::Look(const std::string& id, std::vector<std::function<void(Status)>> asking) {
  looking_[id].now = std::move(asking);
  runtime_->InspectContainer(
      id, Guarded([this, id](const Result<ContainerInfo>& result) { OnInspected(id, result); }));
}

void Agent::Core::OnInspected(const std::string& id, const Result<ContainerInfo>& result) {
  Status status;
  const auto before = seen_.containers.find(id);
  if (result.ok() && LabelOf(*result, kLabelCluster) == cluster_id_) {
    if (before != seen_.containers.end()) NoteChange(before->second, &*result);
    seen_.containers[id] = *result;
    changed_since_list_.insert(id);
  } else if (result.ok() || result.status().code() == StatusCode::kNotFound) {
    if (before != seen_.containers.end()) {
      NoteChange(before->second, nullptr);
      seen_.containers.erase(before);
    }
    changed_since_list_.insert(id);
  } else {
    status = result.status();
    RequestList();
  }
  Looking done = std::move(looking_[id]);
  looking_.erase(id);
  if (!done.next.empty()) Look(id, std::move(done.next));  // one look, however many asked
  for (const auto& then : done.now) then(status);
  RequestTurn();
}

void Agent::Core::RequestNetworkList() {
  if (network_listing_) {
    network_list_again_ = true;
    return;
  }
  network_listing_ = true;
  network_retry_.Stop(loop_);
  network_->List(Guarded(
      [this, changes = network_changes_](const Result<std::vector<std::string>>& addresses) {
        network_listing_ = false;
        if (changes != network_changes_) network_list_again_ = true;
        if (!addresses.ok()) {
          network_list_again_ = false;
          return LookAgainLater(&network_retry_, [this] { RequestNetworkList(); });
        }
        network_retry_.failures = 0;
        if (network_list_again_) {  // what it says may be older than what was done
          network_list_again_ = false;
          network_retry_.timer = loop_->After(kNetworkQuietMs, Guarded([this] {
                                                network_retry_.timer = 0;
                                                RequestNetworkList();
                                              }));
          return;
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
