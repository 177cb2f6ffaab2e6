#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "schema/core.h"
#include "schema/manifests.h"

namespace reconcile {

// A source at one commit: its manifests and where they come from.
struct FetchedCommit {
  std::string id;       // full hex object id; "worktree" for a working tree
  std::string author;   // "Name <mail>"
  std::string subject;  // first line of the message
  // The branch or tag that led to it, of a remote repository: "main", "v1.2.3"; else empty.
  std::string reference;
  // Values of the trailers `Reconcile-Confirm:` in the message, e.g. "prune=ab12cd34".
  std::vector<std::string> confirmations;
  WallTime committed_at;
  // Sorted by path: *.yaml, *.yml, *.json, kustomizations, and what kustomizations name, whatever
  // its name and wherever it lies in the repository.
  std::vector<ManifestFile> files;
  std::vector<Problem>
      warnings;  // symlinks, submodules and the like that were not followed (FAULTS 6)
};

// The seam to repositories. Production: GitSource (source/git_source.h). Loop thread only.
class ManifestSource {
 public:
  using FetchDone = std::function<void(Result<FetchedCommit>)>;
  virtual ~ManifestSource() = default;

  // Reads the commit that `spec.revision` or `spec.semver` names now, complete and verified, and
  // calls `done` once on the loop. Invalid: no such repository, revision or path, or a limit was
  // passed. Unavailable: it did not answer in time. Nothing partial is ever delivered. At most one
  // fetch per source at a time is asked for.
  virtual void Fetch(const SourceSpec& spec, FetchDone done) = 0;

  // `on_hint` is called on the loop whenever the repository may have moved (refs written, HEAD
  // switched). Hints may be spurious; a lost one is made up for by the caller's slow polling.
  // Replaces an earlier watch of the same spec; other specs of the repository keep theirs.
  virtual void Watch(const SourceSpec& spec, std::function<void()> on_hint) = 0;

  // A person decided that the ssh host key with this fingerprint ("SHA256:..."), which a fetch of
  // `spec` refused last, is the right one: it is trusted from now on. NotFound when no such key was
  // refused; Invalid when the source's keys are decided elsewhere.
  virtual Status AcceptHostKey(const SourceSpec& spec, const std::string& fingerprint) {
    return NotFoundError("no host key " + fingerprint + " of " + spec.repository +
                         " was refused: there is nothing to accept");
  }
};

}  // namespace reconcile
