#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "schema/text.h"
#include "source/advertised_refs.h"
#include "source/git_reader.h"
#include "source/semver.h"

namespace reconcile {
namespace {

constexpr size_t kMaxRevisionBytes = 255;
constexpr size_t kMinAbbreviation = 4;  // Git's own
constexpr int kMaxTagDepth = 8;         // tags of tags
constexpr NamedLimit kMaxTagBytes = {"kMaxTagBytes", 1 << 20};

// The commit that an object leads to: itself, or what tags of it name.
Result<git_oid> PeelToCommit(git_odb* odb, git_oid id, const std::string& what) {
  for (int depth = 0; depth <= kMaxTagDepth; ++depth) {
    size_t size = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    const int code = git_odb_read_header(&size, &type, odb, &id);
    if (code != 0) return GitFailure(code, what + " names object " + FormatGitId(id));
    if (type == GIT_OBJECT_COMMIT) return id;
    if (type != GIT_OBJECT_TAG) {
      return InvalidError(what + " names a " + git_object_type2string(type) + ", not a commit");
    }
    auto tag = ReadGitObject(odb, id, GIT_OBJECT_TAG, kMaxTagBytes, what);
    if (!tag.ok()) return tag.status();
    // Its first line is "object <id>" (gitformat: git-mktag).
    const std::string_view text(static_cast<const char*>(git_odb_object_data(tag->get())),
                                git_odb_object_size(tag->get()));
    constexpr std::string_view kObject = "object ";
    const std::string hex(text.substr(std::min(kObject.size(), text.size()), GIT_OID_HEXSZ));
    if (!text.starts_with(kObject) || git_oid_fromstr(&id, hex.c_str()) != 0) {
      return InvalidError(what + " is a tag without an object");
    }
  }
  return InvalidError(what + " is a tag of a tag, more than " + std::to_string(kMaxTagDepth) +
                      " deep");
}

// Whether the reference exists; its target goes to `id`.
Result<bool> FindReference(git_repository* repository, const std::string& name, git_oid* id) {
  const int code = git_reference_name_to_id(id, repository, name.c_str());
  if (code == 0) return true;
  if (code == GIT_ENOTFOUND || code == GIT_EINVALIDSPEC) return false;
  return GitFailure(code, "reference " + Quoted(name));
}

std::vector<std::string> ListBranchesAndTags(git_repository* repository) {
  std::vector<std::string> names;
  git_strarray list = {};
  if (git_reference_list(&list, repository) != 0) return names;
  for (size_t i = 0; i < list.count && names.size() < kMaxComparedRefs; ++i) {
    const std::string_view name = list.strings[i];
    for (const std::string_view folder : {"refs/heads/", "refs/tags/"}) {
      if (name.starts_with(folder)) names.emplace_back(name.substr(folder.size()));
    }
  }
  git_strarray_dispose(&list);
  return names;
}

// The tag with the highest version in the range.
Result<git_oid> ResolveVersion(git_repository* repository, git_odb* odb,
                               const std::string& semver) {
  const Result<VersionRange> range = VersionRange::Parse(semver);
  if (!range.ok()) return range.status().WithContext("semver " + Quoted(semver));
  git_strarray list = {};
  const int code = git_tag_list(&list, repository);
  if (code != 0) return GitFailure(code, "its tags");
  const std::vector<std::string> tags(list.strings, list.strings + list.count);
  git_strarray_dispose(&list);
  const auto best = HighestTag(tags, *range);
  if (!best) return NoSuchVersionError(semver, tags.size());
  git_oid id = {};
  const std::string name = "refs/tags/" + *best;
  const auto found = FindReference(repository, name, &id);
  if (!found.ok()) return found.status();
  return PeelToCommit(odb, id, Quoted(name));
}

Result<git_oid> ResolveHead(git_repository* repository, git_odb* odb) {
  git_oid id = {};
  const auto found = FindReference(repository, "HEAD", &id);
  if (!found.ok()) return found.status();
  if (*found) return PeelToCommit(odb, id, "HEAD");
  int code = 0;
  const auto head = MakeGitHandle<GitReference>(&code, git_reference_lookup, repository, "HEAD");
  const char* target = head == nullptr ? nullptr : git_reference_symbolic_target(head.get());
  if (target == nullptr) return InvalidError("the repository has no HEAD");
  return InvalidError("no commits yet on HEAD (" + Quoted(target) + " does not exist)");
}

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

// The object whose id begins so; nullopt when there is none.
Result<std::optional<git_oid>> FindById(git_odb* odb, const std::string& revision) {
  const std::optional<git_oid> none;
  if (revision.size() < kMinAbbreviation || revision.size() > GIT_OID_HEXSZ || !IsHex(revision)) {
    return none;
  }
  git_oid prefix = {};
  git_oid id = {};
  if (git_oid_fromstrn(&prefix, revision.data(), revision.size()) != 0) return none;
  const int code = git_odb_exists_prefix(&id, odb, &prefix, revision.size());
  if (code == 0) return std::optional<git_oid>(id);
  if (code == GIT_ENOTFOUND) return none;
  if (code == GIT_EAMBIGUOUS) {
    return InvalidError("commit id " + Quoted(revision) +
                        " is ambiguous: more than one object begins so, give more digits");
  }
  return GitFailure(code, "commit id " + Quoted(revision));
}

// By name: a full reference, or a branch, tag or remote branch.
Result<std::optional<git_oid>> FindByName(git_repository* repository, git_odb* odb,
                                          const std::string& revision) {
  std::vector<std::string> names = {"refs/heads/" + revision, "refs/tags/" + revision,
                                    "refs/remotes/" + revision};
  if (revision.starts_with("refs/")) names = {revision};
  std::optional<git_oid> found;
  std::string found_name;
  for (const std::string& name : names) {
    git_oid id = {};
    const auto exists = FindReference(repository, name, &id);
    if (!exists.ok()) return exists.status();
    if (!*exists) continue;
    const auto commit = PeelToCommit(odb, id, Quoted(name));
    if (!commit.ok()) return commit.status();
    if (found && !git_oid_equal(&*found, &*commit)) {
      return InvalidError(Quoted(revision) + " is ambiguous: write " + found_name + " or " + name);
    }
    found = *commit;
    found_name = name;
  }
  return found;
}

Result<std::optional<git_oid>> FindByNameOrId(git_repository* repository, git_odb* odb,
                                              const std::string& revision) {
  if (revision == "HEAD" || revision == "@") {
    const auto head = ResolveHead(repository, odb);
    if (!head.ok()) return head.status();
    return std::optional<git_oid>(*head);
  }
  auto named = FindByName(repository, odb, revision);
  if (!named.ok() || *named) return named;
  return FindById(odb, revision);
}

// A way from a name to another commit, as gitrevisions writes it: HEAD~1, main^2, v1^{}. Not those
// that search the history for a text, nor those that name files.
Result<std::optional<git_oid>> FindByWay(git_repository* repository, git_odb* odb,
                                         const std::string& revision) {
  const std::optional<git_oid> none;
  const size_t way = std::min(revision.find_first_of("~^"), revision.find("@{"));
  if (way == 0 || way == std::string::npos) return none;
  const std::string steps = revision.substr(way);
  if (steps.find_first_of(":/") != std::string::npos) return none;
  std::string from = revision.substr(0, way);
  if (steps[0] != '@') {  // a reflog is a name's, not a commit's
    const auto base = FindByNameOrId(repository, odb, from);
    if (!base.ok()) return base.status();
    if (!*base) return none;
    from = FormatGitId(**base);
  }
  int code = 0;
  const auto found =
      MakeGitHandle<GitObject>(&code, git_revparse_single, repository, (from + steps).c_str());
  if (found == nullptr) return none;
  const auto commit = PeelToCommit(odb, *git_object_id(found.get()), Quoted(revision));
  if (!commit.ok()) return commit.status();
  return std::optional<git_oid>(*commit);
}

Result<git_oid> Resolve(git_repository* repository, git_odb* odb, const std::string& revision) {
  if (revision.empty() || revision == "HEAD") return ResolveHead(repository, odb);
  if (revision.size() > kMaxRevisionBytes) {
    return InvalidError("revision " + Quoted(revision) + " is longer than " +
                        std::to_string(kMaxRevisionBytes) + " bytes");
  }
  // A whole id is an id first, as in Git; an abbreviation that is also a branch is the branch.
  if (revision.size() < GIT_OID_HEXSZ) {
    const auto named = FindByName(repository, odb, revision);
    if (!named.ok()) return named.status();
    if (*named) return **named;
  }
  const auto id = FindById(odb, revision);
  if (!id.ok()) return id.status();
  if (*id) return PeelToCommit(odb, **id, "id " + Quoted(revision));
  const auto named = FindByName(repository, odb, revision);
  if (!named.ok()) return named.status();
  if (*named) return **named;
  const auto way = FindByWay(repository, odb, revision);
  if (!way.ok()) return way.status();
  if (*way) return **way;
  return NoSuchRevisionError(revision, ListBranchesAndTags(repository));
}

}  // namespace

Result<git_oid> ResolveRevision(git_repository* repository, const GitReadRequest& request) {
  int code = 0;
  const auto odb = MakeGitHandle<GitOdb>(&code, git_repository_odb, repository);
  if (odb == nullptr) return GitFailure(code, "its object database");
  if (!request.semver.empty()) return ResolveVersion(repository, odb.get(), request.semver);
  return Resolve(repository, odb.get(), request.revision);
}

}  // namespace reconcile
