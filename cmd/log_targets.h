#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/value.h"
#include "schema/object.h"

namespace reconcile {

// PURE. Objects are as the API answers them.

// What `logs` is asked of: one pod, or the pods of whatever selects some.
struct LogSubject {
  Kind kind = Kind::kPod;
  std::string name;
  friend bool operator==(const LogSubject&, const LogSubject&) = default;
};
// "POD", "pod/NAME", "deploy/NAME" and so on. Invalid for kinds that have no pods.
Result<LogSubject> ParseLogSubject(std::string_view word);

// By which labels an object finds its pods, as a label selector's text. Invalid when it selects
// none by labels.
Result<std::string> PodSelectorOf(const Value& object);

// One container whose log is shown.
struct LogTarget {
  std::string namespace_name;
  std::string pod;
  std::string pod_uid;
  std::string container;
  std::string container_id;  // of the engine; "" before its first start
  friend bool operator==(const LogTarget&, const LogTarget&) = default;
};

struct LogChoice {
  std::string container;  // "" is the one that a pod has or names as its default
  bool all_containers = false;
};
// Containers of the pod in the order of their start. `note` says which one was taken of several.
// Empty when the pod has none of the chosen name.
std::vector<LogTarget> LogTargetsOf(const Value& pod, const LogChoice& choice, std::string* note);

// Which logs are still to be followed, as pods come, restart and go.
class FollowedLogs {
 public:
  explicit FollowedLogs(LogChoice choice) : choice_(std::move(choice)) {}
  // Of the pod's containers those that have begun and were not told of before.
  std::vector<LogTarget> Begun(const Value& pod);
  // Each goes unsaid until it is marked.
  void Mark(const LogTarget& target) { seen_.insert(IdOf(target)); }
  void Unmark(const LogTarget& target) { seen_.erase(IdOf(target)); }
  void Forget(const Value& pod);  // deleted

 private:
  static std::string IdOf(const LogTarget& target) {
    return target.pod_uid + "/" + target.container + "/" + target.container_id;
  }

  LogChoice choice_;
  std::set<std::string> seen_;
};

}  // namespace reconcile
