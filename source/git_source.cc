#include "source/git_source.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <map>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "schema/text.h"
#include "source/git_child.h"
#include "source/git_layout.h"
#include "source/git_watch.h"
#include "source/manifest_names.h"
#include "source/remote_cache.h"
#include "source/repository_url.h"

namespace reconcile {
namespace {

// Whose last blobs are kept; each keeps at most GitLimits::max_total_bytes.
constexpr size_t kMaxRememberedRepositories = 64;
constexpr size_t kMaxRememberedSpecs = 1024;
// Children for the next look are started when this one's consequences have the processor no more.
constexpr int64_t kRefillAfterMs = 1'000;

// On a worker's thread.
Result<FetchedCommit> FetchCommit(const std::string& self_path, const SourceSpec& spec,
                                  const GitLimits& limits, const BlobMap& known, int cancel_fd,
                                  GitChildren* children) {
  for (const std::string& text : {spec.repository, spec.revision, spec.semver, spec.path}) {
    if (text.find('\0') != std::string::npos) return InvalidError("a source has a NUL byte in it");
  }
  const Result<std::string> folder = CleanFolder(spec.path);
  if (!folder.ok()) return folder.status();
  const Result<GitLayout> layout = FindGitLayout(spec.repository);
  if (!layout.ok()) return layout.status();
  const GitPlace place = {spec.repository, "", layout->owner, layout->group};
  return RunGitRead(self_path, spec, place, limits, known, cancel_fd, children);
}

class GitSource final : public ManifestSource {
 public:
  GitSource(EpollLoop* loop, Executor* executor, std::string self_path, GitLimits limits,
            RemoteOptions remote)
      : state_(std::make_shared<State>()),
        loop_(loop),
        executor_(executor),
        remote_(std::move(remote)),
        cancel_(std::make_shared<UniqueFd>(eventfd(0, EFD_CLOEXEC))) {
    state_->self_path = std::move(self_path);
    state_->limits = limits;
    if (!remote_.folder.empty()) RemoveUnusedCaches(CachesFolder());
  }
  ~GitSource() override {
    loop_->Cancel(refill_timer_);
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t size = write(cancel_->get(), &one, sizeof(one));
  }

  void Fetch(const SourceSpec& spec, FetchDone done) override;
  void Watch(const SourceSpec& spec, std::function<void()> on_hint) override;
  Status AcceptHostKey(const SourceSpec& spec, const std::string& fingerprint) override;

 private:
  struct State {
    std::string self_path;
    GitLimits limits;
    // Host keys that fetches refused last, and where remote specs led, by what names them. Loop
    // thread only, as all that follows.
    std::map<std::string, HostKey> offered;
    std::map<std::string, std::string> previous;
    // Blobs of each repository's last commit.
    std::map<std::string, std::shared_ptr<const BlobMap>> remembered;

    std::shared_ptr<const BlobMap> KnownBlobs(const std::string& repository) const {
      const auto found = remembered.find(repository);
      return found == remembered.end() ? std::make_shared<const BlobMap>() : found->second;
    }
    void Remember(const std::string& repository, const FetchedCommit& commit) {
      const auto blobs = std::make_shared<BlobMap>();
      for (const ManifestFile& file : commit.files) blobs->emplace(file.blob_id, file.bytes);
      if (remembered.size() >= kMaxRememberedRepositories) remembered.clear();
      remembered[repository] = blobs;
    }
  };
  // What a fetch takes with it to the worker and back.
  struct Job {
    SourceSpec spec;
    std::string self_path;
    GitLimits limits;
    std::shared_ptr<const BlobMap> known;
    std::shared_ptr<const UniqueFd> cancel;
    std::shared_ptr<GitChildren> children;
    FetchDone done;
    Result<FetchedCommit> result = InternalError("the fetch has not run");
  };
  struct FarJob {
    RemoteJob remote;
    std::shared_ptr<const UniqueFd> cancel;
    FetchDone done;
    Result<FetchedCommit> result = InternalError("the fetch has not run");
  };

  // A repository that is watched, and who wants to know. Shared: one of them may watch again.
  struct Watched {
    std::map<std::pair<std::string, std::string>, Task> on_hint;  // by versions and path
    std::unique_ptr<GitWatch> watch;
  };
  static void Hint(const Watched& watched);
  std::string CachesFolder() const { return remote_.folder + "/sources"; }
  std::string KnownHostsPath() const { return remote_.folder + "/known_hosts"; }
  void FetchFar(const SourceSpec& spec, FetchDone done);
  static void FinishFar(State* state, FarJob* job);
  void RefillLater();

  const std::shared_ptr<State> state_;  // callbacks of a source that is gone find it expired
  EpollLoop* const loop_;
  Executor* const executor_;
  const RemoteOptions remote_;
  const std::shared_ptr<GitChildren> children_ = std::make_shared<GitChildren>();
  TimerId refill_timer_ = 0;
  const std::shared_ptr<UniqueFd> cancel_;  // readable: nobody waits for children any more
  std::map<std::string, std::shared_ptr<Watched>> watched_;     // by repository
  std::map<std::string, std::unique_ptr<RemoteCache>> caches_;  // by name; their ends wait for work
};

// What a spec is remembered by.
std::string SpecName(const SourceSpec& spec) {
  return spec.repository + "\n" + spec.revision + "\n" + spec.semver + "\n" + spec.path;
}

void GitSource::Watch(const SourceSpec& spec, std::function<void()> on_hint) {
  if (IsRemoteRepository(spec.repository)) return;  // who asks looks again after a while
  std::shared_ptr<Watched>& watched = watched_[spec.repository];
  const bool is_new = watched == nullptr;
  if (is_new) watched = std::make_shared<Watched>();
  watched->on_hint[{spec.revision + "\n" + spec.semver, spec.path}] = std::move(on_hint);
  if (!is_new) return;
  watched->watch =
      std::make_unique<GitWatch>(loop_, spec.repository, [weak = std::weak_ptr<Watched>(watched)] {
        if (const auto self = weak.lock()) Hint(*self);
      });
}

void GitSource::Hint(const Watched& watched) {
  const auto on_hint = watched.on_hint;  // one of them may watch anew
  for (const auto& [spec, call] : on_hint) call();
}

void GitSource::Fetch(const SourceSpec& spec, FetchDone done) {
  if (IsRemoteRepository(spec.repository)) return FetchFar(spec, std::move(done));
  const auto job = std::make_shared<Job>();
  RefillLater();
  job->cancel = cancel_;
  job->children = children_;
  job->spec = spec;
  job->self_path = state_->self_path;
  job->limits = state_->limits;
  job->known = state_->KnownBlobs(spec.repository);
  job->done = std::move(done);
  const auto finish = [job, weak = std::weak_ptr<State>(state_)] {
    const std::shared_ptr<State> state = weak.lock();
    if (state == nullptr) return;
    if (job->result.ok()) state->Remember(job->spec.repository, *job->result);
    job->done(std::move(job->result));
  };
  const auto work = [job] {
    job->result = FetchCommit(job->self_path, job->spec, job->limits, *job->known,
                              job->cancel->get(), job->children.get());
  };
  if (executor_->Run(work, finish)) return;
  job->result = UnavailableError("too much waits to be done; the repository is read later");
  loop_->Post(finish);
}

void GitSource::RefillLater() {
  loop_->Cancel(refill_timer_);
  refill_timer_ = loop_->After(kRefillAfterMs, [this] {
    refill_timer_ = 0;
    // A full queue: the next look starts its own child.
    (void)executor_->Run([children = children_] { children->Refill(); }, [] {});
  });
}

void GitSource::FinishFar(State* state, FarJob* job) {
  const SourceSpec& spec = job->remote.spec;
  const Result<RepositoryUrl> url = ParseRepositoryUrl(spec.repository);
  // Kept until the server is trusted: a person needs time to compare.
  if (url.ok() && job->remote.offered_key) {
    state->offered[url->HostAndPort()] = *job->remote.offered_key;
  } else if (url.ok() && job->result.ok()) {
    state->offered.erase(url->HostAndPort());
  }
  if (job->result.ok()) {
    state->Remember(spec.repository, *job->result);
    if (state->previous.size() >= kMaxRememberedSpecs) state->previous.clear();
    state->previous[SpecName(spec)] = job->result->id;
  }
  job->done(std::move(job->result));
}

void GitSource::FetchFar(const SourceSpec& spec, FetchDone done) {
  const auto job = std::make_shared<FarJob>();
  RefillLater();
  job->cancel = cancel_;
  job->done = std::move(done);
  job->remote = {.self_path = state_->self_path,
                 .spec = spec,
                 .limits = state_->limits,
                 .fetch_limits = remote_.fetch,
                 .cache_limits = remote_.cache,
                 .known_hosts_path = KnownHostsPath(),
                 .known = state_->KnownBlobs(spec.repository),
                 .previous = "",
                 .cancel_fd = cancel_->get(),
                 .children = children_,
                 .offered_key = std::nullopt};
  const auto previous = state_->previous.find(SpecName(spec));
  if (previous != state_->previous.end()) job->remote.previous = previous->second;
  const auto finish = [job, weak = std::weak_ptr<State>(state_)] {
    if (const auto state = weak.lock()) FinishFar(state.get(), job.get());
  };
  const Result<std::string> folder = CleanFolder(spec.path);
  const Result<RepositoryUrl> url = ParseRepositoryUrl(spec.repository);
  if (!folder.ok() || !url.ok() || remote_.folder.empty()) {
    job->result = !folder.ok() ? folder.status()
                  : !url.ok()  ? url.status()
                               : InvalidError("repository " + Quoted(spec.repository) +
                                              ": this command reads local repositories only");
    return loop_->Post(finish);
  }
  std::unique_ptr<RemoteCache>& cache = caches_[CacheName(spec)];
  if (cache == nullptr) {
    cache = std::make_unique<RemoteCache>(loop_, CachesFolder(), CacheName(spec));
  }
  const auto work = [job, to = cache.get()] { job->result = to->Run(&job->remote); };
  if (cache->workers().Run(work, finish)) return;
  job->result = UnavailableError("too much waits to be done; the repository is read later");
  loop_->Post(finish);
}

Status GitSource::AcceptHostKey(const SourceSpec& spec, const std::string& fingerprint) {
  const Result<RepositoryUrl> url = ParseRepositoryUrl(spec.repository);
  if (!url.ok() || url->scheme != RepositoryUrl::Scheme::kSsh) {
    return InvalidError("repository " + Quoted(spec.repository) + " is not fetched over ssh");
  }
  if (!IsFingerprint(fingerprint)) {
    return InvalidError(Quoted(fingerprint) + " is no fingerprint; it is written as SHA256:...");
  }
  if (!spec.credentials.known_hosts_file.empty()) {
    return InvalidError("the host keys of this source are in " + spec.credentials.known_hosts_file +
                        ": put the key in there");
  }
  const auto offered = state_->offered.find(url->HostAndPort());
  if (offered == state_->offered.end()) return ManifestSource::AcceptHostKey(spec, fingerprint);
  if (offered->second.Fingerprint() != fingerprint) {
    return InvalidError(url->HostAndPort() + " shows the host key " +
                        offered->second.Fingerprint() + ", not " + fingerprint +
                        "; nothing was accepted");
  }
  RETURN_IF_ERROR(WriteAcceptedKey(KnownHostsPath(), *url, offered->second));
  state_->offered.erase(offered);
  return OkStatus();
}

}  // namespace

std::unique_ptr<ManifestSource> MakeGitSource(EpollLoop* loop, Executor* executor,
                                              std::string self_path, GitLimits limits,
                                              RemoteOptions remote) {
  return std::make_unique<GitSource>(loop, executor, std::move(self_path), limits,
                                     std::move(remote));
}

}  // namespace reconcile
