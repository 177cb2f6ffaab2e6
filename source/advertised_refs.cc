#include "source/advertised_refs.h"

#include <algorithm>
#include <map>

#include "schema/text.h"
#include "source/semver.h"

namespace reconcile {
namespace {

constexpr size_t kFullIdDigits = 40;
constexpr size_t kMinIdDigits = 4;  // Git's own
constexpr std::string_view kHeads = "refs/heads/";
constexpr std::string_view kTags = "refs/tags/";
constexpr std::string_view kPeeled = "^{}";

bool AreHexDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

std::string ShortName(std::string_view name) {
  for (const std::string_view folder : {kHeads, kTags}) {
    if (name.starts_with(folder)) return std::string(name.substr(folder.size()));
  }
  return std::string(name);
}

// By name; an annotated tag's id is that of its commit.
class RefIndex {
 public:
  explicit RefIndex(const std::vector<AdvertisedRef>& refs) {
    for (const AdvertisedRef& ref : refs) {
      if (!std::string_view(ref.name).ends_with(kPeeled)) ids_.emplace(ref.name, ref.id);
    }
    for (const AdvertisedRef& ref : refs) {
      const std::string_view name = ref.name;
      if (!name.ends_with(kPeeled)) continue;
      const auto found = ids_.find(std::string(name.substr(0, name.size() - kPeeled.size())));
      if (found != ids_.end()) found->second = ref.id;
    }
  }

  const std::string* Find(const std::string& name) const {
    const auto found = ids_.find(name);
    return found == ids_.end() ? nullptr : &found->second;
  }
  std::vector<std::string> NamesBelow(std::string_view folder) const {
    std::vector<std::string> names;
    for (auto at = ids_.lower_bound(std::string(folder));
         at != ids_.end() && at->first.starts_with(folder); ++at) {
      names.push_back(at->first);
    }
    return names;
  }

 private:
  std::map<std::string, std::string> ids_;
};

WantedRef Want(const RefIndex& index, const std::string& name) {
  WantedRef wanted;
  wanted.kind = name.starts_with(kTags) ? WantedRef::Kind::kTag : WantedRef::Kind::kBranch;
  wanted.names = {name};
  wanted.id = *index.Find(name);
  wanted.reference = ShortName(name);
  return wanted;
}

Result<WantedRef> FindHead(const std::vector<AdvertisedRef>& refs, const RefIndex& index) {
  if (index.Find("HEAD") == nullptr) {
    return InvalidError("the repository has no commits on its HEAD yet; name a branch as revision");
  }
  for (const AdvertisedRef& ref : refs) {
    if (ref.name != "HEAD" || ref.target.empty()) continue;
    if (index.Find(ref.target) != nullptr) return Want(index, ref.target);
  }
  return Want(index, "HEAD");
}

Result<WantedRef> FindVersion(const RefIndex& index, const std::string& semver) {
  const Result<VersionRange> range = VersionRange::Parse(semver);
  if (!range.ok()) return range.status().WithContext("semver " + Quoted(semver));
  std::vector<std::string> tags = index.NamesBelow(kTags);
  for (std::string& tag : tags) tag.erase(0, kTags.size());
  const auto best = HighestTag(tags, *range);
  if (!best) return NoSuchVersionError(semver, tags.size());
  return Want(index, std::string(kTags) + *best);
}

// A commit by its id: wherever it is, it is below some branch or tag.
WantedRef WantCommit(const std::vector<AdvertisedRef>& refs, const RefIndex& index,
                     const std::string& id) {
  WantedRef wanted;
  wanted.kind = WantedRef::Kind::kCommit;
  wanted.reference = wanted.id = id;
  for (const AdvertisedRef& ref : refs) {
    const std::string_view name = ref.name;
    if (ref.id == id && !name.ends_with(kPeeled)) {
      wanted.names = {ref.name};
      return wanted;
    }
  }
  wanted.names = index.NamesBelow(kHeads);
  const std::vector<std::string> tags = index.NamesBelow(kTags);
  wanted.names.insert(wanted.names.end(), tags.begin(), tags.end());
  return wanted;
}

Result<WantedRef> FindNamed(const RefIndex& index, const std::string& revision, bool* found) {
  *found = true;
  if (revision.starts_with("refs/")) {
    if (index.Find(revision) != nullptr) return Want(index, revision);
    *found = false;
    return WantedRef();
  }
  const std::string branch = std::string(kHeads) + revision;
  const std::string tag = std::string(kTags) + revision;
  const std::string* branch_id = index.Find(branch);
  const std::string* tag_id = index.Find(tag);
  if (branch_id != nullptr && tag_id != nullptr && *branch_id != *tag_id) {
    return InvalidError(Quoted(revision) + " is ambiguous: write " + branch + " or " + tag);
  }
  if (branch_id != nullptr) return Want(index, branch);
  if (tag_id != nullptr) return Want(index, tag);
  *found = false;
  return WantedRef();
}

}  // namespace

bool IsFullCommitId(std::string_view text) {
  return text.size() == kFullIdDigits && AreHexDigits(text);
}

Result<WantedRef> FindWantedRef(const std::vector<AdvertisedRef>& refs, const std::string& revision,
                                const std::string& semver) {
  if (refs.size() > kMaxAdvertisedRefs) {
    return InvalidError("the server advertises " + std::to_string(refs.size()) +
                        " references, which passes the limit kMaxAdvertisedRefs = " +
                        std::to_string(kMaxAdvertisedRefs));
  }
  const RefIndex index(refs);
  if (!semver.empty()) return FindVersion(index, semver);
  if (revision.empty() || revision == "HEAD") return FindHead(refs, index);
  // A whole id is an id first, as in Git.
  if (IsFullCommitId(revision)) return WantCommit(refs, index, revision);
  bool found = false;
  Result<WantedRef> named = FindNamed(index, revision, &found);
  if (found) return named;
  if (revision.size() >= kMinIdDigits && revision.size() < kFullIdDigits &&
      AreHexDigits(revision)) {
    return WantCommit(refs, index, revision);
  }
  std::vector<std::string> names;
  for (const std::string_view folder : {kHeads, kTags}) {
    for (const std::string& name : index.NamesBelow(folder)) {
      if (names.size() < kMaxComparedRefs) names.push_back(ShortName(name));
    }
  }
  return NoSuchRevisionError(revision, names);
}

Status NoSuchRevisionError(const std::string& revision, const std::vector<std::string>& names) {
  const std::vector<std::string_view> views(names.begin(), names.end());
  std::string message = "no branch, tag or commit " + Quoted(revision);
  const std::string_view nearest = NearestWord(revision, views);
  if (views.empty()) {
    message += "; the repository has no branches or tags yet";
  } else if (IsSimilar(revision, nearest)) {
    message += "; did you mean " + Quoted(nearest) + "?";
  } else {
    const size_t shown = std::min(views.size(), kMaxListedRefs);
    message +=
        "; there are " + QuotedList({views.begin(), views.begin() + static_cast<ptrdiff_t>(shown)});
    if (views.size() > shown) {
      message += " and " + std::to_string(views.size() - shown) + " more";
    }
  }
  return InvalidError(message);
}

Status NoSuchVersionError(const std::string& semver, size_t tags) {
  return InvalidError("none of the repository's " + std::to_string(tags) +
                      " tags is a version in the range " + Quoted(semver) +
                      " (pre-releases count only when the range names one)");
}

}  // namespace reconcile
