#include <cstdint>
#include <limits>

#include "schema/convert_steps.h"

namespace reconcile {

namespace {

constexpr int64_t kNoLimit = std::numeric_limits<int32_t>::max();  // of a deadline, of old sets

Value CopyAt(const Value& value, Mark mark) {
  Value copy = value;
  copy.mark = mark;
  return copy;
}

// The old versions took the template's labels for the selector and for the object's own labels.
void FillFromTemplate(Conversion* conversion) {
  Value* spec = FindMember(conversion->root(), "spec");
  Value* pod_template = FindMember(spec, "template");
  const Value* labels = FindMember(FindMember(pod_template, "metadata"), "labels");
  if (labels == nullptr || !labels->IsMap() || labels->AsMap().empty()) return;
  const Value copy = *labels;
  if (FindMember(spec, "selector") == nullptr) {
    Value selector = Value::MakeMap();
    selector.mark = spec->mark;
    selector.Set("matchLabels", CopyAt(copy, copy.mark));
    FillMember(spec, "selector", std::move(selector));
    conversion->Keep("spec.selector (the template's labels)");
  }
  Value* metadata = MakeMember(conversion->root(), "metadata");
  if (metadata == nullptr) return;
  const Value* own = FindMember(metadata, "labels");
  if (own != nullptr && own->IsMap() && own->AsMap().empty()) TakeMember(metadata, "labels");
  if (FillMember(metadata, "labels", copy)) {
    conversion->Keep("metadata.labels (the template's)");
  }
}

void FillInt(Value* map, std::string_view key, int64_t value, std::string_view path,
             Conversion* conversion) {
  if (!FillMember(map, key, Value::Int(value))) return;
  conversion->Keep(std::string(path) + ": " + std::to_string(value));
}

// rollbackTo asked for one rollback, then and there; nothing of it remains in a declared state.
void RefuseRollback(Value* spec, Conversion* conversion) {
  const std::optional<Value> rollback = TakeMember(spec, "rollbackTo");
  if (!rollback) return;
  conversion->Error(rollback->mark,
                    "spec.rollbackTo has no place in apps/v1: remove it, and use `git revert` or "
                    "`reconcile rollback`");
}

bool IsRolling(Value* strategy) {
  const Value* type = FindMember(strategy, "type");
  return type == nullptr || (type->IsString() && type->AsString() == "RollingUpdate");
}

// templateGeneration numbered the templates of a DaemonSet; ControllerRevisions do now.
void DropTemplateGeneration(Value* spec) { TakeMember(spec, "templateGeneration"); }

void FillOnDelete(Value* spec, Conversion* conversion) {
  Value* strategy = MakeMember(spec, "updateStrategy");
  if (FillMember(strategy, "type", Value::String("OnDelete"))) {
    conversion->Keep("spec.updateStrategy.type: OnDelete");
  }
}

}  // namespace

void ConvertExtensionsDeployment(Conversion* conversion) {
  FillFromTemplate(conversion);
  Value* spec = FindMember(conversion->root(), "spec");
  RefuseRollback(spec, conversion);
  Value* strategy = MakeMember(spec, "strategy");
  if (IsRolling(strategy)) {
    Value* rolling = MakeMember(strategy, "rollingUpdate");
    constexpr std::string_view kPath = "spec.strategy.rollingUpdate.";
    FillInt(rolling, "maxSurge", 1, std::string(kPath) + "maxSurge", conversion);
    FillInt(rolling, "maxUnavailable", 1, std::string(kPath) + "maxUnavailable", conversion);
  }
  FillInt(spec, "progressDeadlineSeconds", kNoLimit, "spec.progressDeadlineSeconds", conversion);
  FillInt(spec, "revisionHistoryLimit", kNoLimit, "spec.revisionHistoryLimit", conversion);
}

void ConvertAppsV1Beta1Deployment(Conversion* conversion) {
  FillFromTemplate(conversion);
  Value* spec = FindMember(conversion->root(), "spec");
  RefuseRollback(spec, conversion);
  FillInt(spec, "revisionHistoryLimit", 2, "spec.revisionHistoryLimit", conversion);
}

void ConvertExtensionsDaemonSet(Conversion* conversion) {
  FillFromTemplate(conversion);
  Value* spec = FindMember(conversion->root(), "spec");
  DropTemplateGeneration(spec);
  FillOnDelete(spec, conversion);
}

void ConvertExtensionsReplicaSet(Conversion* conversion) { FillFromTemplate(conversion); }

void ConvertAppsV1Beta1StatefulSet(Conversion* conversion) {
  FillFromTemplate(conversion);
  FillOnDelete(FindMember(conversion->root(), "spec"), conversion);
}

}  // namespace reconcile
