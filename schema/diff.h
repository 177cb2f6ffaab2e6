#pragma once

#include <vector>

#include "schema/codec.h"
#include "schema/field_table.h"

namespace reconcile {

// A FieldChange and what its field's table says about it.
struct TableChange {
  FieldChange change;
  bool is_immutable = false;
};
// DiffObjects before it forgets the tables. `before` and `after` are of one kind.
std::vector<TableChange> DiffByTable(const Object& before, const Object& after);

}  // namespace reconcile
