#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/value.h"

namespace reconcile {

// kubectl's JSONPath templates (kubernetes.io/docs/reference/kubectl/jsonpath), most of them: text
// and {…} with paths from the root or the present item (`.a.b`, `['a.b']`, `[0]`, `[-1]`, `[0:2]`,
// `[*]`, `.*`, `..name`, `[?(@.type=="Ready")]` with == != < <= > >= and existence), quoted text
// ({"\n"}) and {range …}…{end}. Not: unions (`['a','b']`), steps of slices, regular expressions.
class JsonPath {
 public:
  // As kubectl, takes `.metadata.name` and `metadata.name` for `{.metadata.name}`. Invalid with the
  // place of the error.
  static Result<JsonPath> Parse(std::string_view text);
  // What the template gives for `root`. Invalid when a field is not there that is not behind a
  // wildcard, filter or range, as kubectl's.
  Result<std::string> Write(const Value& root) const;

  struct Node;  // of the template

 private:
  std::vector<std::shared_ptr<const Node>> nodes_;
};

}  // namespace reconcile
