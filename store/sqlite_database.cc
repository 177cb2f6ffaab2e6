#include "store/sqlite_database.h"

#include <sqlite3.h>

#include <utility>

namespace reconcile {
namespace {

// A person's `sqlite3` may hold a lock for a moment; the loop does not wait longer than this.
constexpr int kBusyTimeoutMs = 1000;

Status ErrorOf(sqlite3* connection, int code, std::string_view path) {
  const std::string text =
      std::string(path) + ": " +
      (connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code)) + " (SQLite " +
      std::to_string(code) + ")";
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return InvalidError(text);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL:
      return UnavailableError(text);
    default:
      return InternalError(text);
  }
}

std::string PathOf(sqlite3* connection) {
  const char* path = sqlite3_db_filename(connection, "main");
  return path == nullptr || *path == '\0' ? "in-memory database" : path;
}

int RememberWalPages(void* pages, sqlite3* /*connection*/, const char* /*schema*/, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

}  // namespace

void CloseSqlite::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
void FinalizeStatement::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

void SqliteStatement::Bind(int parameter, int64_t number) {
  CHECK(sqlite3_bind_int64(statement_.get(), parameter, number) == SQLITE_OK);
}
void SqliteStatement::Bind(int parameter, std::string_view text) {
  // An empty view may point nowhere, which SQLite would bind as NULL.
  const char* start = text.empty() ? "" : text.data();
  CHECK(sqlite3_bind_text64(statement_.get(), parameter, start, text.size(), SQLITE_STATIC,
                            SQLITE_UTF8) == SQLITE_OK);
}
void SqliteStatement::BindNull(int parameter) {
  CHECK(sqlite3_bind_null(statement_.get(), parameter) == SQLITE_OK);
}

Result<bool> SqliteStatement::Step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3* connection = sqlite3_db_handle(statement_.get());
  return ErrorOf(connection, sqlite3_extended_errcode(connection), PathOf(connection));
}

Status SqliteStatement::Run() {
  Result<bool> row = Step();
  while (row.ok() && *row) row = Step();
  Reset();
  return row.status();
}

void SqliteStatement::Reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

bool SqliteStatement::IsInt(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_INTEGER;
}
bool SqliteStatement::IsText(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_TEXT;
}
bool SqliteStatement::IsNull(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}
int64_t SqliteStatement::Int(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}
std::string SqliteStatement::Text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_.get(), column);
  if (text == nullptr) return "";
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return std::string(reinterpret_cast<const char*>(text), static_cast<size_t>(size));
}

SqliteDatabase::SqliteDatabase(std::string path, sqlite3* connection)
    : path_(std::move(path)), wal_pages_(std::make_unique<int>(0)), connection_(connection) {}

Result<SqliteDatabase> SqliteDatabase::Open(const std::string& path, const std::string& vfs) {
  sqlite3* connection = nullptr;
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code =
      sqlite3_open_v2(path.c_str(), &connection, flags, vfs.empty() ? nullptr : vfs.c_str());
  SqliteDatabase database(path, connection);
  if (code != SQLITE_OK) return ErrorOf(connection, code, path);
  sqlite3_busy_timeout(connection, kBusyTimeoutMs);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_wal_autocheckpoint(connection, 0);  // takes the hook's place, so it comes first
  sqlite3_wal_hook(connection, &RememberWalPages, database.wal_pages_.get());
  return database;
}

Status SqliteDatabase::Execute(std::string_view sql) {
  const int code =
      sqlite3_exec(connection_.get(), std::string(sql).c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? OkStatus() : ErrorOf(connection_.get(), code, path_);
}

Result<SqliteStatement> SqliteDatabase::Prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  SqliteStatement result(statement);
  if (code != SQLITE_OK) return ErrorOf(connection_.get(), code, path_);
  return result;
}

Result<int64_t> SqliteDatabase::QueryInt(std::string_view sql) {
  Result<SqliteStatement> statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  const Result<bool> row = statement->Step();
  if (!row.ok()) return row.status();
  if (!*row) return NotFoundError(path_ + ": no row for " + std::string(sql));
  return statement->Int(0);
}

Result<std::string> SqliteDatabase::QueryText(std::string_view sql) {
  Result<SqliteStatement> statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  const Result<bool> row = statement->Step();
  if (!row.ok()) return row.status();
  if (!*row) return NotFoundError(path_ + ": no row for " + std::string(sql));
  return statement->Text(0);
}

// In one step: the read transaction that it holds makes it one revision.
Status SqliteDatabase::CopyTo(const std::string& path) {
  Result<SqliteDatabase> copy = Open(path, "");
  if (!copy.ok()) return copy.status();
  constexpr int kAllPages = -1;
  sqlite3_backup* backup =
      sqlite3_backup_init(copy->connection_.get(), "main", connection_.get(), "main");
  if (backup == nullptr) {
    return ErrorOf(copy->connection_.get(), sqlite3_errcode(copy->connection_.get()), path);
  }
  const int stepped = sqlite3_backup_step(backup, kAllPages);
  const int finished = sqlite3_backup_finish(backup);
  if (stepped == SQLITE_DONE && finished == SQLITE_OK) return OkStatus();
  const int code = finished != SQLITE_OK ? finished : stepped;
  return ErrorOf(nullptr, code, path).WithContext("cannot copy " + path_);
}

bool SqliteDatabase::read_only() const {
  return sqlite3_db_readonly(connection_.get(), "main") == 1;
}

bool SqliteDatabase::in_transaction() const {
  return sqlite3_get_autocommit(connection_.get()) == 0;
}

void SqliteDatabase::Rollback() {
  // SQLite has often rolled back by itself; that then answers with an error that says nothing new.
  if (in_transaction()) {
    sqlite3_exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

Status SqliteDatabase::Checkpoint(bool truncate) {
  int left = 0;
  const int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  const int code = sqlite3_wal_checkpoint_v2(connection_.get(), nullptr, mode, &left, nullptr);
  if (code != SQLITE_OK) return ErrorOf(connection_.get(), code, path_);
  if (truncate) *wal_pages_ = 0;
  return OkStatus();
}

}  // namespace reconcile
