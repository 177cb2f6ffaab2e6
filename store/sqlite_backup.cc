#include "store/sqlite_backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/unique_fd.h"
#include "schema/core.h"
#include "store/sealed_payload.h"
#include "store/sqlite_load.h"
#include "store/sqlite_rows.h"
#include "store/sqlite_schema.h"
#include "store/sqlite_store.h"
#include "store/store_lock.h"

namespace reconcile {
namespace {

constexpr mode_t kBackupMode = 0600;
constexpr int kAttempts = 3;  // when the key for Secrets changes meanwhile
constexpr std::string_view kMetaClusterId = "backup_cluster_id";
constexpr std::string_view kMetaRevision = "backup_revision";
constexpr std::string_view kMetaMadeAt = "backup_made_at";

bool Exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

// A database file that is being made: gone with its companions unless kept.
class Draft {
 public:
  explicit Draft(std::string path) : path_(std::move(path)) { Remove(); }
  ~Draft() { Remove(); }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  const std::string& path() const { return path_; }
  Result<UniqueFd> Make() const {
    UniqueFd fd(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kBackupMode));
    if (!fd.ok()) return ErrnoError("make", path_);
    return fd;
  }
  // Durably, under `to`, where nothing may be.
  Status KeepAs(const std::string& to) const {
    const UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.ok() || ::fsync(fd.get()) != 0) return ErrnoError("sync", path_);
    if (::link(path_.c_str(), to.c_str()) != 0) return ErrnoError("make", to);
    std::string folder = std::filesystem::path(to).parent_path().string();
    if (folder.empty()) folder = ".";
    const UniqueFd folder_fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder_fd.ok() && ::fsync(folder_fd.get()) == 0) return OkStatus();
    const Status status = ErrnoError("sync", folder);
    ::unlink(to.c_str());
    return status;
  }

 private:
  void Remove() const {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
      ::unlink((path_ + suffix).c_str());
    }
  }
  const std::string path_;
};

// `copy_of`: what messages call it.
Result<std::unique_ptr<Store>> OpenDraft(const Draft& draft, const std::string& keys,
                                         const std::string& copy_of) {
  SqliteStoreOptions options;
  options.copy_of = copy_of;
  options.path = draft.path();
  options.secret_key = keys;
  options.lock_file = false;
  return OpenSqliteStore(options);
}

Result<BackupInfo> InfoOf(const ClusterState& state) {
  const auto cluster = state.Find<Cluster>("", "cluster");
  if (cluster == nullptr) return InvalidError("it holds no cluster");
  BackupInfo info;
  info.cluster_id = cluster->cluster_id;
  info.revision = state.revision();
  info.objects = state.size();
  info.had_authority = NeedsAuthority(*cluster);
  return info;
}

// What a backup says of itself, in one file without companions.
Status Seal(const Draft& draft, const BackupInfo& info) {
  Result<SqliteDatabase> database = SqliteDatabase::Open(draft.path(), "");
  if (!database.ok()) return database.status();
  RETURN_IF_ERROR(WriteMeta(&*database, kMetaClusterId, info.cluster_id));
  RETURN_IF_ERROR(WriteMeta(&*database, kMetaRevision, std::to_string(info.revision)));
  RETURN_IF_ERROR(WriteMeta(&*database, kMetaMadeAt, info.made_at));
  const Result<std::string> mode = database->QueryText("PRAGMA journal_mode = DELETE");
  if (!mode.ok()) return mode.status();
  if (*mode != "delete") return UnavailableError("SQLite keeps journal mode " + *mode);
  return OkStatus();
}

// What is no database of ours says so in words of its own: SQLite's name the draft.
Result<BackupInfo> ReadSeal(const Draft& draft) {
  const Status no_backup =
      InvalidError("it is not a file that `reconcile backup` made, or is damaged beyond telling");
  const auto as_no_backup = [&](const Status& status) {
    return status.code() == StatusCode::kUnavailable ? status : no_backup;
  };
  Result<SqliteDatabase> database = SqliteDatabase::Open(draft.path(), "");
  if (!database.ok()) return as_no_backup(database.status());
  const Result<bool> is_new = IsNewDatabase(&*database);
  if (!is_new.ok()) return as_no_backup(is_new.status());
  if (*is_new) return no_backup;
  Result<MetaMap> meta = ReadMeta(&*database);
  if (!meta.ok()) return as_no_backup(meta.status());
  BackupInfo info;
  const auto cluster_id = meta->find(std::string(kMetaClusterId));
  const auto revision = meta->find(std::string(kMetaRevision));
  const auto made_at = meta->find(std::string(kMetaMadeAt));
  if (cluster_id == meta->end() || revision == meta->end() || made_at == meta->end()) {
    return no_backup;
  }
  info.cluster_id = cluster_id->second;
  info.made_at = made_at->second;
  info.revision = std::strtoll(revision->second.c_str(), nullptr, 10);
  info.key_fingerprint = (*meta)[std::string(kMetaKeyFingerprint)];
  return info;
}

Status CopyFile(const std::string& from, const Draft& draft) {
  const UniqueFd source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source.ok()) {
    return errno == ENOENT ? NotFoundError("there is no file " + from) : ErrnoError("open", from);
  }
  const Result<UniqueFd> copy = draft.Make();
  if (!copy.ok()) return copy.status();
  std::array<char, 1 << 16> buffer;
  for (;;) {
    const ssize_t size = ::read(source.get(), buffer.data(), buffer.size());
    if (size == 0) return OkStatus();
    if (size < 0) return ErrnoError("read", from);
    for (ssize_t done = 0; done < size;) {
      const ssize_t written =
          ::write(copy->get(), buffer.data() + done, static_cast<size_t>(size - done));
      if (written < 0) return ErrnoError("write", draft.path());
      done += written;
    }
  }
}

Result<BackupInfo> Draw(const std::string& database_path, const std::string& keys,
                        const Draft& draft) {
  {
    const Result<UniqueFd> made = draft.Make();
    if (!made.ok()) return made.status();
    Result<SqliteDatabase> database = SqliteDatabase::Open(database_path, "");
    if (!database.ok()) return database.status();
    RETURN_IF_ERROR(database->CopyTo(draft.path()));
  }
  const Result<std::unique_ptr<Store>> store = OpenDraft(draft, keys, database_path);
  if (!store.ok()) return store.status();
  return InfoOf(*(*store)->Snapshot());
}

// What the backup holds must be what it says of itself.
Status CheckSaid(const BackupInfo& said, const BackupInfo& holds) {
  if (holds.cluster_id == said.cluster_id && holds.revision == said.revision) return OkStatus();
  return InvalidError("it holds revision " + std::to_string(holds.revision) + " of cluster " +
                      holds.cluster_id + " and says that it is revision " +
                      std::to_string(said.revision) + " of cluster " + said.cluster_id);
}

// A folder for temporary files that only its user can read; gone with what is in it.
class PrivateFolder {
 public:
  ~PrivateFolder() {
    std::error_code error;
    if (!path_.empty()) std::filesystem::remove_all(path_, error);
  }
  Status Make() {
    std::error_code error;
    std::string pattern = std::filesystem::temp_directory_path(error) / "reconcile-XXXXXX";
    if (error || ::mkdtemp(pattern.data()) == nullptr) {
      return ErrnoError("make a temporary folder", pattern);
    }
    path_ = std::move(pattern);
    return OkStatus();
  }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Without a key only Secrets cannot be read.
Status CheckOpensSecrets(SqliteDatabase* database, const PayloadSealer& sealer,
                         const std::string& fingerprint) {
  const Result<int64_t> secrets =
      database->QueryInt("SELECT count(*) FROM objects WHERE kind = 'Secret'");
  if (!secrets.ok()) return secrets.status();
  if (*secrets == 0 || sealer.HasKeyOf(fingerprint)) return OkStatus();
  return InvalidError("it holds " + std::to_string(*secrets) +
                      (*secrets == 1 ? " Secret" : " Secrets") +
                      ", sealed with the key of fingerprint " + fingerprint +
                      (sealer.has_key() ? ", which the keys file does not hold" : "") +
                      ": give the keys file that was saved with it by --keys KEYS");
}

// Of the tables of any version that we know.
Result<LoadedRows> LoadDraft(const Draft& draft, const PayloadSealer& sealer) {
  Result<SqliteDatabase> database = SqliteDatabase::Open(draft.path(), "");
  if (!database.ok()) return database.status();
  Result<MetaMap> meta = ReadMeta(&*database);
  if (!meta.ok()) return meta.status();
  const Result<int64_t> version = SchemaVersionOf(*meta);
  if (!version.ok()) return version.status();
  RETURN_IF_ERROR(CheckSchemaVersion("it", *version));
  RETURN_IF_ERROR(Migrate(&*database, *version));
  RETURN_IF_ERROR(CheckSchema(&*database));
  RETURN_IF_ERROR(CheckOpensSecrets(&*database, sealer, (*meta)[std::string(kMetaKeyFingerprint)]));
  Result<LoadedRows> loaded = LoadAndVerify(&*database, sealer);
  if (loaded.ok() || loaded.status().code() == StatusCode::kUnavailable) return loaded;
  return loaded.status().WithContext("it is damaged");
}

// Agents go on obeying what was; the next controller says that it begins anew, and proves it.
Status EndLineage(Store* store) {
  const auto state = store->Snapshot();
  auto cluster = std::make_shared<Cluster>(*state->Find<Cluster>("", "cluster"));
  cluster->lineage.clear();
  cluster->lineage_proof.clear();
  return store->Commit({{{cluster->key(), cluster}}}, state->revision()).status();
}

}  // namespace

bool NeedsAuthority(const Cluster& cluster) {
  return cluster.lineage.empty() || !cluster.lineage_proof.empty();
}

Status CheckRestorePlace(const std::string& database_path) {
  for (const char* suffix : {"", "-wal"}) {
    if (!Exists(database_path + suffix)) continue;
    return ConflictError("there is a database at " + database_path + suffix +
                         ": move it away first, for example `mkdir " + database_path +
                         ".before` and `mv " + database_path + " " + database_path + "-* " +
                         database_path + ".before/`");
  }
  return OkStatus();
}

Result<BackupInfo> BackUpSqlite(const std::string& database_path, const ReadKeysFunction& read_keys,
                                const std::string& file, WallTime now) {
  if (!Exists(database_path)) return NotFoundError("there is no database at " + database_path);
  if (Exists(file)) return ConflictError(file + " is there already; name another file");
  Result<BackupInfo> info = InternalError("no attempt");
  std::string keys;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Result<std::string> read = read_keys();
    if (!read.ok()) return read.status();
    if (attempt > 0 && *read == keys) break;
    keys = std::move(read).value();
    const Draft draft(file + ".partial");
    info = Draw(database_path, keys, draft);
    if (info.status().code() == StatusCode::kInvalid) continue;
    if (!info.ok()) return info.status();
    info->made_at = FormatRfc3339(now);
    RETURN_IF_ERROR(Seal(draft, *info));
    RETURN_IF_ERROR(draft.KeepAs(file));
    return info;
  }
  return info.status().WithContext("the copy of " + database_path + " is not sound");
}

struct SqliteRestore::Parts {
  Parts(std::unique_ptr<StoreLock> taken, std::string from, std::string to)
      : lock(std::move(taken)),
        file(std::move(from)),
        database_path(std::move(to)),
        draft(database_path + ".restoring") {}
  const std::unique_ptr<StoreLock> lock;
  const std::string file;
  const std::string database_path;
  const Draft draft;
};

SqliteRestore::SqliteRestore(std::unique_ptr<Parts> parts, BackupInfo info)
    : parts_(std::move(parts)), info_(std::move(info)) {}
SqliteRestore::~SqliteRestore() = default;

Result<std::unique_ptr<SqliteRestore>> SqliteRestore::Begin(const std::string& file,
                                                            const std::string& database_path) {
  Result<std::unique_ptr<StoreLock>> lock = StoreLock::Take(database_path);
  if (!lock.ok()) return lock.status();
  RETURN_IF_ERROR(CheckRestorePlace(database_path));
  auto parts = std::make_unique<Parts>(std::move(lock).value(), file, database_path);
  RETURN_IF_ERROR(CopyFile(file, parts->draft));
  Result<BackupInfo> said = ReadSeal(parts->draft);
  if (!said.ok()) return said.status().WithContext(file + " cannot be restored");
  return std::unique_ptr<SqliteRestore>(
      new SqliteRestore(std::move(parts), std::move(said).value()));
}

Status SqliteRestore::Verify(const std::string& keys) {
  const std::string cannot = parts_->file + " cannot be restored";
  {
    Result<std::unique_ptr<Store>> store = OpenDraft(parts_->draft, keys, "the backup");
    if (!store.ok()) return store.status().WithContext(cannot);
    const Result<BackupInfo> info = InfoOf(*(*store)->Snapshot());
    if (!info.ok()) return info.status().WithContext(cannot);
    if (const Status said = CheckSaid(info_, *info); !said.ok()) return said.WithContext(cannot);
    info_.objects = info->objects;
    info_.had_authority = info->had_authority;
    RETURN_IF_ERROR(EndLineage(store->get()));
  }
  Result<SqliteDatabase> database = SqliteDatabase::Open(parts_->draft.path(), "");
  if (!database.ok()) return database.status();
  return database->QueryText("PRAGMA journal_mode = DELETE").status();
}

Status SqliteRestore::PutInPlace() { return parts_->draft.KeepAs(parts_->database_path); }

Result<BackupContents> ReadBackup(const std::string& file, const std::string& keys) {
  const Result<PayloadSealer> sealer =
      keys.empty() ? Result<PayloadSealer>(PayloadSealer()) : PayloadSealer::Make(keys);
  if (!sealer.ok()) return sealer.status();
  PrivateFolder folder;
  RETURN_IF_ERROR(folder.Make());
  const Draft draft(folder.File("backup.db"));
  RETURN_IF_ERROR(CopyFile(file, draft));
  const auto read = [&]() -> Result<BackupContents> {
    const Result<BackupInfo> said = ReadSeal(draft);
    if (!said.ok()) return said.status();
    const Result<LoadedRows> loaded = LoadDraft(draft, *sealer);
    if (!loaded.ok()) return loaded.status();
    Result<BackupInfo> info = InfoOf(*loaded->state);
    if (!info.ok()) return info.status();
    RETURN_IF_ERROR(CheckSaid(*said, *info));
    info->made_at = said->made_at;
    info->key_fingerprint = said->key_fingerprint;
    return BackupContents{std::move(info).value(), loaded->state};
  };
  Result<BackupContents> contents = read();
  if (contents.ok()) return contents;
  std::string why = contents.status().message();
  if (const size_t at = why.find(draft.path()); at != std::string::npos) {
    why.replace(at, draft.path().size(), "the backup");
  }
  return Status(contents.status().code(), file + ": " + why);
}

Result<StoreIdentity> ReadStoreIdentity(const std::string& database_path) {
  const Status wrong = InvalidError(database_path + " cannot be read as a database of reconcile");
  Result<SqliteDatabase> database = SqliteDatabase::Open(database_path, "");
  if (!database.ok()) return wrong;
  const Result<bool> is_new = IsNewDatabase(&*database);
  if (!is_new.ok()) return wrong;
  StoreIdentity identity;
  if (*is_new) return identity;
  Result<MetaMap> meta = ReadMeta(&*database);
  if (!meta.ok()) return wrong;
  identity.key_fingerprint = (*meta)[std::string(kMetaKeyFingerprint)];
  const Result<std::string> cluster = database->QueryText(
      "SELECT ifnull(max(json_extract(payload, '$.spec.clusterId')), '') FROM objects WHERE kind = "
      "'Cluster'");
  if (!cluster.ok()) return wrong;
  identity.cluster_id = *cluster;
  return identity;
}

}  // namespace reconcile
