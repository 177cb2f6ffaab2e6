#include "base/planted_bug.h"

#ifdef RECONCILE_PLANTED_BUGS
namespace reconcile {
namespace {

std::string& Current() {
  static std::string name;
  return name;
}

}  // namespace

bool PlantedBug(std::string_view name) { return Current() == name; }
void SetPlantedBug(std::string name) { Current() = std::move(name); }

}  // namespace reconcile
#endif
