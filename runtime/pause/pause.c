// Process 1 of every pod's sandbox: it keeps the namespaces, takes in orphans and ends with exit
// code 0 on SIGINT and SIGTERM. Freestanding: no C library, no stack protector, no relocations.
//
//   pause           in the network namespace that the engine made
//   pause unshare   started in the host's: first of all it makes one of its own, then gives up
//   every
//                   privilege for good. Needs CAP_SYS_ADMIN, CAP_SETPCAP, CAP_SETUID, CAP_SETGID.
//
// Whatever of that fails ends it, so that nothing stays in the host's network. Exit codes:
// container_runtime.h has kPauseNoNamespace; the others say which privilege could not be given up.
//
// The kernel drops signals that process 1 neither handles nor blocks, so they are blocked and
// fetched with rt_sigtimedwait(2).

#if defined(__x86_64__)
enum {
  kSigprocmask = 14,
  kSigtimedwait = 128,
  kWait4 = 61,
  kExitGroup = 231,
  kUnshare = 272,
  kPrctl = 157,
  kCapset = 126,
  kSetgroups = 116,
  kSetresgid = 119,
  kSetresuid = 117
};

__asm__(".global _start\n_start:\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call Main\n");

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
enum {
  kSigprocmask = 135,
  kSigtimedwait = 137,
  kWait4 = 260,
  kExitGroup = 94,
  kUnshare = 97,
  kPrctl = 167,
  kCapset = 91,
  kSetgroups = 159,
  kSetresgid = 149,
  kSetresuid = 147
};

__asm__(".global _start\n_start:\n  mov x0, sp\n  bl Main\n");

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
enum { kNewNetwork = 0x40000000, kDropBounding = 24, kUser = 65535, kInvalid = -22 };
enum { kCapabilityVersion3 = 0x20080522 };
enum { kUsage = 64, kNoNamespace = 71, kNoBounding = 72, kNoUser = 73, kNoCapset = 74 };

static void Exit(long code) { Call(kExitGroup, code, 0, 0, 0); }

static int IsUnshare(const char* word) {
  static const char wanted[] = "unshare";
  for (unsigned long i = 0; i < sizeof(wanted); ++i) {
    if (word[i] != wanted[i]) return 0;
  }
  return 1;
}

static void LeaveHostNetwork(void) {
  if (Call(kUnshare, kNewNetwork, 0, 0, 0) != 0) Exit(kNoNamespace);
  // Up to the first that this kernel does not know.
  long dropped = 0;
  for (long capability = 0; dropped == 0; ++capability) {
    dropped = Call(kPrctl, kDropBounding, capability, 0, 0);
  }
  if (dropped != kInvalid) Exit(kNoBounding);
  if (Call(kSetgroups, 0, 0, 0, 0) != 0 || Call(kSetresgid, kUser, kUser, kUser, 0) != 0 ||
      Call(kSetresuid, kUser, kUser, kUser, 0) != 0) {
    Exit(kNoUser);
  }
  const unsigned header[2] = {kCapabilityVersion3, 0};
  const unsigned nothing[6] = {0};
  if (Call(kCapset, (long)header, (long)nothing, 0, 0) != 0) Exit(kNoCapset);
}

// `stack` is what the kernel left there: the number of arguments, then the arguments.
__attribute__((noreturn, used)) static void Main(const long* stack) {
  if (stack[0] > 1) {
    if (!IsUnshare((const char*)stack[2])) Exit(kUsage);
    LeaveHostNetwork();
  }
  const unsigned long signals =
      1UL << (kInterrupt - 1) | 1UL << (kTerminate - 1) | 1UL << (kChild - 1);
  Call(kSigprocmask, kBlock, (long)&signals, 0, kSetBytes);
  for (;;) {
    const long signal = Call(kSigtimedwait, (long)&signals, 0, 0, kSetBytes);
    if (signal == kInterrupt || signal == kTerminate) Exit(0);
    while (Call(kWait4, -1, 0, kNoHang, 0) > 0) {
    }
  }
}
