#include "base/check.h"
#include "schema/field_reporter.h"
#include "schema/field_table.h"
#include "schema/text.h"

namespace reconcile {

namespace {

// Calls fn(word) for every word of a list separated by spaces.
template <typename Function>
void ForEachWord(std::string_view words, Function fn) {
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    if (end > 0) fn(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

const Value::Member* FindMember(const Value& map, std::string_view key) {
  for (const Value::Member& member : map.AsMap()) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

bool IsEmpty(const Value& value) {
  return (value.IsMap() && value.AsMap().empty()) || (value.IsList() && value.AsList().empty());
}

}  // namespace

const FieldInfo* StructTable::Find(std::string_view name) const {
  for (const FieldInfo& field : fields_) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

std::vector<std::string_view> StructTable::Names() const {
  std::vector<std::string_view> names;
  for (const FieldInfo& field : fields_) {
    if (!field.is_internal) names.push_back(field.name);
  }
  return names;
}

FieldInfo& StructTable::Add(std::string_view name, const FieldType& type, void* (*access)(void*)) {
  CHECK(Find(name) == nullptr);
  FieldInfo& field = fields_.emplace_back();
  field.name = name;
  field.type = &type;
  field.access = access;
  return field;
}

void StructTable::Unsupported(std::string_view names) {
  ForEachWord(names, [this](std::string_view name) { UnsupportedBut(name, ""); });
}

FieldInfo& StructTable::UnsupportedBut(std::string_view name, std::string_view json) {
  CHECK(Find(name) == nullptr);
  FieldInfo& field = fields_.emplace_back();
  field.name = name;
  field.support = FieldInfo::Support::kUnsupported;
  field.only_value = json;
  return field;
}

void StructTable::Dropped(std::string_view names) {
  ForEachWord(names, [this](std::string_view name) {
    UnsupportedBut(name, "").support = FieldInfo::Support::kDropped;
  });
}

std::string_view StructTable::LabelOf(const Value& element) const {
  const Value* key = key_.empty() ? nullptr : element.Find(key_);
  return key != nullptr && key->IsString() ? std::string_view(key->AsString()) : "";
}

void StructTable::Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
                         void* target) const {
  if (!value.IsMap()) {
    reporter->DecodeError(path, value.mark,
                          "must be a map of fields, not a " + std::string(ToString(value.type())));
    return;
  }
  // Table order, so that what one field says can overlay another whatever their order in the text.
  for (const FieldInfo& field : fields_) {
    const Value::Member* member = FindMember(value, field.name);
    const FieldPath member_path(path, field.name);
    if (member != nullptr && !member->value.IsNull()) {  // null means unset
      DecodeMember(field, *member, member_path, reporter, target);
    } else if (field.is_required && !reporter->is_lenient) {
      const Mark mark = member == nullptr ? value.mark : member->key_mark;
      reporter->DecodeError(member_path, mark, "required", Rule::kMissingField);
    }
  }
  if (reporter->is_lenient) return;
  for (const Value::Member& member : value.AsMap()) {
    const FieldInfo* field = Find(member.key);
    if (field == nullptr || field->is_internal) {
      ReportUnknown(member.key, member.key_mark, path, reporter);
    }
  }
}

void StructTable::DecodeMember(const FieldInfo& field, const Value::Member& member,
                               const FieldPath& path, FieldReporter* reporter, void* target) const {
  const Value& value = member.value;
  if (!reporter->is_lenient) {
    if (field.is_internal || field.is_read_only) return;
    if (field.support == FieldInfo::Support::kDropped) return;
    if (!field.IsDeclarable()) {
      if (IsEmpty(value)) return;
      if (!field.only_value.empty() && WriteJson(value) == field.only_value) return;
      std::string message = "valid in Kubernetes, not yet supported here";
      if (!field.only_value.empty()) message += " (except " + std::string(field.only_value) + ")";
      reporter->DecodeError(path, member.key_mark, message, Rule::kUnsupportedField);
      return;
    }
  }
  if (!field.IsKept()) return;
  const bool hid_values = reporter->hides_values;
  reporter->hides_values = hid_values || field.is_secret;
  field.type->Decode(value, path, reporter, field.access(target));
  reporter->hides_values = hid_values;
}

void StructTable::ReportUnknown(std::string_view name, Mark mark, const FieldPath& path,
                                FieldReporter* reporter) const {
  std::string message = "unknown field " + Quoted(name);
  const std::string_view nearest = NearestWord(name, Names());
  if (IsSimilar(name, nearest)) {
    message += "; did you mean " + Quoted(nearest) + "?";
    reporter->ExpectNoValue(FieldPath(path, nearest));
  } else if (!nearest.empty()) {
    message += "; the nearest known field is " + Quoted(nearest);
  }
  reporter->Report(path, mark, message, Rule::kUnknownField);
}

bool StructTable::ShouldEncode(const FieldInfo& field, const void* source,
                               EncodeFor purpose) const {
  if (!field.IsKept() || field.is_decode_only) return false;
  switch (purpose) {
    case EncodeFor::kStore:
      // Reading starts from the initial values, so these alone may be left out.
      return field.is_always_shown || !field.type->Equal(field.Get(source), field.Get(initial_));
    case EncodeFor::kUser:
      return !field.is_internal &&
             (field.is_always_shown || !field.type->IsZero(field.Get(source)));
    case EncodeFor::kDiff:
      return field.IsDeclarable() &&
             (field.is_always_shown || !field.type->IsZero(field.Get(source)));
  }
  CHECK(false);
}

Value StructTable::Encode(const void* source, EncodeFor purpose) const {
  Value::Map members;
  for (const FieldInfo& field : fields_) {
    if (!ShouldEncode(field, source, purpose)) continue;
    members.push_back(
        {std::string(field.name), field.type->Encode(field.Get(source), purpose), Mark{}});
  }
  return Value::MakeMap(std::move(members));
}

bool StructTable::IsZero(const void* source) const {
  for (const FieldInfo& field : fields_) {
    if (field.IsKept() && !field.type->IsZero(field.Get(source))) return false;
  }
  return true;
}

bool StructTable::Equal(const void* a, const void* b) const {
  for (const FieldInfo& field : fields_) {
    if (field.IsKept() && !field.type->Equal(field.Get(a), field.Get(b))) return false;
  }
  return true;
}

void GroupType::Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
                       void* target) const {
  table_.Decode(value, path, reporter, target);
}

}  // namespace reconcile
