#include "source/git_child.h"

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <array>

#include "base/subprocess.h"
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

void SetLimits(const GitLimits& limits, SubprocessOptions* call) {
  if (kAddressSpaceCanBeLimited) call->memory_limit_bytes = limits.memory_bytes;
  call->cpu_limit_seconds = limits.cpu_seconds;
  call->file_size_limit_bytes = limits.file_size_bytes;
  call->clear_environment = true;
}

SubprocessOptions MakeReadCall(const std::string& self_path, const SourceSpec& spec,
                               const GitPlace& place, const GitLimits& limits) {
  SubprocessOptions call;
  call.command = {self_path,
                  "git-read",
                  "--repository=" + place.shown,
                  "--cache=" + place.cache,
                  "--revision=" + spec.revision,
                  "--semver=" + spec.semver,
                  "--folder=" + spec.path,
                  "--owner=" + std::to_string(place.owner),
                  "--max-blob-bytes=" + std::to_string(limits.max_blob_bytes),
                  "--max-files=" + std::to_string(limits.max_files),
                  "--max-total-bytes=" + std::to_string(limits.max_total_bytes),
                  "--max-tree-depth=" + std::to_string(limits.max_tree_depth),
                  "--max-tree-entries=" + std::to_string(limits.max_tree_entries)};
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

}  // namespace

Result<FetchedCommit> RunGitRead(const std::string& self_path, const SourceSpec& spec,
                                 const GitPlace& place, const GitLimits& limits,
                                 const BlobMap& known, int cancel_fd) {
  SubprocessOptions call = MakeReadCall(self_path, spec, place, limits);
  call.cancel_fd = cancel_fd;
  if (known.size() <= limits.max_files) call.standard_input = ToRawIds(known);
  const std::string name = "repository " + Quoted(place.shown);
  const Result<SubprocessOutput> output = RunSubprocess(call);
  if (!output.ok()) return output.status().WithContext(name);
  if (output->exit_code != 0) return DescribeEnd("reading", *output, limits).WithContext(name);
  return DecodeGitRecords(output->out, limits, known);
}

Result<FetchAnswer> RunGitFetch(const std::string& self_path, const FetchRequest& request,
                                const GitLimits& limits, int cancel_fd) {
  SubprocessOptions call;
  call.command = {self_path, "git-fetch"};
  call.standard_input = EncodeFetchRequest(request);
  call.timeout_ms = request.limits.timeout_ms + kFetchGraceMs;
  call.max_output_bytes = kMaxFetchAnswerBytes;
  call.cancel_fd = cancel_fd;
  SetLimits(limits, &call);
  const Result<SubprocessOutput> output = RunSubprocess(call);
  if (!output.ok()) return output.status();
  if (output->exit_code != 0) return DescribeEnd("fetching", *output, limits);
  return DecodeFetchAnswer(output->out);
}

}  // namespace reconcile
