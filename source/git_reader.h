#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "source/git_handles.h"
#include "source/git_source.h"

namespace reconcile {

// One reading of a repository, in the child's process.
struct GitReadRequest {
  std::string repository;  // its path or URL, for messages
  std::string cache;       // where it is when that is a URL; else empty
  std::string revision;
  std::string semver;  // instead of a revision, when not empty
  std::string folder;  // cleaned (CleanFolder)
  // Whom the parent found the repository to belong to, and started its reader as.
  std::optional<uid_t> owner;
  GitLimits limits;
  std::unordered_set<std::string> known_blobs;  // hex ids that the parent has
  std::string warning;                          // about the reading itself; may be empty
};

// Takes records (source/git_records.h) as they come; false ends the reading.
using GitRecordSink = std::function<bool(const std::string& records)>;

struct NamedLimit {
  std::string_view name;
  size_t value;
};

// An object of the wanted type and of at most `max_bytes`, its hash checked. Its size is looked up
// before it is read. Invalid, with `what` as its subject, when it is missing, corrupt, too large or
// of another type.
Result<GitOdbObject> ReadGitObject(git_odb* odb, const git_oid& id, git_object_t type,
                                   NamedLimit max_bytes, const std::string& what);

// The commit that `revision` or `semver` names (MakeGitSource says how). Invalid otherwise, with
// the names that come near.
Result<git_oid> ResolveRevision(git_repository* repository, const GitReadRequest& request);

// Reads a commit, the manifests below the folder and what their kustomizations name, and hands them
// on as records, without the
// header. The error, if any, is the caller's to hand on.
Status ReadGitCommit(git_repository* repository, const git_oid& commit,
                     const GitReadRequest& request, const GitRecordSink& sink);

}  // namespace reconcile
