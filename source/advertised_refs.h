#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace reconcile {

// What a server says that it has, and which of it a source wants. PURE.

struct AdvertisedRef {
  std::string name;    // "HEAD", "refs/heads/main", "refs/tags/v1", "refs/tags/v1^{}"
  std::string id;      // hex
  std::string target;  // of HEAD: what it is a symbolic name for; may be empty
};

struct WantedRef {
  enum class Kind { kBranch, kTag, kCommit };
  Kind kind = Kind::kBranch;
  std::vector<std::string> names;  // references to fetch
  std::string id;         // the commit, tags peeled; of kCommit what the source asked for, may be
                          // abbreviated and is looked up once `names` are fetched
  std::string reference;  // for people: "main", "v1.2.3", an id
};

// The most references that are looked at: a server that advertises more is refused.
inline constexpr size_t kMaxAdvertisedRefs = 200'000;
// Of names that are listed or compared for "did you mean".
inline constexpr size_t kMaxListedRefs = 5;
inline constexpr size_t kMaxComparedRefs = 10'000;

bool IsFullCommitId(std::string_view text);  // 40 hex digits

// What `revision` ("" is HEAD; a branch, a tag, a full name, or a commit id of at least four
// digits), or else the range `semver`, names. Invalid, with the names that come near, when it is
// nothing, or a branch and a tag of different commits.
Result<WantedRef> FindWantedRef(const std::vector<AdvertisedRef>& refs, const std::string& revision,
                                const std::string& semver);

// The error for a revision that names nothing, given the short names of branches and tags.
Status NoSuchRevisionError(const std::string& revision, const std::vector<std::string>& names);
// The error for a range that no tag is in.
Status NoSuchVersionError(const std::string& semver, size_t tags);

}  // namespace reconcile
