#pragma once

// The templates behind the tables: included by tables_*.cc alone.

#include "schema/core.h"
#include "schema/field_table.h"
#include "schema/job.h"
#include "schema/network.h"
#include "schema/sets.h"
#include "schema/shapes.h"
#include "schema/workload.h"

namespace reconcile {

// The table of a struct; defined in tables_*.cc.
template <typename T>
const StructTable& TableOf();

// One FieldType for each scalar and map, defined in field_types.cc.
template <typename T>
const FieldType& ScalarType();

// Kubernetes' JSON writes these numbers and bytes as strings.
const FieldType& Int64AsStringType();
const FieldType& Base64MapType();  // of StringMap

// What their decoding has in common with that of shapes: `value` is a list, or a map, or it is
// reported; and what to say of a word that is none of those there are.
bool RequireList(const Value& value, const FieldPath& path, FieldReporter* reporter);
bool RequireMap(const Value& value, const FieldPath& path, FieldReporter* reporter);
std::string NoneOf(const std::string& text, const std::vector<std::string_view>& choices);

// An enumeration, counted from 0; values whose name is empty stand for "unset".
template <typename T>
inline constexpr int kEnumCount = 0;
template <>
inline constexpr int kEnumCount<PullPolicy> = 4;
template <>
inline constexpr int kEnumCount<RestartPolicy> = 3;
template <>
inline constexpr int kEnumCount<Protocol> = 3;
template <>
inline constexpr int kEnumCount<DnsPolicy> = 4;
template <>
inline constexpr int kEnumCount<SessionAffinity> = 2;
template <>
inline constexpr int kEnumCount<TrafficPolicy> = 3;
template <>
inline constexpr int kEnumCount<AddressType> = 3;
template <>
inline constexpr int kEnumCount<PodPhase> = 5;
template <>
inline constexpr int kEnumCount<ConditionStatus> = 3;
template <>
inline constexpr int kEnumCount<SelectorOperator> = 4;
template <>
inline constexpr int kEnumCount<DeploymentStrategyType> = 2;
template <>
inline constexpr int kEnumCount<PodManagementPolicy> = 2;
template <>
inline constexpr int kEnumCount<SetUpdateType> = 2;
template <>
inline constexpr int kEnumCount<ClaimRetention> = 2;
template <>
inline constexpr int kEnumCount<CompletionMode> = 2;
template <>
inline constexpr int kEnumCount<ConcurrencyPolicy> = 3;
template <>
inline constexpr int kEnumCount<ServiceType> = 4;
template <>
inline constexpr int kEnumCount<EventType> = 2;
template <>
inline constexpr int kEnumCount<TaintEffect> = 4;

class EnumTypeBase : public FieldType {
 public:
  std::string Name() const override { return "string"; }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override;
  Value Encode(const void* source, EncodeFor) const override;
  void Write(const void* source, EncodeFor, std::string* json) const override;
  bool IsZero(const void* source) const override;
  bool Equal(const void* a, const void* b) const override { return Get(a) == Get(b); }
  std::vector<std::string_view> Choices() const override;

 protected:
  std::vector<std::string_view> names_;  // by value

 private:
  virtual size_t Get(const void* source) const = 0;
  virtual void Set(void* target, size_t value) const = 0;
};

template <typename T>
class EnumType final : public EnumTypeBase {
 public:
  EnumType() {
    static_assert(kEnumCount<T> > 0, "say above how many values it has");
    for (int i = 0; i < kEnumCount<T>; ++i) names_.push_back(ToString(static_cast<T>(i)));
  }

 private:
  size_t Get(const void* source) const override {
    return static_cast<size_t>(*static_cast<const T*>(source));
  }
  void Set(void* target, size_t value) const override {
    *static_cast<T*>(target) = static_cast<T>(value);
  }
};

template <typename T>
class StructType final : public FieldType {
 public:
  std::string Name() const override { return std::string(table()->name()); }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override {
    table()->Decode(value, path, reporter, target);
  }
  Value Encode(const void* source, EncodeFor purpose) const override {
    return table()->Encode(source, purpose);
  }
  void Write(const void* source, EncodeFor purpose, std::string* json) const override {
    table()->Write(source, purpose, "", json);
  }
  bool IsZero(const void* source) const override { return table()->IsZero(source); }
  bool Equal(const void* a, const void* b) const override { return table()->Equal(a, b); }
  FieldShape shape() const override { return FieldShape::kStruct; }
  const StructTable* table() const override { return &TableOf<T>(); }
  size_t Count(const void*) const override { return 1; }
  const void* At(const void* source, size_t) const override { return source; }
};

template <typename T>
const FieldType& TypeFor();

template <typename T>
class OptionalType final : public FieldType {
 public:
  std::string Name() const override { return inner_.Name(); }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override {
    inner_.Decode(value, path, reporter, &static_cast<std::optional<T>*>(target)->emplace());
  }
  Value Encode(const void* source, EncodeFor purpose) const override {
    const auto& member = *static_cast<const std::optional<T>*>(source);
    return member ? inner_.Encode(&*member, purpose) : Value();
  }
  void Write(const void* source, EncodeFor purpose, std::string* json) const override {
    const auto& member = *static_cast<const std::optional<T>*>(source);
    if (!member) {
      *json += "null";
    } else {
      inner_.Write(&*member, purpose, json);
    }
  }
  bool IsZero(const void* source) const override {
    return !static_cast<const std::optional<T>*>(source)->has_value();
  }
  bool Equal(const void* a, const void* b) const override {
    const auto& first = *static_cast<const std::optional<T>*>(a);
    const auto& second = *static_cast<const std::optional<T>*>(b);
    if (!first || !second) return first.has_value() == second.has_value();
    return inner_.Equal(&*first, &*second);
  }
  FieldShape shape() const override { return inner_.shape(); }
  std::vector<std::string_view> Choices() const override { return inner_.Choices(); }
  const StructTable* table() const override { return inner_.table(); }
  size_t Count(const void* source) const override { return IsZero(source) ? 0 : 1; }
  const void* At(const void* source, size_t) const override {
    return &**static_cast<const std::optional<T>*>(source);
  }

 private:
  const FieldType& inner_ = TypeFor<T>();
};

// Decoding and encoding of lists, apart from how they grow: std::vector<T>, CopyOnWriteList<T>.
class ListTypeBase : public FieldType {
 public:
  std::string Name() const override { return "[]" + element_.Name(); }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override;
  Value Encode(const void* source, EncodeFor purpose) const override;
  void Write(const void* source, EncodeFor purpose, std::string* json) const override;
  bool IsZero(const void* source) const override { return Count(source) == 0; }
  bool Equal(const void* a, const void* b) const override;
  FieldShape shape() const override { return FieldShape::kList; }
  std::vector<std::string_view> Choices() const override { return element_.Choices(); }
  const StructTable* table() const override { return element_.table(); }

 protected:
  explicit ListTypeBase(const FieldType& element) : element_(element) {}

 private:
  virtual void* Append(void* target) const = 0;
  virtual void Clear(void* target) const = 0;

  const FieldType& element_;
};

template <typename List>
class ListType final : public ListTypeBase {
 public:
  ListType() : ListTypeBase(TypeFor<typename List::value_type>()) {}
  size_t Count(const void* source) const override {
    return static_cast<const List*>(source)->size();
  }
  const void* At(const void* source, size_t index) const override {
    return &(*static_cast<const List*>(source))[index];
  }

 private:
  void* Append(void* target) const override { return &static_cast<List*>(target)->emplace_back(); }
  void Clear(void* target) const override { static_cast<List*>(target)->clear(); }
};

template <typename T>
inline constexpr bool kIsOptional = false;
template <typename T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <typename T>
inline constexpr bool kIsList = false;
template <typename T>
inline constexpr bool kIsList<std::vector<T>> = true;
template <typename T>
inline constexpr bool kIsList<CopyOnWriteList<T>> = true;
template <typename T>
inline constexpr bool kIsScalar =
    std::is_same_v<T, std::string> || std::is_same_v<T, bool> || std::is_same_v<T, int32_t> ||
    std::is_same_v<T, int64_t> || std::is_same_v<T, Quantity> || std::is_same_v<T, IntOrString> ||
    std::is_same_v<T, WallTime> || std::is_same_v<T, StringMap> || std::is_same_v<T, ResourceList>;

template <typename T>
const FieldType& TypeFor() {
  if constexpr (kIsScalar<T>) {
    return ScalarType<T>();
  } else if constexpr (std::is_enum_v<T>) {
    static const EnumType<T> type;
    return type;
  } else if constexpr (kIsOptional<T>) {
    static const OptionalType<typename T::value_type> type;
    return type;
  } else if constexpr (kIsList<T>) {
    static const ListType<T> type;
    return type;
  } else {
    static const StructType<T> type;
    return type;
  }
}

template <typename Member>
struct MemberOf;
template <typename Struct, typename T>
struct MemberOf<T Struct::*> {
  using Type = T;
};

// A StructTable that knows its struct: t.Field<&Container::image>("image").
template <typename Struct>
class Table : public StructTable {
 public:
  explicit Table(std::string_view name) : StructTable(name, Initial()) {}

  template <auto kMember>
  FieldInfo& Field(std::string_view name) {
    return Field<kMember>(name, TypeFor<typename MemberOf<decltype(kMember)>::Type>());
  }
  template <auto kMember>
  FieldInfo& Field(std::string_view name, const FieldType& type) {
    return Add(name, type, &Access<kMember>);
  }
  // A field without a member: in the struct's `OtherFields others`. It is accepted for `reason`,
  // or, without one, for the kind's.
  FieldInfo& Accepted(std::string_view name, const Shape& shape, std::string_view reason) {
    return AddShaped(name, OtherField(name, shape), &Access<&Struct::others>).Accepted(reason);
  }
  // Members of this struct that stand in a map of their own outside.
  FieldInfo& Group(std::string_view name, const FieldType& group) {
    return Add(name, group, [](void* container) { return container; });
  }

 private:
  static const void* Initial() {
    static const Struct initial{};
    return &initial;
  }
  template <auto kMember>
  static void* Access(void* container) {
    return &(static_cast<Struct*>(container)->*kMember);
  }
};

}  // namespace reconcile
