// Process 1 of a pod's sandbox: it keeps the namespaces, takes in orphans and
// ends with exit code 0 on SIGINT and SIGTERM. Freestanding: no C library, no
// stack protector, no relocations.
//
// The kernel drops signals that process 1 neither handles nor blocks, so they
// are blocked and fetched with rt_sigtimedwait(2).

#include "call.h"

enum { kBlock = 0, kInterrupt = 2, kTerminate = 15, kChild = 17, kNoHang = 1, kSetBytes = 8 };

__attribute__((noreturn, used)) static void Main(const long* stack) {
  (void)stack;
  const unsigned long signals =
      1UL << (kInterrupt - 1) | 1UL << (kTerminate - 1) | 1UL << (kChild - 1);
  Call(kSigprocmask, kBlock, (long)&signals, 0, kSetBytes);
  for (;;) {
    const long signal = Call(kSigtimedwait, (long)&signals, 0, 0, kSetBytes);
    if (signal == kInterrupt || signal == kTerminate) Call(kExitGroup, 0, 0, 0, 0);
    while (Call(kWait4, -1, 0, kNoHang, 0) > 0) {
    }
  }
}
