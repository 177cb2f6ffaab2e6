#pragma once

#include <string>
#include <vector>

#include "api/table.h"
#include "schema/kept.h"

namespace reconcile {

// Columns and cells of the kinds that are kept and not acted on; as columns.h has them of the
// others. Source: kubectl's printers.
std::vector<TableColumn> KeptColumns(Kind kind);
std::vector<std::string> KeptCells(const KeptObject& object, const std::string& age);

}  // namespace reconcile
