#include "source/fake_source.h"

#include <algorithm>
#include <utility>

#include "source/manifest_names.h"

namespace reconcile {
namespace {

constexpr size_t kMinAbbreviation = 4;  // Git's own

// Only the files below `folder`, their paths counted from there.
Status KeepFolder(const std::string& folder, FetchedCommit* commit) {
  if (folder.empty()) return OkStatus();
  const std::string prefix = folder + "/";
  std::vector<ManifestFile> kept;
  for (ManifestFile& file : commit->files) {
    if (!file.path.starts_with(prefix)) continue;
    file.path.erase(0, prefix.size());
    kept.push_back(std::move(file));
  }
  commit->files = std::move(kept);
  if (!commit->files.empty()) return OkStatus();
  return InvalidError("commit " + commit->id + " has no folder \"" + folder + "\"");
}

}  // namespace

FakeSource::FakeSource(EventLoop* loop) : loop_(loop) {}
FakeSource::~FakeSource() = default;

Result<FetchedCommit> FakeSource::Read(const SourceSpec& spec) {
  const auto found = repositories_.find(spec.repository);
  if (found == repositories_.end()) {
    return InvalidError("no repository \"" + spec.repository + "\"");
  }
  Repository& repository = found->second;
  if (!repository.failures.empty()) {
    const Status failure = repository.failures.front();
    repository.failures.pop_front();
    return failure;
  }
  const std::string revision =
      spec.revision.empty() || spec.revision == "HEAD" ? std::string(kMainBranch) : spec.revision;
  const auto branch = repository.branches.find(revision);
  const std::string id = branch == repository.branches.end() ? revision : branch->second;
  const auto commit = std::find_if(
      repository.commits.begin(), repository.commits.end(), [&](const FetchedCommit& candidate) {
        return candidate.id == id ||
               (id.size() >= kMinAbbreviation && candidate.id.starts_with(id));
      });
  if (commit == repository.commits.end()) {
    return InvalidError("repository \"" + spec.repository + "\" has no revision \"" + revision +
                        "\"");
  }
  const Result<std::string> folder = CleanFolder(spec.path);
  if (!folder.ok()) return folder.status();
  FetchedCommit fetched = *commit;
  RETURN_IF_ERROR(KeepFolder(*folder, &fetched));
  return fetched;
}

void FakeSource::Fetch(const SourceSpec& spec, FetchDone done) {
  ++fetches_;
  const std::weak_ptr<bool> alive = alive_;
  loop_->After(fetch_delay_ms_, [this, alive, spec, done = std::move(done)] {
    // Read at the end of the delay: what the revision names then.
    if (!alive.expired()) done(Read(spec));
  });
}

void FakeSource::Watch(const SourceSpec& spec, std::function<void()> on_hint) {
  repositories_[spec.repository].on_hint[{spec.revision, spec.path}] = std::move(on_hint);
}

void FakeSource::Hint(const std::string& repository) {
  if (lose_hints_) return;
  const std::weak_ptr<bool> alive = alive_;
  loop_->After(hint_delay_ms_, [this, alive, repository] {
    if (alive.expired()) return;
    const auto on_hint = repositories_[repository].on_hint;  // one of them may watch anew
    for (const auto& [spec, call] : on_hint) call();
  });
}

void FakeSource::SetCommit(const std::string& repository, FetchedCommit commit,
                           const std::string& branch) {
  std::sort(commit.files.begin(), commit.files.end(),
            [](const ManifestFile& a, const ManifestFile& b) { return a.path < b.path; });
  Repository& target = repositories_[repository];
  target.branches[branch] = commit.id;
  std::erase_if(target.commits,
                [&](const FetchedCommit& existing) { return existing.id == commit.id; });
  target.commits.push_back(std::move(commit));
  if (target.commits.size() > kMaxCommits) target.commits.pop_front();
  Hint(repository);
}

void FakeSource::RemoveBranch(const std::string& repository, const std::string& branch) {
  repositories_[repository].branches.erase(branch);
  Hint(repository);
}

void FakeSource::FailFetches(const std::string& repository, Status failure, int times) {
  Repository& target = repositories_[repository];
  for (int i = 0; i < times; ++i) target.failures.push_back(failure);
}

}  // namespace reconcile
