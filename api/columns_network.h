#pragma once

#include <string>
#include <vector>

#include "api/table.h"
#include "schema/network.h"

namespace reconcile {

// Tables of Services and of the addresses behind them, as kubectl prints them. Source: Kubernetes
// pkg/printers/internalversion, 1.33.
bool IsNetworkKind(Kind kind);
std::vector<TableColumn> NetworkColumns(Kind kind);
std::vector<std::string> NetworkCells(const Object& object, const std::string& age);

}  // namespace reconcile
