#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "runtime/fake_runtime.h"
#include "schema/cluster_state.h"
#include "sim/checkers.h"

namespace reconcile {

// At all times, of containers with lifecycle hooks:
// - none is said to be ready whose postStart hook has not ended well in it;
// - none gets its stop signal whose preStop hook nobody has asked for;
// - none lives for long beyond its grace period, which counts from the beginning of its stop, and
//   the two seconds after it.
// Told of every change that an engine makes, and of every durable state.
class HookChecker {
 public:
  void OnChange(const std::string& host, const FakeChange& change, MonoTime now);
  void OnState(const ClusterState& state, MonoTime now);
  void AtEnd(MonoTime now);
  // How often hooks ended well.
  void Count(std::map<std::string, int64_t>* counts) const;
  const std::vector<std::string>& violations() const { return violations_.list(); }

 private:
  void OnSignal(const std::string& host, const ContainerInfo& container, MonoTime now);
  void CheckLife(const std::string& name, MonoTime began, MonoTime now);

  struct Asked {
    MonoTime at;  // for the first time
    std::string name;
  };
  // Of live containers, by the engine's ids.
  std::map<std::string, Asked> post_starts_;
  std::map<std::string, Asked> pre_stops_;
  std::set<std::string>
      started_;  // whose postStart hook has ended well, also of those that are gone
  int64_t begun_ = 0;
  int64_t stopped_ = 0;
  Violations violations_;
};

}  // namespace reconcile
