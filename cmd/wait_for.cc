#include "cmd/wait_for.h"

#include "cmd/value_at.h"
#include "schema/text.h"

namespace reconcile {
namespace {

std::string Count(int64_t count) { return std::to_string(count); }

Result<WaitGoal> ParseJsonPathGoal(std::string_view text) {
  WaitGoal goal;
  goal.what = WaitGoal::What::kJsonPath;
  const size_t end = text.rfind('}');
  const std::string_view rest =
      end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  if (end == std::string_view::npos || (!rest.empty() && rest.front() != '=')) {
    return InvalidError("--for: write jsonpath={.status.phase}=Running");
  }
  Result<JsonPath> path = JsonPath::Parse(text.substr(0, end + 1));
  if (!path.ok()) return path.status().WithContext("--for");
  goal.path = std::move(path).value();
  goal.value = rest.empty() ? "" : rest.substr(1);  // "" is any
  return goal;
}

WaitState OfCondition(const WaitGoal& goal, const Value& object) {
  const Value* condition = ConditionOf(object, goal.condition);
  if (condition == nullptr) return {.why = "it has no condition " + goal.condition + " yet"};
  // A condition of an older generation says nothing of this one.
  const int64_t generation = IntAt(object, "metadata.generation");
  if (condition->GetInt("observedGeneration", generation) < generation) {
    return {.why = "its change was not looked at yet"};
  }
  const std::string status = condition->GetString("status");
  if (EqualIgnoringCase(status, goal.value)) return {.met = true};
  const std::string message = condition->GetString("message", condition->GetString("reason"));
  return {.why = goal.condition + " is " + status + (message.empty() ? "" : ": " + message)};
}

WaitState OfDeployment(const Value& object) {
  const Value* progressing = ConditionOf(object, "Progressing");
  if (progressing != nullptr && progressing->GetString("reason") == "ProgressDeadlineExceeded") {
    return {.hopeless = true,
            .why = "the rollout made no progress in time: " + progressing->GetString("message")};
  }
  const int64_t wanted = IntAt(object, "spec.replicas", 1);
  const int64_t updated = IntAt(object, "status.updatedReplicas");
  const int64_t all = IntAt(object, "status.replicas");
  const int64_t available = IntAt(object, "status.availableReplicas");
  if (updated < wanted) {
    return {.why = Count(updated) + " of " + Count(wanted) + " new pods have been made"};
  }
  if (all > updated) return {.why = Count(all - updated) + " old pods are still there"};
  if (available < updated) {
    return {.why = Count(available) + " of " + Count(updated) + " new pods are available"};
  }
  return {.met = true};
}

WaitState OfDaemonSet(const Value& object) {
  const int64_t wanted = IntAt(object, "status.desiredNumberScheduled");
  const int64_t updated = IntAt(object, "status.updatedNumberScheduled");
  const int64_t available = IntAt(object, "status.numberAvailable");
  if (updated < wanted) {
    return {.why = Count(updated) + " of " + Count(wanted) + " new pods have been made"};
  }
  if (available < wanted) {
    return {.why = Count(available) + " of " + Count(wanted) + " new pods are available"};
  }
  return {.met = true};
}

WaitState OfStatefulSet(const Value& object) {
  const int64_t wanted = IntAt(object, "spec.replicas", 1);
  const int64_t ready = IntAt(object, "status.readyReplicas");
  if (ready < wanted) return {.why = Count(ready) + " of " + Count(wanted) + " pods are ready"};
  const int64_t kept = IntAt(object, "spec.updateStrategy.rollingUpdate.partition");
  const int64_t updated = IntAt(object, "status.updatedReplicas");
  if (kept == 0 &&
      TextAt(object, "status.updateRevision") == TextAt(object, "status.currentRevision")) {
    return {.met = true};
  }
  if (kept > 0 && updated >= wanted - kept) return {.met = true};
  return {.why = Count(updated) + " of " + Count(wanted - kept) + " pods are of the new template"};
}

WaitState OfRollout(const Value& object) {
  const std::string kind = object.GetString("kind");
  if (IntAt(object, "status.observedGeneration") < IntAt(object, "metadata.generation")) {
    return {.why = "its change was not looked at yet"};
  }
  if (kind == "Deployment") return OfDeployment(object);
  if (kind == "DaemonSet") return OfDaemonSet(object);
  if (kind == "StatefulSet") return OfStatefulSet(object);
  if (kind != "ReplicaSet" && kind != "ReplicationController") {
    return {.hopeless = true, .why = "a " + kind + " is not rolled out"};
  }
  const int64_t wanted = IntAt(object, "spec.replicas", 1);
  const int64_t ready = IntAt(object, "status.readyReplicas");
  if (ready >= wanted && IntAt(object, "status.replicas") == wanted) return {.met = true};
  return {.why = Count(ready) + " of " + Count(wanted) + " pods are ready"};
}

WaitState OfJsonPath(const WaitGoal& goal, const Value& object) {
  const Result<std::string> text = goal.path->Write(object);
  if (!text.ok()) return {.why = text.status().message()};
  if (goal.value.empty() ? !text->empty() : *text == goal.value) return {.met = true};
  return {.why = "it is " + Quoted(*text)};
}

}  // namespace

Result<WaitGoal> ParseWaitGoal(std::string_view text) {
  WaitGoal goal;
  if (text == "delete" || text == "create" || text == "rollout") {
    goal.what = text == "delete"   ? WaitGoal::What::kDelete
                : text == "create" ? WaitGoal::What::kCreate
                                   : WaitGoal::What::kRollout;
    return goal;
  }
  if (text.starts_with("jsonpath=")) return ParseJsonPathGoal(text.substr(9));
  constexpr std::string_view kCondition = "condition=";
  if (!text.starts_with(kCondition) || text.size() == kCondition.size()) {
    return InvalidError("--for: " + Quoted(text) +
                        " is none of condition=TYPE, condition=TYPE=VALUE, delete, create, rollout "
                        "and jsonpath={PATH}=VALUE");
  }
  text.remove_prefix(kCondition.size());
  const size_t end = text.find('=');
  goal.condition = text.substr(0, end);
  if (end != std::string_view::npos) goal.value = text.substr(end + 1);
  return goal;
}

WaitState StateOf(const WaitGoal& goal, const Value* object) {
  if (goal.what == WaitGoal::What::kDelete) {
    if (object == nullptr) return {.met = true};
    const bool goes = ValueAt(*object, "metadata.deletionTimestamp") != nullptr;
    return {.why = goes ? "it is being deleted" : "nothing deletes it yet"};
  }
  if (object == nullptr) return {.why = "there is none"};
  switch (goal.what) {
    case WaitGoal::What::kCondition:
      return OfCondition(goal, *object);
    case WaitGoal::What::kRollout:
      return OfRollout(*object);
    case WaitGoal::What::kJsonPath:
      return OfJsonPath(goal, *object);
    case WaitGoal::What::kDelete:
    case WaitGoal::What::kCreate:
      break;
  }
  return {.met = true};
}

}  // namespace reconcile
