#include <algorithm>

#include "agent/pod_turn.h"
#include "runtime/image_reference.h"

namespace reconcile {
namespace {

constexpr int64_t kLookAgainMs = 30'000;   // for an image that may only come by hand
constexpr int64_t kTellFailureMs = 5'000;  // as long as a kubelet's next look at the pod takes

ContainerStateWaiting Creating(const PodTurn& turn, std::string message) {
  return {std::string(CreatingReason(turn.pod.spec)), std::move(message)};
}

// An image being asked for by one container.
class ImageNeed {
 public:
  ImageNeed(PodTurn* turn, const Container& container)
      : turn_(turn),
        reference_(container.image),
        image_key_(ImageKey(turn->pod, container.image)),
        key_("image/" + image_key_) {
    const auto found = turn->context.seen.images.find(image_key_);
    if (found != turn->context.seen.images.end()) image_ = found->second;
    std::optional<MonoTime>& since = turn->memory.memory[container.name].image_wanted_since;
    if (!since) since = turn->context.now.mono;
    since_ = *since;
  }

  const ImageSeen& image() const { return image_; }
  bool Fresh(const std::optional<MonoTime>& time) const { return time && *time >= since_; }
  bool PresentSince(const std::optional<MonoTime>& time) const {
    return image_.state == ImageSeen::State::kPresent && Fresh(time);
  }
  bool InBackoff() const {
    return image_.failures > 0 && turn_->context.now.mono < image_.retry_at;
  }

  // First that it failed, then that it waits.
  ContainerStateWaiting Backoff() {
    const MonoTime failure_told = image_.failed_at + kTellFailureMs;
    if (turn_->context.now.mono < failure_told) {
      turn_->context.WakeAt(std::min(failure_told, image_.retry_at));
      return {"ErrImagePull", image_.error};
    }
    turn_->context.WakeAt(image_.retry_at);
    return {"ImagePullBackOff", "Back-off pulling image \"" + reference_ + "\": " + image_.error};
  }
  ContainerStateWaiting Pull() {
    turn_->Add(key_, "image " + reference_ + " is to be pulled",
               PullImageOp{reference_, image_key_,
                           LoginsFor(turn_->context.assignment, turn_->pod, reference_)});
    if (image_.failures > 0) return {"ErrImagePull", image_.error};
    return Creating(*turn_, "pulling image \"" + reference_ + "\"");
  }
  ContainerStateWaiting Look() {
    turn_->Add(key_, "is image " + reference_ + " on this host?",
               LookAtImage{reference_, image_key_});
    if (image_.failures > 0) return {"ErrImagePull", image_.error};
    return Creating(*turn_, turn_->context.FailureOf(key_));
  }

 private:
  PodTurn* turn_;
  std::string reference_;
  std::string image_key_;
  std::string key_;  // of operations
  ImageSeen image_;
  MonoTime since_;
};

std::optional<ContainerStateWaiting> AlwaysPull(ImageNeed* need) {
  if (need->PresentSince(need->image().pulled_at)) return std::nullopt;
  return need->InBackoff() ? need->Backoff() : need->Pull();
}

// Looked at before every start: images go and change by hand.
std::optional<ContainerStateWaiting> PullIfAbsent(ImageNeed* need) {
  if (need->PresentSince(need->image().checked_at)) return std::nullopt;
  if (need->InBackoff()) return need->Backoff();
  const bool absent = need->image().state == ImageSeen::State::kAbsent;
  return absent && need->Fresh(need->image().checked_at) ? need->Pull() : need->Look();
}

std::optional<ContainerStateWaiting> NeverPull(PodTurn* turn, const Container& container,
                                               ImageNeed* need) {
  if (need->PresentSince(need->image().checked_at)) return std::nullopt;
  const bool absent = need->image().state == ImageSeen::State::kAbsent;
  if (!absent || !need->Fresh(need->image().checked_at)) return need->Look();
  const MonoTime again = *need->image().checked_at + kLookAgainMs;
  if (turn->context.now.mono >= again) (void)need->Look();
  turn->context.WakeAt(again);
  const std::string message =
      "Container image \"" + container.image + "\" is not present with pull policy of Never";
  turn->Announce("never-pull/" + container.image, EventType::kWarning, "ErrImageNeverPull", message,
                 &turn->memory.memory[container.name]);
  return ContainerStateWaiting{"ErrImageNeverPull", message};
}

// Without a tag, or with the tag `latest`, and without a digest (SEMANTICS 8.6).
bool IsMoving(const std::string& reference) {
  if (reference.find('@') != std::string::npos) return false;
  const size_t slash = reference.rfind('/');
  const size_t colon = reference.find(':', slash == std::string::npos ? 0 : slash);
  return colon == std::string::npos || reference.substr(colon + 1) == "latest";
}

PullPolicy PolicyOf(const Container& container) {
  if (container.image_pull_policy != PullPolicy::kUnset) return container.image_pull_policy;
  return IsMoving(container.image) ? PullPolicy::kAlways : PullPolicy::kIfNotPresent;
}

}  // namespace

std::optional<ContainerStateWaiting> NeedImage(PodTurn* turn, const Container& container,
                                               std::string* image_id) {
  ImageNeed need(turn, container);
  std::optional<ContainerStateWaiting> waiting;
  // It is looked for when it is gone.
  if (turn->context.seen.images_going.contains(NormalizeReference(container.image))) {
    return ContainerStateWaiting{std::string(CreatingReason(turn->pod.spec)),
                                 "image \"" + container.image + "\" is being removed"};
  }
  switch (PolicyOf(container)) {
    case PullPolicy::kAlways:
      waiting = AlwaysPull(&need);
      break;
    case PullPolicy::kIfNotPresent:
    case PullPolicy::kUnset:
      waiting = PullIfAbsent(&need);
      break;
    case PullPolicy::kNever:
      waiting = NeverPull(turn, container, &need);
      break;
  }
  *image_id = need.image().image_id;
  return waiting;
}

}  // namespace reconcile
