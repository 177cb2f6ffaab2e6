#include "api/openapi_schemas.h"

#include "api/served_kinds.h"

namespace reconcile {
namespace {

Value Word(std::string_view text) { return Value::String(std::string(text)); }

Value ScalarSchema(std::string_view name) {
  Value schema = Value::MakeMap();
  if (name == "integer" || name == "boolean") {
    schema.Set("type", Word(name));
  } else if (name == "Time" || name == "base64") {
    schema.Set("type", Word("string"));
    schema.Set("format", Word(name == "Time" ? "date-time" : "byte"));
  } else {
    schema.Set("type", Word("string"));
  }
  return schema;
}

std::string Description(const FieldInfo& field) {
  std::string text(field.doc);
  const auto add = [&](const std::string& sentence) {
    text += (text.empty() ? "" : " ") + sentence;
  };
  const bool is_refused = field.state == FieldInfo::State::kRefused;
  if (is_refused && !field.is_read_only) {
    add(field.reason.empty() ? "Not supported in manifests yet."
                             : "Not supported in manifests: " + std::string(field.reason) + ".");
  }
  if (!field.reason.empty() && !is_refused) {
    add("Not acted on: " + std::string(field.reason) + ".");
  }
  if (!field.default_text.empty()) add("Default: " + std::string(field.default_text) + ".");
  return text;
}

}  // namespace

std::string OpenApiSchemas::AddKind(Kind kind) {
  const StructTable& table = TableOf(kind);
  const std::string name = Add(table);
  const GroupVersion version = GroupVersionOf(kind);
  Value identity = Value::MakeMap();
  identity.Set("group", Word(version.group));
  identity.Set("version", Word(version.version));
  identity.Set("kind", Word(InfoOf(kind).name));
  for (Value::Member& member : schemas_) {
    if (member.key != name) continue;
    Value properties = Value::MakeMap();
    Value type = ScalarSchema("string");
    type.Set("description", Word("The group and version of the kind."));
    properties.Set("apiVersion", type);
    type.Set("description", Word("What kind of object it is."));
    properties.Set("kind", type);
    const Value* fields = member.value.Find("properties");
    for (const Value::Member& property : fields->AsMap()) {
      if (properties.Find(property.key) == nullptr) properties.Set(property.key, property.value);
    }
    member.value.Set("properties", std::move(properties));
    const std::string_view why_not = InfoOf(kind).not_acted_on;
    member.value.Set("description",
                     Value::String(why_not.empty() ? std::string(InfoOf(kind).name)
                                                   : std::string(InfoOf(kind).name) +
                                                         ", which is kept and shown: " +
                                                         std::string(why_not) + "."));
    member.value.Set("x-kubernetes-group-version-kind", Value::MakeList({std::move(identity)}));
  }
  return name;
}

std::string OpenApiSchemas::Add(const StructTable& table) {
  const auto known = names_.find(&table);
  if (known != names_.end()) return known->second;
  // Clients show what stands after the last dot.
  const std::string word(table.name());
  const int count = ++used_[word];
  const std::string name =
      "dev.reconcile." + (count == 1 ? "" : "more" + std::to_string(count) + ".") + word;
  names_[&table] = name;  // before its fields: they may lead back to it
  Value schema = Value::MakeMap();
  schema.Set("type", Word("object"));
  schema.Set("properties", PropertiesOf(table));
  Value required = Value::MakeList();
  for (const FieldInfo& field : table.fields()) {
    if (field.is_required && field.IsKept()) required.Append(Word(field.name));
  }
  if (!required.AsList().empty()) schema.Set("required", std::move(required));
  schemas_.push_back({.key = name, .value = std::move(schema), .key_mark = {}});
  return name;
}

Value OpenApiSchemas::PropertiesOf(const StructTable& table) {
  Value properties = Value::MakeMap();
  for (const FieldInfo& field : table.fields()) {
    if (field.is_internal) continue;
    properties.Set(std::string(field.name), PropertyOf(field));
  }
  return properties;
}

Value OpenApiSchemas::PropertyOf(const FieldInfo& field) {
  // What is not kept may hold anything: that it is refused says the server, with a place and a
  // reason, and not a client before it.
  Value property = field.IsKept() ? TypeOf(*field.type, field.type->Name()) : Anything();
  const std::string description = Description(field);
  if (!description.empty()) property.Set("description", Value::String(description));
  if (!field.IsKept()) return property;
  const std::vector<std::string_view> choices = field.type->Choices();
  if (choices.empty()) return property;
  Value words = Value::MakeList();
  for (const std::string_view choice : choices) words.Append(Word(choice));
  // Of a list they are its elements'.
  if (field.type->shape() == FieldShape::kScalar) property.Set("enum", std::move(words));
  return property;
}

Value OpenApiSchemas::TypeOf(const FieldType& type, std::string_view name) {
  constexpr std::string_view kList = "[]";
  constexpr std::string_view kMap = "map[string]";
  Value schema = Value::MakeMap();
  if (name.starts_with(kList)) {
    schema.Set("type", Word("array"));
    schema.Set("items", TypeOf(type, name.substr(kList.size())));
    return schema;
  }
  if (name.starts_with(kMap)) {
    schema.Set("type", Word("object"));
    schema.Set("additionalProperties", TypeOf(type, name.substr(kMap.size())));
    return schema;
  }
  if (type.table() == nullptr && name != "IntOrString") return ScalarSchema(name);
  Value reference = ReferenceTo(name == "IntOrString" ? AddIntOrString() : Add(*type.table()));
  if (version_ == OpenApiVersion::kTwo) return reference;
  // Beside a plain reference nothing else would count.
  schema.Set("allOf", Value::MakeList({std::move(reference)}));
  return schema;
}

Value OpenApiSchemas::Anything() const {
  Value schema = Value::MakeMap();
  // kubectl's explain takes a schema of version 3 without a type for none at all.
  if (version_ == OpenApiVersion::kTwo) return schema;
  schema.Set("type", Word("object"));
  schema.Set("x-kubernetes-preserve-unknown-fields", Value::Bool(true));
  return schema;
}

Value OpenApiSchemas::ReferenceTo(const std::string& name) const {
  const std::string_view folder =
      version_ == OpenApiVersion::kTwo ? "#/definitions/" : "#/components/schemas/";
  Value reference = Value::MakeMap();
  reference.Set("$ref", Value::String(std::string(folder) + name));
  return reference;
}

std::string OpenApiSchemas::AddIntOrString() {
  const std::string name = "dev.reconcile.IntOrString";
  if (used_["IntOrString"]++ > 0) return name;
  Value schema = version_ == OpenApiVersion::kTwo ? ScalarSchema("string") : Value::MakeMap();
  schema.Set("format", Word("int-or-string"));
  if (version_ == OpenApiVersion::kThree) {
    schema.Set("oneOf", Value::MakeList({ScalarSchema("integer"), ScalarSchema("string")}));
  }
  schemas_.push_back({.key = name, .value = std::move(schema), .key_mark = {}});
  return name;
}

}  // namespace reconcile
