#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "schema/kustomize/kustomization.h"
#include "schema/kustomize/resource.h"

namespace reconcile::kustomize {

// Patterns of more memory than this are refused.
inline constexpr int64_t kMaxPatternBytes = 1 << 20;

// A Selector made ready: regular expressions compiled (RE2: time linear in the text), selectors of
// labels and annotations taken apart.
class Matcher {
 public:
  // Errors go to the session; a matcher with one matches nothing.
  Matcher(Session* session, const Selector& selector);
  ~Matcher();
  Matcher(Matcher&&) noexcept;

  // As patches select: name and namespace by the original or the current id, all else by what the
  // object is now.
  bool SelectsForPatch(const Resource& resource) const;
  // As replacements select: by any id that it ever had.
  bool SelectsAnyId(const Resource& resource) const;

 private:
  struct Patterns;
  bool MatchesMetadata(const Resource& resource) const;
  std::unique_ptr<Patterns> patterns_;
};

// Whether the words of a selector are exactly those of an id; empty ones are any.
bool IsNamed(const Selector& selector, const Id& id);

}  // namespace reconcile::kustomize
