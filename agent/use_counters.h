#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace reconcile {

// The kernel's counters at one look. What could not be read is left out.

struct NetworkBytes {  // since the interfaces are there
  int64_t received = 0;
  int64_t sent = 0;
  friend bool operator==(const NetworkBytes&, const NetworkBytes&) = default;
};

struct ContainerCounters {
  int64_t cpu_us = 0;  // used since it began
  // Its working set: without file pages that were not used lately, as the kubelet reckons
  // (kubernetes.io/docs/concepts/cluster-administration/system-metrics, workingSetBytes).
  int64_t memory_bytes = 0;
  std::optional<NetworkBytes> network;  // of the namespace that it owns
  friend bool operator==(const ContainerCounters&, const ContainerCounters&) = default;
};

struct UseCounters {
  int64_t at_us = 0;  // on CLOCK_BOOTTIME; 0: nothing was read
  // Of the host.
  int64_t cpu_us = 0;
  int64_t memory_bytes = 0;
  NetworkBytes network;                                 // of the interface with the default route
  std::map<std::string, ContainerCounters> containers;  // by id
};

// A container that runs.
struct CountedContainer {
  std::string id;
  int64_t process_id = 0;
  bool owns_network = false;
};

}  // namespace reconcile
