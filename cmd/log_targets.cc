#include "cmd/log_targets.h"

#include <algorithm>
#include <array>

#include "cmd/value_at.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr std::string_view kDefaultContainer = "kubectl.kubernetes.io/default-container";

constexpr std::array kHavePods = {Kind::kPod,         Kind::kReplicationController,
                                  Kind::kReplicaSet,  Kind::kDeployment,
                                  Kind::kStatefulSet, Kind::kDaemonSet,
                                  Kind::kJob,         Kind::kService};

bool HasPods(Kind kind) {
  return std::find(kHavePods.begin(), kHavePods.end(), kind) != kHavePods.end();
}

std::string JoinedValues(const Value::List& values) {
  std::string text;
  for (const Value& value : values) text += (text.empty() ? "" : ",") + TextOf(value);
  return text;
}

// One of spec.selector.matchExpressions; "" when its operator is not known.
std::string ExpressionText(const Value& expression) {
  const std::string key = expression.GetString("key");
  const std::string verb = expression.GetString("operator");
  if (verb == "Exists") return key;
  if (verb == "DoesNotExist") return "!" + key;
  const std::string values = " (" + JoinedValues(expression.GetList("values")) + ")";
  if (verb == "In") return key + " in" + values;
  return verb == "NotIn" ? key + " notin" + values : "";
}

std::string DefaultContainerOf(const Value& pod, const Value::List& containers) {
  const Value* annotations = ValueAt(pod, "metadata.annotations");
  if (annotations != nullptr) {
    const std::string named = annotations->GetString(kDefaultContainer);
    for (const Value& container : containers) {
      if (container.GetString("name") == named) return named;
    }
  }
  return containers.empty() ? "" : containers.front().GetString("name");
}

std::string ContainerIdOf(const Value& pod, const std::string& container) {
  for (const char* list : {"status.containerStatuses", "status.initContainerStatuses"}) {
    for (const Value& status : ListAt(pod, list)) {
      if (status.GetString("name") == container) return status.GetString("containerID");
    }
  }
  return "";
}

}  // namespace

Result<LogSubject> ParseLogSubject(std::string_view word) {
  const size_t slash = word.find('/');
  LogSubject subject;
  subject.name = slash == std::string_view::npos ? word : word.substr(slash + 1);
  if (subject.name.empty() || subject.name.find('/') != std::string::npos) {
    return InvalidError(Quoted(word) + " names no pod; `reconcile get pods` lists them");
  }
  if (slash == std::string_view::npos) return subject;
  const std::optional<Kind> kind = FindKindByWord(word.substr(0, slash));
  if (!kind || !HasPods(*kind)) {
    return InvalidError(Quoted(word) +
                        " has no pods, whose logs are read: name a pod, or deploy/NAME, sts/NAME, "
                        "ds/NAME, rs/NAME, rc/NAME, job/NAME or svc/NAME");
  }
  subject.kind = *kind;
  return subject;
}

Result<std::string> PodSelectorOf(const Value& object) {
  std::string text;
  const auto add = [&](const std::string& requirement) {
    if (!requirement.empty()) text += (text.empty() ? "" : ",") + requirement;
  };
  const Value* selector = ValueAt(object, "spec.selector");
  const Value* labels = selector == nullptr ? nullptr : selector->Find("matchLabels");
  const bool has_form =
      labels != nullptr || (selector != nullptr && selector->Find("matchExpressions") != nullptr);
  if (!has_form) labels = selector;  // of a Service or a ReplicationController
  if (labels != nullptr && labels->IsMap()) {
    for (const Value::Member& label : labels->AsMap()) add(label.key + "=" + TextOf(label.value));
  }
  if (selector != nullptr) {
    for (const Value& expression : selector->GetList("matchExpressions")) {
      add(ExpressionText(expression));
    }
  }
  if (!text.empty()) return text;
  return InvalidError(object.GetString("kind") + " " + NameWithNamespace(object) +
                      " selects no pods by their labels");
}

std::vector<LogTarget> LogTargetsOf(const Value& pod, const LogChoice& choice, std::string* note) {
  const Value::List& containers = ListAt(pod, "spec.containers");
  std::vector<std::string> names;
  for (const char* list : {"spec.initContainers", "spec.containers"}) {
    for (const Value& container : ListAt(pod, list)) names.push_back(container.GetString("name"));
  }
  std::string wanted = choice.container;
  if (wanted.empty() && !choice.all_containers) {
    wanted = DefaultContainerOf(pod, containers);
    if (containers.size() > 1 && note != nullptr) {
      *note = "container " + wanted + " is shown, of:";
      for (const std::string& name : names) *note += " " + name;
      *note += " (-c NAME or --all-containers for others)";
    }
  }
  std::vector<LogTarget> targets;
  for (const std::string& name : names) {
    if (!choice.all_containers && name != wanted) continue;
    targets.push_back({TextAt(pod, "metadata.namespace"), TextAt(pod, "metadata.name"),
                       TextAt(pod, "metadata.uid"), name, ContainerIdOf(pod, name)});
  }
  return targets;
}

std::vector<LogTarget> FollowedLogs::Begun(const Value& pod) {
  std::vector<LogTarget> begun;
  for (LogTarget& target : LogTargetsOf(pod, choice_, nullptr)) {
    if (target.container_id.empty() || seen_.contains(IdOf(target))) continue;
    begun.push_back(std::move(target));
  }
  return begun;
}

void FollowedLogs::Forget(const Value& pod) {
  const std::string beginning = TextAt(pod, "metadata.uid") + "/";
  const auto first = seen_.lower_bound(beginning);
  auto last = first;
  while (last != seen_.end() && last->starts_with(beginning)) ++last;
  seen_.erase(first, last);
}

}  // namespace reconcile
