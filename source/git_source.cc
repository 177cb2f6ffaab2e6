#include "source/git_source.h"

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/subprocess.h"
#include "schema/text.h"
#include "source/git_layout.h"
#include "source/git_records.h"
#include "source/git_watch.h"
#include "source/manifest_names.h"

namespace reconcile {
namespace {

// Whose last blobs are kept; each keeps at most GitLimits::max_total_bytes.
constexpr size_t kMaxRememberedRepositories = 64;
constexpr size_t kRecordOverheadBytes = 128;
constexpr gid_t kNoGroup = 65534;

// AddressSanitizer and ThreadSanitizer reserve terabytes of address space.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kAddressSpaceCanBeLimited = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kAddressSpaceCanBeLimited = false;
#else
constexpr bool kAddressSpaceCanBeLimited = true;
#endif
#else
constexpr bool kAddressSpaceCanBeLimited = true;
#endif

std::string ToRawIds(const BlobMap& blobs) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string raw;
  for (const auto& [id, bytes] : blobs) {
    for (size_t i = 0; i + 1 < id.size(); i += 2) {
      raw.push_back(static_cast<char>(digit(id[i]) << 4 | digit(id[i + 1])));
    }
  }
  return raw;
}

// The group to read as: the repository's, but root's only for root.
gid_t ChooseGroup(uid_t owner, gid_t group) {
  if (group != 0) return group;
  passwd entry = {};
  passwd* found = nullptr;
  std::array<char, 4096> buffer;
  if (getpwuid_r(owner, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr &&
      found->pw_gid != 0) {
    return found->pw_gid;
  }
  return kNoGroup;
}

size_t MaxAnswerBytes(const GitLimits& limits) {
  return limits.max_total_bytes +
         limits.max_files * (kMaxManifestPathBytes + kRecordOverheadBytes) +
         (kMaxGitWarnings + 2) * (2 * kMaxGitMessageBytes + kRecordOverheadBytes) +
         (kMaxConfirmations + 4) * kMaxCommitTextBytes;
}

SubprocessOptions MakeCall(const std::string& self_path, const SourceSpec& spec,
                           const GitLayout& layout, const GitLimits& limits) {
  SubprocessOptions call;
  call.command = {self_path,
                  "git-read",
                  "--repository=" + spec.repository,
                  "--revision=" + spec.revision,
                  "--folder=" + spec.path,
                  "--owner=" + std::to_string(layout.owner),
                  "--max-blob-bytes=" + std::to_string(limits.max_blob_bytes),
                  "--max-files=" + std::to_string(limits.max_files),
                  "--max-total-bytes=" + std::to_string(limits.max_total_bytes),
                  "--max-tree-depth=" + std::to_string(limits.max_tree_depth),
                  "--max-tree-entries=" + std::to_string(limits.max_tree_entries)};
  call.timeout_ms = limits.timeout_ms;
  call.max_output_bytes = MaxAnswerBytes(limits);
  if (kAddressSpaceCanBeLimited) call.memory_limit_bytes = limits.memory_bytes;
  call.cpu_limit_seconds = limits.cpu_seconds;
  call.file_size_limit_bytes = limits.file_size_bytes;
  call.clear_environment = true;
  if (geteuid() == 0 && layout.owner != 0) {
    call.user_id = layout.owner;
    call.group_id = ChooseGroup(layout.owner, layout.group);
  }
  return call;
}

Status DescribeEnd(const SubprocessOutput& output, const GitLimits& limits) {
  const int killed_by = output.exit_code - 128;
  if (killed_by == SIGXCPU || killed_by == SIGKILL) {
    return UnavailableError("reading it was ended by the system; the limit cpu_seconds is " +
                            std::to_string(limits.cpu_seconds));
  }
  return InternalError("its reader ended with exit code " + std::to_string(output.exit_code) +
                       (output.error.empty() ? "" : ": " + ShortText(output.error)));
}

// On a worker's thread.
Result<FetchedCommit> FetchCommit(const std::string& self_path, const SourceSpec& spec,
                                  const GitLimits& limits, const BlobMap& known) {
  for (const std::string& text : {spec.repository, spec.revision, spec.path}) {
    if (text.find('\0') != std::string::npos) return InvalidError("a source has a NUL byte in it");
  }
  const Result<std::string> folder = CleanFolder(spec.path);
  if (!folder.ok()) return folder.status();
  const Result<GitLayout> layout = FindGitLayout(spec.repository);
  if (!layout.ok()) return layout.status();
  const std::string name = "repository " + Quoted(spec.repository);
  SubprocessOptions call = MakeCall(self_path, spec, *layout, limits);
  if (known.size() <= limits.max_files) call.standard_input = ToRawIds(known);
  const Result<SubprocessOutput> output = RunSubprocess(call);
  if (!output.ok()) return output.status().WithContext(name);
  if (output->exit_code != 0) return DescribeEnd(*output, limits).WithContext(name);
  Result<FetchedCommit> commit = DecodeGitRecords(output->out, limits, known);
  return commit;
}

class GitSource final : public ManifestSource {
 public:
  GitSource(EpollLoop* loop, Executor* executor, std::string self_path, GitLimits limits)
      : state_(std::make_shared<State>()), loop_(loop), executor_(executor) {
    state_->self_path = std::move(self_path);
    state_->limits = limits;
  }

  void Fetch(const SourceSpec& spec, FetchDone done) override;
  void Watch(const SourceSpec& spec, std::function<void()> on_hint) override;

 private:
  struct State {
    std::string self_path;
    GitLimits limits;
    // Blobs of each repository's last commit. Loop thread only.
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
    FetchDone done;
    Result<FetchedCommit> result = InternalError("the fetch has not run");
  };

  // A repository that is watched, and who wants to know. Shared: one of them may watch again.
  struct Watched {
    std::map<std::pair<std::string, std::string>, Task> on_hint;  // by revision and path
    std::unique_ptr<GitWatch> watch;
  };
  static void Hint(const Watched& watched);

  const std::shared_ptr<State> state_;  // callbacks of a source that is gone find it expired
  EpollLoop* const loop_;
  Executor* const executor_;
  std::map<std::string, std::shared_ptr<Watched>> watched_;  // by repository
};

void GitSource::Watch(const SourceSpec& spec, std::function<void()> on_hint) {
  std::shared_ptr<Watched>& watched = watched_[spec.repository];
  const bool is_new = watched == nullptr;
  if (is_new) watched = std::make_shared<Watched>();
  watched->on_hint[{spec.revision, spec.path}] = std::move(on_hint);
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
  const auto job = std::make_shared<Job>();
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
    job->result = FetchCommit(job->self_path, job->spec, job->limits, *job->known);
  };
  if (executor_->Run(work, finish)) return;
  job->result = UnavailableError("too much waits to be done; the repository is read later");
  loop_->Post(finish);
}

}  // namespace

std::unique_ptr<ManifestSource> MakeGitSource(EpollLoop* loop, Executor* executor,
                                              std::string self_path, GitLimits limits) {
  return std::make_unique<GitSource>(loop, executor, std::move(self_path), limits);
}

}  // namespace reconcile
