#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "link/messages.h"

namespace reconcile {

struct Seen;

// A pod's first start on this host, while it goes on: when each stage was first seen to be reached.
struct StartWatch {
  MonoTime received;
  MonoTime accepted;
  std::optional<MonoTime> sandbox;
  std::optional<MonoTime> attached;
  std::optional<MonoTime> image;
  std::optional<MonoTime> created;  // the newest container, until all run
  std::optional<MonoTime> started;
  std::optional<MonoTime> network;  // of a container that owns it
  friend bool operator==(const StartWatch&, const StartWatch&) = default;
};

// PURE. A stage that was never seen was reached with the next one; none is before an earlier one.
StartTimes TimesOf(const StartWatch& watch, MonoTime ready);

// The engine created a container of the pod.
void NoteCreated(Seen* seen, const std::string& pod_uid, MonoTime now);

// Starts that no report has taken yet; at most this many are kept.
inline constexpr size_t kMaxPendingStarts = 1'000;
void KeepStarts(std::vector<PodStart> starts, std::vector<PodStart>* pending);

}  // namespace reconcile
