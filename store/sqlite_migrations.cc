#include <array>

#include "store/row_checksum.h"
#include "store/sqlite_rows.h"
#include "store/sqlite_schema.h"

namespace reconcile {
namespace {

// Takes the tables from version `from` to the next. Runs inside a transaction.
struct Migration {
  int64_t from;
  Status (*run)(SqliteDatabase*);
};

// Version 1 kept no change log: its head row had revision, object_count and object_digest alone.
Status AddChangeLog(SqliteDatabase* database) {
  HeadRow head;
  {
    Result<SqliteStatement> old = database->Prepare(
        "SELECT revision, object_count, object_digest, checksum FROM head WHERE id = 1");
    if (!old.ok()) return old.status();
    const Result<bool> row = old->Step();
    if (!row.ok()) return row.status();
    if (!*row) return InvalidError("the head row is missing");
    head.revision = old->Int(0);
    head.compacted = head.revision;
    head.objects = TableDigest(old->Int(1), old->Int(2));
    const int64_t checksum = RowChecksum("head")
                                 .Add(head.revision)
                                 .Add(head.objects.count())
                                 .Add(head.objects.sum())
                                 .Finish();
    if (checksum != old->Int(3)) return InvalidError("the head row is damaged");
  }
  RETURN_IF_ERROR(database->Execute("DROP TABLE head"));
  RETURN_IF_ERROR(
      database->Execute("CREATE TABLE head (\n"
                        "  id INTEGER PRIMARY KEY CHECK (id = 1),\n"
                        "  revision INTEGER NOT NULL,\n"
                        "  compacted INTEGER NOT NULL,\n"
                        "  object_count INTEGER NOT NULL,\n"
                        "  object_digest INTEGER NOT NULL,\n"
                        "  change_count INTEGER NOT NULL,\n"
                        "  change_digest INTEGER NOT NULL,\n"
                        "  checksum INTEGER NOT NULL\n"
                        ") STRICT"));
  RETURN_IF_ERROR(
      database->Execute("CREATE TABLE changes (\n"
                        "  id INTEGER PRIMARY KEY,\n"
                        "  revision INTEGER NOT NULL,\n"
                        "  kind TEXT NOT NULL,\n"
                        "  namespace TEXT NOT NULL,\n"
                        "  name TEXT NOT NULL,\n"
                        "  before_revision INTEGER NOT NULL,\n"
                        "  before TEXT,\n"
                        "  checksum INTEGER NOT NULL\n"
                        ") STRICT"));
  Result<RowWriter> rows = RowWriter::Make(database);
  if (!rows.ok()) return rows.status();
  return rows->WriteHead(head);
}

constexpr std::array kMigrations = {Migration{1, &AddChangeLog}};
static_assert(kMigrations.back().from + 1 == kSchemaVersion);

Status RunOne(SqliteDatabase* database, const Migration& migration) {
  RETURN_IF_ERROR(database->Execute("BEGIN IMMEDIATE"));
  RETURN_IF_ERROR(migration.run(database));
  RETURN_IF_ERROR(WriteMeta(database, kMetaSchemaVersion, std::to_string(migration.from + 1)));
  return database->Execute("COMMIT");
}

}  // namespace

Status Migrate(SqliteDatabase* database, int64_t version) {
  for (const Migration& migration : kMigrations) {
    if (migration.from < version) continue;
    const Status status = RunOne(database, migration);
    if (!status.ok()) {
      database->Rollback();
      return status.WithContext("migration from schema version " + std::to_string(migration.from));
    }
  }
  return OkStatus();
}

}  // namespace reconcile
