#include "agent/start_times.h"

#include <algorithm>
#include <iterator>

#include "agent/pod_turn.h"

namespace reconcile {
namespace {

void Reach(std::optional<MonoTime>* stage, bool is_reached, MonoTime now) {
  if (is_reached && !*stage) *stage = now;
}

bool ImagesAreThere(const PodTurn& turn) {
  const auto& containers = turn.pod.spec.containers;
  return std::all_of(containers.begin(), containers.end(), [&](const Container& container) {
    const auto image = turn.context.seen.images.find(ImageKey(turn.pod, container.image));
    return image != turn.context.seen.images.end() &&
           image->second.state == ImageSeen::State::kPresent;
  });
}

bool AllRun(const PodTurn& turn) {
  const auto& containers = turn.pod.spec.containers;
  return std::all_of(containers.begin(), containers.end(), [&](const Container& container) {
    return LiveOf(turn.Of(container.name)) != nullptr;
  });
}

}  // namespace

StartTimes TimesOf(const StartWatch& watch, MonoTime ready) {
  const std::optional<MonoTime> seen[] = {watch.accepted, watch.sandbox, watch.attached,
                                          watch.image,    watch.created, watch.started,
                                          watch.network};
  StartTimes times;
  int64_t* const written[] = {&times.accepted_ms, &times.sandbox_ms, &times.attached_ms,
                              &times.image_ms,    &times.created_ms, &times.started_ms,
                              &times.network_ms};
  MonoTime next = ready;
  for (size_t i = std::size(seen); i-- > 0;) {
    next = seen[i].value_or(next);
    *written[i] = next - watch.received;
  }
  int64_t before = 0;
  for (int64_t* ms : written) before = *ms = std::max(before, *ms);
  times.ready_ms = std::max(before, ready - watch.received);
  return times;
}

void NoteCreated(Seen* seen, const std::string& pod_uid, MonoTime now) {
  const auto pod = seen->pods.find(pod_uid);
  if (pod == seen->pods.end() || !pod->second.start || pod->second.start->started) return;
  pod->second.start->created = now;
}

void KeepStarts(std::vector<PodStart> starts, std::vector<PodStart>* pending) {
  for (PodStart& start : starts) {
    if (pending->size() < kMaxPendingStarts) pending->push_back(std::move(start));
  }
}

void WatchStart(PodTurn* turn, bool new_here, const PodStatus& status) {
  std::optional<StartWatch>& watch = turn->memory.start;
  const MonoTime now = turn->context.now.mono;
  const std::optional<MonoTime>& received = turn->context.seen.received_at;
  const bool untouched = turn->containers.by_name.empty() && turn->containers.sandboxes.empty();
  if (new_here && untouched && received) watch = StartWatch{.received = *received, .accepted = now};
  if (turn->pod.metadata.deletion_timestamp || turn->memory.terminal) watch.reset();
  if (!watch) return;
  const ContainerInfo* sandbox = LiveOf(turn->containers.sandboxes);
  Reach(&watch->sandbox, sandbox != nullptr, now);
  const bool sandbox_attached = sandbox != nullptr && turn->memory.attached_owner_id == sandbox->id;
  Reach(&watch->attached, sandbox_attached, now);
  Reach(&watch->image, ImagesAreThere(*turn), now);
  Reach(&watch->started, AllRun(*turn), now);
  // A container that owns its network is attached once it has started.
  const ContainerInfo* owner = LiveOf(turn->containers.owners);
  const bool has_network =
      sandbox_attached || (owner != nullptr && turn->memory.attached_owner_id == owner->id);
  Reach(&watch->network, watch->started.has_value() && has_network, now);
  const Condition* ready = FindCondition(status.conditions, "Ready");
  if (ready == nullptr || ready->status != ConditionStatus::kTrue) return;
  turn->context.result.starts.push_back({turn->uid(), TimesOf(*watch, now)});
  watch.reset();
}

}  // namespace reconcile
