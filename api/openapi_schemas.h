#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/value.h"
#include "schema/field_table.h"

namespace reconcile {

// The two versions differ in where schemas stand, in how a reference is given a description, and in
// what may be a number or a text.
enum class OpenApiVersion { kTwo, kThree };

// The schemas of one OpenAPI document: every struct below the kinds that are added, once.
class OpenApiSchemas {
 public:
  explicit OpenApiSchemas(OpenApiVersion version) : version_(version) {}

  // What leads to the schema of that name.
  Value ReferenceTo(const std::string& name) const;
  // The name of the kind's schema.
  std::string AddKind(Kind kind);
  Value Take() { return Value::MakeMap(std::move(schemas_)); }

 private:
  std::string Add(const StructTable& table);
  std::string AddIntOrString();
  Value Anything() const;
  Value PropertiesOf(const StructTable& table);
  Value PropertyOf(const FieldInfo& field);
  // Of what `name` says: "[]Container", "map[string]string".
  Value TypeOf(const FieldType& type, std::string_view name);

  OpenApiVersion version_;
  std::map<const StructTable*, std::string> names_;
  std::map<std::string, int> used_;  // how many structs are called so
  Value::Map schemas_;
};

}  // namespace reconcile
