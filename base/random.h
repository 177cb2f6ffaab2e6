#pragma once

#include <cstdint>
#include <string>

namespace reconcile {

// The seam to chance: cluster ids, jitter, keys. Never used where plan and apply must agree.
class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t Next() = 0;
  // Uniform in [0, bound); 0 for bound 0.
  uint64_t Below(uint64_t bound) { return bound == 0 ? 0 : Next() % bound; }
};

// Deterministic (SplitMix64): the simulator's and the tests'.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next() override;

 private:
  uint64_t state_;
};

// getrandom(2). Library base_io.
class SystemRandom final : public Random {
 public:
  uint64_t Next() override;
};

}  // namespace reconcile
