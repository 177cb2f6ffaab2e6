#pragma once

#include <string>
#include <vector>

#include "api/table.h"
#include "schema/pod.h"

namespace reconcile {

// Kubernetes' printer columns of a kind, and an object's cells for them, in the same order.
std::vector<TableColumn> ColumnsOf(Kind kind);
std::vector<std::string> CellsOf(const Object& object, WallTime now);

// The STATUS word of `kubectl get pods`: Running, Pending, ContainerCreating, CrashLoopBackOff,
// Terminating ...
std::string PodStatusWord(const Pod& pod);

// kubectl's word for nothing.
std::string OrNone(const std::string& text);

// What the cells of workloads share: "app,sidecar", "nginx:1,proxy:2", "app=web,tier=front".
std::string ContainerNames(const PodSpec& spec);
std::string ContainerImages(const PodSpec& spec);
std::string LabelsText(const StringMap& labels);

}  // namespace reconcile
