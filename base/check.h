#pragma once

namespace reconcile::internal {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);
}

// Programmer errors end the process, in release builds too. Nothing from outside may trip one.
#define CHECK(condition)                                                  \
  do {                                                                    \
    if (!(condition)) {                                                   \
      ::reconcile::internal::CheckFailed(__FILE__, __LINE__, #condition); \
    }                                                                     \
  } while (false)
