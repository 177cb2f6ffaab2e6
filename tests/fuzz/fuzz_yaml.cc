// Any bytes as a manifest file: no crash, no hang, positions inside the text, and what is accepted
// survives being written and read again, and being packed for the cache on disk.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "schema/manifest_pack.h"
#include "schema/manifests.h"

namespace {

using namespace reconcile;

void CheckDocuments(std::string_view text) {
  const YamlDocuments result = ReadYaml(text);
  const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  for (const Problem& error : result.errors) {
    CHECK(error.line >= 1 && error.line <= lines && error.column >= 1);
    CHECK(!error.message.empty() && error.message.find('\n') == std::string::npos);
  }
  JsonLimits limits;
  limits.max_bytes = size_t{1} << 30;
  for (const Value& document : result.documents) {
    CHECK(!document.IsNull() && document.mark.line >= 1);
    const Result<Value> again = ParseJson(WriteJson(document), limits);
    CHECK(again.ok());
  }
}

void CheckObjects(std::string_view text) {
  const ManifestFile file{"f.yaml", "", std::make_shared<const std::string>(text)};
  const ParsedManifests parsed = ParseManifests({file});
  for (const ObjectPtr& object : parsed.objects) {
    CHECK(object->metadata.origin.line >= 1);
    const std::string stored = EncodeObjectJson(*object, EncodeFor::kStore);
    const Result<ObjectPtr> again = DecodeStored(stored);
    CHECK(again.ok());
    CHECK(EncodeObjectJson(**again, EncodeFor::kStore) == stored);
    const auto packed = PackItems({ReadItem{.object = object}});
    CHECK(packed.has_value());
    const auto items = UnpackItems(*packed, "f.yaml");
    CHECK(items.has_value() && items->size() == 1);
    CHECK(EncodeObjectJson(*items->front().object, EncodeFor::kStore) == stored);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckDocuments(text);
  CheckObjects(text);
  return 0;
}
