#pragma once

#include <string>

#include "agent/pod_turn.h"

// Termination messages (SEMANTICS 8.9): what a program leaves in a file, or said last, of why it
// ended. They become a part of the pod's status. All PURE.

namespace reconcile {

// As the kubelet has them.
inline constexpr size_t kMaxEndMessageBytes = 4'096;      // of a file: its end
inline constexpr size_t kMaxEndLogBytes = 2'048;          // of a log: its end
inline constexpr int64_t kEndLogLines = 80;               // and no more lines than these
inline constexpr size_t kMaxPodEndMessageBytes = 12'288;  // shared out evenly among its containers

// On containers that have such a file: what the message is taken from, as terminationMessagePolicy
// says it.
inline constexpr std::string_view kLabelEndMessage = "dev.reconcile.termination-message";
inline constexpr std::string_view kFallBackToLogs = "FallbackToLogsOnError";

// The file of one attempt of a container, relative to the agent's data folder, the folder of those
// of all its attempts, and that of all its pod's.
std::string EndFilesFolder(const std::string& pod_uid);
std::string EndFilesFolder(const std::string& pod_uid, const std::string& container);
std::string EndFilePath(const std::string& pod_uid, const std::string& container, int32_t attempt);
// That of a container that is there, by its labels; "" when it has none.
std::string EndFileOf(const ContainerInfo& container);

// Mounts the attempt's file where terminationMessagePath says, and labels the container.
void AddEndFile(const Pod& pod, const Container& container, int32_t attempt, const HostFacts& host,
                ContainerConfig* config);

// Asks for the messages of the pod's containers that have ended, once each.
void ReadEnds(PodTurn* turn);
// Whether the messages of all that have ended are known.
bool EndsAreRead(const PodTurn& turn);
// What is told of why a container ended: the engine's words, and its own.
std::string EndMessageOf(const Seen& seen, const ContainerInfo& dead);
// Cuts the messages down to what a pod may have.
void LimitEndMessages(PodStatus* status);

}  // namespace reconcile
