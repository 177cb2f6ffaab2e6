#include "store/sqlite_store.h"

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/planted_bug.h"
#include "store/prepared_commit.h"
#include "store/secret_key.h"
#include "store/sqlite_load.h"
#include "store/sqlite_payload.h"
#include "store/sqlite_reseal.h"
#include "store/sqlite_schema.h"
#include "store/store_lock.h"
#include "store/watch_list.h"

namespace reconcile {
namespace {

// A log this many times longer than checkpoint_pages is emptied by force: some reader stands in it.
constexpr int kForcedCheckpointFactor = 16;

class SqliteStore final : public Store {
 public:
  SqliteStore(SqliteStoreOptions options, std::unique_ptr<StoreLock> lock, PayloadSealer sealer,
              SqliteDatabase database, RowWriter rows, LoadedRows loaded)
      : options_(std::move(options)),
        lock_(std::move(lock)),
        sealer_(std::move(sealer)),
        database_(std::move(database)),
        rows_(std::move(rows)),
        head_(loaded.head),
        snapshot_(std::move(loaded.state)),
        forced_checkpoint_pages_(ForcedCheckpointPages()) {}

  std::shared_ptr<const ClusterState> Snapshot() const override { return snapshot_; }
  Result<Revision> Commit(const Transaction& transaction, Revision expected) override;
  Result<std::vector<Change>> ChangesSince(Revision revision) const override;
  WatchId Watch(WatchFunction on_changes) override { return watches_.Add(std::move(on_changes)); }
  void Unwatch(WatchId watch) override { watches_.Remove(watch); }
  Status Compact(Revision revision) override;
  Result<int64_t> RotateSecretKey() override;
  // Seals with the newest key what another sealed, and forgets the others.
  Result<int64_t> EndRotation();

 private:
  int ForcedCheckpointPages() const { return options_.checkpoint_pages * kForcedCheckpointFactor; }
  // Runs `write` on a copy of the head row in one transaction, and adopts the copy when it is
  // durable. On any failure nothing of it stays.
  template <typename Function>
  Status InTransaction(Function write);
  Status CheckHead();
  Status WriteOne(const PreparedWrite& write, size_t position, HeadRow* head);
  Status ForgetBeyondLimit(HeadRow* head);
  Status ForgetUpTo(Revision revision, HeadRow* head);
  void KeepLogShort();

  SqliteStoreOptions options_;
  const std::unique_ptr<StoreLock> lock_;  // let go of last
  PayloadSealer sealer_;
  SqliteDatabase database_;
  mutable RowWriter rows_;
  HeadRow head_;
  std::shared_ptr<const ClusterState> snapshot_;
  WatchList watches_;
  int forced_checkpoint_pages_;
  bool checkpoint_failing_ = false;
};

template <typename Function>
Status SqliteStore::InTransaction(Function write) {
  HeadRow head = head_;
  const auto run = [&]() -> Status {
    RETURN_IF_ERROR(database_.Execute("BEGIN IMMEDIATE"));
    RETURN_IF_ERROR(CheckHead());
    RETURN_IF_ERROR(write(&head));
    RETURN_IF_ERROR(rows_.WriteHead(head));
    return database_.Execute("COMMIT");
  };
  const Status status = run();
  if (!status.ok()) {
    database_.Rollback();
    return status.WithContext("nothing was written");
  }
  head_ = head;
  return OkStatus();
}

// Everything is derived from what this process believes to be in the file. A failed commit that
// left something behind, or a person with an editor, is found here, before more is built on it.
Status SqliteStore::CheckHead() {
  const Result<HeadRow> head = rows_.ReadHead();
  if (!head.ok()) return head.status();
  if (*head == head_) return OkStatus();
  return UnavailableError(options_.path + " is at revision " + std::to_string(head->revision) +
                          " where this process left it at " + std::to_string(head_.revision) +
                          ": start the controller again");
}

Status SqliteStore::WriteOne(const PreparedWrite& write, size_t position, HeadRow* head) {
  const Change& change = write.change;
  ChangeRow log;
  log.id = FirstChangeId(change.revision) + static_cast<int64_t>(position);
  log.revision = change.revision;
  log.kind = ToString(change.key.kind);
  log.namespace_name = change.key.namespace_name;
  log.name = change.key.name;
  if (change.before != nullptr) {
    Result<ObjectRow> old = rows_.FindObject(change.key);
    if (!old.ok()) return old.status();
    head->objects.Remove(old->checksum);
    log.before_revision = old->revision;
    log.before = std::move(old->payload);
  }
  log.checksum = ChecksumOf(log);
  head->changes.Add(log.checksum);
  RETURN_IF_ERROR(rows_.AddChange(log));
  if (change.after == nullptr) return rows_.DeleteObject(change.key);
  Result<std::string> payload = PayloadFor(sealer_, change.key, change.revision, write.json);
  if (!payload.ok()) return payload.status();
  ObjectRow row{log.kind,        log.namespace_name,         log.name,
                change.revision, std::move(payload).value(), 0};
  row.checksum = ChecksumOf(row);
  head->objects.Add(row.checksum);
  return rows_.PutObject(row);
}

Status SqliteStore::ForgetUpTo(Revision revision, HeadRow* head) {
  RETURN_IF_ERROR(rows_.ForgetChanges(revision, &head->changes));
  head->compacted = revision;
  return OkStatus();
}

Status SqliteStore::ForgetBeyondLimit(HeadRow* head) {
  const int64_t excess = head->changes.count() - options_.max_changes_kept;
  if (excess <= 0) return OkStatus();
  const Result<Revision> newest_to_go = rows_.RevisionOfChange(excess - 1);
  if (!newest_to_go.ok()) return newest_to_go.status();
  return ForgetUpTo(*newest_to_go, head);
}

Result<Revision> SqliteStore::Commit(const Transaction& transaction, Revision expected) {
  CHECK(!watches_.notifying());
  if (transaction.empty()) return expected;
  Result<PreparedCommit> commit = PrepareCommit(snapshot_, transaction, expected);
  if (!commit.ok()) return commit.status();
  if (commit->writes.empty()) return expected;
  const auto began = std::chrono::steady_clock::now();
  const Status written = InTransaction([&](HeadRow* head) -> Status {
    head->revision = commit->next->revision();
    for (size_t i = 0; i < commit->writes.size(); ++i) {
      RETURN_IF_ERROR(WriteOne(commit->writes[i], i, head));
    }
    return ForgetBeyondLimit(head);
  });
  if (options_.on_commit) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    options_.on_commit(took.count(), written);
  }
  if (!written.ok()) return written;
  snapshot_ = commit->next;
  KeepLogShort();
  watches_.Notify(commit->Changes());
  return snapshot_->revision();
}

Result<std::vector<Change>> SqliteStore::ChangesSince(Revision revision) const {
  RETURN_IF_ERROR(CheckStillKept(revision, head_.compacted, head_.revision));
  const Result<std::vector<ChangeRow>> rows = rows_.ChangesAfter(revision);
  if (!rows.ok()) return rows.status();
  std::vector<Change> changes(rows->size());
  // From the newest back: what an object became is what the next change of it found.
  std::map<ObjectKey, ObjectPtr> later;
  for (size_t i = 0; i < rows->size(); ++i) {
    const ChangeRow& row = (*rows)[i];
    const Result<ObjectKey> key = KeyFrom(row.kind, row.namespace_name, row.name);
    if (!key.ok()) return key.status();
    Change& change = changes[rows->size() - 1 - i];
    change.revision = row.revision;
    change.key = *key;
    const auto known = later.find(*key);
    change.after = known != later.end() ? known->second : snapshot_->Find(*key);
    if (row.before.has_value()) {
      Result<ObjectPtr> before = ObjectFrom(sealer_, *key, row.before_revision, *row.before);
      if (!before.ok()) return before.status().WithContext("change log: " + ToString(*key));
      change.before = std::move(before).value();
    }
    later[*key] = change.before;
  }
  return changes;
}

Status SqliteStore::Compact(Revision revision) {
  if (revision > head_.revision) {
    return InvalidError("cannot compact up to revision " + std::to_string(revision) +
                        ": the store is at " + std::to_string(head_.revision));
  }
  if (revision <= head_.compacted) return OkStatus();
  RETURN_IF_ERROR(InTransaction([&](HeadRow* head) { return ForgetUpTo(revision, head); }));
  KeepLogShort();
  return OkStatus();
}

// The file has both keys before the first row has the new one, and the old one until no row has it:
// broken off anywhere, what is in the file opens all that is in the database.
Result<int64_t> SqliteStore::RotateSecretKey() {
  CHECK(!watches_.notifying());
  if (options_.secret_key_file.empty()) return Store::RotateSecretKey();
  if (sealer_.key_count() == 1) {
    Result<std::string> keys = MakeSecretKey();
    if (!keys.ok()) return keys.status();
    keys->append(options_.secret_key);
    RETURN_IF_ERROR(SaveKeys(options_.secret_key_file, *keys));
    Result<PayloadSealer> sealer = PayloadSealer::Make(*keys);
    if (!sealer.ok()) return sealer.status();
    options_.secret_key = std::move(keys).value();
    sealer_ = std::move(sealer).value();
  }
  return EndRotation();
}

Result<int64_t> SqliteStore::EndRotation() {
  if (sealer_.key_count() <= 1) return 0;
  ResealPlace place;
  while (!place.done) {
    ResealPlace next = place;
    const Status sealed = InTransaction([&](HeadRow* head) -> Status {
      RETURN_IF_ERROR(ResealBatch(&database_, sealer_, head, &next));
      if (!next.done) return OkStatus();
      return WriteMeta(&database_, kMetaKeyFingerprint, sealer_.fingerprint());
    });
    if (!sealed.ok()) return sealed;
    place = next;
    KeepLogShort();
  }
  const std::string newest = options_.secret_key.substr(0, kSecretKeyBytes);
  if (!options_.secret_key_file.empty()) {
    RETURN_IF_ERROR(SaveKeys(options_.secret_key_file, newest));
  }
  options_.secret_key = newest;
  Result<PayloadSealer> sealer = PayloadSealer::Make(newest);
  if (!sealer.ok()) return sealer.status();
  sealer_ = std::move(sealer).value();
  LogInfo("the key for secrets was changed", {{"rows", std::to_string(place.resealed)}});
  return place.resealed;
}

// What is in the log is durable already: a failure here loses nothing and is tried again by the
// next commit. Force waits for readers, so it is tried again only when the log has doubled.
void SqliteStore::KeepLogShort() {
  const int pages = database_.wal_pages();
  if (pages < options_.checkpoint_pages) return;
  const bool force = pages >= forced_checkpoint_pages_;
  const Status status = database_.Checkpoint(force);
  if (force) forced_checkpoint_pages_ = status.ok() ? ForcedCheckpointPages() : 2 * pages;
  if (!status.ok() && !checkpoint_failing_) {
    LogWarning("the store's write-ahead log could not be copied into the database; it grows",
               {{"pages", std::to_string(pages)}, {"reason", status.message()}});
  }
  checkpoint_failing_ = !status.ok();
}

// What remains when the database cannot be used.
std::string HowToBeginAgain(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash);
  return "Otherwise begin again from Git and from what the hosts run, whose containers stay (for "
         "that, " +
         folder + "/ca must be there): `mv " + path + " " + path + ".damaged`, `rm -f " + path +
         "-wal " + path + "-shm`, and start again";
}

// Turns whatever opening found wrong with the file into one sentence on what to do.
Status AsDamage(const SqliteStoreOptions& options, const Status& status) {
  if (status.ok() || status.code() == StatusCode::kUnavailable) return status;
  const std::string& path = options.path;
  if (!options.copy_of.empty()) {
    std::string why = status.message();
    if (const size_t at = why.find(path); at != std::string::npos) {
      why.replace(at, path.size(), options.copy_of);
    }
    return InvalidError(options.copy_of + " is damaged: " + why);
  }
  return InvalidError(path + " is damaged: " + status.message() +
                      ". Containers go on running; nothing was changed. If there is a backup, move "
                      "the database away and `reconcile restore FILE`. " +
                      HowToBeginAgain(path));
}

Result<SqliteDatabase> Connect(const SqliteStoreOptions& options) {
  Result<SqliteDatabase> database = SqliteDatabase::Open(options.path, options.vfs);
  if (!database.ok()) return database.status();
  if (database->read_only()) return UnavailableError(options.path + " cannot be written");
  RETURN_IF_ERROR(
      database->Execute("PRAGMA synchronous = FULL;"
                        "PRAGMA journal_size_limit = 67108864;"
                        "PRAGMA cell_size_check = ON;"
                        "PRAGMA secure_delete = ON;"
                        "PRAGMA mmap_size = 0;"
                        "PRAGMA temp_store = MEMORY;"
                        "PRAGMA trusted_schema = OFF"));
  if (PlantedBug("weak-durability")) {
    RETURN_IF_ERROR(database->Execute("PRAGMA synchronous = OFF"));
  }
  return database;
}

Status TurnLogOn(SqliteDatabase* database) {
  const Result<std::string> mode = database->QueryText("PRAGMA journal_mode = WAL");
  if (!mode.ok()) return mode.status();
  if (*mode != "wal") return UnavailableError("SQLite keeps journal mode " + *mode + ", not WAL");
  return OkStatus();
}

std::string FingerprintIn(const MetaMap& meta) {
  const auto found = meta.find(std::string(kMetaKeyFingerprint));
  return found == meta.end() ? "" : found->second;
}

// A database made without a key holds no Secret, so it takes the first key it is given.
Status CheckKey(const SqliteStoreOptions& options, const PayloadSealer& sealer, const MetaMap& meta,
                SqliteDatabase* database) {
  const std::string known = FingerprintIn(meta);
  if (known.empty() ? !sealer.has_key() : sealer.HasKeyOf(known)) return OkStatus();
  if (known.empty()) return WriteMeta(database, kMetaKeyFingerprint, sealer.fingerprint());
  const std::string& path = options.copy_of.empty() ? options.path : options.copy_of;
  const std::string what = path + " was sealed with another key (fingerprint " + known +
                           ", given " + (sealer.has_key() ? sealer.fingerprint() : "none") + ")";
  if (!options.copy_of.empty()) return InvalidError(what);
  return InvalidError(what + ": put the key file back. " + HowToBeginAgain(path));
}

// The words for a key that is not there while the database needs it.
Status KeyIsMissing(const SqliteStoreOptions& options, const std::string& fingerprint) {
  return InvalidError(options.secret_key_file + " is missing: it holds the key (fingerprint " +
                      fingerprint + ") that seals the Secrets in " + options.path +
                      ", and no other key opens them. None was made; containers go on running. Put "
                      "it back, or take it from a keys file of `reconcile backup`: `reconcile "
                      "restore --keys KEYS`. " +
                      HowToBeginAgain(options.path));
}

// Reads the keys from their file. One is made only where no key has sealed anything yet: what an
// older one sealed would be lost behind it.
Status TakeKeys(SqliteDatabase* database, SqliteStoreOptions* options) {
  if (options->secret_key_file.empty()) return OkStatus();
  Result<std::string> keys = LoadKeys(options->secret_key_file);
  if (keys.status().code() == StatusCode::kNotFound) {
    const Result<bool> is_new = IsNewDatabase(database);
    if (!is_new.ok()) return AsDamage(*options, is_new.status());
    if (!*is_new) {
      const Result<MetaMap> meta = ReadMeta(database);
      if (!meta.ok()) return AsDamage(*options, meta.status());
      const std::string fingerprint = FingerprintIn(*meta);
      if (!fingerprint.empty()) return KeyIsMissing(*options, fingerprint);
    }
    keys = LoadOrCreateKeys(options->secret_key_file);
  }
  if (!keys.ok()) return keys.status();
  options->secret_key = std::move(keys).value();
  return OkStatus();
}

// Reads the tables of any version that we know, and leaves the current one.
Status BringUpToDate(const SqliteStoreOptions& options, const PayloadSealer& sealer,
                     SqliteDatabase* database) {
  const Result<bool> is_new = IsNewDatabase(database);
  if (!is_new.ok()) return AsDamage(options, is_new.status());
  RETURN_IF_ERROR(AsDamage(options, TurnLogOn(database)));
  if (database->read_only()) return AsDamage(options, InvalidError("its header forbids writing"));
  if (*is_new) RETURN_IF_ERROR(CreateSchema(database, sealer.fingerprint()));
  const Result<MetaMap> meta = ReadMeta(database);
  if (!meta.ok()) return AsDamage(options, meta.status());
  const Result<int64_t> version = SchemaVersionOf(*meta);
  if (!version.ok()) return AsDamage(options, version.status());
  RETURN_IF_ERROR(
      CheckSchemaVersion(options.copy_of.empty() ? options.path : options.copy_of, *version));
  RETURN_IF_ERROR(AsDamage(options, Migrate(database, *version)));
  RETURN_IF_ERROR(AsDamage(options, CheckSchema(database)));
  return CheckKey(options, sealer, *meta, database);
}

// A killed process may have left commits in the log that are not on the disk yet. What is read from
// them goes out to agents, so it must not be lost after: copy the log into the database, or, where
// a reader forbids that, commit once, which syncs the log.
Status MakeDurable(SqliteDatabase* database, RowWriter* rows, const HeadRow& head) {
  const Status emptied = database->Checkpoint(/*truncate=*/true);
  if (emptied.ok()) return OkStatus();
  const auto rewrite = [&]() -> Status {
    RETURN_IF_ERROR(database->Execute("BEGIN IMMEDIATE"));
    RETURN_IF_ERROR(rows->WriteHead(head));
    return database->Execute("COMMIT");
  };
  const Status status = rewrite();
  if (!status.ok()) database->Rollback();
  return status;
}

Status CheckOptions(const SqliteStoreOptions& options) {
  if (options.max_changes_kept < 0 || options.checkpoint_pages < 1) {
    return InvalidError("max_changes_kept must be 0 or more, checkpoint_pages 1 or more");
  }
  return OkStatus();
}

}  // namespace

Result<std::unique_ptr<Store>> OpenSqliteStore(const SqliteStoreOptions& given) {
  SqliteStoreOptions options = given;
  RETURN_IF_ERROR(CheckOptions(options));
  std::unique_ptr<StoreLock> lock;
  if (options.lock_file) {
    Result<std::unique_ptr<StoreLock>> taken = StoreLock::Take(options.path);
    if (!taken.ok()) return taken.status();
    lock = std::move(taken).value();
    RETURN_IF_ERROR(EnsurePrivateFile(options.path));
  }
  Result<SqliteDatabase> database = Connect(options);
  if (!database.ok()) return AsDamage(options, database.status());
  // Under the lock: another process could be changing the keys.
  RETURN_IF_ERROR(TakeKeys(&*database, &options));
  PayloadSealer sealer;
  if (!options.secret_key.empty()) {
    Result<PayloadSealer> made = PayloadSealer::Make(options.secret_key);
    if (!made.ok()) return made.status();
    sealer = std::move(made).value();
  }
  RETURN_IF_ERROR(BringUpToDate(options, sealer, &*database));
  Result<LoadedRows> loaded = LoadAndVerify(&*database, sealer);
  if (!loaded.ok()) return AsDamage(options, loaded.status());
  Result<RowWriter> rows = RowWriter::Make(&*database);
  if (!rows.ok()) return AsDamage(options, rows.status());
  RETURN_IF_ERROR(MakeDurable(&*database, &*rows, loaded->head));
  auto store = std::make_unique<SqliteStore>(options, std::move(lock), std::move(sealer),
                                             std::move(database).value(), std::move(rows).value(),
                                             std::move(loaded).value());
  const Result<int64_t> rotated = store->EndRotation();
  if (!rotated.ok()) return rotated.status().WithContext("cannot end the key's rotation");
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace reconcile
