#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace reconcile {

// Semantic Versioning 2.0.0 (semver.org) for choosing among tags. All PURE.

struct SemanticVersion {
  uint64_t major = 0;
  uint64_t minor = 0;
  uint64_t patch = 0;
  std::vector<std::string> pre_release;  // "rc.1" as {"rc", "1"}; empty: a release
};

// "1.2.3", "v1.2.3-rc.1+build"; nullopt for anything else: a tag that is no version is passed over.
std::optional<SemanticVersion> ParseVersion(std::string_view text);
// By precedence (semver.org 11): negative, zero or positive. Build metadata does not count.
int CompareVersions(const SemanticVersion& a, const SemanticVersion& b);

// Which versions are wanted: alternatives (`||`) of comparators that hold together, as npm and
// Masterminds write them: ">=1.2 <2", "1.x", "^1.4", "~1.2.3", "=1.0.0", "*". Left-out parts of a
// version are any. Pre-releases match only an alternative that names one itself (">=2.0.0-0").
class VersionRange {
 public:
  static constexpr size_t kMaxTextBytes = 256;
  static constexpr size_t kMaxComparators = 32;

  // Invalid, with the part that is wrong, when `text` is no range.
  static Result<VersionRange> Parse(std::string_view text);
  bool Contains(const SemanticVersion& version) const;

 private:
  enum class Operator { kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kEqual };
  struct Comparator {
    Operator op = Operator::kEqual;
    SemanticVersion version;
  };
  struct Alternative {
    std::vector<Comparator> comparators;  // all hold
    bool pre_releases = false;            // one of them names one
  };
  struct Partial;
  static bool ParsePartial(std::string_view text, Partial* partial);
  static void AddPartial(std::string_view op, const Partial& partial, Alternative* to);
  static Result<Alternative> ParseAlternative(std::string_view text);
  static bool Holds(const Comparator& comparator, const SemanticVersion& version);

  std::vector<Alternative> alternatives_;
};

// The tag with the highest version in the range; of tags of equal precedence the last by name.
// nullopt when none is in it.
std::optional<std::string> HighestTag(const std::vector<std::string>& tags,
                                      const VersionRange& range);

}  // namespace reconcile
