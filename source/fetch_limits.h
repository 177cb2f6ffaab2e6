#pragma once

#include <cstdint>

namespace reconcile {

// Of one fetch from a server. Each has an error that names it.
struct FetchLimits {
  int64_t timeout_ms = 60'000;  // of all of it
  int64_t connect_ms = 10'000;
  int64_t max_pack_bytes = int64_t{256} << 20;  // received in one fetch
  int64_t max_objects = 2'000'000;              // in one pack
};

// Bounds of what is kept of one remote repository; beyond them it is fetched anew.
struct CacheLimits {
  int64_t max_bytes = int64_t{1} << 30;
  int64_t max_packs = 200;  // each fetch that brings something adds one
};

}  // namespace reconcile
