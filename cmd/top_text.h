#pragma once

#include <string>

#include "base/value.h"

namespace reconcile {

// PURE: what `top` prints, in kubectl's columns, of answers of metrics.k8s.io.

enum class TopOrder { kName, kCpu, kMemory };  // what uses most first
struct TopOptions {
  TopOrder order = TopOrder::kName;
  bool headers = true;
  bool with_namespace = false;  // of pods
  bool containers = false;      // of pods: a line for each container
};

// `nodes`: the Nodes' list, for what they have. One that told nothing is a line all the same.
std::string TopNodesText(const Value& metrics, const Value& nodes, const TopOptions& options);
std::string TopPodsText(const Value& metrics, const TopOptions& options);

}  // namespace reconcile
