#include "api/plan_view.h"

#include <optional>
#include <string>

#include "api/authorization.h"
#include "api/plan_network.h"
#include "reconciler/declared.h"
#include "reconciler/waves.h"
#include "schema/codec.h"
#include "schema/core.h"
#include "schema/quantity.h"

namespace reconcile {
namespace {

struct Counts {
  int create = 0;
  int change = 0;
  int remove = 0;
  int64_t unchanged = 0;
  int pods_start = 0;
  int pods_wait = 0;
  int pods_stop = 0;
  int pods_unplaced = 0;
};

Counts Count(const Controller::PlanAnswer& answer) {
  const Preview& preview = answer.preview;
  Counts counts;
  counts.unchanged = answer.unchanged;
  for (const ObjectChange& change : preview.changes) {
    switch (change.type) {
      case ChangeType::kCreate:
        ++counts.create;
        break;
      case ChangeType::kChange:
        ++counts.change;
        break;
      case ChangeType::kDelete:
        ++counts.remove;
        break;
      case ChangeType::kUnchanged:
        break;
    }
  }
  for (const PodPreview& pod : preview.pods) {
    counts.pods_start += pod.fate == PodFate::kCreate ? 1 : 0;
    counts.pods_wait += pod.fate == PodFate::kWait ? 1 : 0;
    counts.pods_stop += pod.fate == PodFate::kRemove && !pod.never_ran ? 1 : 0;
    counts.pods_unplaced += pod.fate == PodFate::kUnschedulable ? 1 : 0;
  }
  return counts;
}

std::string_view FateWord(PodFate fate) {
  switch (fate) {
    case PodFate::kCreate:
      return "create";
    case PodFate::kWait:
      return "wait";
    case PodFate::kRemove:
      return "remove";
    case PodFate::kKeep:
      return "keep";
    case PodFate::kUnschedulable:
      return "unschedulable";
  }
  return "";
}

Value EncodeKey(const ObjectKey& key) {
  Value value = Value::MakeMap();
  value.Set("kind", Value::String(std::string(ToString(key.kind))));
  value.Set("namespace", Value::String(key.namespace_name));
  value.Set("name", Value::String(key.name));
  return value;
}

Value EncodeProblems(const std::vector<Problem>& problems) {
  Value list = Value::MakeList();
  for (const Problem& problem : problems) {
    Value value = Value::MakeMap();
    value.Set("file", Value::String(problem.file));
    value.Set("line", Value::Int(problem.line));
    value.Set("column", Value::Int(problem.column));
    value.Set("message", Value::String(problem.message));
    list.Append(std::move(value));
  }
  return list;
}

Value EncodeUser(const ConfigUser& user) {
  Value value = EncodeKey(user.workload);
  value.Set("asVariables", Value::Bool(user.as_variables));
  value.Set("mounted", Value::Bool(user.mounted));
  value.Set("restarts", Value::Bool(user.restarts));
  return value;
}

Value EncodeField(const FieldChange& field, const FieldEffect& effect) {
  Value value = Value::MakeMap();
  value.Set("path", Value::String(field.path));
  value.Set("before", Value::String(field.before));
  value.Set("after", Value::String(field.after));
  value.Set("effect", Value::String(std::string(ToString(effect.effect))));
  if (!effect.why.empty()) value.Set("why", Value::String(effect.why));
  return value;
}

// kubectl keeps a whole copy of a Secret in an annotation.
void MaskLastApplied(const std::string& mask, Value* manifest) {
  const Value* metadata = manifest->Find("metadata");
  const Value* annotations = metadata == nullptr ? nullptr : metadata->Find("annotations");
  if (annotations == nullptr || annotations->Find(kLastApplied) == nullptr) return;
  Value masked = *annotations;
  masked.Set(std::string(kLastApplied), Value::String(mask));
  Value outer = *metadata;
  outer.Set("annotations", std::move(masked));
  manifest->Set("metadata", std::move(outer));
}

// What Git can declare of an object; of a Secret's values the mask.
Value EncodeMasked(const Object& object, const std::string& mask) {
  Value manifest = EncodeObject(object, EncodeFor::kDiff);
  if (object.kind != Kind::kSecret) return manifest;
  Value data = Value::MakeMap();
  for (const auto& [key, bytes] : static_cast<const Secret&>(object).data) {
    data.Set(key, Value::String(mask));
  }
  manifest.Set("data", std::move(data));
  MaskLastApplied(mask, &manifest);
  return manifest;
}

// Values that are the same look the same.
void MaskSame(const Secret& before, const Secret& after, Value* old_manifest, Value* new_manifest) {
  Value old_data = *old_manifest->Find("data");
  Value new_data = *new_manifest->Find("data");
  for (const auto& [key, bytes] : before.data) {
    const auto other = after.data.find(key);
    if (other == after.data.end() || other->second != bytes) continue;
    old_data.Set(key, Value::String("***"));
    new_data.Set(key, Value::String("***"));
  }
  old_manifest->Set("data", std::move(old_data));
  new_manifest->Set("data", std::move(new_data));
}

void AddManifests(const ObjectChange& change, Value* value) {
  std::optional<Value> before;
  std::optional<Value> after;
  if (change.before != nullptr) {
    const Object& other = change.after == nullptr ? *change.before : *change.after;
    before = EncodeMasked(*DeclaredPart(*change.before, other), "*** (before)");
  }
  if (change.after != nullptr) after = EncodeMasked(*change.after, "*** (after)");
  if (before && after && change.key.kind == Kind::kSecret) {
    MaskSame(*As<Secret>(*change.before), *As<Secret>(*change.after), &*before, &*after);
  }
  if (before) value->Set("before", std::move(*before));
  if (after) value->Set("after", std::move(*after));
}

// What a change does is not known of a plan with errors: then there are no effects.
Value EncodeChange(const ObjectChange& change, const ChangeEffect& effect) {
  Value value = EncodeKey(change.key);
  value.Set("change", Value::String(std::string(ToString(change.type))));
  const ObjectPtr& declared = change.after ? change.after : change.before;
  if (declared && !declared->metadata.origin.file.empty()) {
    value.Set("file", Value::String(declared->metadata.origin.file));
    value.Set("line", Value::Int(declared->metadata.origin.line));
  }
  if (declared && WaveOf(change) != 0) value.Set("wave", Value::Int(WaveOf(change)));
  if (change.type == ChangeType::kChange) {
    value.Set("effect", Value::String(std::string(ToString(effect.strongest))));
  }
  Value fields = Value::MakeList();
  for (size_t i = 0; i < change.fields.size() && i < effect.fields.size(); ++i) {
    fields.Append(EncodeField(change.fields[i], effect.fields[i]));
  }
  value.Set("fields", std::move(fields));
  if (effect.users.empty()) return value;
  Value users = Value::MakeList();
  for (const ConfigUser& user : effect.users) users.Append(EncodeUser(user));
  value.Set("users", std::move(users));
  return value;
}

// What stays as it is is counted alone: it may be ten thousand objects.
Value EncodeChanges(const Preview& preview, bool manifests) {
  Value changes = Value::MakeList();
  for (size_t i = 0; i < preview.changes.size(); ++i) {
    const ObjectChange& change = preview.changes[i];
    if (change.type == ChangeType::kUnchanged) continue;
    Value encoded =
        EncodeChange(change, i < preview.effects.size() ? preview.effects[i] : ChangeEffect());
    if (manifests) AddManifests(change, &encoded);
    changes.Append(std::move(encoded));
  }
  return changes;
}

Value EncodeCourse(const RolloutCourse& course) {
  Value value = EncodeKey(course.workload);
  value.Set("podsBefore", Value::Int(course.before));
  value.Set("podsAfter", Value::Int(course.after));
  value.Set("mostPods", Value::Int(course.most));
  value.Set("readyBefore", Value::Int(course.ready_before));
  value.Set("leastReady", Value::Int(course.least_ready));
  return value;
}

Value EncodeAmount(const std::string& resource, int64_t milli) {
  const bool is_bytes = resource == "memory" || resource.ends_with("storage");
  const auto family = is_bytes ? Quantity::Family::kBinary : Quantity::Family::kDecimal;
  return Value::String(Quantity::FromMilli(milli, family).ToString());
}

Value EncodeHost(const HostLoad& host) {
  Value value = Value::MakeMap();
  value.Set("name", Value::String(host.node));
  value.Set("podsBefore", Value::Int(host.pods_before));
  value.Set("podsAfter", Value::Int(host.pods_after));
  value.Set("maxPods", Value::Int(host.max_pods));
  Value resources = Value::MakeList();
  for (const auto& [name, load] : host.resources) {
    Value resource = Value::MakeMap();
    resource.Set("name", Value::String(name));
    resource.Set("before", EncodeAmount(name, load.before_milli));
    resource.Set("after", EncodeAmount(name, load.after_milli));
    resource.Set("allocatable", EncodeAmount(name, load.allocatable_milli));
    resources.Append(std::move(resource));
  }
  value.Set("resources", std::move(resources));
  return value;
}

template <typename List, typename Encode>
Value EncodeList(const List& list, Encode encode) {
  Value values = Value::MakeList();
  for (const auto& item : list) values.Append(encode(item));
  return values;
}

Value EncodePod(const PodPreview& pod) {
  Value value = EncodeKey(pod.key);
  value.Set("fate", Value::String(std::string(FateWord(pod.fate))));
  value.Set("workload", EncodeKey(pod.workload));
  value.Set("node", Value::String(pod.node));
  value.Set("explanation", Value::String(pod.explanation));
  if (pod.never_ran) value.Set("neverRan", Value::Bool(true));
  if (pod.paced) value.Set("paced", Value::Bool(true));
  return value;
}

Value EncodeSummary(const Controller::PlanAnswer& answer) {
  const Counts counts = Count(answer);
  Value value = Value::MakeMap();
  value.Set("create", Value::Int(counts.create));
  value.Set("change", Value::Int(counts.change));
  value.Set("delete", Value::Int(counts.remove));
  value.Set("unchanged", Value::Int(counts.unchanged));
  value.Set("podsStart", Value::Int(counts.pods_start));
  value.Set("podsStop", Value::Int(counts.pods_stop));
  value.Set("podsWait", Value::Int(counts.pods_wait));
  value.Set("podsUnschedulable", Value::Int(counts.pods_unplaced));
  value.Set("complete", Value::Bool(answer.problems.errors.empty() && answer.preview.note.empty()));
  value.Set("held", Value::Bool(answer.held.has_value()));
  return value;
}

}  // namespace

Value EncodePlan(const Controller::PlanAnswer& answer, bool manifests) {
  Value value = Value::MakeMap();
  value.Set("errors", EncodeProblems(answer.problems.errors));
  value.Set("warnings", EncodeProblems(answer.problems.warnings));
  value.Set("changes", EncodeChanges(answer.preview, manifests));
  value.Set("workloads", EncodeList(answer.preview.courses, EncodeCourse));
  value.Set("pods", EncodeList(answer.preview.pods, EncodePod));
  value.Set("hosts", EncodeList(answer.preview.hosts, EncodeHost));
  value.Set("network", EncodeNetwork(answer.preview.network));
  if (!answer.preview.note.empty()) value.Set("note", Value::String(answer.preview.note));
  if (answer.held) {
    Value held = Value::MakeMap();
    held.Set("planHash", Value::String(answer.held->plan_hash));
    held.Set("reason", Value::String(answer.held->reason));
    value.Set("held", std::move(held));
  }
  value.Set("summary", EncodeSummary(answer));
  return value;
}

Controller::SecretsInPlan SecretsFor(const ApiRequest& request) {
  Access access;
  access.verb = "get";
  access.resource = "secrets";
  const bool may = !request.user || Authorize(*request.user, access);
  return may ? Controller::SecretsInPlan::kCompared : Controller::SecretsInPlan::kKept;
}

std::string KeyText(const Value& item) {
  const std::string namespace_name = item.GetString("namespace");
  return item.GetString("kind") + " " + (namespace_name.empty() ? "" : namespace_name + "/") +
         item.GetString("name");
}

}  // namespace reconcile
