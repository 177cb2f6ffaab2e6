#include "store/sqlite_schema.h"

#include <charconv>
#include <utility>

#include "store/sqlite_rows.h"

namespace reconcile {
namespace {

// What a connection holds: ("table" or "view" or "index", name) -> the text that made it.
using Definitions = std::map<std::pair<std::string, std::string>, std::string>;

Result<Definitions> ReadDefinitions(SqliteDatabase* database) {
  Result<SqliteStatement> statement =
      database->Prepare("SELECT type, name, coalesce(sql, '') FROM sqlite_schema");
  if (!statement.ok()) return statement.status();
  Definitions definitions;
  for (;;) {
    const Result<bool> row = statement->Step();
    if (!row.ok()) return row.status();
    if (!*row) return definitions;
    definitions[{statement->Text(0), statement->Text(1)}] = statement->Text(2);
  }
}

// What schema.sql makes, as SQLite writes it down.
Result<Definitions> MakeWantedDefinitions() {
  Result<SqliteDatabase> scratch = SqliteDatabase::Open(":memory:", "");
  if (!scratch.ok()) return scratch.status();
  RETURN_IF_ERROR(scratch->Execute(kSchemaSql));
  return ReadDefinitions(&*scratch);
}
const Result<Definitions>& WantedDefinitions() {
  static const Result<Definitions> wanted = MakeWantedDefinitions();
  return wanted;
}

bool IsView(const Definitions::value_type& definition) { return definition.first.first == "view"; }

// Without comments and spaces: how a table is laid out on the page, and what is said about its
// columns, may change.
std::string Normalized(const std::string& sql) {
  std::string text;
  bool in_comment = false;
  for (size_t i = 0; i < sql.size(); ++i) {
    if (sql.compare(i, 2, "--") == 0) in_comment = true;
    if (sql[i] == '\n') in_comment = false;
    if (!in_comment && sql[i] != '\n' && sql[i] != ' ') text += sql[i];
  }
  return text;
}

Status CheckTables(const Definitions& have, const Definitions& want) {
  for (const auto& [what, sql] : want) {
    if (what.first == "view") continue;
    const auto found = have.find(what);
    if (found == have.end() || Normalized(found->second) != Normalized(sql)) {
      return InvalidError("the " + what.first + " " + what.second + " is not as it must be");
    }
  }
  for (const auto& definition : have) {
    if (!IsView(definition) && want.count(definition.first) == 0) {
      return InvalidError("there is a " + definition.first.first + " " + definition.first.second +
                          " that must not be");
    }
  }
  return OkStatus();
}

std::string Quoted(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

Status ReplaceViews(SqliteDatabase* database, const Definitions& have, const Definitions& want) {
  std::string sql;
  for (const auto& definition : have) {
    if (IsView(definition)) sql += "DROP VIEW " + Quoted(definition.first.second) + ";";
  }
  for (const auto& definition : want) {
    if (IsView(definition)) sql += definition.second + ";";
  }
  Status status = database->Execute("BEGIN IMMEDIATE;" + sql + "COMMIT");
  if (!status.ok()) database->Rollback();
  return status;
}

}  // namespace

Result<bool> IsNewDatabase(SqliteDatabase* database) {
  const Result<int64_t> application = database->QueryInt("PRAGMA application_id");
  if (!application.ok()) return application.status();
  if (*application == kApplicationId) return false;
  const Result<int64_t> pages = database->QueryInt("PRAGMA page_count");
  if (!pages.ok()) return pages.status();
  const Result<int64_t> things = database->QueryInt("SELECT count(*) FROM sqlite_schema");
  if (!things.ok()) return things.status();
  // A full database whose table of contents is lost has more than the first page.
  if (*application == 0 && *pages <= 1 && *things == 0) return true;
  return InvalidError("not a database of reconcile (its application_id is " +
                      std::to_string(*application) + ")");
}

Status CreateSchema(SqliteDatabase* database, const std::string& key_fingerprint) {
  const auto fill = [&]() -> Status {
    RETURN_IF_ERROR(database->Execute("BEGIN IMMEDIATE"));
    RETURN_IF_ERROR(database->Execute(kSchemaSql));
    RETURN_IF_ERROR(database->Execute("PRAGMA application_id = " + std::to_string(kApplicationId)));
    RETURN_IF_ERROR(WriteMeta(database, kMetaSchemaVersion, std::to_string(kSchemaVersion)));
    RETURN_IF_ERROR(WriteMeta(database, kMetaKeyFingerprint, key_fingerprint));
    {
      Result<RowWriter> rows = RowWriter::Make(database);
      if (!rows.ok()) return rows.status();
      RETURN_IF_ERROR(rows->WriteHead(HeadRow()));
    }
    return database->Execute("COMMIT");
  };
  Status status = fill();
  if (!status.ok()) database->Rollback();
  return status;
}

Status CheckSchema(SqliteDatabase* database) {
  const Result<Definitions>& want = WantedDefinitions();
  if (!want.ok()) return want.status();
  const Result<Definitions> have = ReadDefinitions(database);
  if (!have.ok()) return have.status();
  if (*have == *want) return OkStatus();
  RETURN_IF_ERROR(CheckTables(*have, *want));
  return ReplaceViews(database, *have, *want);
}

Result<int64_t> SchemaVersionOf(const MetaMap& meta) {
  const auto found = meta.find(std::string(kMetaSchemaVersion));
  if (found == meta.end()) return InvalidError("the schema version is missing from meta");
  const std::string& text = found->second;
  int64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || version < 1) {
    return InvalidError("the schema version in meta is no version");
  }
  return version;
}

Status CheckSchemaVersion(const std::string& called, int64_t version) {
  if (version <= kSchemaVersion) return OkStatus();
  return InvalidError(called + " was written by a newer release (schema version " +
                      std::to_string(version) + ", this one knows up to " +
                      std::to_string(kSchemaVersion) + "): install that release again");
}

}  // namespace reconcile
