// Any bytes as JSON: no crash, positions inside the text, and what is accepted survives being
// written and read again; also as a manifest file.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "schema/manifests.h"

namespace {

using namespace reconcile;

void CheckMarks(const Value& value, int lines) {
  CHECK(value.mark.line >= 1 && value.mark.line <= lines && value.mark.column >= 1);
  if (value.IsList()) {
    for (const Value& item : value.AsList()) CheckMarks(item, lines);
  }
  if (value.IsMap()) {
    for (const Value::Member& member : value.AsMap()) {
      CHECK(value.Find(member.key) == &member.value);
      CheckMarks(member.value, lines);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<Value> value = ParseJson(text);
  if (value.ok()) {
    CheckMarks(*value, static_cast<int>(1 + std::count(text.begin(), text.end(), '\n')));
    for (const int indent : {0, 2}) {
      const Result<Value> again = ParseJson(WriteJson(*value, indent));
      CHECK(again.ok() && *again == *value);
    }
  }
  const ManifestFile file{"f.json", "", std::make_shared<const std::string>(text)};
  const ParsedManifests parsed = ParseManifests({file});
  for (const Problem& problem : parsed.problems.errors) CHECK(problem.line >= 1);
  return 0;
}
