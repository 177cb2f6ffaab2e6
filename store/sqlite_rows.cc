#include "store/sqlite_rows.h"

#include <array>
#include <utility>

namespace reconcile {
namespace {

// In the order of RowWriter::Use.
constexpr std::array<std::string_view, 9> kStatements = {
    kSelectHead,
    "INSERT OR REPLACE INTO head (id, revision, compacted, object_count, object_digest, "
    "change_count, change_digest, checksum) VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
    "SELECT kind, namespace, name, revision, payload, checksum FROM objects "
    "WHERE kind = ? AND namespace = ? AND name = ?",
    "INSERT INTO objects (kind, namespace, name, revision, payload, checksum) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (kind, namespace, name) "
    "DO UPDATE SET revision = ?4, payload = ?5, checksum = ?6",
    "DELETE FROM objects WHERE kind = ? AND namespace = ? AND name = ?",
    "INSERT INTO changes (id, revision, kind, namespace, name, before_revision, before, checksum) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    "SELECT revision FROM changes ORDER BY id LIMIT 1 OFFSET ?",
    "DELETE FROM changes WHERE id < ? RETURNING checksum",
    "SELECT id, revision, kind, namespace, name, before_revision, before, checksum FROM changes "
    "WHERE id >= ? ORDER BY id DESC",
};

void BindKey(SqliteStatement* statement, const ObjectKey& key) {
  statement->Bind(1, ToString(key.kind));
  statement->Bind(2, key.namespace_name);
  statement->Bind(3, key.name);
}

}  // namespace

int64_t ChecksumOf(const HeadRow& row) {
  return RowChecksum("head")
      .Add(row.revision)
      .Add(row.compacted)
      .Add(row.objects.count())
      .Add(row.objects.sum())
      .Add(row.changes.count())
      .Add(row.changes.sum())
      .Finish();
}

int64_t ChecksumOf(const ObjectRow& row) {
  return RowChecksum("objects")
      .Add(row.kind)
      .Add(row.namespace_name)
      .Add(row.name)
      .Add(row.revision)
      .Add(row.payload)
      .Finish();
}

int64_t ChecksumOf(const ChangeRow& row) {
  RowChecksum checksum("changes");
  checksum.Add(row.id)
      .Add(row.revision)
      .Add(row.kind)
      .Add(row.namespace_name)
      .Add(row.name)
      .Add(row.before_revision);
  if (row.before.has_value()) {
    checksum.Add(*row.before);
  } else {
    checksum.AddNull();
  }
  return checksum.Finish();
}

int64_t MetaChecksum(std::string_view name, std::string_view value) {
  return RowChecksum("meta").Add(name).Add(value).Finish();
}

std::optional<HeadRow> ReadHeadRow(const SqliteStatement& statement) {
  for (int column = 0; column < 7; ++column) {
    if (!statement.IsInt(column)) return std::nullopt;
  }
  HeadRow row;
  row.revision = statement.Int(0);
  row.compacted = statement.Int(1);
  row.objects = TableDigest(statement.Int(2), statement.Int(3));
  row.changes = TableDigest(statement.Int(4), statement.Int(5));
  if (ChecksumOf(row) != statement.Int(6)) return std::nullopt;
  return row;
}

std::optional<ObjectRow> ReadObjectRow(const SqliteStatement& statement) {
  const bool typed = statement.IsText(0) && statement.IsText(1) && statement.IsText(2) &&
                     statement.IsInt(3) && statement.IsText(4) && statement.IsInt(5);
  if (!typed) return std::nullopt;
  ObjectRow row{statement.Text(0), statement.Text(1), statement.Text(2),
                statement.Int(3),  statement.Text(4), statement.Int(5)};
  if (ChecksumOf(row) != row.checksum) return std::nullopt;
  return row;
}

std::optional<ChangeRow> ReadChangeRow(const SqliteStatement& statement) {
  const bool typed = statement.IsInt(0) && statement.IsInt(1) && statement.IsText(2) &&
                     statement.IsText(3) && statement.IsText(4) && statement.IsInt(5) &&
                     (statement.IsText(6) || statement.IsNull(6)) && statement.IsInt(7);
  if (!typed) return std::nullopt;
  ChangeRow row;
  row.id = statement.Int(0);
  row.revision = statement.Int(1);
  row.kind = statement.Text(2);
  row.namespace_name = statement.Text(3);
  row.name = statement.Text(4);
  row.before_revision = statement.Int(5);
  if (!statement.IsNull(6)) row.before = statement.Text(6);
  row.checksum = statement.Int(7);
  if (ChecksumOf(row) != row.checksum) return std::nullopt;
  return row;
}

Result<std::map<std::string, std::string>> ReadMeta(SqliteDatabase* database) {
  Result<SqliteStatement> statement = database->Prepare("SELECT name, value, checksum FROM meta");
  if (!statement.ok()) return statement.status();
  std::map<std::string, std::string> meta;
  for (;;) {
    const Result<bool> row = statement->Step();
    if (!row.ok()) return row.status();
    if (!*row) return meta;
    const bool typed = statement->IsText(0) && statement->IsText(1) && statement->IsInt(2);
    const std::string name = statement->Text(0);
    const std::string value = statement->Text(1);
    if (!typed || MetaChecksum(name, value) != statement->Int(2)) {
      return InvalidError("damaged row in meta");
    }
    meta[name] = value;
  }
}

Status WriteMeta(SqliteDatabase* database, std::string_view name, std::string_view value) {
  Result<SqliteStatement> statement = database->Prepare(
      "INSERT INTO meta (name, value, checksum) VALUES (?1, ?2, ?3) "
      "ON CONFLICT (name) DO UPDATE SET value = ?2, checksum = ?3");
  if (!statement.ok()) return statement.status();
  statement->Bind(1, name);
  statement->Bind(2, value);
  statement->Bind(3, MetaChecksum(name, value));
  return statement->Run();
}

Result<RowWriter> RowWriter::Make(SqliteDatabase* database) {
  std::vector<SqliteStatement> made;
  for (const std::string_view sql : kStatements) {
    Result<SqliteStatement> statement = database->Prepare(sql);
    if (!statement.ok()) return statement.status();
    made.push_back(std::move(statement).value());
  }
  return RowWriter(std::move(made));
}

Result<HeadRow> RowWriter::ReadHead() {
  SqliteStatement& statement = For(kReadHead);
  const Result<bool> found = statement.Step();
  const std::optional<HeadRow> row =
      found.ok() && *found ? ReadHeadRow(statement) : std::optional<HeadRow>();
  statement.Reset();
  if (!found.ok()) return found.status();
  if (!row.has_value()) return InvalidError("the head row is missing or damaged");
  return *row;
}

Status RowWriter::WriteHead(const HeadRow& row) {
  SqliteStatement& statement = For(kWriteHead);
  statement.Bind(1, row.revision);
  statement.Bind(2, row.compacted);
  statement.Bind(3, row.objects.count());
  statement.Bind(4, row.objects.sum());
  statement.Bind(5, row.changes.count());
  statement.Bind(6, row.changes.sum());
  statement.Bind(7, ChecksumOf(row));
  return statement.Run();
}

Result<ObjectRow> RowWriter::FindObject(const ObjectKey& key) {
  SqliteStatement& statement = For(kFindObject);
  BindKey(&statement, key);
  const Result<bool> found = statement.Step();
  const std::optional<ObjectRow> row =
      found.ok() && *found ? ReadObjectRow(statement) : std::optional<ObjectRow>();
  statement.Reset();
  if (!found.ok()) return found.status();
  if (!*found) return NotFoundError("no row for " + ToString(key));
  if (!row.has_value()) return InvalidError("damaged row: " + ToString(key));
  return *row;
}

Status RowWriter::PutObject(const ObjectRow& row) {
  SqliteStatement& statement = For(kPutObject);
  statement.Bind(1, row.kind);
  statement.Bind(2, row.namespace_name);
  statement.Bind(3, row.name);
  statement.Bind(4, row.revision);
  statement.Bind(5, row.payload);
  statement.Bind(6, row.checksum);
  return statement.Run();
}

Status RowWriter::DeleteObject(const ObjectKey& key) {
  SqliteStatement& statement = For(kDeleteObject);
  BindKey(&statement, key);
  return statement.Run();
}

Status RowWriter::AddChange(const ChangeRow& row) {
  SqliteStatement& statement = For(kAddChange);
  statement.Bind(1, row.id);
  statement.Bind(2, row.revision);
  statement.Bind(3, row.kind);
  statement.Bind(4, row.namespace_name);
  statement.Bind(5, row.name);
  statement.Bind(6, row.before_revision);
  if (row.before.has_value()) {
    statement.Bind(7, *row.before);
  } else {
    statement.BindNull(7);
  }
  statement.Bind(8, row.checksum);
  return statement.Run();
}

Result<Revision> RowWriter::RevisionOfChange(int64_t position) {
  SqliteStatement& statement = For(kNthChange);
  statement.Bind(1, position);
  const Result<bool> found = statement.Step();
  const Revision revision = found.ok() && *found ? statement.Int(0) : 0;
  statement.Reset();
  if (!found.ok()) return found.status();
  if (!*found) return InvalidError("fewer changes are kept than the head row says");
  return revision;
}

Status RowWriter::ForgetChanges(Revision revision, TableDigest* digest) {
  SqliteStatement& statement = For(kForgetChanges);
  statement.Bind(1, FirstChangeId(revision + 1));
  Result<bool> row = statement.Step();
  while (row.ok() && *row) {
    digest->Remove(statement.Int(0));
    row = statement.Step();
  }
  statement.Reset();
  return row.status();
}

Result<std::vector<ChangeRow>> RowWriter::ChangesAfter(Revision revision) {
  SqliteStatement& statement = For(kChangesAfter);
  statement.Bind(1, FirstChangeId(revision + 1));
  std::vector<ChangeRow> rows;
  Result<bool> found = statement.Step();
  bool damaged = false;
  while (found.ok() && *found && !damaged) {
    std::optional<ChangeRow> row = ReadChangeRow(statement);
    damaged = !row.has_value();
    if (row.has_value()) rows.push_back(std::move(row).value());
    found = statement.Step();
  }
  statement.Reset();
  if (!found.ok()) return found.status();
  if (damaged) return InvalidError("a row of the change log is damaged");
  return rows;
}

}  // namespace reconcile
