#pragma once

// Fields without a C++ member of their own: a row of a table names one and its shape. It is read,
// checked to the bottom, stored, shown and diffed as a member would be; code that acts on it finds
// it in OtherFields. Included by tables_*.cc alone.

#include <initializer_list>
#include <memory>
#include <string_view>

#include "schema/field_table.h"
#include "schema/other_fields.h"

namespace reconcile {

// How a Value of one shape is read and written: a FieldType whose members are Values, null when
// unset. What it holds is canonical (100m for 0.1), without marks.
using Shape = std::shared_ptr<const FieldType>;

Shape StringShape();
Shape BoolShape();
Shape Int32Shape();
Shape Int64Shape();
Shape QuantityShape();
Shape IntOrStringShape();
Shape TimeShape();
Shape StringMapShape();
Shape Base64MapShape();
Shape QuantityMapShape();
Shape OneOf(std::initializer_list<std::string_view> choices);  // a string, one of these
Shape ListOf(Shape element);
Shape MapOf(Shape element);  // keys are the user's
// A map of the fields that a ShapeTable has. The table must outlive it: it is static.
Shape StructOf(const StructTable& table);

// The table of a struct that has no C++ type.
class ShapeTable : public StructTable {
 public:
  explicit ShapeTable(std::string_view name);
  // Accepted, for the reason of the kind or of the field that it stands in.
  FieldInfo& Field(std::string_view name, const Shape& shape, std::string_view doc = "");
};

// A field `name` of the shape `inner`, of an OtherFields.
Shape OtherField(std::string_view name, const Shape& inner);

}  // namespace reconcile
