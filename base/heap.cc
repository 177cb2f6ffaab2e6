#include "base/heap.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace reconcile {

void ExpectHeapUse(size_t bytes) {
  constexpr size_t kLargePageBytes = 2 << 20;
  constexpr int kLargestPieceBytes = 32 << 20;  // glibc takes no more for M_MMAP_THRESHOLD
  constexpr size_t kMostBytes = 256 << 20;
  bytes = std::min(bytes, kMostBytes);
  // One heap for all threads, the one that grows by sbrk; what was taken is kept.
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, kLargestPieceBytes);
  mallopt(M_TRIM_THRESHOLD, static_cast<int>(2 * kMostBytes));
  mallopt(M_TOP_PAD, static_cast<int>(bytes));
  const auto begin = reinterpret_cast<uintptr_t>(sbrk(0));
  void* volatile grow = std::malloc(kLargestPieceBytes - kLargePageBytes);
  std::free(grow);
  const auto end = reinterpret_cast<uintptr_t>(sbrk(0));
  const uintptr_t first = (begin + kLargePageBytes - 1) / kLargePageBytes * kLargePageBytes;
  if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
}

void KeepHeapSmall() {
  constexpr int kFreeEndBytes = 128 << 10;
  // Either of the two keeps glibc from finding the other out by itself.
  constexpr int kMappedBytes = 1 << 20;
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_TRIM_THRESHOLD, kFreeEndBytes);
  mallopt(M_MMAP_THRESHOLD, kMappedBytes);
}

void GiveBackHeap() {
  constexpr size_t kMuchBytes = 128 << 10;
  // What is free counts also when the kernel has its pages.
  static size_t free_then = 0;
  const size_t free_now = mallinfo2().fordblks;
  if (free_now > free_then + kMuchBytes) malloc_trim(0);
  if (free_now > free_then + kMuchBytes || free_now < free_then) free_then = free_now;
}

}  // namespace reconcile
