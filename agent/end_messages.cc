#include "agent/end_messages.h"

#include <algorithm>

#include "agent/pod_files.h"
#include "base/utf8.h"

namespace reconcile {
namespace {

constexpr std::string_view kDefaultPath = "/dev/termination-log";

std::string TextOf(const Container& container, std::string_view field, std::string_view fallback) {
  const Value* value = container.others.Find(field);
  const bool given = value != nullptr && value->IsString() && !value->AsString().empty();
  return given ? value->AsString() : std::string(fallback);
}

// It ran, and ended badly: what could not be started has no log.
bool FallsBackToLogs(const ContainerInfo& dead) {
  return LabelOf(dead, kLabelEndMessage) == kFallBackToLogs && dead.exit_code != 0 &&
         dead.error.empty();
}

bool IsUnread(const Seen& seen, const ContainerInfo& container) {
  return IsDead(container) && !LabelOf(container, kLabelEndMessage).empty() &&
         !seen.end_messages.contains(container.id);
}

void Limit(size_t max_bytes, ContainerState* state) {
  if (!state->terminated) return;
  std::string& message = state->terminated->message;
  message.resize(CutUtf8(message, max_bytes).size());
}

}  // namespace

std::string EndFilesFolder(const std::string& pod_uid) { return PodFolder(pod_uid) + "/ends"; }

std::string EndFilesFolder(const std::string& pod_uid, const std::string& container) {
  return EndFilesFolder(pod_uid) + "/" + container;
}

std::string EndFilePath(const std::string& pod_uid, const std::string& container, int32_t attempt) {
  return EndFilesFolder(pod_uid, container) + "/" + std::to_string(attempt);
}

std::string EndFileOf(const ContainerInfo& container) {
  if (LabelOf(container, kLabelEndMessage).empty()) return "";
  return EndFilePath(LabelOf(container, kLabelPodUid), LabelOf(container, kLabelContainer),
                     AttemptOf(container));
}

void AddEndFile(const Pod& pod, const Container& container, int32_t attempt, const HostFacts& host,
                ContainerConfig* config) {
  std::string path = TextOf(container, "terminationMessagePath", kDefaultPath);
  if (!path.starts_with('/')) path = "/" + path;  // as the kubelet takes it
  const std::string file = EndFilePath(pod.metadata.uid, container.name, attempt);
  config->binds.push_back({host.pods_path + file.substr(kPodsFolder.size()), path, false});
  config->labels[std::string(kLabelEndMessage)] =
      TextOf(container, "terminationMessagePolicy", "File");
}

void ReadEnds(PodTurn* turn) {
  const Seen& seen = turn->context.seen;
  for (const auto& [name, containers] : turn->containers.by_name) {
    for (const ContainerInfo* container : containers) {
      if (!IsUnread(seen, *container)) continue;
      turn->context.result.reads_ends = true;
      turn->Add("end/" + container->id, "container " + name + " may say why it ended",
                ReadEndMessage{container->id, EndFileOf(*container), FallsBackToLogs(*container)});
    }
  }
}

bool EndsAreRead(const PodTurn& turn) {
  const Seen& seen = turn.context.seen;
  return std::none_of(
      turn.containers.by_name.begin(), turn.containers.by_name.end(), [&](const auto& entry) {
        return std::any_of(entry.second.begin(), entry.second.end(),
                           [&](const ContainerInfo* c) { return IsUnread(seen, *c); });
      });
}

std::string EndMessageOf(const Seen& seen, const ContainerInfo& dead) {
  const auto own = seen.end_messages.find(dead.id);
  if (own == seen.end_messages.end() || own->second.empty()) return dead.error;
  return dead.error.empty() ? own->second : dead.error + ": " + own->second;
}

void LimitEndMessages(PodStatus* status) {
  const size_t containers =
      status->container_statuses.size() + status->init_container_statuses.size();
  if (containers == 0) return;
  const size_t max_bytes = kMaxPodEndMessageBytes / containers;
  for (auto* statuses : {&status->init_container_statuses, &status->container_statuses}) {
    for (ContainerStatus& each : *statuses) {
      Limit(max_bytes, &each.state);
      Limit(max_bytes, &each.last_state);
    }
  }
}

}  // namespace reconcile
