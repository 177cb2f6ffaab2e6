#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace reconcile {

// One simulated world, from a seed: a controller, hosts, people who commit, and faults.
struct SimulationOptions {
  uint64_t seed = 1;
  int hosts = 3;
  int64_t faults_ms = 9 * 60'000;           // how long things go wrong
  int64_t converge_limit_ms = 15 * 60'000;  // then everything must be as declared within this
  int64_t quiet_ms = 3 * 60'000;            // and then nothing may be written for so long
  std::string planted_bug;                  // name of a planted bug to switch on; "" none
  bool verbose = false;                     // print what happens
};

struct SimulationOutcome {
  std::vector<std::string> violations;  // empty: all checkers were satisfied
  uint64_t trace_hash = 0;              // same seed, same hash
  int64_t virtual_ms = 0;
  std::map<std::string, int64_t> faults;  // how often each kind happened
};

// Deterministic: depends on the options alone.
SimulationOutcome RunSimulation(const SimulationOptions& options);

}  // namespace reconcile
