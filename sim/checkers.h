#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "runtime/fake_runtime.h"
#include "schema/cluster_state.h"

namespace reconcile {

// What a checker found; it stops listing after some.
class Violations {
 public:
  void Add(std::string text) {
    if (list_.size() < kMost) list_.push_back(std::move(text));
  }
  const std::vector<std::string>& list() const { return list_; }

 private:
  static constexpr size_t kMost = 20;
  std::vector<std::string> list_;
};

// "<pod uid>/<container>"; empty for a container that is not a pod's.
std::string SlotOf(const ContainerInfo& container);

// At all times: at most one live container for each container of a pod, over all hosts. Told of
// every change that an engine makes.
class DoubleChecker {
 public:
  void OnChange(const std::string& host, const FakeChange& change, MonoTime now);
  const std::vector<std::string>& violations() const { return violations_.list(); }

 private:
  std::map<std::string, std::set<std::string>> live_;  // slot -> engine ids
  Violations violations_;
};

// At all times: what runs goes on running. A live container of a pod that the model still wants
// ends only by itself, by a fault on it or its host, or because its sandbox was lost. Told of every
// change that an engine makes.
class RestartChecker {
 public:
  // Says whether the newest durable model wants the pod of these labels to run.
  using IsWanted = std::function<bool(const ContainerInfo& container)>;
  // Says whether the program of this container has hung: its probes end it.
  using HasHung = std::function<bool(const std::string& id)>;
  explicit RestartChecker(
      IsWanted is_wanted, HasHung has_hung = [](const std::string&) { return false; })
      : is_wanted_(std::move(is_wanted)), has_hung_(std::move(has_hung)) {}

  void OnChange(const std::string& host, const FakeChange& change, MonoTime now);
  // What ends while `fault` runs, the fault has ended.
  void During(const std::function<void()>& fault);
  // Whether a container of the pod is live anywhere.
  bool Runs(const std::string& pod_uid) const;
  const std::vector<std::string>& violations() const { return violations_.list(); }

 private:
  struct Live {
    std::string pod_uid;
    bool sandbox_lost = false;
  };
  bool MayEnd(const Live& live, const ContainerInfo& container) const;

  IsWanted is_wanted_;
  HasHung has_hung_;
  bool in_fault_ = false;
  std::map<std::string, Live> live_;  // by engine id
  Violations violations_;
};

// At all times: no program starts in a sandbox before the pod's init container has succeeded and
// its sidecar has started there. Told of every change that an engine makes.
class OrderChecker {
 public:
  // Says whether the pod of these labels has an init container and a sidecar.
  using HasInits = std::function<bool(const ContainerInfo& container)>;
  explicit OrderChecker(HasInits has_inits) : has_inits_(std::move(has_inits)) {}

  void OnChange(const std::string& host, const FakeChange& change, MonoTime now);
  const std::vector<std::string>& violations() const { return violations_.list(); }

 private:
  HasInits has_inits_;
  std::set<std::string> initialized_;  // "<pod uid>/<sandbox>"
  std::set<std::string> accompanied_;  // likewise
  Violations violations_;
};

}  // namespace reconcile
