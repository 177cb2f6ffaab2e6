#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "agent/prober.h"
#include "base/time.h"

namespace reconcile {

// What the programs of simulated applications ask of their probes: "/started" and "/ready" over
// HTTP, and a TCP connection that opens.
inline constexpr std::string_view kStartedPath = "/started";
inline constexpr std::string_view kReadyPath = "/ready";
inline constexpr int64_t kStartedAfterMs = 2'000;

// How the programs of one host fare: well, but for those that a fault has made ill. By the engine's
// ids: a restarted container is well.
class IllPrograms {
 public:
  void Began(const std::string& id, MonoTime now) { began_[id] = now; }
  void Ended(const std::string& id);
  // It goes on, and is not ready before `until`.
  void MakeUnready(const std::string& id, MonoTime until) { unready_until_[id] = until; }
  // It answers nothing any more.
  void Hang(const std::string& id) { hung_.insert(id); }

  bool HasHung(const std::string& id) const { return hung_.contains(id); }
  std::optional<ProbeOutcome> Answer(const ProbeRequest& request, MonoTime now) const;

 private:
  std::map<std::string, MonoTime> began_;
  std::map<std::string, MonoTime> unready_until_;
  std::set<std::string> hung_;  // also those that have ended: whoever asks why they did learns it
};

}  // namespace reconcile
