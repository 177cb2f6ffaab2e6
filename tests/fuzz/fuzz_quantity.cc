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
  CHECK(again->ToString() == written);
  CHECK(again->Milli() == quantity->Milli() && again->Units() == quantity->Units());
  CHECK(quantity->IsNegative() == (*quantity < Quantity()));
  CHECK(quantity->IsZero() == (*quantity == Quantity()));
  return 0;
}
