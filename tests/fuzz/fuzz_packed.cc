// Any bytes as what the cache on disk holds: no crash, no more memory than they account for, and
// what is unpacked has no object, and can be packed and unpacked again.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "schema/manifest_pack.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace reconcile;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto items = UnpackItems(bytes, "f.yaml");
  if (!items) return 0;
  const auto packed = PackItems(*items);
  CHECK(packed.has_value());
  const auto again = UnpackItems(*packed, "f.yaml");
  CHECK(again.has_value() && again->size() == items->size());
  for (size_t i = 0; i < items->size(); ++i) {
    const ReadItem& one = items->at(i);
    const ReadItem& other = again->at(i);
    CHECK(one.object == nullptr && other.object == nullptr);
    CHECK(one.digest.has_value() == other.digest.has_value());
    CHECK(!one.digest ||
          (one.digest->key == other.digest->key && one.digest->bytes == other.digest->bytes));
    CHECK(one.kind == other.kind && one.name == other.name && one.group == other.group);
    CHECK(one.problems.errors.size() == other.problems.errors.size());
    CHECK(one.problems.warnings.size() == other.problems.warnings.size());
  }
  return 0;
}
