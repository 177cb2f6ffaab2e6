#include <cstdint>
#include <string_view>

#include "cmd/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  reconcile::Config config;
  reconcile::Problems problems;
  // NOLINTNEXTLINE: bytes are bytes
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  reconcile::ReadConfig(text, "fuzz.yaml", &config, &problems);
  return 0;
}
