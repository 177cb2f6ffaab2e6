#include <algorithm>

#include "agent/agent_core.h"
#include "base/log.h"

namespace reconcile {

void Agent::Core::LookAtHost() {
  After(options_.pressure_every_ms, [this] { LookAtHost(); });
  TakeSample();
  LookAtUse();
}

void Agent::Core::TakeSample() {
  sample_again_ = sampling_;
  if (sampling_) return;
  sampling_ = true;
  const bool has_root = health_.engine && !health_.engine->root_folder.empty();
  std::vector<std::string> paths = {""};
  if (has_root) paths.push_back(health_.engine->root_folder);
  files_->MeasureSpace(std::move(paths),
                       Guarded([this, has_root](const std::vector<FileSystemSpace>& spaces) {
                         sampling_ = false;
                         // It may be older than what is asked for.
                         if (sample_again_) return TakeSample();
                         HostSample sample;
                         if (options_.read_host_use) sample.use = options_.read_host_use();
                         sample.state = spaces.at(0);
                         if (has_root) sample.images = spaces.at(1);
                         OnSample(sample, has_root);
                       }));
}

void Agent::Core::OnSample(const HostSample& sample, bool has_root) {
  sampled_root_ = sampled_root_ || has_root;
  // It answered while the look was under way.
  const bool lacks_root = health_.engine && !sampled_root_;
  sample_ = sample;
  const bool was_short = IsShortOf(Pressure::kDisk);
  shortages_ = ShortagesOf(options_.pressure, sample);
  const bool is_short = IsShortOf(Pressure::kDisk);
  if (is_short && !was_short) disk_short_at_ = loop_->now().mono;
  NotePressures(NextPressures(options_.pressure, health_.pressures.value_or(Pressures()),
                              shortages_, loop_->now().mono));
  if (lacks_root && !health_.engine->root_folder.empty()) return TakeSample();
  if (was_short != is_short) RequestTurn();
  NoteImageUse();
  const bool collects = CollectImages();
  ConsiderEviction(!collects);
  if (!collects) collected_ = false;
  ReportIfChanged();
}

bool Agent::Core::IsShortOf(Pressure pressure) const {
  return std::any_of(shortages_.begin(), shortages_.end(), [&](const Shortage& shortage) {
    return PressureOf(shortage.signal) == pressure;
  });
}

void Agent::Core::NotePressures(const Pressures& next) {
  const Pressures before = health_.pressures.value_or(Pressures());
  health_.pressures = next;
  for (const Pressure pressure : kAllPressures) {
    const auto index = static_cast<size_t>(pressure);
    if (before[index].is_on == next[index].is_on) continue;
    const Condition condition = ConditionOf(pressure, next[index]);
    const bool is_on = next[index].is_on;
    if (is_on) LogWarning("the host is under pressure", {{"why", condition.message}});
    if (events_.size() >= kMaxPendingEvents) continue;
    AgentEvent event;
    event.type = is_on ? EventType::kWarning : EventType::kNormal;
    event.reason = EventReasonOf(pressure, is_on);
    event.message = condition.message;
    events_.push_back(std::move(event));
  }
}

bool Agent::Core::MaySpeak() const {
  // Before the engine has spoken there is nothing to say of this host, or it would look broken.
  if (!health_.engine && health_.engine_error.empty()) return false;
  const bool may_lack_root = !health_.engine || health_.engine->root_folder.empty();
  if (health_.pressures && (sampled_root_ || may_lack_root)) return true;
  return loop_->now().mono - began_at_ >= kMostUnsampledMs;
}

}  // namespace reconcile
