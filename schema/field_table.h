#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/json_text.h"
#include "schema/codec.h"
#include "schema/field_path.h"

namespace reconcile {

class FieldReporter;
class StructTable;

enum class FieldShape { kScalar, kMap, kList, kStruct };

// How the members of one C++ type are read from and written to Values. Members are passed as
// untyped pointers, so that only the tables themselves are templates.
class FieldType {
 public:
  virtual ~FieldType() = default;
  // As `explain` names it: "string", "[]Container", "map[string]Quantity".
  virtual std::string Name() const = 0;
  // Reads `value`, which is not null. What is wrong is reported; `target` then keeps what it had.
  virtual void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
                      void* target) const = 0;
  virtual Value Encode(const void* source, EncodeFor purpose) const = 0;
  // Appends the JSON text of what Encode returns.
  virtual void Write(const void* source, EncodeFor purpose, std::string* json) const {
    AppendJson(Encode(source, purpose), json);
  }
  // What Kubernetes' omitempty leaves out.
  virtual bool IsZero(const void* source) const = 0;
  virtual bool Equal(const void* a, const void* b) const = 0;

  virtual FieldShape shape() const { return FieldShape::kScalar; }
  virtual std::vector<std::string_view> Choices() const { return {}; }  // of an enumeration
  // The table of the struct, or of a list's elements; null for others. `Count` structs of it stand
  // in `source`: one, none when unset, or the list's elements.
  virtual const StructTable* table() const { return nullptr; }
  virtual size_t Count(const void*) const { return 0; }
  virtual const void* At(const void*, size_t) const { return nullptr; }
};

// One line of a table: a field of the outside form, and the member that holds it. Its state says
// what becomes of it in a manifest; a person reads the state and its reason in `reconcile explain`
// and in docs/manifests.md.
struct FieldInfo {
  enum class State {
    kActedOn,
    // Checked, kept and shown, but nothing follows from it: a warning unless the value is what an
    // unset field means anyway. Without a reason of its own it has that of its kind, said once.
    kAccepted,
    // Valid in Kubernetes; an error here unless empty or `only_value`.
    kRefused,
  };

  FieldInfo& Required() { return Set(&FieldInfo::is_required); }
  FieldInfo& Immutable() { return Set(&FieldInfo::is_immutable); }
  FieldInfo& Mutable() { return Set(&FieldInfo::is_mutable); }    // inside an immutable struct
  FieldInfo& Internal() { return Set(&FieldInfo::is_internal); }  // in the store alone
  FieldInfo& Secret() { return Set(&FieldInfo::is_secret); }      // masked in diffs and messages
  // No difference is made of its default, though the member always has a value.
  FieldInfo& LeftOutByDefault() { return Set(&FieldInfo::is_left_out_by_default); }
  FieldInfo& Always() { return Set(&FieldInfo::is_always_shown); }  // even when zero
  FieldInfo& ReadOnly() {
    return Set(&FieldInfo::is_read_only);
  }  // the system's: a manifest's is
     // passed over
  FieldInfo& DecodeOnly() { return Set(&FieldInfo::is_decode_only); }  // another way to write one
  // Reasons are the ends of sentences: "API access inside the cluster is not served".
  FieldInfo& Accepted(std::string_view why) {
    return state = State::kAccepted, reason = why, *this;
  }
  // One that has no member, and is acted on all the same.
  FieldInfo& ActedOn() { return state = State::kActedOn, *this; }
  // Accepted, and what a pod does would be wrong without it: none that has it is started
  // (FieldsNotHonoured).
  FieldInfo& NotRunWith(std::string_view why) { return is_needed_to_run = true, Accepted(why); }
  // The JSON text that means what is done anyway.
  FieldInfo& RunWith(std::string_view json) { return run_with = json, *this; }
  FieldInfo& Refused(std::string_view why = "") {
    return state = State::kRefused, reason = why, *this;
  }
  // Of a field that has no member: refused, but for the JSON text that means what we do anyway.
  FieldInfo& But(std::string_view json) { return only_value = json, *this; }
  FieldInfo& Doc(std::string_view text) { return doc = text, *this; }
  FieldInfo& Default(std::string_view text) { return default_text = text, *this; }

  const void* Get(const void* container) const { return access(const_cast<void*>(container)); }
  bool IsKept() const { return type != nullptr; }
  bool IsDeclarable() const { return state != State::kRefused && !is_read_only && !is_internal; }

  std::string_view name;
  const FieldType* type = nullptr;  // null when the field is not kept
  void* (*access)(void*) = nullptr;
  State state = State::kActedOn;
  std::string_view reason;      // of kAccepted and kRefused
  std::string_view only_value;  // of a refused field
  std::string_view run_with;    // of one that is needed to run
  std::string_view doc;
  std::string_view default_text;  // when the member's initial value does not say it
  bool is_shaped = false;         // the type is of Values, null when unset (shapes.h)
  bool is_needed_to_run = false;
  bool is_required = false;
  bool is_immutable = false;
  bool is_mutable = false;
  bool is_internal = false;
  bool is_secret = false;
  bool is_always_shown = false;
  bool is_read_only = false;
  bool is_decode_only = false;
  bool is_left_out_by_default = false;

 private:
  FieldInfo& Set(bool FieldInfo::*flag) {
    this->*flag = true;
    return *this;
  }
};

// All fields of one struct. Decoding, encoding, defaults' text, required fields, diff and explain
// derive from it. Built once, then immutable: safe from any thread.
class StructTable {
 public:
  // `initial` is a default-constructed instance, alive as long as the table.
  StructTable(std::string_view name, const void* initial) : name_(name), initial_(initial) {}

  std::string_view name() const { return name_; }
  const void* initial() const { return initial_; }
  const std::deque<FieldInfo>& fields() const { return fields_; }
  const FieldInfo* Find(std::string_view name) const;
  std::vector<std::string_view> Names() const;  // those a manifest may hold, refused or not

  FieldInfo& Add(std::string_view name, const FieldType& type, void* (*access)(void*));
  FieldInfo& AddShaped(std::string_view name, std::shared_ptr<const FieldType> type,
                       void* (*access)(void*));
  // Names separated by spaces: fields that Kubernetes has here, and this project refuses.
  void Refused(std::string_view names, std::string_view reason = "");
  // A refused field whose value `json` asks for nothing but what we do anyway.
  FieldInfo& RefusedBut(std::string_view name, std::string_view json);
  // Names of fields that the system sets: a manifest's are passed over.
  void SystemSet(std::string_view names);
  // In lists of this struct, the field that tells the elements apart.
  void KeyedBy(std::string_view field) { key_ = field; }
  std::string_view key() const { return key_; }
  // The element's name for paths: its key where that is a string, else empty.
  std::string_view LabelOf(const Value& element) const;

  // `target` and `source` point to the struct that the table describes.
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const;
  Value Encode(const void* source, EncodeFor purpose) const;
  // Appends the JSON text of what Encode returns; `begun` are members that come before all.
  void Write(const void* source, EncodeFor purpose, std::string_view begun,
             std::string* json) const;
  bool IsZero(const void* source) const;
  bool Equal(const void* a, const void* b) const;
  // Whether the field says what it says when it is left out.
  bool IsDefault(const FieldInfo& field, const void* source) const;
  // The same, or what is done anyway.
  bool IsHonoured(const FieldInfo& field, const void* source) const;

 private:
  FieldInfo& AddName(std::string_view name);
  void DecodeMembers(const Value& value, const FieldPath& path, FieldReporter* reporter,
                     void* target) const;
  void DecodeKept(const FieldInfo& field, const Value& value, const FieldPath& path,
                  FieldReporter* reporter, void* target) const;
  bool ShouldEncode(const FieldInfo& field, const void* source, EncodeFor purpose) const;
  void DecodeMember(const FieldInfo& field, const Value::Member& member, const FieldPath& path,
                    FieldReporter* reporter, void* target) const;
  void ReportUnknown(std::string_view name, Mark mark, const FieldPath& path,
                     FieldReporter* reporter) const;

  std::string_view name_;
  std::string_view key_;
  const void* initial_;
  std::deque<FieldInfo> fields_;
  std::vector<std::shared_ptr<const FieldType>> shapes_;  // that fields_ point to
};

// The kind's whole object; members are accessed through a pointer to its struct (Pod*, ...).
const StructTable& TableOf(Kind kind);
// The object as its table sees it.
const void* StructOf(const Object& object);
void* StructOf(Object* object);
std::unique_ptr<Object> NewObject(Kind kind);

// A part of a struct that stands in a map of its own outside: Event.component in source.component.
class GroupType : public FieldType {
 public:
  explicit GroupType(const StructTable& table) : table_(table) {}
  std::string Name() const override { return std::string(table_.name()); }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override;
  Value Encode(const void* source, EncodeFor purpose) const override {
    return table_.Encode(source, purpose);
  }
  void Write(const void* source, EncodeFor purpose, std::string* json) const override {
    table_.Write(source, purpose, "", json);
  }
  bool IsZero(const void* source) const override { return table_.IsZero(source); }
  bool Equal(const void* a, const void* b) const override { return table_.Equal(a, b); }
  FieldShape shape() const override { return FieldShape::kStruct; }
  const StructTable* table() const override { return &table_; }
  size_t Count(const void*) const override { return 1; }
  const void* At(const void* source, size_t) const override { return source; }

 private:
  const StructTable& table_;
};

}  // namespace reconcile
