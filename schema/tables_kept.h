#pragma once

// What the tables of kinds share whose objects are kept and not acted on (kept.h).

#include "schema/tables.h"

namespace reconcile {

// The head of such a kind's table: what every object has.
template <typename T>
Table<T> KeptTable() {
  Table<T> table(InfoOf(T::kKind).name);
  AddTypeMeta(&table);
  table.template Field<&T::metadata>("metadata")
      .Required()
      .Doc("Name, namespace, labels, annotations.");
  return table;
}

// The row `name` of a kind's table, for the kind's reason.
template <typename T>
FieldInfo& KeptRow(Table<T>* table, std::string_view name, const Shape& shape,
                   std::string_view doc) {
  return table->Accepted(name, shape, "").Doc(doc);
}

// The rows of PersistentVolumeSpec of which one says what the volume is.
void AddVolumeSources(ShapeTable* spec);

Shape LabelSelectorShape();
Shape NodeSelectorShape();
Shape ObjectReferenceShape();  // core/v1
Shape LocalReferenceShape();   // the name of an object in the same namespace
Shape SecretReferenceShape();  // name and namespace of a Secret

}  // namespace reconcile
