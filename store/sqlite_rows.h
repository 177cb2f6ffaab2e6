#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schema/cluster_state.h"
#include "store/row_checksum.h"
#include "store/sqlite_database.h"

namespace reconcile {

// The rows of store/schema.sql and their checksums. Internal to store_io.

struct HeadRow {
  Revision revision = 0;
  Revision compacted = 0;
  TableDigest objects;
  TableDigest changes;
  friend bool operator==(const HeadRow&, const HeadRow&) = default;
};

struct ObjectRow {
  std::string kind;
  std::string namespace_name;
  std::string name;
  Revision revision = 0;
  std::string payload;
  int64_t checksum = 0;
};

struct ChangeRow {
  int64_t id = 0;
  Revision revision = 0;
  std::string kind;
  std::string namespace_name;
  std::string name;
  Revision before_revision = 0;
  std::optional<std::string> before;
  int64_t checksum = 0;
};

// A change's id holds its revision, so that the primary key finds revisions.
inline constexpr int64_t kChangeIdsPerRevision = int64_t{1} << 20;
inline int64_t FirstChangeId(Revision revision) { return revision * kChangeIdsPerRevision; }

int64_t ChecksumOf(const HeadRow& row);
int64_t ChecksumOf(const ObjectRow& row);
int64_t ChecksumOf(const ChangeRow& row);
int64_t MetaChecksum(std::string_view name, std::string_view value);

// Reads the row that `statement` stands on, whose columns are in the order of the fields above.
// Nothing when a column holds another type than it must, or the checksum is wrong.
std::optional<HeadRow> ReadHeadRow(const SqliteStatement& statement);
std::optional<ObjectRow> ReadObjectRow(const SqliteStatement& statement);
std::optional<ChangeRow> ReadChangeRow(const SqliteStatement& statement);
inline constexpr std::string_view kSelectHead =
    "SELECT revision, compacted, object_count, object_digest, change_count, change_digest, checksum"
    " FROM head";
inline constexpr std::string_view kSelectObjects =
    "SELECT kind, namespace, name, revision, payload, checksum FROM objects";
inline constexpr std::string_view kSelectChanges =
    "SELECT id, revision, kind, namespace, name, before_revision, before, checksum FROM changes";

// All of `meta`. Invalid names a damaged row.
Result<std::map<std::string, std::string>> ReadMeta(SqliteDatabase* database);
Status WriteMeta(SqliteDatabase* database, std::string_view name, std::string_view value);

// Prepared statements on the tables; must not outlive the database.
class RowWriter {
 public:
  static Result<RowWriter> Make(SqliteDatabase* database);

  // Invalid when the row is missing or damaged.
  Result<HeadRow> ReadHead();
  Status WriteHead(const HeadRow& row);
  // NotFound without such a row; Invalid when it is damaged.
  Result<ObjectRow> FindObject(const ObjectKey& key);
  Status PutObject(const ObjectRow& row);
  Status DeleteObject(const ObjectKey& key);
  Status AddChange(const ChangeRow& row);
  // The revision of the `position`th oldest change (from 0).
  Result<Revision> RevisionOfChange(int64_t position);
  // Deletes the changes up to and including `revision` and takes them out of `digest`.
  Status ForgetChanges(Revision revision, TableDigest* digest);
  // Newest first.
  Result<std::vector<ChangeRow>> ChangesAfter(Revision revision);

 private:
  enum Use {
    kReadHead,
    kWriteHead,
    kFindObject,
    kPutObject,
    kDeleteObject,
    kAddChange,
    kNthChange,
    kForgetChanges,
    kChangesAfter,
  };
  explicit RowWriter(std::vector<SqliteStatement> statements)
      : statements_(std::move(statements)) {}
  SqliteStatement& For(Use use) { return statements_[use]; }
  std::vector<SqliteStatement> statements_;  // in the order of Use
};

}  // namespace reconcile
