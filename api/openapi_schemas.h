#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/value.h"
#include "schema/field_table.h"

namespace reconcile {

// The schemas of one OpenAPI document: every struct below the kinds that are added, once.
class OpenApiSchemas {
 public:
  // The name of the kind's schema.
  std::string AddKind(Kind kind);
  Value Take() { return Value::MakeMap(std::move(schemas_)); }

 private:
  std::string Add(const StructTable& table);
  Value PropertiesOf(const StructTable& table);
  Value PropertyOf(const FieldInfo& field);
  // Of what `name` says: "[]Container", "map[string]string".
  Value TypeOf(const FieldType& type, std::string_view name);

  std::map<const StructTable*, std::string> names_;
  std::map<std::string, int> used_;  // how many structs are called so
  Value::Map schemas_;
};

}  // namespace reconcile
