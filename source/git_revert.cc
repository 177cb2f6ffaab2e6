#include "source/git_revert.h"

#include <sys/stat.h>
#include <unistd.h>

#include "schema/text.h"
#include "source/git_handles.h"

namespace reconcile {
namespace {

constexpr size_t kMaxListedCommits = 100;  // in a message

using GitSignature = std::unique_ptr<git_signature, GitFree<git_signature_free>>;
using GitWalk = std::unique_ptr<git_revwalk, GitFree<git_revwalk_free>>;

// The user's own configuration says who they are, as for `git revert`.
void ReadUsersConfiguration() {
  for (const int level : {GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL}) {
    CHECK(git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, nullptr) == 0);
  }
}

Status CheckIsOwn(git_repository* repository, const std::string& path) {
  if (git_repository_is_bare(repository) == 1) {
    return InvalidError(Quoted(path) + " is bare: revert it in a clone, with `git revert`");
  }
  struct stat info = {};
  const char* folder = git_repository_path(repository);
  if (::stat(folder, &info) != 0) return ErrnoError("look at", folder);
  if (info.st_uid == ::geteuid()) return OkStatus();
  return InvalidError(Quoted(path) + " belongs to another user (uid " +
                      std::to_string(info.st_uid) + "), who alone is to write into it");
}

Result<GitCommit> FindCommit(git_repository* repository, const std::string& id) {
  git_oid oid;
  int code = git_oid_fromstr(&oid, id.c_str());
  if (code != 0) return GitFailure(code, "commit " + id);
  GitCommit commit = MakeGitHandle<GitCommit>(&code, git_commit_lookup, repository,
                                              static_cast<const git_oid*>(&oid));
  if (commit == nullptr) return GitFailure(code, "commit " + id);
  return commit;
}

// As `git revert` words it; of several commits all ids, newest first.
Result<std::string> RevertMessage(git_repository* repository, git_commit* from, git_commit* to) {
  int code = 0;
  const GitWalk walk = MakeGitHandle<GitWalk>(&code, git_revwalk_new, repository);
  if (walk == nullptr) return GitFailure(code, "history");
  git_revwalk_sorting(walk.get(), GIT_SORT_TOPOLOGICAL);
  code = git_revwalk_push(walk.get(), git_commit_id(from));
  if (code == 0) code = git_revwalk_hide(walk.get(), git_commit_id(to));
  std::string ids;
  size_t count = 0;
  git_oid id;
  while (code == 0 && (code = git_revwalk_next(&id, walk.get())) == 0) {
    if (++count <= kMaxListedCommits) ids += "\n" + FormatGitId(id);
  }
  if (code != GIT_ITEROVER) return GitFailure(code, "history");
  const auto subject = [](git_commit* commit) {
    const char* text = git_commit_summary(commit);
    return std::string(text == nullptr ? "" : text);
  };
  if (count == 1) {
    return "Revert \"" + subject(from) + "\"\n\nThis reverts commit " + ids.substr(1) + ".\n";
  }
  if (count > kMaxListedCommits) {
    ids += "\nand " + std::to_string(count - kMaxListedCommits) + " more";
  }
  return "Revert to \"" + subject(to) + "\"\n\nThis reverts these commits:\n" + ids + "\n";
}

Result<std::string> WriteCommit(git_repository* repository, git_commit* from, git_commit* to,
                                const std::string& branch) {
  const Result<std::string> message = RevertMessage(repository, from, to);
  if (!message.ok()) return message;
  int code = 0;
  const GitSignature who = MakeGitHandle<GitSignature>(&code, git_signature_default, repository);
  if (who == nullptr) {
    return InvalidError("Git does not know who you are: set user.name and user.email with " +
                        std::string("`git config`"));
  }
  const GitTree tree =
      MakeGitHandle<GitTree>(&code, git_commit_tree, static_cast<const git_commit*>(to));
  if (tree == nullptr) return GitFailure(code, "tree of commit " + FormatGitId(*git_commit_id(to)));
  const git_commit* parents[] = {from};
  git_oid id;
  code = git_commit_create(&id, repository, nullptr, who.get(), who.get(), nullptr,
                           message->c_str(), tree.get(), 1, parents);
  if (code != 0) return GitFailure(code, "the commit cannot be written");
  const std::string name = "refs/heads/" + branch;
  const GitReference made =
      MakeGitHandle<GitReference>(&code, git_reference_create, repository, name.c_str(),
                                  static_cast<const git_oid*>(&id), 0, "reconcile rollback");
  if (code == GIT_EEXISTS) return ConflictError("there is a branch " + Quoted(branch) + " already");
  if (made == nullptr) return GitFailure(code, "branch " + Quoted(branch));
  return FormatGitId(id);
}

}  // namespace

Result<std::string> WriteRevertBranch(const RevertRequest& request) {
  const GitLibrary library;
  ReadUsersConfiguration();
  int code = 0;
  const GitRepository repository = MakeGitHandle<GitRepository>(
      &code, git_repository_open_ext, request.repository.c_str(), 0U, nullptr);
  if (repository == nullptr) return GitFailure(code, "repository " + Quoted(request.repository));
  RETURN_IF_ERROR(CheckIsOwn(repository.get(), request.repository));
  const Result<GitCommit> from = FindCommit(repository.get(), request.from);
  if (!from.ok()) return from.status();
  const Result<GitCommit> to = FindCommit(repository.get(), request.to);
  if (!to.ok()) return to.status();
  if (git_graph_descendant_of(repository.get(), git_commit_id(from->get()),
                              git_commit_id(to->get())) != 1) {
    return InvalidError("commit " + request.to.substr(0, 12) + " is no ancestor of " +
                        request.from.substr(0, 12) +
                        ", so that reverting does not lead there: its history was rewritten");
  }
  return WriteCommit(repository.get(), from->get(), to->get(), request.branch);
}

}  // namespace reconcile
