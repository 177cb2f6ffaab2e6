#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "schema/object.h"

namespace reconcile {

// What a shell is to complete, where that is for the controller to say.
struct CompletionTarget {
  std::optional<Kind> kind;  // whose names; none: names of kinds
  std::string namespace_name = "default";
  bool all_namespaces = false;
  std::string socket;       // as it was typed; "" is the usual one
  std::string before_name;  // "deploy/" of "deploy/we"
  friend bool operator==(const CompletionTarget&, const CompletionTarget&) = default;
};

// PURE. `words` are those typed behind `reconcile`, `current` the one that the cursor is at, and
// `valued` the options that take a value. Nothing when names are not what comes.
std::optional<CompletionTarget> WhatToComplete(const std::vector<std::string>& words,
                                               const std::string& current,
                                               const std::set<std::string>& valued);
// Names of kinds, as `get` takes them.
std::vector<std::string> KindWords();
// Whether a shell takes it as it is.
bool IsPlainWord(const std::string& word);

}  // namespace reconcile
