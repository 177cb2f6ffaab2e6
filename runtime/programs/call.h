// System calls for programs without a C library, on amd64 and arm64, and the
// way into them: the kernel leaves the number of arguments, the arguments and
// the environment on the stack, and `Main` gets that place.
#pragma once

#if defined(__x86_64__)
enum {
  kWrite = 1,
  kSigprocmask = 14,
  kIoctl = 16,
  kGetProcessId = 39,
  kSocket = 41,
  kBind = 49,
  kExecve = 59,
  kWait4 = 61,
  kSigtimedwait = 128,
  kExitGroup = 231
};

__asm__(
    ".global _start\n_start:\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call "
    "Main\n");

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
  kIoctl = 29,
  kWrite = 64,
  kExitGroup = 94,
  kSigprocmask = 135,
  kSigtimedwait = 137,
  kGetProcessId = 172,
  kSocket = 198,
  kBind = 200,
  kExecve = 221,
  kWait4 = 260
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
#error "this program knows amd64 and arm64"
#endif
