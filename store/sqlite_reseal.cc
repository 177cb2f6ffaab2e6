#include "store/sqlite_reseal.h"

#include <utility>
#include <vector>

#include "store/sqlite_payload.h"

namespace reconcile {
namespace {

struct SealedRow {
  int64_t id = 0;
  ObjectRow object;  // of `objects`
  ChangeRow change;  // of `changes`
};

constexpr std::string_view kSelectSealedObjects =
    "SELECT kind, namespace, name, revision, payload, checksum, id FROM objects "
    "WHERE kind = 'Secret' AND id > ? ORDER BY id LIMIT ?";
constexpr std::string_view kSelectSealedChanges =
    "SELECT id, revision, kind, namespace, name, before_revision, before, checksum FROM changes "
    "WHERE kind = 'Secret' AND before IS NOT NULL AND id > ? ORDER BY id LIMIT ?";

// Read in full before anything is written: a statement that is being read sees its own updates.
Result<std::vector<SealedRow>> ReadRows(SqliteDatabase* database, const ResealPlace& place) {
  Result<SqliteStatement> statement =
      database->Prepare(place.objects_done ? kSelectSealedChanges : kSelectSealedObjects);
  if (!statement.ok()) return statement.status();
  statement->Bind(1, place.after_id);
  statement->Bind(2, int64_t{kResealBatchRows});
  std::vector<SealedRow> rows;
  for (;;) {
    const Result<bool> found = statement->Step();
    if (!found.ok()) return found.status();
    if (!*found) return rows;
    SealedRow row;
    if (place.objects_done) {
      const std::optional<ChangeRow> change = ReadChangeRow(*statement);
      if (!change) return InvalidError("a row of changes is damaged");
      row.id = change->id;
      row.change = *change;
    } else {
      const std::optional<ObjectRow> object = ReadObjectRow(*statement);
      if (!object) return InvalidError("a row of objects is damaged");
      row.id = statement->Int(6);
      row.object = *object;
    }
    rows.push_back(std::move(row));
  }
}

// Nothing when the newest key sealed it already.
Result<std::optional<std::string>> SealedAnew(const PayloadSealer& sealer, const ObjectKey& key,
                                              Revision revision, const std::string& payload) {
  const std::string context = SealContext(key, revision);
  if (sealer.OpensWithNewest(payload, context)) return std::optional<std::string>();
  const Result<std::string> text = sealer.Open(payload, context);
  if (!text.ok()) return text.status().WithContext(ToString(key));
  Result<std::string> sealed = sealer.Seal(*text, context);
  if (!sealed.ok()) return sealed.status();
  return std::optional<std::string>(std::move(sealed).value());
}

Status Update(SqliteDatabase* database, std::string_view sql, const std::string& payload,
              int64_t checksum, int64_t id) {
  Result<SqliteStatement> statement = database->Prepare(sql);
  if (!statement.ok()) return statement.status();
  statement->Bind(1, payload);
  statement->Bind(2, checksum);
  statement->Bind(3, id);
  return statement->Run();
}

Status ResealObject(SqliteDatabase* database, const PayloadSealer& sealer, SealedRow* row,
                    HeadRow* head, ResealPlace* place) {
  ObjectRow& object = row->object;
  const ObjectKey key{Kind::kSecret, object.namespace_name, object.name};
  const auto sealed = SealedAnew(sealer, key, object.revision, object.payload);
  if (!sealed.ok()) return sealed.status();
  if (!sealed->has_value()) return OkStatus();
  head->objects.Remove(object.checksum);
  object.payload = **sealed;
  object.checksum = ChecksumOf(object);
  head->objects.Add(object.checksum);
  ++place->resealed;
  return Update(database, "UPDATE objects SET payload = ?, checksum = ? WHERE id = ?",
                object.payload, object.checksum, row->id);
}

Status ResealChange(SqliteDatabase* database, const PayloadSealer& sealer, SealedRow* row,
                    HeadRow* head, ResealPlace* place) {
  ChangeRow& change = row->change;
  const ObjectKey key{Kind::kSecret, change.namespace_name, change.name};
  const auto sealed = SealedAnew(sealer, key, change.before_revision, *change.before);
  if (!sealed.ok()) return sealed.status();
  if (!sealed->has_value()) return OkStatus();
  head->changes.Remove(change.checksum);
  change.before = **sealed;
  change.checksum = ChecksumOf(change);
  head->changes.Add(change.checksum);
  ++place->resealed;
  return Update(database, "UPDATE changes SET before = ?, checksum = ? WHERE id = ?",
                *change.before, change.checksum, row->id);
}

}  // namespace

Status ResealBatch(SqliteDatabase* database, const PayloadSealer& sealer, HeadRow* head,
                   ResealPlace* place) {
  Result<std::vector<SealedRow>> rows = ReadRows(database, *place);
  if (!rows.ok()) return rows.status();
  for (SealedRow& row : *rows) {
    RETURN_IF_ERROR(place->objects_done ? ResealChange(database, sealer, &row, head, place)
                                        : ResealObject(database, sealer, &row, head, place));
    place->after_id = row.id;
  }
  if (!rows->empty()) return OkStatus();
  place->done = place->objects_done;
  place->objects_done = true;
  place->after_id = 0;
  return OkStatus();
}

}  // namespace reconcile
