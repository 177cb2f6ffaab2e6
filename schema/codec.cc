#include "schema/codec.h"

#include "schema/convert.h"
#include "schema/field_reporter.h"
#include "schema/field_table.h"
#include "schema/known_kinds.h"
#include "schema/validate.h"

namespace reconcile {

namespace {

// The string member `name` of a manifest's head; reports when there is none.
const std::string* HeadMember(const Value& value, std::string_view name, FieldReporter* reporter) {
  const FieldPath root;
  const FieldPath path(root, name);
  const Value* member = value.Find(name);
  if (member == nullptr || member->IsNull()) {
    reporter->DecodeError(path, value.mark, "required", Rule::kMissingField);
  } else if (!member->IsString() || member->AsString().empty()) {
    reporter->DecodeError(path, member->mark, "must be a string that is not empty");
  } else {
    return &member->AsString();
  }
  return nullptr;
}

std::optional<Kind> DecodeHead(const Value& value, FieldReporter* reporter) {
  if (!value.IsMap()) {
    reporter->DecodeError(FieldPath(), value.mark,
                          "a manifest is a map with apiVersion, kind and metadata, not a " +
                              std::string(ToString(value.type())),
                          Rule::kNotAManifest);
    return std::nullopt;
  }
  if (value.Find("apiVersion") == nullptr && value.Find("kind") == nullptr) {
    reporter->DecodeError(
        FieldPath(), value.mark,
        "not a manifest: it has neither apiVersion nor kind; keep other files out "
        "of the source's folder",
        Rule::kNotAManifest);
    return std::nullopt;
  }
  const std::string* api_version = HeadMember(value, "apiVersion", reporter);
  const std::string* kind = HeadMember(value, "kind", reporter);
  if (api_version == nullptr || kind == nullptr) return std::nullopt;
  std::string problem;
  bool in_kind = false;
  const std::optional<Kind> found = FindDeclarableKind(*api_version, *kind, &problem, &in_kind);
  if (!found) {
    const std::string_view at = in_kind ? "kind" : "apiVersion";
    const FieldPath root;
    reporter->DecodeError(FieldPath(root, at), value.Find(at)->mark, problem, Rule::kUnknownKind);
  }
  return found;
}

void ReportConversion(const ConvertedManifest& converted, FieldReporter* reporter) {
  const FieldPath root;
  if (!converted.warning.empty()) reporter->Warn(FieldPath(root, "apiVersion"), converted.warning);
  for (const ConvertedManifest::Error& error : converted.errors) {
    reporter->Report(root, error.mark, error.message, Rule::kUnsupportedField);
  }
}

// A node that a person cordoned is unschedulable to clients, which look there. None for others.
std::optional<Node> AsShown(const Object& object, EncodeFor purpose) {
  const Node* node = As<Node>(object);
  if (purpose != EncodeFor::kUser || node == nullptr || !node->status.cordon ||
      node->spec.unschedulable) {
    return std::nullopt;
  }
  Node shown = *node;
  shown.spec.unschedulable = true;
  return shown;
}

}  // namespace

Value EncodeObject(const Object& object, EncodeFor purpose) {
  if (const auto shown = AsShown(object, purpose)) return EncodeObject(*shown, purpose);
  const KindInfo& info = InfoOf(object.kind);
  Value members = TableOf(object.kind).Encode(StructOf(object), purpose);
  Value::Map map;
  map.push_back({"apiVersion", Value::String(std::string(info.api_version)), Mark{}});
  map.push_back({"kind", Value::String(std::string(info.name)), Mark{}});
  for (Value::Member& member : members.AsMap()) map.push_back(std::move(member));
  return Value::MakeMap(std::move(map));
}

std::string EncodeObjectJson(const Object& object, EncodeFor purpose) {
  if (const auto shown = AsShown(object, purpose)) return EncodeObjectJson(*shown, purpose);
  const KindInfo& info = InfoOf(object.kind);
  const std::string head = "\"apiVersion\":\"" + std::string(info.api_version) + "\",\"kind\":\"" +
                           std::string(info.name) + '"';
  std::string json;
  TableOf(object.kind).Write(StructOf(object), purpose, head, &json);
  return json;
}

std::unique_ptr<Object> DecodeManifest(const Value& read, const std::string& file,
                                       Problems* problems) {
  const std::optional<ConvertedManifest> converted = ConvertOldVersion(read);
  const Value& value = converted ? converted->value : read;
  FieldReporter reporter(file, &value, problems);
  if (converted) ReportConversion(*converted, &reporter);
  const std::optional<Kind> kind = DecodeHead(value, &reporter);
  if (!kind) return nullptr;
  std::unique_ptr<Object> object = NewObject(*kind);
  TableOf(*kind).Decode(value, FieldPath(), &reporter, StructOf(object.get()));
  object->metadata.origin.file = file;
  object->metadata.origin.line = value.mark.line;
  ApplyDefaults(object.get());
  ValidateObject(*object, &reporter);
  if (reporter.error_count() > 0) return nullptr;
  if (!InfoOf(*kind).namespaced) object->metadata.namespace_name.clear();
  return object;
}

Result<ObjectPtr> DecodeStored(std::string_view json) {
  Result<Value> value = ParseJson(json);
  if (!value.ok()) return value.status();
  return DecodeStored(*value);
}

Result<ObjectPtr> DecodeStored(const Value& value) {
  const std::string api_version = value.GetString("apiVersion");
  const std::string name = value.GetString("kind");
  const std::optional<Kind> kind = FindKind(api_version, name);
  if (!kind) {
    return InvalidError("not a stored object: apiVersion \"" + api_version + "\", kind \"" + name +
                        "\" is no known kind");
  }
  std::unique_ptr<Object> object = NewObject(*kind);
  Problems problems;
  {
    FieldReporter reporter("", nullptr, &problems);
    reporter.is_lenient = true;
    TableOf(*kind).Decode(value, FieldPath(), &reporter, StructOf(object.get()));
  }
  if (!problems.errors.empty()) {
    return InvalidError("stored " + ToString(object->key()) + ": " +
                        problems.errors.front().message);
  }
  return ObjectPtr(std::move(object));
}

bool EqualObjects(const Object& a, const Object& b) {
  return a.kind == b.kind && TableOf(a.kind).Equal(StructOf(a), StructOf(b));
}

void Validate(const Object& object, const std::string& file, Problems* problems) {
  FieldReporter reporter(file, nullptr, problems);
  reporter.subject = ToString(object.key());
  ValidateObject(object, &reporter);
}

}  // namespace reconcile
