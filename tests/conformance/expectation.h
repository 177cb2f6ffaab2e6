#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/value.h"

namespace reconcile {

// What a case expects, compared with what is there. All PURE.

// "" when `actual` has what `wanted` says, else where and how it does not. Maps: every member of
// `wanted`; null: absent or empty. Lists of maps that have a name, type or key: an element for
// each; other lists: element by element. Texts: "~WORDS" contains them; ">=N" and "<=N" of
// numbers; everything else as it is.
std::string Mismatch(const Value& wanted, const Value& actual, const std::string& where);

// "Kind/name*", "Kind label=value" or "Kind".
struct Subject {
  std::string kind;
  std::string name;      // with at most one '*', at its end; "" any
  std::string selector;  // "" any
};
Subject ReadSubject(const std::string& text);
bool NameFits(const Subject& subject, const std::string& name);

// One expectation: {of: SUBJECT, where: {...}, count: N, has: {...}}. `find` gives all objects of a
// subject. Without a count there is at least one. "" when it holds.
using FindSubject = std::function<std::vector<Value>(const Subject&)>;
std::string WhyNot(const Value& expectation, const FindSubject& find);

// Invalid for a step that has a word which nothing reads, or expects nothing: what is misspelt
// would hold whatever happens.
Status CheckStep(const Value& step);

// "500ms", "30s", "5m", "1h". Invalid for anything else.
Result<int64_t> ReadDurationMs(const std::string& text);

}  // namespace reconcile
