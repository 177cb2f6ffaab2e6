#pragma once

#include <functional>
#include <string>

namespace reconcile {

// What a function did in a child process of its own.
struct BoundedRun {
  bool finished = false;  // false: it crashed or passed the CPU limit
  std::string output;     // what it returned
  long growth_kib = 0;    // of its peak memory, over what the child began with
};

// Runs `function` in a forked child with a CPU limit far above what it may need, so that a hang or
// a crash fails one test, and memory is measured apart from other tests.
BoundedRun RunBounded(const std::function<std::string()>& function);

// Memory bounds hold for the program as shipped; sanitizers multiply it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kMeasuresMemory = false;
#else
inline constexpr bool kMeasuresMemory = true;
#endif

}  // namespace reconcile
