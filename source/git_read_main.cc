#include <git2/sys/repository.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "schema/text.h"
#include "source/confinement.h"
#include "source/git_layout.h"
#include "source/git_reader.h"
#include "source/git_records.h"
#include "source/loose_objects.h"
#include "source/manifest_names.h"

namespace reconcile {
namespace {

constexpr int kExitUsage = 2;
constexpr size_t kMaxOrderBytes = 16 << 20;

// Whether `text` is a number and nothing else.
template <typename Number>
bool TakeNumber(std::string_view text, Number* number) {
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, *number);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

// Reads `--name=value` into the request; whether it is one of ours.
bool TakeOption(std::string_view option, GitReadRequest* request) {
  const size_t equals = option.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = option.substr(0, equals);
  const std::string_view value = option.substr(equals + 1);
  if (name == "--repository") {
    request->repository = value;
  } else if (name == "--cache") {
    request->cache = value;
  } else if (name == "--revision") {
    request->revision = value;
  } else if (name == "--semver") {
    request->semver = value;
  } else if (name == "--folder") {
    request->folder = value;
  } else if (name == "--owner") {
    return TakeNumber(value, &request->owner.emplace());
  } else {
    GitLimits& limits = request->limits;
    const std::map<std::string_view, size_t*> numbers = {
        {"--max-blob-bytes", &limits.max_blob_bytes},
        {"--max-files", &limits.max_files},
        {"--max-total-bytes", &limits.max_total_bytes},
        {"--max-tree-depth", &limits.max_tree_depth},
        {"--max-tree-entries", &limits.max_tree_entries}};
    const auto found = numbers.find(name);
    return found != numbers.end() && TakeNumber(value, found->second);
  }
  return true;
}

// The order that EncodeReadOrder wrote; false when it is none.
bool TakeOrder(std::string_view order, GitReadRequest* request) {
  while (true) {
    const size_t end = order.find('\0');
    if (end == std::string_view::npos) return false;
    const std::string_view option = order.substr(0, end);
    order.remove_prefix(end + 1);
    if (option.empty()) break;
    if (!TakeOption(option, request)) return false;
  }
  if (order.size() % GIT_OID_RAWSZ != 0) return false;
  for (; !order.empty(); order.remove_prefix(GIT_OID_RAWSZ)) {
    std::array<unsigned char, GIT_OID_RAWSZ> raw;
    std::copy_n(order.begin(), raw.size(), raw.begin());
    git_oid id = {};
    git_oid_fromraw(&id, raw.data());
    request->known_blobs.insert(FormatGitId(id));
  }
  return request->known_blobs.size() <= request->limits.max_files;
}

// All of standard input. The parent may take its time: this child may have been started ahead.
bool ReadOrder(GitReadRequest* request) {
  std::string order;
  std::array<char, 64 << 10> buffer;
  while (true) {
    const ssize_t size = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (size == 0) return TakeOrder(order, request);
    if (size < 0 && errno != EINTR) return false;
    if (size > 0) order.append(buffer.data(), static_cast<size_t>(size));
    if (order.size() > kMaxOrderBytes) return false;
  }
}

bool WriteAll(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (size < 0 && errno != EINTR) return false;
    if (size > 0) bytes.remove_prefix(static_cast<size_t>(size));
  }
  return true;
}

Status ReadCommitOf(const GitLayout& layout, const GitReadRequest& request) {
  int code = 0;
  const auto repository = MakeGitHandle<GitRepository>(
      &code, git_repository_open_ext, layout.git_dir.c_str(),
      static_cast<unsigned int>(GIT_REPOSITORY_OPEN_NO_SEARCH), nullptr);
  if (repository == nullptr) return GitFailure(code, "it cannot be opened");
  const GitOdb odb = OpenObjects(layout.common_dir + "/objects", &code);
  if (odb == nullptr || (code = git_repository_set_odb(repository.get(), odb.get())) != 0) {
    return GitFailure(code, "its objects cannot be opened");
  }
  const auto commit = ResolveRevision(repository.get(), request);
  if (!commit.ok()) return commit.status();
  const auto sink = [](const std::string& records) { return WriteAll(records); };
  return ReadGitCommit(repository.get(), *commit, request, sink)
      .WithContext("commit " + FormatGitId(*commit));
}

// Where the repository is for this process; a cache becomes its root folder, where it can.
Result<std::string> EnterPlace(const GitReadRequest& request) {
  if (request.cache.empty()) return request.repository;
  if (geteuid() != 0 || *request.owner == 0) return request.cache;
  const auto nothing_before = [] { return OkStatus(); };
  RETURN_IF_ERROR(EnterFolder(request.cache, *request.owner, nothing_before));
  return std::string("/");
}

Status ReadRepository(GitReadRequest request) {
  const auto place = EnterPlace(request);
  if (!place.ok()) return place.status();
  const auto layout = FindGitLayout(*place);
  if (!layout.ok()) return layout.status();
  const std::string name = "repository " + Quoted(request.repository);
  // The path may lead to another repository by now than the one whose owner we were started as.
  if (layout->owner != request.owner) {
    return InvalidError(name + " changed its owner while it was opened; it is not read");
  }
  RETURN_IF_ERROR(CheckNoAlternates(*layout).WithContext(name));
  const auto confinement = ConfineToReading({layout->git_dir, layout->common_dir});
  if (!confinement.ok()) return confinement.status();
  if (*confinement == Confinement::kNoLandlock && geteuid() == 0) {
    request.warning =
        "the repository belongs to root and this kernel has no Landlock: it is read by a process "
        "that could read every file of this machine";
  }
  return ReadCommitOf(*layout, request).WithContext(name);
}

}  // namespace

int GitReadMain() {
  // Others of its user may not look into it while it waits.
  prctl(PR_SET_DUMPABLE, 0);
  // libgit2 would spend 20 ms on the machine's certificates, which are none of a reader's business.
  for (const char* variable : {"SSL_CERT_FILE", "SSL_CERT_DIR"}) setenv(variable, "/dev/null", 1);
  // Before the order: what can be made ready without it is ready when it comes.
  const GitLibrary library;
  GitReadRequest request;
  if (!ReadOrder(&request)) {
    std::fprintf(stderr, "git-read: wrong order\n");
    return kExitUsage;
  }
  const auto folder = CleanFolder(request.folder);
  if (request.repository.empty() || !request.owner || !folder.ok()) {
    std::fprintf(stderr, "git-read: wrong order\n");
    return kExitUsage;
  }
  request.folder = *folder;
  std::string records;
  AppendGitHeader(&records);
  if (!WriteAll(records)) return 1;
  Status status;
  try {
    status = ReadRepository(request);
  } catch (const std::bad_alloc&) {
    status = InvalidError("repository " + Quoted(request.repository) +
                          ": reading it takes more memory than the limit memory_bytes");
  }
  if (status.ok()) return 0;
  records.clear();
  AppendGitError(status, &records);
  return WriteAll(records) ? 0 : 1;
}

}  // namespace reconcile
