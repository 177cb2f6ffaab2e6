#include <sys/random.h>

#include <cerrno>

#include "base/check.h"
#include "base/random.h"

namespace reconcile {

uint64_t SystemRandom::Next() {
  uint64_t value = 0;
  ssize_t size = 0;
  do {
    size = getrandom(&value, sizeof(value), 0);
  } while (size < 0 && errno == EINTR);
  CHECK(size == sizeof(value));  // up to 256 bytes come whole (getrandom(2))
  return value;
}

}  // namespace reconcile
