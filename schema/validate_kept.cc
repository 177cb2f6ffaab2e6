#include "schema/validate_kept.h"

#include "schema/names.h"
#include "schema/text.h"
#include "schema/validate_pod.h"

namespace reconcile {

void RequireBetween(int64_t first, int64_t last, const Value& fields, const FieldPath& path,
                    std::string_view name, FieldReporter* reporter) {
  WithField(fields, path, name, [&](const Value& number, const FieldPath& number_path) {
    if (number.AsInt() >= first && number.AsInt() <= last) return;
    reporter->Error(number_path, "must be from " + std::to_string(first) + " to " +
                                     std::to_string(last) + ", not " +
                                     std::to_string(number.AsInt()));
  });
}

void RequireOneOf(std::span<const std::string_view> names, const Value& fields,
                  const FieldPath& path, FieldReporter* reporter) {
  std::vector<std::string_view> set;
  for (std::string_view name : names) {
    WithField(fields, path, name, [&](const Value&, const FieldPath&) { set.push_back(name); });
  }
  if (set.size() == 1) return;
  reporter->Error(path, set.empty() ? "needs one of " + QuotedList({names.begin(), names.end()})
                                    : "has " + QuotedList(set) + "; only one of them can be");
}

void ValidateSelectorShape(const Value& fields, const FieldPath& path, std::string_view name,
                           FieldReporter* reporter) {
  WithField(fields, path, name, [&](const Value& selector, const FieldPath& selector_path) {
    ValidateSelectorValue(selector, selector_path, reporter);
  });
}

void RequireIpAddress(const Value& address, const FieldPath& path, FieldReporter* reporter) {
  if (IsIpAddress(address.AsString())) return WarnOfAddress(address.AsString(), path, reporter);
  reporter->Error(path, Quoted(address.AsString()) + " is no IP address");
}

}  // namespace reconcile
