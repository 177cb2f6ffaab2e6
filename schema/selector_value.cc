#include "schema/selector_value.h"

#include "schema/field_reporter.h"
#include "schema/tables.h"

namespace reconcile {

LabelSelector SelectorOf(const Value& value) {
  LabelSelector selector;
  Problems problems;
  FieldReporter reporter("", nullptr, &problems);
  reporter.is_lenient = true;
  const FieldPath root;
  TableOf<LabelSelector>().Decode(value, root, &reporter, &selector);
  return selector;
}

}  // namespace reconcile
