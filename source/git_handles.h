#pragma once

#include <git2.h>

#include <memory>

#include "base/status.h"

namespace reconcile {

template <auto kFree>
struct GitFree {
  template <typename T>
  void operator()(T* handle) const {
    kFree(handle);
  }
};
using GitRepository = std::unique_ptr<git_repository, GitFree<git_repository_free>>;
using GitOdb = std::unique_ptr<git_odb, GitFree<git_odb_free>>;
using GitOdbObject = std::unique_ptr<git_odb_object, GitFree<git_odb_object_free>>;
using GitTree = std::unique_ptr<git_tree, GitFree<git_tree_free>>;
using GitCommit = std::unique_ptr<git_commit, GitFree<git_commit_free>>;
using GitTag = std::unique_ptr<git_tag, GitFree<git_tag_free>>;
using GitReference = std::unique_ptr<git_reference, GitFree<git_reference_free>>;
using GitObject = std::unique_ptr<git_object, GitFree<git_object_free>>;
using GitIndex = std::unique_ptr<git_index, GitFree<git_index_free>>;

// A handle from a function that gives it through its first argument; null on failure, `code` says
// which.
template <typename Handle, typename Function, typename... Args>
Handle MakeGitHandle(int* code, Function function, Args... args) {
  typename Handle::pointer raw = nullptr;
  *code = function(&raw, args...);
  return Handle(*code == 0 ? raw : nullptr);
}

// libgit2 in use in this process, reading no configuration but a repository's own, checking the
// hash of every object it reads and leaving it to the caller who may read what.
class GitLibrary {
 public:
  GitLibrary();
  ~GitLibrary();
  GitLibrary(const GitLibrary&) = delete;
  GitLibrary& operator=(const GitLibrary&) = delete;
};

// What libgit2 said of the call that just failed with `code`, as an Invalid status: it is about the
// repository's contents.
Status GitFailure(int code, const std::string& what);

std::string FormatGitId(const git_oid& id);

}  // namespace reconcile
