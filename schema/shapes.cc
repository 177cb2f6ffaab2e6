#include <algorithm>
#include <utility>

#include "schema/field_reporter.h"
#include "schema/field_types.h"
#include "schema/shapes_shared.h"
#include "schema/text.h"

namespace reconcile {

namespace {

const Value& Of(const void* source) { return *static_cast<const Value*>(source); }
Value& To(void* target) { return *static_cast<Value*>(target); }

class ShapeBase : public FieldType {
 public:
  Value Encode(const void* source, EncodeFor) const override { return Of(source); }
  bool IsZero(const void* source) const override { return Of(source).IsNull(); }
  bool Equal(const void* a, const void* b) const override { return Of(a) == Of(b); }
};

// What a C++ type's FieldType reads, kept as it writes it.
template <typename T>
class TypedShape final : public ShapeBase {
 public:
  explicit TypedShape(const FieldType& type) : type_(type) {}
  std::string Name() const override { return type_.Name(); }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override {
    T typed{};
    const size_t errors = reporter->error_count();
    type_.Decode(value, path, reporter, &typed);
    if (reporter->error_count() == errors) To(target) = type_.Encode(&typed, EncodeFor::kStore);
  }
  FieldShape shape() const override { return type_.shape(); }

 private:
  const FieldType& type_;
};

template <typename T>
Shape Typed() {
  static const Shape shape = std::make_shared<TypedShape<T>>(ScalarType<T>());
  return shape;
}

class ChoiceShape final : public ShapeBase {
 public:
  explicit ChoiceShape(std::vector<std::string_view> choices) : choices_(std::move(choices)) {}
  std::string Name() const override { return "string"; }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override {
    Value text;
    StringShape()->Decode(value, path, reporter, &text);
    if (text.IsNull()) return;
    const bool is_one =
        std::find(choices_.begin(), choices_.end(), text.AsString()) != choices_.end();
    if (is_one || reporter->is_lenient) {
      To(target) = std::move(text);
    } else {
      reporter->DecodeError(path, value.mark, NoneOf(text.AsString(), choices_));
    }
  }
  std::vector<std::string_view> Choices() const override { return choices_; }

 private:
  std::vector<std::string_view> choices_;
};

class ListShape final : public ShapeBase {
 public:
  explicit ListShape(Shape element) : element_(std::move(element)) {}
  std::string Name() const override { return "[]" + element_->Name(); }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override {
    if (!RequireList(value, path, reporter)) return;
    Value::List elements;
    for (size_t i = 0; i < value.AsList().size(); ++i) {
      const Value& element = value.AsList()[i];
      const std::string_view label = table() == nullptr ? "" : table()->LabelOf(element);
      element_->Decode(element, FieldPath::Item(path, i, label), reporter,
                       &elements.emplace_back());
    }
    To(target) = Value::MakeList(std::move(elements));
  }
  Value Encode(const void* source, EncodeFor purpose) const override {
    if (IsZero(source)) return {};
    Value::List elements;
    for (const Value& element : Of(source).AsList()) {
      elements.push_back(element_->Encode(&element, purpose));
    }
    return Value::MakeList(std::move(elements));
  }
  FieldShape shape() const override { return FieldShape::kList; }
  std::vector<std::string_view> Choices() const override { return element_->Choices(); }
  const StructTable* table() const override { return element_->table(); }
  size_t Count(const void* source) const override {
    return IsZero(source) ? 0 : Of(source).AsList().size();
  }
  const void* At(const void* source, size_t index) const override {
    return &Of(source).AsList()[index];
  }

 private:
  Shape element_;
};

class MapShape final : public ShapeBase {
 public:
  explicit MapShape(Shape element) : element_(std::move(element)) {}
  std::string Name() const override { return "map[string]" + element_->Name(); }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override {
    if (!RequireMap(value, path, reporter)) return;
    Value::Map members;
    for (const Value::Member& member : value.AsMap()) {
      Value element;
      element_->Decode(member.value, FieldPath::Key(path, member.key), reporter, &element);
      members.push_back({member.key, std::move(element), Mark{}});
    }
    std::sort(members.begin(), members.end(),
              [](const Value::Member& a, const Value::Member& b) { return a.key < b.key; });
    To(target) = Value::MakeMap(std::move(members));
  }
  FieldShape shape() const override { return FieldShape::kMap; }

 private:
  Shape element_;
};

class StructShape final : public ShapeBase {
 public:
  explicit StructShape(const StructTable& table) : table_(table) {}
  std::string Name() const override { return std::string(table_.name()); }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override {
    Value members = Value::MakeMap();
    table_.Decode(value, path, reporter, &members);
    if (value.IsMap()) To(target) = std::move(members);
  }
  Value Encode(const void* source, EncodeFor purpose) const override {
    return IsZero(source) ? Value() : table_.Encode(source, purpose);
  }
  FieldShape shape() const override { return FieldShape::kStruct; }
  const StructTable* table() const override { return &table_; }
  size_t Count(const void* source) const override { return IsZero(source) ? 0 : 1; }
  const void* At(const void* source, size_t) const override { return source; }

 private:
  const StructTable& table_;
};

// A named field of a Container that has Find(name) and Set(name, value): an OtherFields, or a Value
// that is a map.
template <typename Container>
class NamedField final : public FieldType {
 public:
  NamedField(std::string_view name, Shape inner) : name_(name), inner_(std::move(inner)) {}
  std::string Name() const override { return inner_->Name(); }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override {
    Value member;
    inner_->Decode(value, path, reporter, &member);
    if (!member.IsNull()) static_cast<Container*>(target)->Set(name_, std::move(member));
  }
  Value Encode(const void* source, EncodeFor purpose) const override {
    return inner_->Encode(&In(source), purpose);
  }
  bool IsZero(const void* source) const override { return In(source).IsNull(); }
  bool Equal(const void* a, const void* b) const override { return inner_->Equal(&In(a), &In(b)); }
  FieldShape shape() const override { return inner_->shape(); }
  std::vector<std::string_view> Choices() const override { return inner_->Choices(); }
  const StructTable* table() const override { return inner_->table(); }
  size_t Count(const void* source) const override { return inner_->Count(&In(source)); }
  const void* At(const void* source, size_t index) const override {
    return inner_->At(&In(source), index);
  }

 private:
  const Value& In(const void* source) const {
    static const Value unset;
    const Value* member = static_cast<const Container*>(source)->Find(name_);
    return member == nullptr ? unset : *member;
  }

  std::string name_;
  Shape inner_;
};

}  // namespace

Shape StringShape() { return Typed<std::string>(); }
Shape BoolShape() { return Typed<bool>(); }
Shape Int32Shape() { return Typed<int32_t>(); }
Shape Int64Shape() { return Typed<int64_t>(); }
Shape QuantityShape() { return Typed<Quantity>(); }
Shape IntOrStringShape() { return Typed<IntOrString>(); }
Shape TimeShape() { return Typed<WallTime>(); }
Shape StringMapShape() { return Typed<StringMap>(); }
Shape QuantityMapShape() { return Typed<ResourceList>(); }
Shape Base64MapShape() { return std::make_shared<TypedShape<StringMap>>(Base64MapType()); }
Shape OneOf(std::initializer_list<std::string_view> choices) {
  return std::make_shared<ChoiceShape>(std::vector<std::string_view>(choices));
}
Shape ListOf(Shape element) { return std::make_shared<ListShape>(std::move(element)); }
Shape MapOf(Shape element) { return std::make_shared<MapShape>(std::move(element)); }
Shape StructOf(const StructTable& table) { return std::make_shared<StructShape>(table); }

ShapeTable::ShapeTable(std::string_view name)
    : StructTable(name, [] {
        static const Value initial = Value::MakeMap();
        return &initial;
      }()) {}

FieldInfo& ShapeTable::Field(std::string_view name, const Shape& shape, std::string_view doc) {
  return AddShaped(name, std::make_shared<NamedField<Value>>(name, shape),
                   [](void* container) { return container; })
      .Accepted("")
      .Doc(doc);
}

ShapeTable MakeShapeTable(std::string_view name, const std::vector<ShapeRow>& rows,
                          std::string_view key) {
  ShapeTable table(name);
  for (const ShapeRow& row : rows) {
    FieldInfo& field = table.Field(row.name, row.shape).Doc(row.doc);
    if (row.is_required) field.Required();
    if (!row.default_text.empty()) field.Default(row.default_text);
  }
  if (!key.empty()) table.KeyedBy(key);
  return table;
}

Shape OtherField(std::string_view name, const Shape& inner) {
  return std::make_shared<NamedField<OtherFields>>(name, inner);
}

}  // namespace reconcile
