#include "source/git_child.h"

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "schema/text.h"
#include "source/manifest_names.h"

namespace reconcile {
namespace {

constexpr size_t kRecordOverheadBytes = 128;
constexpr gid_t kNoGroup = 65534;
constexpr int64_t kFetchGraceMs = 2'000;  // the child ends itself first, with an answer

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

void AppendRawIds(const BlobMap& blobs, std::string* raw) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (const auto& [id, bytes] : blobs) {
    for (size_t i = 0; i + 1 < id.size(); i += 2) {
      raw->push_back(static_cast<char>(digit(id[i]) << 4 | digit(id[i + 1])));
    }
  }
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

void SetLimits(const GitLimits& limits, SubprocessOptions* call) {
  if (kAddressSpaceCanBeLimited) call->memory_limit_bytes = limits.memory_bytes;
  call->cpu_limit_seconds = limits.cpu_seconds;
  call->file_size_limit_bytes = limits.file_size_bytes;
  call->clear_environment = true;
}

std::string MakeReadOrder(const SourceSpec& spec, const GitPlace& place, const GitLimits& limits,
                          const BlobMap& known) {
  return EncodeReadOrder(
      {"--repository=" + place.shown, "--cache=" + place.cache, "--revision=" + spec.revision,
       "--semver=" + spec.semver, "--folder=" + spec.path, "--owner=" + std::to_string(place.owner),
       "--max-blob-bytes=" + std::to_string(limits.max_blob_bytes),
       "--max-files=" + std::to_string(limits.max_files),
       "--max-total-bytes=" + std::to_string(limits.max_total_bytes),
       "--max-tree-depth=" + std::to_string(limits.max_tree_depth),
       "--max-tree-entries=" + std::to_string(limits.max_tree_entries)},
      known.size() <= limits.max_files ? known : BlobMap());
}

// The same for all repositories of one owner: a child can be started before its order is known.
SubprocessOptions MakeReadCall(const std::string& self_path, const GitPlace& place,
                               const GitLimits& limits) {
  SubprocessOptions call;
  call.command = {self_path, "git-read"};
  call.timeout_ms = limits.timeout_ms;
  call.max_output_bytes = MaxAnswerBytes(limits);
  SetLimits(limits, &call);
  // A cache's reader becomes its owner by itself: the path there is closed to that user.
  if (geteuid() == 0 && place.owner != 0 && place.cache.empty()) {
    call.user_id = place.owner;
    call.group_id = ChooseGroup(place.owner, place.group);
  }
  return call;
}

Status DescribeEnd(const std::string& what, const SubprocessOutput& output,
                   const GitLimits& limits) {
  const int killed_by = output.exit_code - 128;
  if (killed_by == SIGXCPU || killed_by == SIGKILL) {
    return UnavailableError(what + " it was ended by the system; the limit cpu_seconds is " +
                            std::to_string(limits.cpu_seconds));
  }
  return InternalError(what + " it ended with exit code " + std::to_string(output.exit_code) +
                       (output.error.empty() ? "" : ": " + ShortText(output.error)));
}

// Whether a child of one is a child of the other: all but what is handed over at the end.
bool SameCall(const SubprocessOptions& a, const SubprocessOptions& b) {
  const auto parts = [](const SubprocessOptions& call) {
    return std::tie(call.command, call.user_id, call.group_id, call.timeout_ms,
                    call.max_output_bytes, call.memory_limit_bytes, call.cpu_limit_seconds,
                    call.file_size_limit_bytes, call.clear_environment);
  };
  return parts(a) == parts(b);
}

}  // namespace

std::string EncodeReadOrder(const std::vector<std::string>& options, const BlobMap& known) {
  std::string order;
  for (const std::string& option : options) order += option + '\0';
  order += '\0';
  AppendRawIds(known, &order);
  return order;
}

std::unique_ptr<WaitingSubprocess> GitChildren::Take(const SubprocessOptions& call) {
  Place oldest;  // ends after the lock
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(places_.begin(), places_.end(),
                                  [&](const Place& place) { return SameCall(place.call, call); });
  if (found != places_.end()) {
    std::rotate(found, found + 1, places_.end());
    return std::move(places_.back().child);
  }
  if (places_.size() >= kMaxWaiting) {
    oldest = std::move(places_.front());
    places_.erase(places_.begin());
  }
  Place& place = places_.emplace_back(Place{call, nullptr});
  place.call.standard_input.clear();
  place.call.cancel_fd = -1;
  return nullptr;
}

Result<SubprocessOutput> GitChildren::Run(const SubprocessOptions& call) {
  const std::unique_ptr<WaitingSubprocess> child = Take(call);
  if (child == nullptr || !child->Waits()) return RunSubprocess(call);
  return child->Finish(call.standard_input, call.cancel_fd);
}

void GitChildren::Refill() {
  std::vector<Place> started;
  {
    const std::lock_guard lock(mutex_);
    for (const Place& place : places_) {
      if (place.child == nullptr) started.push_back({place.call, nullptr});
    }
  }
  for (Place& place : started) {
    auto child = WaitingSubprocess::Start(place.call);
    // Whoever needs it starts one himself, and says why that fails.
    if (child.ok()) place.child = std::move(child).value();
  }
  const std::lock_guard lock(mutex_);
  for (Place& to : places_) {
    for (Place& from : started) {
      if (to.child == nullptr && SameCall(to.call, from.call)) to.child = std::move(from.child);
    }
  }
}

Result<FetchedCommit> RunGitRead(const std::string& self_path, const SourceSpec& spec,
                                 const GitPlace& place, const GitLimits& limits,
                                 const BlobMap& known, int cancel_fd, GitChildren* children) {
  SubprocessOptions call = MakeReadCall(self_path, place, limits);
  call.cancel_fd = cancel_fd;
  call.standard_input = MakeReadOrder(spec, place, limits, known);
  const std::string name = "repository " + Quoted(place.shown);
  const Result<SubprocessOutput> output = children->Run(call);
  if (!output.ok()) return output.status().WithContext(name);
  if (output->exit_code != 0) return DescribeEnd("reading", *output, limits).WithContext(name);
  return DecodeGitRecords(output->out, limits, known);
}

Result<FetchAnswer> RunGitFetch(const std::string& self_path, const FetchRequest& request,
                                const GitLimits& limits, int cancel_fd, GitChildren* children) {
  SubprocessOptions call;
  call.command = {self_path, "git-fetch"};
  call.standard_input = EncodeFetchRequest(request);
  call.timeout_ms = request.limits.timeout_ms + kFetchGraceMs;
  call.max_output_bytes = kMaxFetchAnswerBytes;
  call.cancel_fd = cancel_fd;
  SetLimits(limits, &call);
  const Result<SubprocessOutput> output = children->Run(call);
  if (!output.ok()) return output.status();
  if (output->exit_code != 0) return DescribeEnd("fetching", *output, limits);
  return DecodeFetchAnswer(output->out);
}

}  // namespace reconcile
