#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/time.h"
#include "schema/field_table.h"
#include "schema/text.h"

namespace reconcile {

// Stored forms whose fields all differ from their initial values.
class GeneratedObjects {
 public:
  // Of 16 optional fields, `kept_of_16` are there on average.
  explicit GeneratedObjects(uint64_t seed, unsigned kept_of_16 = 16)
      : state_(seed * 2654435761U + 1), kept_of_16_(kept_of_16) {}

  Value Object(Kind kind) {
    Value value = Value::MakeMap();
    value.Set("apiVersion", Value::String(std::string(InfoOf(kind).api_version)));
    value.Set("kind", Value::String(std::string(InfoOf(kind).name)));
    const Value members = Struct(TableOf(kind));
    for (const Value::Member& member : members.AsMap()) value.Set(member.key, member.value);
    return value;
  }

 private:
  uint64_t Next() {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return state_ >> 33U;
  }
  std::string Number() { return std::to_string(Next() % 1'000'000 + 11); }

  Value Struct(const StructTable& table) {
    Value value = Value::MakeMap();
    for (const FieldInfo& field : table.fields()) {
      if (!field.IsKept() || field.is_decode_only || Next() % 16 >= kept_of_16_) continue;
      const Value initial = field.type->Encode(field.Get(table.initial()), EncodeFor::kStore);
      Value member = Field(*field.type, field.type->Name(), initial);
      value.Set(std::string(field.name), std::move(member));
    }
    return value;
  }

  Value Field(const FieldType& type, const std::string& name, const Value& initial) {
    switch (type.shape()) {
      case FieldShape::kStruct:
        return Struct(*type.table());
      case FieldShape::kList: {
        Value list = Value::MakeList();
        for (int i = 0; i < 2; ++i) {
          list.Append(type.table() != nullptr ? Struct(*type.table()) : Scalar(name.substr(2)));
        }
        return list;
      }
      case FieldShape::kMap: {
        Value map = Value::MakeMap();
        for (const char* key : {"a", "b/c"}) map.Set(key, Scalar(name.substr(11)));
        return map;
      }
      case FieldShape::kScalar:
        break;
    }
    for (std::string_view choice : type.Choices()) {
      const Value value = Value::String(std::string(choice));
      if (value != initial) return value;
    }
    return Scalar(name);
  }

  Value Scalar(const std::string& name) {
    if (name == "boolean") return Value::Bool(true);
    if (name == "integer") return Value::Int(std::stoi(Number()));
    if (name == "IntOrString") return Value::Int(std::stoi(Number()));
    if (name == "Time") {
      return Value::String(FormatRfc3339({static_cast<int64_t>(Next()) * 1000}));
    }
    if (name == "base64") return Value::String(EncodeBase64(Number() + '\0' + '\xff'));
    EXPECT_TRUE(name == "string" || name == "Quantity") << "no values for type " << name;
    // Digits without a trailing zero stand for themselves in every field that writes strings.
    return Value::String(Number() + "1");
  }

  uint64_t state_;
  unsigned kept_of_16_;
};

}  // namespace reconcile
