#include <algorithm>

#include "agent/agent_core.h"
#include "agent/containers.h"
#include "base/log.h"

namespace reconcile {
namespace {

// Like the containers, it need not outlive the machine's power.
constexpr char kHooksFile[] = "hooks";
constexpr int kHooksFileMode = 0600;
constexpr int64_t kSaveHooksAgainMs = 5'000;

// Not what it wrote, which may be secret.
ProbeOutcome OutcomeOfCommand(const ExecResult& result, int64_t timeout_ms) {
  if (!result.exit_code) {
    return {false, "its command did not end within " + std::to_string(timeout_ms / 1000) + " s"};
  }
  if (*result.exit_code == 0) return {true, ""};
  return {false, "its command ended with exit code " + std::to_string(*result.exit_code)};
}

}  // namespace

void Agent::Core::Run(const Operation& operation, const RunHook& action) {
  if (action.kind == HookKind::kPreStop) TellStop(operation, action);
  const auto end = [this, operation, action](const Result<ProbeOutcome>& outcome) {
    OnHookEnded(operation, action, outcome);
  };
  if (const auto* exec = std::get_if<ExecProbe>(&action.hook.action)) {
    runtime_->Exec(action.container_id, exec->command, action.timeout_ms,
                   Guarded([end, timeout_ms = action.timeout_ms](const Result<ExecResult>& result) {
                     end(result.ok() ? Result<ProbeOutcome>(OutcomeOfCommand(*result, timeout_ms))
                                     : result.status());
                   }));
  } else if (const auto* http = std::get_if<HttpProbe>(&action.hook.action)) {
    Probe probe;
    probe.action = *http;
    probe.timeout_ms = action.timeout_ms;
    prober_->Ask({action.container_id, action.address, probe}, Guarded(end));
  } else if (const auto* sleep = std::get_if<SleepHook>(&action.hook.action)) {
    After(std::min(sleep->ms, action.timeout_ms), [end] { end(ProbeOutcome{true, ""}); });
  } else {
    const std::string& handler = std::get<InvalidHook>(action.hook.action).handler;
    After(0, [end, handler] {
      end(ProbeOutcome{false, "no hook can be run by " + handler + "; use exec, httpGet or sleep"});
    });
  }
}

void Agent::Core::TellStop(const Operation& operation, const RunHook& action) {
  BegunStops& stops = seen_.pods[action.pod_uid].stops;
  const auto stop = stops.find(action.container_id);
  if (stop == stops.end() || stop->second.told) return;
  stop->second.told = true;
  Say(operation, EventType::kNormal, "Killing", operation.reason);
}

void Agent::Core::OnHookEnded(const Operation& operation, const RunHook& action,
                              const Result<ProbeOutcome>& outcome) {
  if (outcome.ok() && outcome->success) return EndHook(operation, action, *outcome);
  // It says nothing of the program, nor whether the hook was run: it is run again.
  if (outcome.status().code() == StatusCode::kUnavailable) {
    return Fail(operation.key, outcome.status(), false);
  }
  const std::string why = outcome.ok() ? outcome->message : outcome.status().message();
  // Its container may have ended, which is no failure of the hook.
  Inspect(action.container_id, [this, operation, action, why](const Status& looked) {
    if (!looked.ok()) return Fail(operation.key, looked, false);
    EndHook(operation, action, {false, WithoutRequest(why)});
  });
}

void Agent::Core::EndHook(const Operation& operation, const RunHook& action,
                          const ProbeOutcome& outcome) {
  const auto container = seen_.containers.find(action.container_id);
  const auto pod = seen_.pods.find(action.pod_uid);
  if (container != seen_.containers.end() && IsLive(container->second) && pod != seen_.pods.end()) {
    NoteHook(operation, action, outcome, &pod->second);
  }
  Succeed(operation.key, outcome.success ? OkStatus() : InternalError(outcome.message));
}

void Agent::Core::NoteHook(const Operation& operation, const RunHook& action,
                           const ProbeOutcome& outcome, PodSeen* pod) {
  const std::string message = FailedHookMessage(action.kind, action.container, outcome.message);
  bool told = false;
  if (action.kind == HookKind::kPostStart) {
    PostStartMemory& memory = pod->memory[action.container].post_start;
    if (memory.container_id != action.container_id) return;
    memory.ended = true;
    memory.ended_at = loop_->now().wall;
    if (!outcome.success) memory.error = message;
  } else {
    const auto stop = pod->stops.find(action.container_id);
    if (stop == pod->stops.end()) return;
    stop->second.hook_ended = true;
    told = stop->second.outlasted;
  }
  if (outcome.success || told) return;
  Say(operation, EventType::kWarning, std::string(FailedHookReason(action.kind)), message);
}

void Agent::Core::RestoreHooks() {
  const Result<std::string> text = files_->Read(kHooksFile);
  Result<KeptHooksById> kept = text.ok() ? ReadKeptHooks(*text) : text.status();
  if (kept.ok()) {
    seen_.hooks_earlier = *kept;
    saved_hooks_ = std::move(kept).value();
  } else if (kept.status().code() != StatusCode::kNotFound) {
    LogWarning(
        "what was known of lifecycle hooks cannot be read: those of containers that run are taken "
        "to have ended",
        {{"error", kept.status().message()}});
  }
}

// Nothing is known of what runs already: as in Kubernetes, its postStart hooks are not run again.
void Agent::Core::BelieveAdoptedHooks() {
  if (saved_hooks_) return;
  for (const auto& [id, container] : seen_.containers) {
    if (IsLive(container)) seen_.hooks_earlier[id].post_start_ended = true;
  }
}

KeptHooksById Agent::Core::HooksToKeep() const {
  const auto runs = [this](const std::string& id) {
    const auto container = seen_.containers.find(id);
    return container != seen_.containers.end() && IsLive(container->second);
  };
  KeptHooksById kept = seen_.hooks_earlier;
  for (const auto& [uid, pod] : seen_.pods) {
    for (const auto& [name, memory] : pod.memory) {
      const PostStartMemory& hook = memory.post_start;
      if (!runs(hook.container_id)) continue;
      kept[hook.container_id].post_start_ended = hook.ended && hook.error.empty();
      kept[hook.container_id].post_start_ended_at = hook.ended_at;
    }
    for (const auto& [id, stop] : pod.stops) {
      if (runs(id)) kept[id].stop = {stop.wall_deadline, stop.grace_ms, stop.hook_ended};
    }
  }
  return kept;
}

// Before any of them begins. There is a file as soon as the agent has looked: without one nothing
// would be known of a hook in whose midst the agent ends.
void Agent::Core::SaveHooks() {
  if (!seen_.engine_up || loop_->now().mono < save_hooks_again_at_) return;
  std::erase_if(seen_.hooks_earlier, [&](const auto& entry) {
    const auto container = seen_.containers.find(entry.first);
    return container == seen_.containers.end() || !IsLive(container->second);
  });
  KeptHooksById kept = HooksToKeep();
  // After a failure it is written all the same: the host counts as unready until that is done.
  if (kept == saved_hooks_ && !health_.files_errors.contains(kHooksFile)) return;
  const Status saved = files_->Write(kHooksFile, WriteKeptHooks(kept), kHooksFileMode);
  NoteFiles(kHooksFile, saved);
  if (saved.ok()) {
    saved_hooks_ = std::move(kept);
    return;
  }
  LogWarning("what is known of lifecycle hooks cannot be saved", {{"error", saved.message()}});
  save_hooks_again_at_ = loop_->now().mono + kSaveHooksAgainMs;
  After(kSaveHooksAgainMs, [this] { RequestTurn(); });
}

}  // namespace reconcile
