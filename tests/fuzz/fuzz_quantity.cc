// Any text as a quantity: no crash, and what is one keeps its value when it is written and read
// again, and is its own order's equal.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "schema/quantity.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace reconcile;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<Quantity> quantity = Quantity::Parse(text);
  if (!quantity.ok()) {
    CHECK(!quantity.status().message().empty());
    return 0;
  }
  const std::string written = quantity->ToString();
  const Result<Quantity> again = Quantity::Parse(written);
  CHECK(again.ok() && *again == *quantity);
  // A binary one without a suffix ("1.5Ki" is "1536") reads as a decimal one, as in Kubernetes.
  const std::string settled = again->ToString();
  const Result<Quantity> once_more = Quantity::Parse(settled);
  CHECK(once_more.ok() && *once_more == *quantity && once_more->ToString() == settled);
  CHECK(again->Milli() == quantity->Milli() && again->Units() == quantity->Units());
  CHECK(quantity->IsNegative() == (*quantity < Quantity()));
  CHECK(quantity->IsZero() == (*quantity == Quantity()));
  return 0;
}
