#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "link/messages.h"

namespace reconcile {

// What something used on average over one step of time.
struct UsagePoint {
  ResourceUse use;
  NetworkUse network;
  friend bool operator==(const UsagePoint&, const UsagePoint&) = default;
};

// The last steps, oldest first; the newest is under way. Nothing where nothing was told.
struct UsageTrack {
  int64_t step_ms = 0;
  MonoTime began;  // of the first step
  std::vector<std::optional<UsagePoint>> points;
};

// The last five minutes in steps of 15 s and the last hour in steps of a minute, of one host or
// pod. Some 1.5 KB, whatever is told. PURE.
class UsageSeries {
 public:
  static constexpr int64_t kFineStepMs = 15'000;
  static constexpr int64_t kCoarseStepMs = 60'000;
  static constexpr size_t kFineSteps = 20;
  static constexpr size_t kCoarseSteps = 60;

  // `now` does not go back.
  void Add(MonoTime now, const UsagePoint& point);
  UsageTrack Fine(MonoTime now) const { return TrackOf(fine_, kFineStepMs, now); }
  UsageTrack Coarse(MonoTime now) const { return TrackOf(coarse_, kCoarseStepMs, now); }

 private:
  // What is too large for its place is as much as that holds.
  struct Packed {
    uint32_t cpu_micros = 0;
    uint32_t memory_kib = 0;
    uint32_t received = 0;  // in 16 bytes a second
    uint32_t sent = 0;
  };
  template <size_t kSteps>
  struct Ring {
    std::array<Packed, kSteps> steps{};   // by number of the step, modulo kSteps
    std::array<uint16_t, kSteps> told{};  // how many points each is the mean of; 0: none
    int64_t newest = -1;                  // number of the step
  };
  static Packed Pack(const UsagePoint& point);
  static UsagePoint Unpack(const Packed& packed);
  static void AddMean(const Packed& point, uint16_t* told, Packed* mean);
  template <size_t kSteps>
  static void AddTo(Ring<kSteps>* ring, int64_t step, const Packed& point);
  template <size_t kSteps>
  static UsageTrack TrackOf(const Ring<kSteps>& ring, int64_t step_ms, MonoTime now);

  Ring<kFineSteps> fine_;
  Ring<kCoarseSteps> coarse_;
};

// What hosts and pods use, as their agents told it: the newest look, and series. In memory alone,
// begins empty with the controller, and decides nothing. Bounded by the model: it has one series
// for each node and each pod of it. Loop thread only.
class UsageHistory {
 public:
  // A look that is older than this is not what is used now.
  static constexpr int64_t kFreshMs = 60'000;

  // Of a report whose look is new; others change nothing. Pods that are not the node's in `state`
  // are passed over, and what is known of such is forgotten.
  void Take(const Report& report, const ClusterState& state, MonoTime now);

  struct HostUsage {
    MonoTime at;                          // when it was told
    UsagePtr newest;                      // null: nothing that is fresh
    const UsageSeries* series = nullptr;  // until the next Take; nullptr: nothing was ever told
  };
  HostUsage OfHost(const std::string& node, MonoTime now) const;
  struct PodUsageNow {
    MonoTime at;
    int64_t window_ms = 0;
    const PodUsage* newest = nullptr;  // likewise; until the next Take
    const UsageSeries* series = nullptr;
  };
  PodUsageNow OfPod(const std::string& node, const std::string& uid, MonoTime now) const;

 private:
  struct Host {
    std::string agent_start;
    MonoTime at;
    UsagePtr newest;
    UsageSeries series;
    std::map<std::string, UsageSeries, std::less<>> pods;  // by uid
  };
  std::map<std::string, Host, std::less<>> hosts_;
};

}  // namespace reconcile
