#include <algorithm>

#include "agent/agent_core.h"
#include "agent/containers.h"
#include "base/log.h"
#include "base/utf8.h"

namespace reconcile {
namespace {

// Neither in clear nor worth a seal: ids, and whether they serve. Like the containers, it need not
// outlive the machine's power.
constexpr char kProbesFile[] = "probes";
constexpr int kProbesFileMode = 0600;
constexpr int64_t kSaveProbesAgainMs = 5'000;
constexpr size_t kMaxSaidBytes = 1'024;  // Kubernetes' limit of an Event's message

// What a program said, as a part of a message: well-formed, and not long.
std::string Clean(std::string_view said) {
  std::string text;
  for (size_t at = 0; at < said.size();) {
    const size_t length = Utf8SequenceLength(said, at);
    if (text.size() + std::max<size_t>(length, 1) > kMaxSaidBytes) break;
    text += length == 0 ? "?" : said.substr(at, length);
    at += std::max<size_t>(length, 1);
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

ProbeOutcome OutcomeOf(const ExecResult& result, int64_t timeout_ms) {
  if (!result.exit_code) {
    return {false, "the command did not end within " + std::to_string(timeout_ms / 1000) + " s"};
  }
  if (*result.exit_code == 0) return {true, ""};
  std::string said = Clean(result.output);
  if (said.empty()) said = "the command ended with exit code " + std::to_string(*result.exit_code);
  return {false, said};
}

}  // namespace

void Agent::Core::Run(const Operation& operation, const ProbeContainer& action) {
  if (std::holds_alternative<ExecProbe>(action.probe.action)) {
    execs_waiting_.push_back(operation.key);
    return StartExecs();
  }
  NoteLag(operation, loop_->now().mono - action.due);
  prober_->Ask({action.container_id, action.address, action.probe},
               Guarded([this, operation, action](const Result<ProbeOutcome>& outcome) {
                 OnProbed(operation, action, outcome);
               }));
}

void Agent::Core::ProbesAt(MonoTime due) {
  if (probes_timer_ != 0 && probes_due_ <= due) return;
  if (probes_timer_ != 0) loop_->Cancel(probes_timer_);
  probes_due_ = due;
  probes_timer_ = loop_->At(due, Guarded([this] {
                              probes_timer_ = 0;
                              AskProbes();
                            }));
}

void Agent::Core::AskProbes() {
  if (!applied_ || !seen_.engine_up) return;  // the next step that can plans them
  const ProbesAsked asked = AskAgain(*applied_, seen_.busy, &seen_.pods, loop_->now().mono);
  if (asked.again_at) ProbesAt(*asked.again_at);
  for (const Operation& operation : asked.operations) {
    if (in_lane_[static_cast<size_t>(Lane::kProbe)] < static_cast<int>(kMaxProbesWaiting)) {
      Begin(operation);
    }
  }
}

// What waits keeps its place: no other of its kind is asked meanwhile.
void Agent::Core::StartExecs() {
  while (execs_running_ < kMaxParallelExecs && !execs_waiting_.empty()) {
    const Operation operation = running_.at(execs_waiting_.front());
    execs_waiting_.pop_front();
    ++execs_running_;
    RunExec(operation, std::get<ProbeContainer>(operation.action));
  }
}

void Agent::Core::RunExec(const Operation& operation, const ProbeContainer& action) {
  NoteLag(operation, loop_->now().mono - action.due);
  runtime_->Exec(
      action.container_id, std::get<ExecProbe>(action.probe.action).command,
      action.probe.timeout_ms, Guarded([this, operation, action](const Result<ExecResult>& result) {
        --execs_running_;
        OnProbed(operation, action,
                 result.ok() ? Result<ProbeOutcome>(OutcomeOf(*result, action.probe.timeout_ms))
                             : result.status());
        StartExecs();
      }));
}

void Agent::Core::EndProbe(const std::string& key) {
  running_.erase(key);
  began_.erase(key);
  --in_lane_[static_cast<size_t>(Lane::kProbe)];
  seen_.busy.erase(key);
}

// An answer that changes nothing takes no turn, only the next probe's time.
void Agent::Core::OnProbed(const Operation& operation, const ProbeContainer& action,
                           const Result<ProbeOutcome>& outcome) {
  if (options_.observer != nullptr) options_.observer->OnProbe(action.kind, outcome);
  EndProbe(operation.key);
  const auto pod = seen_.pods.find(action.pod_uid);
  if (pod == seen_.pods.end()) return;
  const auto container = pod->second.memory.find(action.container);
  if (container == pod->second.memory.end()) return;
  ProbesMemory& memory = container->second.probes;
  if (memory.container_id != action.container_id) return;
  ProbeMemory& of = memory[action.kind];
  if (of.due) ProbesAt(Together(*of.due));
  if (!outcome.ok()) {  // it could not be asked, which says nothing of the program
    LogDebug("a probe could not be tried",
             {{"key", operation.key}, {"error", outcome.status().message()}});
    return;
  }
  const ProbeOutcome heard{outcome->success, Clean(outcome->message)};
  const std::optional<bool> before = of.result;
  const bool counted = TakeOutcome(action.kind, action.probe, action.container_id, heard, &memory);
  if (IsNews(heard, counted, loop_->now().mono, &of)) {
    Say(operation, EventType::kWarning, "Unhealthy", UnhealthyMessage(action.kind, heard));
    ReportIfChanged();
  }
  if (of.result != before) RequestTurn();
}

void Agent::Core::NoteLag(const Operation& operation, int64_t lag_ms) {
  const MonoTime now = loop_->now().mono;
  if (lag_ms < kLateProbeMs || now < say_lag_at_) return;
  say_lag_at_ = now + kSayLagMs;
  LogWarning("probes are late: this host has more of them than it can do in time",
             {{kObjectField, LogObject("Pod", operation.namespace_name, operation.pod_name)},
              {"lag_ms", std::to_string(lag_ms)},
              {"waiting_commands", std::to_string(execs_waiting_.size())}});
}

void Agent::Core::RestoreProbes() {
  const Result<std::string> text = files_->Read(kProbesFile);
  Result<KeptProbes> kept = text.ok() ? ReadKeptProbes(*text) : text.status();
  if (kept.ok()) {
    seen_.probed_earlier = *kept;
    saved_probes_ = std::move(kept).value();
    probes_restored_ = true;
  } else if (kept.status().code() != StatusCode::kNotFound) {
    LogWarning(
        "what was known of programs that are probed cannot be read: those that run are "
        "taken for ready until their probes say otherwise",
        {{"error", kept.status().message()}});
  }
}

// Nothing is known of what runs already, as after an update from a release without probes: it
// stays ready, as it was said to be.
void Agent::Core::BelieveAdopted() {
  if (probes_restored_) return;
  probes_restored_ = true;
  for (const auto& [id, container] : seen_.containers) {
    if (IsLive(container)) seen_.probed_earlier[id] = {true, true, std::nullopt};
  }
}

void Agent::Core::SaveProbes() {
  if (!seen_.engine_up || loop_->now().mono < save_probes_again_at_) return;
  std::erase_if(seen_.probed_earlier, [&](const auto& entry) {
    const auto container = seen_.containers.find(entry.first);
    return container == seen_.containers.end() || !IsLive(container->second);
  });
  KeptProbes kept = seen_.probed_earlier;
  for (const auto& [uid, pod] : seen_.pods) {
    for (const auto& [name, memory] : pod.memory) {
      const ProbesMemory& probes = memory.probes;
      const auto container = seen_.containers.find(probes.container_id);
      if (container == seen_.containers.end() || !IsLive(container->second)) continue;
      kept[probes.container_id] = {probes.started, probes.ready, probes.changed_at};
    }
  }
  // After a failure it is written all the same: the host counts as unready until that is done.
  if (kept == saved_probes_ && !health_.files_errors.contains(kProbesFile)) return;
  const Status saved = files_->Write(kProbesFile, WriteKeptProbes(kept), kProbesFileMode);
  NoteFiles(kProbesFile, saved);
  if (saved.ok()) {
    saved_probes_ = std::move(kept);
    return;
  }
  LogWarning("what probes said cannot be saved", {{"error", saved.message()}});
  save_probes_again_at_ = loop_->now().mono + kSaveProbesAgainMs;
  After(kSaveProbesAgainMs, [this] { RequestTurn(); });
}

}  // namespace reconcile
