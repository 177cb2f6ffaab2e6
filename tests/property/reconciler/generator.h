#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {

// Random clusters and commits for property tests: small, so that every case is quick, with few
// names, so that commits overlap.
class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  int Int(int low, int high) {
    return low + static_cast<int>(random_.Below(static_cast<uint64_t>(high - low + 1)));
  }
  bool OneIn(int n) { return Int(1, n) == 1; }

  // A cluster of 0 to 4 hosts of different sizes.
  World MakeWorld();
  // Up to 6 objects of all kinds.
  std::vector<ObjectPtr> MakeCommit();
  std::shared_ptr<Deployment> MakeAnyDeployment(const std::string& name);
  std::shared_ptr<Service> MakeAnyService(const std::string& name);
  // `commit` after a person's small change: an image, a number of replicas, an object less or more.
  std::vector<ObjectPtr> Edit(std::vector<ObjectPtr> commit);
  template <typename T>
  void Shuffle(std::vector<T>* list) {
    for (size_t i = list->size(); i > 1; --i) std::swap((*list)[i - 1], (*list)[random_.Below(i)]);
  }

 private:
  void MaybeRequest(PodSpec* spec);
  ObjectPtr MakeObject(const std::string& name);

  SeededRandom random_;
};

}  // namespace reconcile
