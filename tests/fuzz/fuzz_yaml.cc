// Any bytes as a manifest file: no crash, no hang, positions inside the text, and what is accepted
// survives being written and read again. What the cache on disk keeps of it says the same as the
// text, and nothing of a Secret.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "schema/manifests.h"
#include "tests/support/kept_in_memory.h"

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
  }
}

bool IsSame(const std::vector<Problem>& a, const std::vector<Problem>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Problem& x, const Problem& y) {
    return x.ToString() == y.ToString() && x.rule == y.rule;
  });
}

void CheckKept(std::string_view text) {
  const ManifestFile file{"f.yaml", "id", std::make_shared<const std::string>(text)};
  KeptInMemory kept;
  const auto read = [&] {
    return ParseManifests({file}, "default", {}, nullptr,
                          {.kept = &kept, .digest = [](const Object& object, const FieldPlaces&) {
                             return EncodeObjectJson(object, EncodeFor::kUser);
                           }});
  };
  const ParsedManifests fresh = read();
  CHECK(fresh.objects.empty() && kept.found_count == 0);
  if (kept.kept.empty()) return;
  for (const ObjectDigest& digest : fresh.digests) CHECK(digest.key.kind != Kind::kSecret);
  const ParsedManifests again = read();
  CHECK(kept.found_count == 1 && again.objects.empty());
  CHECK(std::equal(fresh.digests.begin(), fresh.digests.end(), again.digests.begin(),
                   again.digests.end(), [](const ObjectDigest& a, const ObjectDigest& b) {
                     return a.key == b.key && a.origin.line == b.origin.line && a.bytes == b.bytes;
                   }));
  CHECK(IsSame(fresh.problems.errors, again.problems.errors));
  CHECK(IsSame(fresh.problems.warnings, again.problems.warnings));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckDocuments(text);
  CheckObjects(text);
  CheckKept(text);
  return 0;
}
