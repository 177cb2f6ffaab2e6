// Any bytes as what the cache on disk holds: no crash, no more memory than they account for, and
// what is unpacked can be packed and unpacked again.
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
    const auto& digest = items->at(i).digest;
    CHECK(digest.has_value() == again->at(i).digest.has_value());
    CHECK(!digest ||
          (digest->key == again->at(i).digest->key && digest->bytes == again->at(i).digest->bytes));
    const ObjectPtr& object = items->at(i).object;
    CHECK((object == nullptr) == (again->at(i).object == nullptr));
    CHECK(object == nullptr || EqualObjects(*object, *again->at(i).object));
  }
  return 0;
}
