#include "source/fake_source.h"

#include <algorithm>
#include <map>
#include <utility>

#include "schema/kustomize/files.h"
#include "schema/kustomize/reach.h"
#include "source/manifest_names.h"

namespace reconcile {
namespace {

constexpr size_t kMinAbbreviation = 4;  // Git's own

// The files of a commit as a repository, for a source in `folder`.
class CommitReach final : public kustomize::Reach {
 public:
  // `taken` are the source's files already; more are added.
  CommitReach(const std::vector<ManifestFile>& files, const std::string& folder,
              std::vector<ManifestFile>* taken)
      : folder_(folder), taken_(taken) {
    for (const ManifestFile& file : files) files_.emplace(file.path, &file);
  }

  Result<Type> Look(const std::string& path) override {
    const auto parts = PartsFromRoot(folder_, path);
    if (!parts) return Type::kNothing;
    const std::string full = Joined(*parts);
    const auto found = files_.find(full);
    if (found != files_.end()) return found->second->symbolic_link ? Type::kLink : Type::kFile;
    const auto below = files_.lower_bound(full + "/");
    const bool is_folder =
        full.empty() || (below != files_.end() && below->first.starts_with(full + "/"));
    return is_folder ? Type::kFolder : Type::kNothing;
  }

  Result<std::shared_ptr<const std::string>> Take(const std::string& path) override {
    ManifestFile file = *files_.at(Joined(*PartsFromRoot(folder_, path)));
    file.path = path;
    const std::shared_ptr<const std::string> bytes = file.bytes;
    const bool is_there = std::any_of(taken_->begin(), taken_->end(),
                                      [&](const ManifestFile& each) { return each.path == path; });
    if (!is_there) taken_->push_back(std::move(file));
    return bytes;
  }

 private:
  static std::string Joined(const std::vector<std::string>& parts) {
    std::string path;
    for (const std::string& part : parts) path = kustomize::JoinPath(path, part);
    return path;
  }

  const std::string& folder_;
  std::vector<ManifestFile>* const taken_;
  std::map<std::string, const ManifestFile*> files_;  // by path from the root
};

// Only the files below `folder`, their paths counted from there, and what kustomizations among them
// name.
Status KeepFolder(const std::string& folder, FetchedCommit* commit) {
  if (folder.empty()) return OkStatus();
  const std::string prefix = folder + "/";
  std::vector<ManifestFile> kept;
  std::vector<ManifestFile> kustomizations;
  for (const ManifestFile& file : commit->files) {
    if (!file.path.starts_with(prefix)) continue;
    kept.push_back(file);
    kept.back().path.erase(0, prefix.size());
    const std::string name = file.path.substr(file.path.rfind('/') + 1);
    if (kustomize::IsKustomizationName(name)) kustomizations.push_back(kept.back());
  }
  if (kept.empty()) {
    return InvalidError("commit " + commit->id + " has no folder \"" + folder + "\"");
  }
  CommitReach reach(commit->files, folder, &kept);
  RETURN_IF_ERROR(kustomize::FollowKustomizations(kustomizations, folder, &reach));
  std::sort(kept.begin(), kept.end(),
            [](const ManifestFile& a, const ManifestFile& b) { return a.path < b.path; });
  commit->files = std::move(kept);
  return OkStatus();
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

void FakeSource::ForgetCommit(const std::string& repository, const std::string& id) {
  std::erase_if(repositories_[repository].commits,
                [&](const FetchedCommit& commit) { return commit.id == id; });
}

void FakeSource::FailFetches(const std::string& repository, Status failure, int times) {
  Repository& target = repositories_[repository];
  for (int i = 0; i < times; ++i) target.failures.push_back(failure);
}

}  // namespace reconcile
