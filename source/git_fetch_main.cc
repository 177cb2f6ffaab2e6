#include <git2/sys/repository.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>

#include "base/epoll_loop.h"
#include "base/ids.h"
#include "schema/text.h"
#include "source/advertised_refs.h"
#include "source/confinement.h"
#include "source/fetch_transport.h"
#include "source/git_handles.h"
#include "source/git_source.h"

namespace reconcile {
namespace {

constexpr unsigned int kGraceSeconds = 5;  // after the time-out, should the parent be gone
constexpr std::string_view kOwnRefs = "refs/reconcile/";
constexpr std::array<const char*, 3> kSystemCas = {
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};

using GitRemote = std::unique_ptr<git_remote, GitFree<git_remote_free>>;

// All of standard input, within the limit.
Result<std::string> ReadRequestText() {
  std::string text;
  std::array<char, 64 << 10> buffer;
  while (true) {
    const ssize_t size = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return InvalidError("git-fetch: no request on standard input");
    if (size == 0) return text;
    text.append(buffer.data(), static_cast<size_t>(size));
    if (text.size() > kMaxFetchRequestBytes) {
      return InvalidError("git-fetch: the request passes the limit kMaxFetchRequestBytes");
    }
  }
}

std::string ReadSystemCas() {
  for (const char* path : kSystemCas) {
    std::ifstream file(path, std::ios::binary);
    if (!file.is_open()) continue;
    return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  }
  return "";
}

int TakeProgress(const git_indexer_progress* progress, void* payload) {
  const auto* limits = static_cast<const FetchLimits*>(payload);
  if (progress->total_objects <= limits->max_objects) return 0;
  git_error_set_str(GIT_ERROR_INDEXER, "the pack has more objects than the limit max_objects");
  return GIT_EUSER;
}

// One fetch, in this process.
class Fetcher {
 public:
  Fetcher(const FetchRequest& request, FetchAnswer* answer) : request_(request), answer_(answer) {}

  // Confines this process, reads the repository's references and fetches what is wanted.
  Status Run();

 private:
  Status Confine(TransportContext* context);
  Status OpenCache();
  Status Connect(FetchTransport* transport);
  Result<WantedRef> Choose();
  Status Download(const WantedRef& wanted, FetchTransport* transport);
  Status FindCommit(const WantedRef& wanted);
  Status Keep(const git_oid& id, const WantedRef& wanted);
  void NoteRewriting(const git_oid& previous, const git_oid& id, const WantedRef& wanted);
  bool HasCommit(const std::string& id) const;
  void MeasureCache();
  // What libgit2 just failed with: our own word for it where the connection was to blame.
  Status Explain(int code, const std::string& what, const FetchTransport& transport) const;
  git_remote_callbacks Callbacks(FetchTransport* transport) const;
  std::string OwnRef(const std::string& name) const;

  const FetchRequest& request_;
  FetchAnswer* const answer_;
  std::string folder_;  // of the cache, as this process sees it
  GitRepository repository_;
  GitRemote remote_;
};

Status Fetcher::Confine(TransportContext* context) {
  const Result<RepositoryUrl> url = ParseRepositoryUrl(request_.repository);
  if (!url.ok()) return url.status();
  context->request = &request_;
  context->url = *url;
  context->deadline = ReadSystemClock().mono + request_.limits.timeout_ms;
  if (url->scheme == RepositoryUrl::Scheme::kHttps) {
    context->ca_pem = request_.secrets.ca_pem.empty() ? ReadSystemCas() : request_.secrets.ca_pem;
  }
  const auto resolve = [&] {
    Result<std::vector<HostAddress>> addresses = ResolveHost(*url);
    if (!addresses.ok()) return addresses.status();
    context->addresses = std::move(addresses).value();
    return OkStatus();
  };
  folder_ = request_.folder;
  if (request_.user != 0) {
    RETURN_IF_ERROR(EnterFolder(folder_, request_.user, resolve));
    folder_ = "/";
  } else {
    RETURN_IF_ERROR(resolve());
  }
  const auto confined = ConfineToFetching(folder_, url->port);
  return confined.ok() ? OkStatus() : confined.status();
}

Status Fetcher::OpenCache() {
  int code = 0;
  const auto flags = static_cast<unsigned int>(GIT_REPOSITORY_OPEN_NO_SEARCH);
  repository_ =
      MakeGitHandle<GitRepository>(&code, git_repository_open_ext, folder_.c_str(), flags, nullptr);
  if (code == GIT_ENOTFOUND) {
    repository_ = MakeGitHandle<GitRepository>(&code, git_repository_init, folder_.c_str(), 1U);
  }
  if (code != 0) {
    answer_->cache_broken = true;
    return GitFailure(code, "the cache of it cannot be opened");
  }
  // What a fetch that was ended left behind.
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/objects/pack", error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("pack_")) std::filesystem::remove(entry.path(), error);
  }
  return OkStatus();
}

Status Fetcher::Explain(int code, const std::string& what, const FetchTransport& transport) const {
  answer_->offered_key = transport.offered_key();
  if (!transport.status().ok()) return transport.status();
  const git_error* error = git_error_last();
  const bool net =
      error != nullptr && (error->klass == GIT_ERROR_NET || error->klass == GIT_ERROR_SSH);
  const Status failure = GitFailure(code, what);
  return net ? UnavailableError(failure.message()) : failure;
}

git_remote_callbacks Fetcher::Callbacks(FetchTransport* transport) const {
  git_remote_callbacks callbacks = GIT_REMOTE_CALLBACKS_INIT;
  callbacks.transport = transport->callback();
  callbacks.payload = transport;
  return callbacks;
}

Status Fetcher::Connect(FetchTransport* transport) {
  int code = 0;
  remote_ = MakeGitHandle<GitRemote>(&code, git_remote_create_anonymous, repository_.get(),
                                     request_.repository.c_str());
  if (remote_ == nullptr) return GitFailure(code, "it cannot be fetched from");
  const git_remote_callbacks callbacks = Callbacks(transport);
  code = git_remote_connect(remote_.get(), GIT_DIRECTION_FETCH, &callbacks, nullptr, nullptr);
  return code == 0 ? OkStatus()
                   : Explain(code, "the server does not speak Git's protocol", *transport);
}

Result<WantedRef> Fetcher::Choose() {
  const git_remote_head** heads = nullptr;
  size_t count = 0;
  const int code = git_remote_ls(&heads, &count, remote_.get());
  if (code != 0) return GitFailure(code, "its references");
  std::vector<AdvertisedRef> refs;
  refs.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    refs.push_back({heads[i]->name, FormatGitId(heads[i]->oid),
                    heads[i]->symref_target == nullptr ? "" : heads[i]->symref_target});
  }
  return FindWantedRef(refs, request_.revision, request_.semver);
}

Status Fetcher::Download(const WantedRef& wanted, FetchTransport* transport) {
  std::vector<std::string> specs;
  for (const std::string& name : wanted.names) specs.push_back("+" + name + ":" + OwnRef(name));
  std::vector<char*> raw;
  for (std::string& spec : specs) raw.push_back(spec.data());
  const git_strarray list = {raw.data(), raw.size()};
  git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
  options.callbacks = Callbacks(transport);
  options.callbacks.transfer_progress = TakeProgress;
  FetchLimits limits = request_.limits;
  // One payload serves all callbacks: the transport exists already, so only progress is told.
  options.callbacks.payload = &limits;
  options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
  options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
  const int code = git_remote_download(remote_.get(), &list, &options);
  if (code != 0) {
    // The objects that we said we have may be damaged.
    answer_->cache_broken = transport->status().ok();
    return Explain(code, "what the server sends is no pack, or takes more than memory_bytes",
                   *transport);
  }
  answer_->received_bytes = static_cast<int64_t>(git_remote_stats(remote_.get())->received_bytes);
  return OkStatus();
}

// One name for each reference of the server, so that what is there is not fetched again.
std::string Fetcher::OwnRef(const std::string& name) const {
  return std::string(kOwnRefs) + Sha256Hex(name).substr(0, 16);
}

bool Fetcher::HasCommit(const std::string& id) const {
  git_oid oid = {};
  if (!IsFullCommitId(id) || git_oid_fromstr(&oid, id.c_str()) != 0) return false;
  int code = 0;
  return MakeGitHandle<GitCommit>(&code, git_commit_lookup, repository_.get(), &oid) != nullptr;
}

Status Fetcher::FindCommit(const WantedRef& wanted) {
  git_oid prefix = {};
  const size_t digits = wanted.id.size();
  if (git_oid_fromstrn(&prefix, wanted.id.data(), digits) != 0) {
    return InternalError("a reference has no object's id");
  }
  int code = 0;
  struct FreeObject {
    void operator()(git_object* object) const { git_object_free(object); }
  };
  using Object = std::unique_ptr<git_object, FreeObject>;
  const auto object = MakeGitHandle<Object>(&code, git_object_lookup_prefix, repository_.get(),
                                            &prefix, digits, GIT_OBJECT_ANY);
  if (code == GIT_EAMBIGUOUS) {
    return InvalidError("commit id " + Quoted(wanted.id) +
                        " is ambiguous: more than one object begins so, give more digits");
  }
  if (object == nullptr && wanted.kind == WantedRef::Kind::kCommit) {
    return InvalidError("no branch or tag of the repository leads to commit " + Quoted(wanted.id));
  }
  const auto commit = object == nullptr ? nullptr
                                        : MakeGitHandle<Object>(&code, git_object_peel,
                                                                object.get(), GIT_OBJECT_COMMIT);
  if (object == nullptr || (commit == nullptr && code != GIT_EPEEL && code != GIT_EINVALIDSPEC)) {
    answer_->cache_broken = true;
    return GitFailure(code, "the server did not send what it advertises");
  }
  if (commit == nullptr) {
    return InvalidError(Quoted(wanted.reference) + " names a " +
                        git_object_type2string(git_object_type(object.get())) + ", not a commit");
  }
  return Keep(*git_object_id(commit.get()), wanted);
}

Status Fetcher::Keep(const git_oid& id, const WantedRef& wanted) {
  // What a reference names is not sent again, and not lost.
  int code = 0;
  const std::string name = OwnRef(wanted.names.size() == 1 ? wanted.names[0] : wanted.id);
  git_oid previous = {};
  const bool has_previous =
      request_.previous.empty()
          ? git_reference_name_to_id(&previous, repository_.get(), name.c_str()) == 0
          : git_oid_fromstr(&previous, request_.previous.c_str()) == 0;
  const auto reference = MakeGitHandle<GitReference>(&code, git_reference_create, repository_.get(),
                                                     name.c_str(), &id, 1, nullptr);
  if (reference == nullptr) {
    answer_->cache_broken = true;
    return GitFailure(code, "the cache of it cannot be written");
  }
  if (has_previous) NoteRewriting(previous, id, wanted);
  answer_->commit = FormatGitId(id);
  answer_->reference = wanted.reference;
  return OkStatus();
}

void Fetcher::NoteRewriting(const git_oid& previous, const git_oid& id, const WantedRef& wanted) {
  const std::string before = FormatGitId(previous);
  if (wanted.kind == WantedRef::Kind::kCommit || !request_.semver.empty() || !HasCommit(before) ||
      git_oid_equal(&previous, &id) != 0) {
    return;
  }
  // A tag that moves is rewritten wherever it goes.
  const bool descends = wanted.kind == WantedRef::Kind::kBranch &&
                        git_graph_descendant_of(repository_.get(), &id, &previous) == 1;
  if (!descends) answer_->rewritten_from = before;
}

void Fetcher::MeasureCache() {
  std::error_code error;
  for (auto entry = std::filesystem::recursive_directory_iterator(folder_ + "/objects", error);
       !error && entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    const auto size = entry->is_regular_file(ignored) ? entry->file_size(ignored) : 0;
    if (!ignored) answer_->cache_bytes += static_cast<int64_t>(size);
    if (entry->path().extension() == ".pack") ++answer_->cache_packs;
  }
}

Status Fetcher::Run() {
  TransportContext context;
  RETURN_IF_ERROR(Confine(&context));
  const bool https = context.url.scheme == RepositoryUrl::Scheme::kHttps;
  auto transport = https ? MakeHttpsTransport(context) : MakeSshTransport(context);
  if (!transport.ok()) return transport.status();
  // After the confinement: it would spend 20 ms on the machine's certificates at its start.
  const GitLibrary library;
  const Status status = [&] {
    RETURN_IF_ERROR(OpenCache());
    if (request_.semver.empty() && HasCommit(request_.revision)) {
      answer_->commit = request_.revision;
      answer_->reference = request_.revision;
      return OkStatus();
    }
    RETURN_IF_ERROR(Connect(transport->get()));
    const Result<WantedRef> wanted = Choose();
    if (!wanted.ok()) return wanted.status();
    if (!HasCommit(wanted->id)) RETURN_IF_ERROR(Download(*wanted, transport->get()));
    return FindCommit(*wanted);
  }();
  MeasureCache();
  remote_.reset();  // before the transport and the library
  repository_.reset();
  return status;
}

bool WriteAnswer(const FetchAnswer& answer) {
  std::string text = EncodeFetchAnswer(answer);
  while (!text.empty()) {
    const ssize_t size = write(STDOUT_FILENO, text.data(), text.size());
    if (size < 0 && errno != EINTR) return false;
    if (size > 0) text.erase(0, static_cast<size_t>(size));
  }
  return true;
}

}  // namespace

int GitFetchMain() {
  // A file beyond its limit is an error to libgit2 and not this process's end.
  signal(SIGXFSZ, SIG_IGN);
  FetchAnswer answer;
  try {
    const Result<std::string> text = ReadRequestText();
    const Result<FetchRequest> request =
        text.ok() ? DecodeFetchRequest(*text) : Result<FetchRequest>(text.status());
    if (request.ok()) {
      alarm(static_cast<unsigned int>(request->limits.timeout_ms / 1000) + kGraceSeconds);
      answer.status = Fetcher(*request, &answer).Run();
    } else {
      answer.status = request.status();
    }
  } catch (const std::bad_alloc&) {
    answer.status = InvalidError("fetching it takes more memory than the limit memory_bytes");
  } catch (const std::exception& error) {
    answer.status = InternalError(std::string("fetching it failed: ") + error.what());
  }
  if (!answer.status.ok()) {
    answer.commit.clear();
    answer.rewritten_from.clear();
  }
  return WriteAnswer(answer) ? 0 : 1;
}

}  // namespace reconcile
