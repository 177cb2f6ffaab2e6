// Any bytes as a label selector: no crash, no hang; what is accepted is read the same again from
// its own text, and keeps the rules for labels.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "schema/names.h"
#include "schema/selector_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace reconcile;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<LabelSelector> selector = ParseLabelSelector(text);
  if (!selector.ok()) {
    CHECK(!selector.status().message().empty());
    return 0;
  }
  StringMap labels;
  for (const SelectorRequirement& requirement : selector->match_expressions) {
    CHECK(CheckQualifiedName(requirement.key).empty());
    for (const std::string& value : requirement.values) CHECK(CheckLabelValue(value).empty());
    labels.emplace(requirement.key, requirement.values.empty() ? "" : requirement.values.front());
  }
  const std::string written = FormatLabelSelector(*selector);
  if (written.size() > kMaxSelectorBytes) return 0;
  const Result<LabelSelector> again = ParseLabelSelector(written);
  CHECK(again.ok() && *again == *selector);
  CHECK(Matches(*again, labels) == Matches(*selector, labels));
  return 0;
}
