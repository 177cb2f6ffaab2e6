#include "source/remote_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/ids.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "schema/text.h"
#include "source/advertised_refs.h"
#include "source/secret_file.h"

namespace reconcile {
namespace {

constexpr mode_t kPrivate = 0700;
constexpr size_t kMaxNamePartBytes = 60;
constexpr size_t kNameHashDigits = 12;
constexpr size_t kShownIdDigits = 12;
// systemd's table of user ids (UIDS-GIDS.md) gives these to nobody.
constexpr uid_t kFirstCacheUser = 1'879'048'192;
constexpr uint32_t kCacheUsers = 1 << 20;

Status ReadSecrets(const SourceCredentials& files, FetchSecrets* secrets) {
  struct Wanted {
    const std::string& path;
    const char* setting;
    std::string* into;
    bool is_line;
  };
  const std::array<Wanted, 7> all = {
      {{files.token_file, "tokenFile", &secrets->token, true},
       {files.username_file, "usernameFile", &secrets->username, true},
       {files.password_file, "passwordFile", &secrets->password, true},
       {files.ca_file, "caFile", &secrets->ca_pem, false},
       {files.client_certificate_file, "clientCertificateFile", &secrets->client_certificate_pem,
        false},
       {files.client_key_file, "clientKeyFile", &secrets->client_key_pem, false},
       {files.ssh_key_file, "sshKeyFile", &secrets->ssh_key, false}}};
  for (const Wanted& wanted : all) {
    if (wanted.path.empty()) continue;
    Result<std::string> text =
        wanted.is_line ? ReadSecretLine(wanted.path) : ReadSecretFile(wanted.path);
    if (!text.ok()) {
      return text.status().WithContext(std::string("credentials.") + wanted.setting);
    }
    *wanted.into = std::move(text).value();
  }
  return OkStatus();
}

// The text of known hosts; a file of accepted keys that is not there yet is an empty one.
Result<std::string> ReadKnownHosts(const SourceCredentials& files, const std::string& accepted) {
  if (!files.known_hosts_file.empty()) {
    Result<std::string> text = ReadSecretFile(files.known_hosts_file);
    if (!text.ok()) return text.status().WithContext("credentials.knownHostsFile");
    return text;
  }
  std::ifstream file(accepted, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

uid_t CacheUser(const std::string& name) {
  return geteuid() == 0 ? kFirstCacheUser + Fnv1a32(name) % kCacheUsers : 0;
}

// What a person can do about a host key that was refused.
Status AdviseOnHostKey(const Status& status, const SourceCredentials& files, const HostKey& key) {
  std::string advice =
      ". Compare the fingerprint with `ssh-keygen -lf` of the server's own key; if it is right, ";
  if (files.known_hosts_file.empty()) {
    advice += "`reconcile source accept-host-key NAME " + key.Fingerprint() + "`";
  } else {
    advice += "put the key into " + files.known_hosts_file;
  }
  return Status(status.code(), status.message() + advice);
}

void NoteRewritten(const FetchAnswer& answer, FetchedCommit* commit) {
  if (answer.rewritten_from.empty()) return;
  commit->warnings.insert(
      commit->warnings.begin(),
      {"", 0, 0,
       Quoted(answer.reference) + " was rewritten (a force-push, say): commit " +
           answer.rewritten_from.substr(0, kShownIdDigits) + ", which it named before, is not in " +
           "the history of " + answer.commit.substr(0, kShownIdDigits)});
}

Status WriteDurably(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".new";
  UniqueFd fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd.ok()) return ErrnoError("write", temporary);
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t size = write(fd.get(), text.data() + written, text.size() - written);
    if (size < 0 && errno != EINTR) return ErrnoError("write", temporary);
    if (size > 0) written += static_cast<size_t>(size);
  }
  if (fsync(fd.get()) != 0 || rename(temporary.c_str(), path.c_str()) != 0) {
    return ErrnoError("write", path);
  }
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const UniqueFd folder(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.ok() || fsync(folder.get()) != 0) return ErrnoError("write", parent);
  return OkStatus();
}

}  // namespace

std::string CacheName(const SourceSpec& spec) {
  const SourceCredentials& files = spec.credentials;
  const Result<RepositoryUrl> url = ParseRepositoryUrl(spec.repository);
  std::string readable;
  if (url.ok()) {
    const size_t slash = url->path.find_last_of('/', url->path.size() - 2);
    readable = url->host + "-" + url->path.substr(slash == std::string::npos ? 0 : slash + 1);
    if (readable.ends_with(".git")) readable.resize(readable.size() - 4);
  }
  for (char& c : readable) {
    const bool fits = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      c == '-' || c == '.';
    if (!fits) c = '_';
  }
  const std::string uid =
      DeriveUid({spec.repository, files.token_file, files.username_file, files.password_file,
                 files.ca_file, files.client_certificate_file, files.client_key_file,
                 files.ssh_key_file, files.known_hosts_file});
  return readable.substr(0, kMaxNamePartBytes) + "-" + Sha256Hex(uid).substr(0, kNameHashDigits) +
         ".git";
}

RemoteCache::RemoteCache(EventLoop* loop, std::string caches, std::string name)
    : caches_(std::move(caches)),
      folder_(caches_ + "/" + name),
      user_(CacheUser(name)),
      workers_(loop, 1, 256) {}

Result<bool> RemoteCache::Prepare() {
  if (mkdir(caches_.c_str(), kPrivate) != 0 && errno != EEXIST) {
    return ErrnoError("make the folder of caches", caches_);
  }
  struct stat found = {};
  const uid_t owner = user_ == 0 ? geteuid() : user_;
  if (lstat(folder_.c_str(), &found) == 0) {
    if (S_ISDIR(found.st_mode) && found.st_uid == owner) {
      // Its time says when it was used last (RemoveUnusedCaches).
      utimensat(AT_FDCWD, folder_.c_str(), nullptr, 0);
      return false;
    }
    RETURN_IF_ERROR(Remove());
  }
  if (mkdir(folder_.c_str(), kPrivate) != 0) return ErrnoError("make the cache", folder_);
  if (user_ != 0 && chown(folder_.c_str(), user_, user_) != 0) {
    return ErrnoError("give the cache to its user", folder_);
  }
  return true;
}

Status RemoteCache::Remove() {
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
  outgrown_ = false;
  return error ? UnavailableError("cannot remove the cache " + folder_ + ": " + error.message())
               : OkStatus();
}

Result<FetchAnswer> RemoteCache::Fetch(RemoteJob* job) {
  FetchRequest request;
  request.repository = job->spec.repository;
  request.revision = job->spec.revision;
  request.semver = job->spec.semver;
  request.folder = folder_;
  request.user = user_;
  request.previous = job->previous;
  request.limits = job->fetch_limits;
  RETURN_IF_ERROR(ReadSecrets(job->spec.credentials, &request.secrets));
  Result<std::string> known_hosts = ReadKnownHosts(job->spec.credentials, job->known_hosts_path);
  if (!known_hosts.ok()) return known_hosts.status();
  request.known_hosts = *known_hosts;
  Result<FetchAnswer> answer =
      RunGitFetch(job->self_path, request, job->limits, job->cancel_fd, job->children.get());
  if (!answer.ok() || !answer->offered_key) return answer;
  job->offered_key = answer->offered_key;
  answer->status = AdviseOnHostKey(answer->status, job->spec.credentials, *answer->offered_key);
  return answer;
}

bool RemoteCache::MayBeBroken(const Status& status, const std::string& commit) {
  // A child that ended without an answer, or found what it may not find.
  const bool suspicious =
      status.code() == StatusCode::kInvalid || status.code() == StatusCode::kInternal;
  const std::string trouble = commit + " " + status.message();
  if (!suspicious || rebuilt_for_ == trouble) return false;
  rebuilt_for_ = trouble;
  return true;
}

Result<FetchedCommit> RemoteCache::Run(RemoteJob* job) {
  const std::string name = "repository " + Quoted(job->spec.repository);
  const bool by_id = IsFullCommitId(job->spec.revision) && job->spec.semver.empty();
  // What is asked for by its id may be nowhere else any more.
  if (outgrown_ && !by_id) RETURN_IF_ERROR(Remove());
  for (bool again = false;; again = true) {
    const Result<bool> is_new = Prepare();
    if (!is_new.ok()) return is_new.status().WithContext(name);
    const bool may_repeat = !*is_new && !again;
    const Result<FetchAnswer> answer = Fetch(job);
    const Status fetched = answer.ok() ? answer->status : answer.status();
    if (!fetched.ok()) {
      const bool crashed = !answer.ok() && fetched.code() == StatusCode::kInternal;
      const bool broken = crashed || (answer.ok() && answer->cache_broken);
      if (!broken || !may_repeat || !MayBeBroken(fetched, "")) return fetched.WithContext(name);
    } else {
      outgrown_ = answer->cache_bytes > job->cache_limits.max_bytes ||
                  answer->cache_packs > job->cache_limits.max_packs;
      SourceSpec read = job->spec;
      read.revision = answer->commit;
      read.semver.clear();
      const GitPlace place = {job->spec.repository, folder_, user_ == 0 ? geteuid() : user_, 0};
      Result<FetchedCommit> commit = RunGitRead(job->self_path, read, place, job->limits,
                                                *job->known, job->cancel_fd, job->children.get());
      if (commit.ok()) {
        commit->reference = answer->reference;
        NoteRewritten(*answer, &*commit);
        return commit;
      }
      if (!may_repeat || !MayBeBroken(commit.status(), answer->commit)) return commit;
    }
    LogWarning("the cache of a repository may be damaged; it is fetched anew",
               {{"repository", job->spec.repository}, {"folder", folder_}});
    RETURN_IF_ERROR(Remove());
  }
}

Status WriteAcceptedKey(const std::string& path, const RepositoryUrl& url, const HostKey& key) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return WriteDurably(
      path, WithoutHost(text, url.host, url.port) + KnownHostsLine(url.host, url.port, key));
}

void RemoveUnusedCaches(const std::string& caches) {
  std::error_code error;
  const auto now = std::filesystem::file_time_type::clock::now();
  for (const auto& entry : std::filesystem::directory_iterator(caches, error)) {
    const auto used = entry.last_write_time(error);
    if (error || now - used < std::chrono::milliseconds(kUnusedCacheMs)) continue;
    LogInfo("removing a cache that no source has used for long", {{"folder", entry.path()}});
    std::filesystem::remove_all(entry.path(), error);
  }
}

}  // namespace reconcile
