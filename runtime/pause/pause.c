// Process 1 of a pod's sandbox: it keeps the namespaces, takes in orphans and ends with exit code 0
// on SIGINT and SIGTERM. Freestanding: no C library, no stack protector, no relocations.
//
// The kernel drops signals that process 1 neither handles nor blocks, so they are blocked and
// fetched with rt_sigtimedwait(2).

#if defined(__x86_64__)
enum { kSigprocmask = 14, kSigtimedwait = 128, kWait4 = 61, kExitGroup = 231 };

__asm__(".global _start\n_start:\n  and $-16, %rsp\n  call Main\n");

static long Call(long number, long a, long b, long c, long d) {
  long result;
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
enum { kSigprocmask = 135, kSigtimedwait = 137, kWait4 = 260, kExitGroup = 94 };

__asm__(".global _start\n_start:\n  bl Main\n");

static long Call(long number, long a, long b, long c, long d) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}
#else
#error "the pause program knows amd64 and arm64"
#endif

enum { kBlock = 0, kInterrupt = 2, kTerminate = 15, kChild = 17, kNoHang = 1, kSetBytes = 8 };

__attribute__((noreturn, used)) static void Main(void) {
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
