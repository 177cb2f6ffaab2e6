#include "base/check.h"
#include "schema/field_reporter.h"
#include "schema/field_table.h"
#include "schema/misplaced_field.h"
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

// What a field of Go's that is no pointer holds when nothing was read into it.
bool IsGoZero(const Value& value) {
  switch (value.type()) {
    case Value::Type::kNull:
      return true;
    case Value::Type::kBool:
      return !value.AsBool();
    case Value::Type::kInt:
      return value.AsInt() == 0;
    case Value::Type::kDouble:
      return value.AsDouble() == 0;
    case Value::Type::kString:
      return value.AsString().empty();
    case Value::Type::kList:
    case Value::Type::kMap:
      return IsEmpty(value);
  }
  CHECK(false);
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

FieldInfo& StructTable::AddName(std::string_view name) {
  CHECK(Find(name) == nullptr);
  FieldInfo& field = fields_.emplace_back();
  field.name = name;
  return field;
}

FieldInfo& StructTable::Add(std::string_view name, const FieldType& type, void* (*access)(void*)) {
  FieldInfo& field = AddName(name);
  field.type = &type;
  field.access = access;
  return field;
}

FieldInfo& StructTable::AddShaped(std::string_view name, std::shared_ptr<const FieldType> type,
                                  void* (*access)(void*)) {
  FieldInfo& field = Add(name, *shapes_.emplace_back(std::move(type)), access);
  field.is_shaped = true;
  return field;
}

void StructTable::Refused(std::string_view names, std::string_view reason) {
  ForEachWord(names, [&](std::string_view name) { AddName(name).Refused(reason); });
}

FieldInfo& StructTable::RefusedBut(std::string_view name, std::string_view json) {
  return AddName(name).Refused().But(json);
}

void StructTable::SystemSet(std::string_view names) {
  ForEachWord(names, [this](std::string_view name) { AddName(name).ReadOnly(); });
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
  const InsideStruct inside{this, &path, reporter->inside};
  reporter->inside = &inside;
  DecodeMembers(value, path, reporter, target);
  reporter->inside = inside.outer;
}

void StructTable::DecodeMembers(const Value& value, const FieldPath& path, FieldReporter* reporter,
                                void* target) const {
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
    if (field.state == FieldInfo::State::kRefused) {
      if (IsEmpty(value)) return;
      if (!field.only_value.empty() && WriteJson(value) == field.only_value) return;
      std::string message = "valid in Kubernetes, not yet supported here";
      if (!field.only_value.empty()) message += " (except " + std::string(field.only_value) + ")";
      if (!field.reason.empty()) message += ": " + std::string(field.reason);
      reporter->DecodeError(path, member.key_mark, message, Rule::kUnsupportedField);
      return;
    }
  }
  if (field.IsKept()) DecodeKept(field, value, path, reporter, target);
}

void StructTable::DecodeKept(const FieldInfo& field, const Value& value, const FieldPath& path,
                             FieldReporter* reporter, void* target) const {
  const bool hid_values = reporter->hides_values;
  const size_t errors = reporter->error_count();
  reporter->hides_values = hid_values || field.is_secret;
  field.type->Decode(value, path, reporter, field.access(target));
  reporter->hides_values = hid_values;
  const bool is_silent = reporter->is_lenient || reporter->error_count() > errors ||
                         field.state != FieldInfo::State::kAccepted || field.reason.empty();
  if (is_silent || IsHonoured(field, target)) return;
  reporter->Warn(path, "accepted, not acted on: " + std::string(field.reason), Rule::kNotActedOn);
}

void StructTable::ReportUnknown(std::string_view name, Mark mark, const FieldPath& path,
                                FieldReporter* reporter) const {
  std::string message = "unknown field " + Quoted(name);
  const std::string_view nearest = NearestWord(name, Names());
  if (IsSimilar(name, nearest)) {
    message += "; did you mean " + Quoted(nearest) + "?";
    reporter->ExpectNoValue(FieldPath(path, nearest));
  } else if (const auto place = FindWhereFieldBelongs(name, *reporter->inside)) {
    message += place->empty() ? "; it belongs to the object itself, beside apiVersion and kind"
                              : "; it belongs in " + *place;
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
      if ((field.is_shaped || field.is_left_out_by_default) && IsDefault(field, source)) {
        return false;
      }
      return field.IsDeclarable() &&
             (field.is_always_shown || !field.type->IsZero(field.Get(source)));
  }
  CHECK(false);
}

bool StructTable::IsHonoured(const FieldInfo& field, const void* source) const {
  if (IsDefault(field, source)) return true;
  return !field.run_with.empty() &&
         WriteJson(field.type->Encode(field.Get(source), EncodeFor::kUser)) == field.run_with;
}

bool StructTable::IsDefault(const FieldInfo& field, const void* source) const {
  const void* member = field.Get(source);
  if (field.type->IsZero(member)) return true;
  const Value value = field.type->Encode(member, EncodeFor::kUser);
  if (!field.default_text.empty()) {
    return (value.IsString() ? value.AsString() : WriteJson(value)) == field.default_text;
  }
  return field.is_shaped ? IsGoZero(value) : field.type->Equal(member, field.Get(initial_));
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

void StructTable::Write(const void* source, EncodeFor purpose, std::string_view begun,
                        std::string* json) const {
  *json += '{';
  *json += begun;
  bool first = begun.empty();
  for (const FieldInfo& field : fields_) {
    if (!ShouldEncode(field, source, purpose)) continue;
    if (!std::exchange(first, false)) *json += ',';
    AppendJsonString(field.name, json);
    *json += ':';
    field.type->Write(field.Get(source), purpose, json);
  }
  *json += '}';
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
