#include "cmd/restore_cluster.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <system_error>

#include "cmd/keys_file.h"
#include "link/enrollment_files.h"
#include "link/enrollment_restore.h"
#include "store/sealed_payload.h"
#include "store/secret_key.h"
#include "store/store_lock.h"

namespace reconcile {
namespace {

constexpr const char* kKeyFile = "secrets.key";
constexpr const char* kHostsFile = "known_hosts";
constexpr std::string_view kAuthorityFolder = "ca/";

bool Exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

std::map<std::string, std::string> AuthorityFiles(const KeyFiles& saved) {
  std::map<std::string, std::string> files;
  for (const auto& [path, bytes] : saved) {
    if (path.starts_with(kAuthorityFolder)) files[path.substr(kAuthorityFolder.size())] = bytes;
  }
  return files;
}

// `more` without what `keys` has.
std::string WithKeys(std::string keys, const std::string& more) {
  for (size_t at = 0; at < more.size(); at += kSecretKeyBytes) {
    const std::string key = more.substr(at, kSecretKeyBytes);
    bool known = false;
    for (size_t k = 0; k < keys.size() && !known; k += kSecretKeyBytes) {
      known = keys.compare(k, kSecretKeyBytes, key) == 0;
    }
    if (!known) keys += key;
  }
  return keys;
}

// One restore: each step verifies, and only PutInPlace changes anything.
class Restoring {
 public:
  explicit Restoring(const RestoreRequest& request)
      : request_(request),
        database_(request.data_folder + "/cluster.db"),
        key_path_(request.data_folder + "/" + kKeyFile),
        ca_path_(request.data_folder + "/ca") {}

  Status LookAtDatabase();
  Status LookAtKeys();
  Status LookAtAuthority();
  Status Verify();
  Result<RestoreReport> PutInPlace();

 private:
  // What messages call the database that the keys are for.
  std::string Subject() const { return request_.file.empty() ? database_ : request_.file; }
  Status CheckOpens(const std::string& theirs) const;
  Status Put(const std::string& name);

  const RestoreRequest& request_;
  const std::string database_;
  const std::string key_path_;
  const std::string ca_path_;
  std::unique_ptr<StoreLock> lock_;         // without a backup
  std::unique_ptr<SqliteRestore> restore_;  // with one: it has the lock
  std::string cluster_id_;                  // of the backup or the database; "": none
  std::string fingerprint_;                 // of the key that sealed it; "": none
  KeyFiles saved_;
  std::string keys_;       // newest first; the first seals
  std::string keys_here_;  // those of them that are in place
  std::unique_ptr<EnrollmentRestore> authority_;
  std::vector<std::function<void()>> undo_;
  RestoreReport report_;
};

Status Restoring::LookAtDatabase() {
  if (!request_.file.empty()) {
    Result<std::unique_ptr<SqliteRestore>> begun = SqliteRestore::Begin(request_.file, database_);
    if (!begun.ok()) return begun.status();
    restore_ = std::move(begun).value();
    cluster_id_ = restore_->info().cluster_id;
    fingerprint_ = restore_->info().key_fingerprint;
    return OkStatus();
  }
  Result<std::unique_ptr<StoreLock>> lock = StoreLock::Take(database_);
  if (!lock.ok()) return lock.status();
  lock_ = std::move(lock).value();
  if (!Exists(database_)) return OkStatus();
  const Result<StoreIdentity> identity = ReadStoreIdentity(database_);
  if (!identity.ok()) return identity.status();
  cluster_id_ = identity->cluster_id;
  fingerprint_ = identity->key_fingerprint;
  return OkStatus();
}

Status Restoring::CheckOpens(const std::string& theirs) const {
  if (fingerprint_.empty()) return OkStatus();
  const auto opens = [&](const std::string& keys) {
    const Result<PayloadSealer> sealer = PayloadSealer::Make(keys);
    return sealer.ok() && sealer->HasKeyOf(fingerprint_);
  };
  const std::string sealed = Subject() + " was sealed with the key of fingerprint " + fingerprint_;
  if (!opens(keys_)) {
    const std::string in_file = request_.keys_file.empty()
                                    ? ""
                                    : (theirs.empty() ? "" : ", nor does " + request_.keys_file);
    return InvalidError(sealed + ", and " + key_path_ +
                        (keys_here_.empty() ? " is missing" : " does not hold it") + in_file +
                        ": give the keys file that was saved with it by --keys KEYS");
  }
  // A database in place is not sealed anew behind its controller's back.
  if (request_.file.empty() && !keys_here_.empty() && !opens(keys_here_)) {
    return ConflictError(sealed + ", which " + request_.keys_file + " has and " + key_path_ +
                         " has not: `mv " + key_path_ + " " + key_path_ + ".other`, and again");
  }
  return OkStatus();
}

Status Restoring::LookAtKeys() {
  if (!request_.keys_file.empty()) {
    Result<KeyFiles> saved = ReadKeysFile(request_.keys_file);
    if (!saved.ok()) return saved.status();
    saved_ = std::move(saved).value();
  }
  std::string theirs;
  if (const auto found = saved_.find(kKeyFile); found != saved_.end()) {
    Result<std::string> parsed =
        ParseKeys(found->second, std::string(kKeyFile) + " in " + request_.keys_file);
    if (!parsed.ok()) return parsed.status();
    theirs = std::move(parsed).value();
  }
  const Result<std::string> here = LoadKeys(key_path_);
  if (!here.ok() && here.status().code() != StatusCode::kNotFound) return here.status();
  if (here.ok()) keys_here_ = *here;
  keys_ = WithKeys(keys_here_, theirs);
  return CheckOpens(theirs);
}

Status Restoring::LookAtAuthority() {
  const std::map<std::string, std::string> files = AuthorityFiles(saved_);
  Result<std::unique_ptr<EnrollmentRestore>> prepared = EnrollmentRestore::Prepare(ca_path_, files);
  if (!prepared.ok()) {
    return files.empty() ? prepared.status() : prepared.status().WithContext(request_.keys_file);
  }
  authority_ = std::move(prepared).value();
  const std::string& owner = authority_->cluster_id();
  if (owner.empty() || cluster_id_.empty() || owner == cluster_id_) return OkStatus();
  const bool is_saved = authority_->makes_folder();
  return ConflictError(
      Subject() + " is of cluster " + cluster_id_ + ", and " +
      (is_saved ? request_.keys_file : ca_path_) + " is of cluster " + owner + ": " +
      (is_saved ? "give the keys file of the same cluster"
                : "restore into another data folder, or, if that cluster is no more, `mv " +
                      ca_path_ + " " + ca_path_ + ".other`"));
}

Status Restoring::Verify() {
  if (restore_ == nullptr) return OkStatus();
  RETURN_IF_ERROR(restore_->Verify(keys_));
  if (!restore_->info().had_authority || !authority_->cluster_id().empty()) return OkStatus();
  return NotFoundError(
      ca_path_ + " is missing, and " +
      (request_.keys_file.empty() ? "no keys file is given" : request_.keys_file + " has no CA") +
      ": without the CA of cluster " + cluster_id_ +
      " no host follows the restored controller. Give a keys file of this "
      "cluster: `reconcile restore " +
      request_.file + " --keys KEYS`");
}

// A file of the keys that is not there yet.
Status Restoring::Put(const std::string& name) {
  const std::string path = request_.data_folder + "/" + name;
  const auto found = saved_.find(name);
  if (found == saved_.end() || Exists(path)) return OkStatus();
  RETURN_IF_ERROR(WriteNewFile(path, found->second));
  undo_.emplace_back([path] { ::unlink(path.c_str()); });
  report_.done.push_back("Put " + name + " into " + request_.data_folder + ".");
  return OkStatus();
}

Result<RestoreReport> Restoring::PutInPlace() {
  const auto put = [&]() -> Status {
    RETURN_IF_ERROR(Put(kKeyFile));
    RETURN_IF_ERROR(Put(kHostsFile));
    undo_.emplace_back([this] { authority_->Undo(); });
    RETURN_IF_ERROR(authority_->PutInPlace());
    if (restore_ != nullptr) RETURN_IF_ERROR(restore_->PutInPlace());
    return OkStatus();
  };
  const Status status = put();
  if (!status.ok()) {
    std::for_each(undo_.rbegin(), undo_.rend(), [](const auto& undo) { undo(); });
    return status.WithContext("nothing was restored");
  }
  if (authority_->makes_folder())
    report_.done.push_back("Put ca into " + request_.data_folder + ".");
  if (authority_->changes_folder()) {
    report_.done.push_back("Kept " + ca_path_ + ", and took what " + request_.keys_file +
                           " knows besides: certificates, revocations, uses of join tokens.");
  }
  if (restore_ != nullptr) report_.info = restore_->info();
  const Result<PayloadSealer> here = PayloadSealer::Make(keys_here_);
  if (restore_ != nullptr && here.ok() && here->has_key() && !fingerprint_.empty() &&
      !here->HasKeyOf(fingerprint_)) {
    report_.done.push_back("Sealed the Secrets of the backup anew with " + key_path_ +
                           ", which is newer.");
  }
  return report_;
}

}  // namespace

Status CheckAuthorityIsThere(const Cluster* cluster, const std::string& ca_folder,
                             const std::string& database_path) {
  if (cluster == nullptr || !NeedsAuthority(*cluster)) return OkStatus();
  const Result<bool> is_missing = EnrollmentFolder::IsToBeMade(ca_folder);
  if (!is_missing.ok()) return is_missing.status();
  if (!*is_missing) return OkStatus();
  return NotFoundError(
      ca_folder + " is missing or empty: it holds the CA of cluster " + cluster->cluster_id +
      ", which every host trusts, and the revocations. None was made, since no host would follow "
      "it; containers go on running. Put the folder back, or take it from a keys file of "
      "`reconcile backup`: `reconcile restore --keys KEYS`. Without either this cluster cannot go "
      "on: move " +
      database_path +
      "* away, start again as a new cluster, and on each host `reconcile uninstall --yes`, then "
      "join anew by `reconcile token create`");
}

Result<RestoreReport> RestoreCluster(const RestoreRequest& request) {
  if (request.file.empty() && request.keys_file.empty()) {
    return InvalidError("name a backup (FILE), a keys file (--keys KEYS), or both");
  }
  Restoring restoring(request);
  RETURN_IF_ERROR(restoring.LookAtDatabase());
  RETURN_IF_ERROR(restoring.LookAtKeys());
  RETURN_IF_ERROR(restoring.LookAtAuthority());
  RETURN_IF_ERROR(restoring.Verify());
  return restoring.PutInPlace();
}

}  // namespace reconcile
