#include "schema/validate.h"

#include <set>

#include "schema/all_kinds.h"
#include "schema/field_table.h"
#include "schema/names.h"
#include "schema/sync_wave.h"
#include "schema/text.h"
#include "schema/validate_kept.h"

namespace reconcile {

namespace {

constexpr size_t kMaxAnnotationBytes = 256 << 10;

void ValidateRequired(const StructTable& table, const void* source, const FieldPath& path,
                      FieldReporter* reporter);

// A required field is as it is when it is left out. What is written and says so little misses what
// is required inside; a number or a truth that is written is a value, and has rules of its own.
void ReportUnset(const FieldInfo& field, const void* member, const FieldPath& path,
                 FieldReporter* reporter) {
  const Value* written = reporter->Written(path);
  if (written != nullptr && !written->IsNull()) {
    const bool is_struct = field.type->shape() == FieldShape::kStruct && written->IsMap();
    if (is_struct && field.type->Count(member) > 0) {
      const size_t before = reporter->error_count();
      ValidateRequired(*field.type->table(), field.type->At(member, 0), path, reporter);
      if (reporter->error_count() > before) return;
    } else if (field.is_shaped && (written->IsInt() || written->type() == Value::Type::kBool)) {
      return;
    }
  }
  reporter->Error(path, "required");
}

// Reports every required field that has no value, in `source` and the structs inside it.
void ValidateRequired(const StructTable& table, const void* source, const FieldPath& path,
                      FieldReporter* reporter) {
  for (const FieldInfo& field : table.fields()) {
    if (!field.IsKept() || !field.IsDeclarable()) continue;
    const void* member = field.Get(source);
    const FieldPath member_path(path, field.name);
    const bool is_unset =
        field.type->IsZero(member) || (field.type->shape() == FieldShape::kStruct
                                           ? field.type->Equal(member, field.Get(table.initial()))
                                           : field.is_shaped && table.IsDefault(field, source));
    if (field.is_required && is_unset) {
      ReportUnset(field, member, member_path, reporter);
      continue;
    }
    const StructTable* inner = field.type->table();
    if (inner == nullptr) continue;
    for (size_t i = 0; i < field.type->Count(member); ++i) {
      const void* element = field.type->At(member, i);
      if (field.type->shape() != FieldShape::kList) {
        ValidateRequired(*inner, element, member_path, reporter);
        continue;
      }
      const FieldInfo* key = inner->Find(inner->key());
      const Value name =
          key == nullptr ? Value() : key->type->Encode(key->Get(element), EncodeFor::kUser);
      ValidateRequired(*inner, element,
                       FieldPath::Item(member_path, i, name.IsString() ? name.AsString() : ""),
                       reporter);
    }
  }
}

// Names are DNS subdomains, but for those of these kinds.
std::string CheckName(Kind kind, const std::string& name) {
  struct Rule {
    Kind kind;
    std::string (*check)(std::string_view);
  };
  static constexpr Rule kRules[] = {
      {Kind::kNamespace, CheckDnsLabel},
      {Kind::kStatefulSet, CheckDnsLabel},  // its pods' host names begin with it
      {Kind::kService, CheckServiceName},
      {Kind::kRole, CheckPathSegment},
      {Kind::kClusterRole, CheckPathSegment},
      {Kind::kRoleBinding, CheckPathSegment},
      {Kind::kClusterRoleBinding, CheckPathSegment},
  };
  for (const Rule& rule : kRules) {
    if (rule.kind == kind) return rule.check(name);
  }
  return CheckDnsSubdomain(name);
}

void ValidateWave(const StringMap& annotations, const FieldPath& path, FieldReporter* reporter) {
  const std::string name(kSyncWave);
  const auto found = annotations.find(name);
  if (found == annotations.end() || ParseWave(found->second)) return;
  reporter->Error(
      FieldPath::Key(path, name),
      "the wave must be an integer, such as \"2\" or \"-1\", not " + Quoted(found->second));
}

void ValidateMetadata(const Object& object, FieldReporter* reporter) {
  const FieldPath root;
  const FieldPath path(root, "metadata");
  const ObjectMeta& metadata = object.metadata;
  const KindInfo& info = InfoOf(object.kind);
  if (!metadata.name.empty()) {
    ReportIf(CheckName(object.kind, metadata.name), FieldPath(path, "name"), reporter);
  }
  if (!metadata.namespace_name.empty()) {
    const FieldPath namespace_path(path, "namespace");
    if (info.namespaced) {
      ReportIf(CheckDnsLabel(metadata.namespace_name), namespace_path, reporter);
    } else {
      reporter->Warn(namespace_path,
                     "a " + std::string(info.name) + " is cluster-wide: this counts for nothing");
    }
  }
  ValidateLabels(metadata.labels, FieldPath(path, "labels"), reporter);
  const FieldPath annotations(path, "annotations");
  ValidateAnnotations(metadata.annotations, annotations, reporter);
  ValidateWave(metadata.annotations, annotations, reporter);
}

void Validate(const Pod& pod, FieldReporter* reporter) {
  const FieldPath root;
  ValidatePodSpec(pod.spec, FieldPath(root, "spec"), reporter);
}

// Source: ValidateNode, validateNodeTaints.
void Validate(const Node& node, FieldReporter* reporter) {
  const FieldPath root;
  const FieldPath spec(root, "spec");
  const FieldPath taints(spec, "taints");
  std::set<std::pair<std::string, TaintEffect>> seen;
  for (size_t i = 0; i < node.spec.taints.size(); ++i) {
    const Taint& taint = node.spec.taints[i];
    const FieldPath path = FieldPath::Item(taints, i, "");
    if (!taint.key.empty()) {
      ReportIf(CheckQualifiedName(taint.key), FieldPath(path, "key"), reporter);
    }
    ReportIf(CheckLabelValue(taint.value), FieldPath(path, "value"), reporter);
    if (!seen.emplace(taint.key, taint.effect).second) {
      reporter->Error(path, "duplicate: key " + Quoted(taint.key) + ", effect " +
                                Quoted(std::string(ToString(taint.effect))));
    }
  }
}

// These are as their tables say.
void Validate(const Namespace&, FieldReporter*) {}
void Validate(const Event&, FieldReporter*) {}
void Validate(const Source&, FieldReporter*) {}
void Validate(const Cluster&, FieldReporter*) {}

}  // namespace

void ValidateObject(const Object& object, FieldReporter* reporter) {
  ValidateRequired(TableOf(object.kind), StructOf(object), FieldPath(), reporter);
  ValidateMetadata(object, reporter);
  WithType(object, [&](const auto& typed) { Validate(typed, reporter); });
}

void ValidateLabels(const StringMap& labels, const FieldPath& path, FieldReporter* reporter) {
  for (const auto& [key, value] : labels) {
    ReportIf(CheckQualifiedName(key), FieldPath::Key(path, key), reporter);
    ReportIf(CheckLabelValue(value), FieldPath::Key(path, key), reporter);
  }
}

void ValidateAnnotations(const StringMap& annotations, const FieldPath& path,
                         FieldReporter* reporter) {
  size_t bytes = 0;
  for (const auto& [key, value] : annotations) {
    std::string lower = key;
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    ReportIf(CheckQualifiedName(lower), FieldPath::Key(path, key), reporter);
    bytes += key.size() + value.size();
  }
  if (bytes > kMaxAnnotationBytes) {
    reporter->Error(path, "holds " + std::to_string(bytes) + " bytes; the limit is " +
                              std::to_string(kMaxAnnotationBytes));
  }
}

void ReportIf(const std::string& wrong, const FieldPath& path, FieldReporter* reporter) {
  if (!wrong.empty()) reporter->Error(path, wrong);
}

void WarnOfAddress(const std::string& address, const FieldPath& path, FieldReporter* reporter) {
  const std::string advice = AdviseOnAddress(address);
  if (!advice.empty()) reporter->Warn(path, advice);
}

void RequireReachableAddress(const std::string& address, const FieldPath& path,
                             FieldReporter* reporter) {
  ReportIf(CheckReachableAddress(address), path, reporter);
  WarnOfAddress(address, path, reporter);
}

void RequireNotNegative(int64_t value, const FieldPath& path, FieldReporter* reporter) {
  if (value < 0) {
    reporter->Error(path, "must be 0 or more, not " + std::to_string(value));
  }
}

void RequireAtMost(int64_t most, int64_t value, const FieldPath& path, FieldReporter* reporter) {
  if (value > most) {
    reporter->Error(path,
                    "must be at most " + std::to_string(most) + ", not " + std::to_string(value));
  }
}

void RequirePort(int32_t port, const FieldPath& path, FieldReporter* reporter) {
  if (port < 1 || port > 65535) {
    reporter->Error(path, "must be a port from 1 to 65535, not " + std::to_string(port));
  }
}

}  // namespace reconcile
