#pragma once

#include <string>
#include <string_view>

namespace reconcile {

// Bugs that are compiled in only under RECONCILE_PLANTED_BUGS, one at a time, to prove that the
// simulator finds their kind (tests/sim). In every other build the question costs nothing and the
// answer is no.
#ifdef RECONCILE_PLANTED_BUGS
bool PlantedBug(std::string_view name);
void SetPlantedBug(std::string name);
#else
constexpr bool PlantedBug(std::string_view) { return false; }
inline void SetPlantedBug(const std::string&) {}
#endif

}  // namespace reconcile
