#include <algorithm>
#include <utility>

#include "agent/agent_core.h"
#include "agent/end_messages.h"
#include "agent/pod_files.h"
#include "agent/restart.h"
#include "base/log.h"

namespace reconcile {
namespace {

constexpr int kPodFileMode = 0644;

void NoteImage(const ImageInfo& info, ImageSeen* image) {
  image->image_id = info.id;
  image->entrypoint = info.entrypoint;
  image->cmd = info.cmd;
  image->user = info.user;
}

}  // namespace

void Agent::Core::Begin(Operation operation) {
  const std::string key = operation.key;
  LogDebug("operation", {{"key", key}, {"reason", operation.reason}});
  ++in_lane_[static_cast<size_t>(LaneOf(operation))];
  seen_.busy.insert(key);
  began_[key] = loop_->now().mono;
  const Operation& running = running_.emplace(key, std::move(operation)).first->second;
  // A copy: an operation may end before Run returns, and takes its entry with it.
  const Operation copy = running;
  std::visit([&](const auto& action) { Run(copy, action); }, copy.action);
}

void Agent::Core::TellOperation(const std::string& key, const Status& status) const {
  const auto running = running_.find(key);
  const auto began = began_.find(key);
  if (options_.observer == nullptr || running == running_.end() || began == began_.end()) return;
  options_.observer->OnOperation(running->second.kind(), status, loop_->now().mono - began->second);
}

void Agent::Core::Succeed(const std::string& key, const Status& outcome) {
  seen_.failed.erase(key);
  TellOperation(key, outcome);
  End(key);
}

void Agent::Core::Fail(const std::string& key, const Status& status, bool look) {
  OperationFailure& failure = seen_.failed[key];
  failure.count++;
  failure.retry_at = loop_->now().mono + RetryDelayMs(failure.count);
  failure.code = status.code();
  failure.message = status.message();
  TellOperation(key, status);
  LogFields fields = {{"key", key}, {"error", status.ToString()}};
  const auto running = running_.find(key);
  if (running != running_.end() && !running->second.pod_name.empty()) {
    const Operation& of = running->second;
    fields.emplace_back(kObjectField, LogObject("Pod", of.namespace_name, of.pod_name));
  }
  LogWarning("operation failed", fields);
  if (!look) return End(key);
  WaitForList(key);
}

// Over when it is known what the engine has.
void Agent::Core::WaitForList(const std::string& key) {
  wait_for_list_.insert(key);
  RequestList();
}

void Agent::Core::End(const std::string& key) {
  const auto running = running_.find(key);
  if (running != running_.end()) {
    --in_lane_[static_cast<size_t>(LaneOf(running->second))];
    running_.erase(running);
  }
  began_.erase(key);
  seen_.busy.erase(key);
  RequestTurn();
}

void Agent::Core::Say(const Operation& operation, EventType type, const std::string& reason,
                      const std::string& message) {
  if (operation.pod_uid.empty() || operation.pod_name.empty()) return;
  if (events_.size() >= kMaxPendingEvents) return;
  events_.push_back(
      {operation.pod_uid, operation.namespace_name, operation.pod_name, type, reason, message});
}

// ---- of the host ----

void Agent::Core::Run(const Operation& operation, const EnsurePause&) {
  runtime_->EnsurePauseImage(Guarded([this, key = operation.key](Result<std::string> id) {
    if (!id.ok()) return Fail(key, id.status(), false);
    seen_.pause_image_id = std::move(id).value();
    Succeed(key);
  }));
}

void Agent::Core::Run(const Operation& operation, const PrepareNetwork& action) {
  network_->Prepare(action.config,
                    Guarded([this, key = operation.key, config = action.config](Status status) {
                      health_.network_error = status.message();
                      if (status.ok()) {
                        seen_.prepared = config;
                        return Succeed(key);
                      }
                      seen_.prepared.reset();
                      Fail(key, status, false);
                    }));
}

// ---- of images ----

void Agent::Core::Run(const Operation& operation, const LookAtImage& action) {
  const MonoTime began = loop_->now().mono;
  runtime_->InspectImage(
      action.reference, Guarded([this, operation, action, began](Result<ImageInfo> info) {
        const bool absent = info.status().code() == StatusCode::kNotFound;
        if (!info.ok() && !absent) return Fail(operation.key, info.status(), false);
        ImageSeen& image = seen_.images[action.image_key];
        image.state = absent ? ImageSeen::State::kAbsent : ImageSeen::State::kPresent;
        image.checked_at = began;
        if (info.ok()) {
          NoteImage(*info, &image);
          image.failures = 0;
          Say(operation, EventType::kNormal, "Pulled",
              "Container image \"" + action.reference + "\" already present on machine");
        }
        Succeed(operation.key);
      }));
}

void Agent::Core::Run(const Operation& operation, const PullImageOp& action) {
  Say(operation, EventType::kNormal, "Pulling", "Pulling image \"" + action.reference + "\"");
  if (!action.logins.missing.empty()) {
    std::string names;
    for (const std::string& name : action.logins.missing) {
      names += (names.empty() ? "" : ", ") + name;
    }
    Say(operation, EventType::kWarning, "FailedToRetrieveImagePullSecret",
        "Unable to retrieve some image pull secrets (" + names +
            "); attempting to pull the image may not succeed.");
  }
  const MonoTime began = loop_->now().mono;
  const auto image = seen_.images.find(action.image_key);
  // It was looked for just before, unless it is pulled for every start.
  if (image != seen_.images.end() && image->second.state == ImageSeen::State::kAbsent) {
    return PullWith(operation, {action, false, began}, 0);
  }
  runtime_->InspectImage(action.reference,
                         Guarded([this, operation, action, began](const Result<ImageInfo>& info) {
                           const bool was_here = info.status().code() != StatusCode::kNotFound;
                           PullWith(operation, {action, was_here, began}, 0);
                         }));
}

// With one login after another, until the registry takes one.
void Agent::Core::PullWith(const Operation& operation, const Pull& pull, size_t login) {
  const std::vector<RegistryLogin>& logins = pull.action.logins.logins;
  const auto with =
      login < logins.size() ? std::make_optional(logins[login]) : std::optional<RegistryLogin>();
  runtime_->PullImage(pull.action.reference, with,
                      Guarded([this, operation, pull, login](Status pulled) {
                        if (pulled.ok()) return LookAtPulled(operation, pull);
                        if (login + 1 < pull.action.logins.logins.size()) {
                          return PullWith(operation, pull, login + 1);
                        }
                        OnPulled(operation, pull.action, pull.began, pulled);
                      }));
}

void Agent::Core::LookAtPulled(const Operation& operation, const Pull& pull) {
  runtime_->InspectImage(pull.action.reference,
                         Guarded([this, operation, pull](Result<ImageInfo> info) {
                           if (info.ok()) NoteImage(*info, &seen_.images[pull.action.image_key]);
                           if (info.ok()) NoteImagePulled(pull.action, info->id, pull.was_here);
                           OnPulled(operation, pull.action, pull.began, info.status());
                         }));
}

void Agent::Core::OnPulled(const Operation& operation, const PullImageOp& action, MonoTime began,
                           const Status& status) {
  ImageSeen& image = seen_.images[action.image_key];
  if (status.ok()) {
    image.state = ImageSeen::State::kPresent;
    image.checked_at = began;
    image.pulled_at = began;
    image.failures = 0;
    image.error.clear();
    Say(operation, EventType::kNormal, "Pulled",
        "Successfully pulled image \"" + action.reference + "\"");
    AskImages();
  } else {
    image.state = ImageSeen::State::kPullFailed;
    image.error = status.message();
    ++image.failures;
    image.failed_at = loop_->now().mono;
    image.retry_at = image.failed_at + PullBackoffMs(image.failures);
    Say(operation, EventType::kWarning, "Failed",
        "Failed to pull image \"" + action.reference + "\": " + status.message());
  }
  Succeed(operation.key, status);  // the image's state says what failed
}

// ---- of pods ----

void Agent::Core::Run(const Operation& operation, const WritePodFiles& action) {
  const std::string folder = PodFolder(action.pod_uid) + "/";
  seen_.pod_folders.insert(action.pod_uid);
  const PodResolvConf conf = MakePodResolvConf(
      action.dns, action.cluster_dns, options_.read_resolv_conf ? options_.read_resolv_conf() : "");
  for (const std::string& warning : conf.warnings) {
    Say(operation, EventType::kWarning, "DNSConfigForming", warning);
  }
  // Without a server a pod has the engine's copy.
  const std::string resolver = ParseResolvConf(conf.text).nameservers.empty() ? "" : conf.text;
  Status status = files_->Write(
      folder + "hosts", HostsFile(action.hostname, action.address) + action.aliases, kPodFileMode);
  if (status.ok())
    status = files_->Write(folder + "hostname", action.hostname + "\n", kPodFileMode);
  if (status.ok() && !resolver.empty()) {
    status = files_->Write(folder + "resolv.conf", resolver, kPodFileMode);
  }
  NoteFiles(PodFilesKey(action.pod_uid), status);
  if (!status.ok()) return Fail(operation.key, status, false);
  seen_.pods[action.pod_uid].files_address = action.address;
  seen_.pods[action.pod_uid].has_resolver = !resolver.empty();
  Succeed(operation.key);
}

void Agent::Core::Run(const Operation& operation, const ForgetPod& action) {
  files_->TakeAway(PodFolder(action.pod_uid),
                   Guarded([this, key = operation.key, uid = action.pod_uid](const Status& status) {
                     if (!status.ok()) return Fail(key, status, false);
                     seen_.pod_folders.erase(uid);
                     Succeed(key);
                   }));
}

// A program that could not be executed, or had ended already when its network was there: no fault
// of the network's. What became of its container is the engine's to say.
bool Agent::Core::EndedAtOnce(const AttachNetwork& action, const Status& status) {
  if (status.code() != StatusCode::kNotFound || action.attachment.waits_as.empty()) return false;
  std::string& ended = seen_.pods[action.attachment.pod_uid].ended_owner_id;
  return std::exchange(ended, action.owner_id) != action.owner_id;
}

void Agent::Core::Run(const Operation& operation, const AttachNetwork& action) {
  ++network_changes_;
  const int mtu = seen_.prepared ? seen_.prepared->mtu : 0;
  const PodSeen& known = seen_.pods[action.attachment.pod_uid];
  const AttachedBefore before = {known.attached_owner_id, known.attached_process_id,
                                 seen_.attached_addresses.contains(action.attachment.address)};
  network_->AttachPod(action.attachment,
                      Guarded([this, key = operation.key, action, mtu, before](Status status) {
                        ++network_changes_;
                        if (EndedAtOnce(action, status)) return WaitForList(key);
                        if (!status.ok()) {
                          // It may have been done, and its sandbox may be gone.
                          RequestNetworkList();
                          return Fail(key, status, true);
                        }
                        const PodAttachment& attachment = action.attachment;
                        seen_.attached_addresses.insert(attachment.address);
                        PodSeen& pod = seen_.pods[attachment.pod_uid];
                        pod.attached_owner_id = action.owner_id;
                        pod.attached_process_id = attachment.process_id;
                        pod.attached_mtu = mtu;
                        NoteReattached(action, before);
                        Succeed(key);
                      }));
}

// The address was given back, and another pod has it.
bool Agent::Core::IsAnothers(const DetachNetwork& action) const {
  return std::any_of(seen_.pods.begin(), seen_.pods.end(), [&](const auto& entry) {
    const PodSeen& pod = entry.second;
    return entry.first != action.pod_uid && pod.address == action.address &&
           !pod.attached_owner_id.empty();
  });
}

void Agent::Core::Run(const Operation& operation, const DetachNetwork& action) {
  ++network_changes_;
  network_->DetachPod(action.pod_uid, action.address,
                      Guarded([this, operation, action](Status status) {
                        ++network_changes_;
                        if (!status.ok()) return FailToTakeAway(operation, status, false);
                        if (!IsAnothers(action)) seen_.attached_addresses.erase(action.address);
                        const auto memory = seen_.pods.find(action.pod_uid);
                        if (memory != seen_.pods.end()) {
                          memory->second.attached_owner_id.clear();
                        }
                        Succeed(operation.key);
                      }));
}

// ---- of containers ----

void Agent::Core::CreateAndStart(const Operation& operation, const ContainerConfig& config,
                                 std::function<void()> on_created,
                                 std::function<void(Status, const std::string&)> then) {
  runtime_->CreateContainer(config, Guarded([this, operation, on_created = std::move(on_created),
                                             then = std::move(then)](Result<std::string> id) {
                              if (!id.ok()) return OnCreateFailed(operation, id.status());
                              on_created();
                              runtime_->StartContainer(
                                  *id, Guarded([this, then, id = *id](Status started) {
                                    auto looked = [then, id, started](const Status& look) {
                                      then(started.ok() ? look : started, id);
                                    };
                                    started.ok() ? InspectStarted(id, looked) : Inspect(id, looked);
                                  }));
                            }));
}

void Agent::Core::OnCreateFailed(const Operation& operation, const Status& status) {
  if (status.code() == StatusCode::kNotFound) {  // the image went away: look for it again
    if (const auto* run = std::get_if<RunContainer>(&operation.action)) {
      seen_.images.erase(run->image_key);
    } else {
      seen_.pause_image_id.clear();
    }
  }
  const bool sandbox = std::holds_alternative<RunSandbox>(operation.action);
  if (status.code() != StatusCode::kUnavailable && status.code() != StatusCode::kConflict) {
    Say(operation, EventType::kWarning, sandbox ? "FailedCreatePodSandBox" : "Failed",
        (sandbox ? "Failed to create pod sandbox: " : "Error: ") + status.message());
  }
  Fail(operation.key, status, true);
}

void Agent::Core::Run(const Operation& operation, const RunSandbox& action) {
  if (action.attempt > 0) {
    Say(operation, EventType::kNormal, "SandboxChanged", operation.reason);
  }
  CreateAndStart(
      operation, action.config, [] {},
      [this, operation](const Status& started, const std::string& id) {
        OnSandboxStarted(operation, started, id);
      });
}

void Agent::Core::OnSandboxStarted(const Operation& operation, const Status& started,
                                   const std::string&) {
  if (started.ok()) return Succeed(operation.key);
  if (started.code() != StatusCode::kUnavailable) {
    Say(operation, EventType::kWarning, "FailedCreatePodSandBox",
        "Failed to start pod sandbox: " + started.message());
  }
  Fail(operation.key, started, true);
}

void Agent::Core::OnContainerStarted(const Operation& operation, const RunContainer& run,
                                     const Status& started, const std::string& id) {
  if (started.ok()) {
    Say(operation, EventType::kNormal, "Started", "Started container " + run.container);
    return Succeed(operation.key);
  }
  if (started.code() == StatusCode::kUnavailable) return Fail(operation.key, started, true);
  Say(operation, EventType::kWarning, "Failed", "Error: " + started.message());
  const auto container = seen_.containers.find(id);
  // A failed start that the engine keeps is a crash like any other: its back-off is the
  // container's.
  if (container != seen_.containers.end() && !container->second.error.empty()) {
    return Succeed(operation.key, started);
  }
  Fail(operation.key, started, true);
}

void Agent::Core::Run(const Operation& operation, const StopContainerOp& action) {
  // A retry is no news.
  if (!action.told && !seen_.failed.contains(operation.key)) {
    Say(operation, EventType::kNormal, "Killing", operation.reason);
  }
  runtime_->StopContainer(action.container_id, action.grace_seconds,
                          Guarded([this, operation, id = action.container_id](Status stopped) {
                            const bool absent = stopped.code() == StatusCode::kNotFound;
                            OnTakenAway(operation, id, absent ? OkStatus() : stopped);
                          }));
}

void Agent::Core::Run(const Operation& operation, const RemoveContainerOp& action) {
  const auto seen = seen_.containers.find(action.container_id);
  const std::string file = seen == seen_.containers.end() ? "" : EndFileOf(seen->second);
  runtime_->RemoveContainer(action.container_id, Guarded([this, operation, id = action.container_id,
                                                          file](Status removed) {
                              if (removed.ok()) RemoveEndFile(file);
                              OnTakenAway(operation, id, removed);
                            }));
}

void Agent::Core::OnTakenAway(const Operation& operation, const std::string& id,
                              const Status& status) {
  if (!status.ok()) return FailToTakeAway(operation, status, true);
  Inspect(id, [this, operation](const Status& looked) {
    looked.ok() ? Succeed(operation.key) : Fail(operation.key, looked, true);
  });
}

void Agent::Core::FailToTakeAway(const Operation& operation, const Status& status, bool look) {
  const auto before = seen_.failed.find(operation.key);
  if (before == seen_.failed.end() || before->second.message != status.message()) {
    Say(operation, EventType::kWarning, "FailedKillPod", "error killing pod: " + status.message());
  }
  Fail(operation.key, status, look);
}

}  // namespace reconcile
