#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/value.h"

namespace reconcile {

// A manifest of an API version that Kubernetes no longer serves, in the form of the one that it
// does. What was moved keeps its mark, and what was filled in has that of the map it stands in:
// errors go on pointing at the file's lines.
struct ConvertedManifest {
  Value value;
  // Names both versions, and what to write to keep the old meaning; empty where Kubernetes still
  // serves the old one.
  std::string warning;
  // What the old version does not have, or what has no place in the new one.
  struct Error {
    Mark mark;
    std::string message;
  };
  std::vector<Error> errors;
};

// None when `manifest` is of no old version of a kind that has a new one. Pure. Fields that the old
// version defaulted otherwise are filled in, so that the object means what it did.
// Source: the conversions and defaults of Kubernetes 1.15 (extensions, apps), 1.21 (networking,
// rbac, storage), 1.24 (batch, policy, autoscaling, discovery), and its deprecation guide.
std::optional<ConvertedManifest> ConvertOldVersion(const Value& manifest);

}  // namespace reconcile
