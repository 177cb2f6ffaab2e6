#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace reconcile {

struct CloseSqlite {
  void operator()(sqlite3* connection) const;
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const;
};

// One prepared statement. Parameters count from 1, columns from 0. A bound text must live until the
// next Reset. Internal to store_io, like all of this file.
class SqliteStatement {
 public:
  void Bind(int parameter, int64_t number);
  void Bind(int parameter, std::string_view text);
  void BindNull(int parameter);

  // True: a row is there to read. False: done. After an error or the end, Reset before using again.
  Result<bool> Step();
  // Steps to the end, then resets.
  Status Run();
  void Reset();

  // CHECKs nothing: what a column holds is asked first, because a damaged file may hold anything.
  bool IsInt(int column) const;
  bool IsText(int column) const;
  bool IsNull(int column) const;
  int64_t Int(int column) const;
  std::string Text(int column) const;

 private:
  friend class SqliteDatabase;
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}
  std::unique_ptr<sqlite3_stmt, FinalizeStatement> statement_;
};

// One connection. Errors: Invalid when the file is damaged or not a database; Unavailable when the
// disk or another connection stands in the way; Internal otherwise. Messages begin with the path.
class SqliteDatabase {
 public:
  // Leaves checkpoints to the caller (wal_pages, Checkpoint).
  static Result<SqliteDatabase> Open(const std::string& path, const std::string& vfs);

  Status Execute(std::string_view sql);
  Result<SqliteStatement> Prepare(std::string_view sql);
  // The first column of the first row: a number or a text. NotFound without a row.
  Result<int64_t> QueryInt(std::string_view sql);
  Result<std::string> QueryText(std::string_view sql);

  // Copies all of it, as it is at one moment, into the empty database file at `path`; commits of
  // other connections go on meanwhile.
  Status CopyTo(const std::string& path);

  // Whether SQLite will not write: the file must not be written, or its header says so.
  bool read_only() const;
  bool in_transaction() const;
  // Ends an open transaction without its writes, after a failure: best effort.
  void Rollback();
  // Pages that the write-ahead log held after the last commit of this connection.
  int wal_pages() const { return *wal_pages_; }
  // Copies what the log holds into the database as far as readers allow; `truncate` waits for them
  // (bounded by the busy timeout) and empties the log.
  Status Checkpoint(bool truncate);

 private:
  SqliteDatabase(std::string path, sqlite3* connection);
  std::string path_;
  std::unique_ptr<int> wal_pages_;  // its address is known to SQLite
  std::unique_ptr<sqlite3, CloseSqlite> connection_;
};

}  // namespace reconcile
