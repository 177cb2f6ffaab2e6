#pragma once

#include <string>
#include <vector>

#include "api/columns.h"

namespace reconcile {

// Of StatefulSets, DaemonSets, Jobs and CronJobs; kubectl's columns. CHECKs the kind.
std::vector<TableColumn> WorkloadColumns(Kind kind);
std::vector<std::string> WorkloadCells(const Object& object, const std::string& age, WallTime now);

}  // namespace reconcile
