#include <algorithm>
#include <limits>

#include "agent/agent_core.h"
#include "agent/containers.h"
#include "base/log.h"
#include "runtime/image_reference.h"
#include "schema/sidecar.h"

namespace reconcile {
namespace {

constexpr int64_t kMostWaitForDeadMs = 30'000;
constexpr int64_t kEverything = std::numeric_limits<int64_t>::max();

}  // namespace

void Agent::Core::RestoreImages() {
  const Result<std::string> text = files_->ReadSealed(std::string(kImagesFile));
  if (text.status().code() == StatusCode::kNotFound) return;
  Result<PulledImages> images =
      text.ok() ? ReadPulledImages(*text, loop_->now().mono) : text.status();
  if (images.ok()) {
    pulled_images_ = std::move(images).value();
  } else {
    LogWarning("what images were pulled is not known any more: none of those is ever removed",
               {{"error", images.status().message()}});
  }
}

// What is not written is not known to a later run, and its images stay.
void Agent::Core::SaveImages() {
  const Status saved =
      files_->WriteSealed(std::string(kImagesFile), WritePulledImages(pulled_images_));
  if (!saved.ok()) {
    LogWarning("what images were pulled cannot be saved", {{"error", saved.message()}});
  }
}

void Agent::Core::NoteImagePulled(const PullImageOp& action, const std::string& id, bool was_here) {
  const std::string name = NormalizeReference(action.reference);
  const bool is_ours =
      std::any_of(pulled_images_.begin(), pulled_images_.end(),
                  [&](const auto& entry) { return entry.second.references.contains(name); });
  if (was_here && !is_ours) return;  // a person's tag, whatever it names now
  const auto known = pulled_images_.find(id);
  const bool is_news = known == pulled_images_.end() || !known->second.references.contains(name);
  NotePulled(action.reference, id, loop_->now(), &pulled_images_);
  if (is_news) SaveImages();
}

bool Agent::Core::IsImageShort() const {
  return std::any_of(shortages_.begin(), shortages_.end(), [&](const Shortage& shortage) {
    const bool of_images = shortage.signal == Signal::kImagefsAvailable ||
                           shortage.signal == Signal::kImagefsInodesFree;
    return of_images ||
           (PressureOf(shortage.signal) == Pressure::kDisk && sample_.IsOneFileSystem());
  });
}

WantedImages Agent::Core::ImagesWanted() const {
  WantedImages wanted;
  const auto add = [&](const Assignment& assignment) {
    for (const auto& pod : assignment.pods) {
      const auto seen = seen_.pods.find(pod->metadata.uid);
      if (seen != seen_.pods.end() && seen->second.terminal) continue;
      for (const Container* container : AllContainersOf(pod->spec)) {
        wanted.references.insert(NormalizeReference(container->image));
        const auto image = seen_.images.find(ImageKey(*pod, container->image));
        if (image != seen_.images.end()) wanted.ids.insert(image->second.image_id);
      }
    }
  };
  if (applied_) add(*applied_);
  if (pending_) add(*pending_);
  for (const auto& [key, operation] : running_) {
    const auto* pull = std::get_if<PullImageOp>(&operation.action);
    const auto* look = std::get_if<LookAtImage>(&operation.action);
    if (pull != nullptr) wanted.references.insert(NormalizeReference(pull->reference));
    if (look != nullptr) wanted.references.insert(NormalizeReference(look->reference));
  }
  for (const auto& [id, container] : seen_.containers) wanted.ids.insert(container.image_id);
  return wanted;
}

// Who was used last goes last, also after a restart: the end of a use is written.
void Agent::Core::NoteImageUse() {
  if (pulled_images_.empty() || !listed_) return;
  const WantedImages wanted = ImagesWanted();
  std::set<std::string> in_use;
  for (auto& [id, image] : pulled_images_) {
    const bool is_wanted =
        wanted.ids.contains(id) ||
        std::any_of(image.references.begin(), image.references.end(),
                    [&](const std::string& name) { return wanted.references.contains(name); });
    if (!is_wanted) continue;
    image.last_used = loop_->now().wall;
    in_use.insert(id);
  }
  const bool some_ended = std::any_of(images_in_use_.begin(), images_in_use_.end(),
                                      [&](const std::string& id) { return !in_use.contains(id); });
  images_in_use_ = std::move(in_use);
  if (some_ended) SaveImages();
}

// They keep their images, and go first; but nobody waits for ever for an engine that keeps them.
bool Agent::Core::AnyDeadToGo() const {
  if (loop_->now().mono - disk_short_at_ >= kMostWaitForDeadMs) return false;
  return std::any_of(seen_.containers.begin(), seen_.containers.end(), [&](const auto& entry) {
    const auto pod = seen_.pods.find(LabelOf(entry.second, kLabelPodUid));
    return IsDead(entry.second) && pod != seen_.pods.end() && pod->second.terminal;
  });
}

bool Agent::Core::CollectImages() {
  if (collecting_) return true;
  if (collected_ || !seen_.engine_up || !listed_) return false;
  const bool is_short = IsImageShort();
  const int64_t bytes = is_short ? kEverything : BytesToFree(options_.images, sample_.images);
  if (bytes <= 0) told_too_little_ = false;
  if (bytes <= 0 || (!is_short && loop_->now().mono < collect_again_at_)) return false;
  if (is_short && AnyDeadToGo()) return true;
  collecting_ = true;
  const MonoTime asked = loop_->now().mono;
  runtime_->ListImages(Guarded([this, bytes, asked](const Result<std::vector<HostImage>>& images) {
    OnImagesListed(images, bytes, asked);
  }));
  return true;
}

void Agent::Core::ForgetImagesGone(const std::vector<HostImage>& listed, MonoTime asked) {
  std::set<std::string> there;
  for (const HostImage& image : listed) there.insert(image.id);
  const size_t forgotten = std::erase_if(pulled_images_, [&](const auto& entry) {
    return entry.second.seen_since < asked && !there.contains(entry.first);
  });
  if (forgotten > 0) SaveImages();
}

void Agent::Core::OnImagesListed(const Result<std::vector<HostImage>>& images, int64_t bytes,
                                 MonoTime asked) {
  if (!images.ok()) {
    LogWarning("the host's images cannot be listed", {{"error", images.status().message()}});
    return EndCollection();
  }
  ForgetImagesGone(*images, asked);
  const MonoTime now = loop_->now().mono;
  bytes_wanted_ = bytes;
  bytes_found_ = 0;
  for (const ImageRemoval& removal : ChooseRemovals(*images, pulled_images_, ImagesWanted(), bytes,
                                                    options_.images.min_age_ms, now)) {
    bytes_found_ += removal.size_bytes;
    for (const std::string& reference : removal.references) {
      removals_.emplace_back(removal.id, reference);
    }
  }
  RemoveNextImage();
}

// One after another: a pod that names it meanwhile keeps it.
void Agent::Core::RemoveNextImage() {
  const WantedImages wanted = ImagesWanted();
  const auto is_wanted = [&](const auto& removal) {
    return wanted.ids.contains(removal.first) ||
           wanted.references.contains(NormalizeReference(removal.second));
  };
  while (!removals_.empty() && is_wanted(removals_.front())) removals_.pop_front();
  if (removals_.empty()) return EndCollection();
  const std::string id = removals_.front().first;
  const std::string reference = removals_.front().second;
  removals_.pop_front();
  const std::string name = NormalizeReference(reference);
  LogInfo("image removed: no container uses it", {{"image", reference}});
  seen_.images_going.insert(name);
  std::erase_if(seen_.images, [&](const auto& entry) { return entry.second.image_id == id; });
  runtime_->RemoveImage(
      reference, Guarded([this, name](const Status& removed) { OnImageRemoved(name, removed); }));
}

void Agent::Core::OnImageRemoved(const std::string& reference, const Status& removed) {
  seen_.images_going.erase(reference);
  if (!removed.ok()) {
    LogWarning("an image cannot be removed", {{"image", reference}, {"error", removed.message()}});
  }
  RequestTurn();
  RemoveNextImage();
}

void Agent::Core::EndCollection() {
  collecting_ = false;
  collected_ = true;
  collect_again_at_ = loop_->now().mono + kCollectMs;
  const bool too_little = bytes_wanted_ != kEverything && bytes_found_ < bytes_wanted_;
  if (too_little && !told_too_little_ && events_.size() < kMaxPendingEvents) {
    told_too_little_ = true;
    AgentEvent event;
    event.type = EventType::kWarning;
    event.reason = "FreeDiskSpaceFailed";
    event.message =
        "the file system of images is to have " +
        AmountText(Signal::kImagefsAvailable, bytes_wanted_) +
        " more free, but images that this agent pulled and that nobody uses have only " +
        AmountText(Signal::kImagefsAvailable, bytes_found_);
    events_.push_back(std::move(event));
  }
  TakeSample();
}

}  // namespace reconcile
