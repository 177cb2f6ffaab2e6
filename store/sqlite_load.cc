#include "store/sqlite_load.h"

#include <charconv>
#include <unordered_map>
#include <utility>

#include "base/escape.h"
#include "schema/pod.h"
#include "store/sqlite_payload.h"

namespace reconcile {
namespace {

// Collects what is wrong, so that one opening names all of it.
class Damage {
 public:
  void Add(std::string what) {
    ++count_;
    if (named_.size() < kMaxDamagedRowsNamed) named_.push_back(std::move(what));
  }
  // A failure of SQLite itself. Those that may pass end the loading.
  Status AddOrReturn(const Status& failure) {
    if (failure.code() == StatusCode::kUnavailable) return failure;
    if (!failure.ok()) Add(failure.message());
    return OkStatus();
  }
  Status ToStatus() const {
    if (count_ == 0) return OkStatus();
    std::string text;
    for (const std::string& name : named_) text += (text.empty() ? "" : "; ") + name;
    if (count_ > named_.size()) text += "; and " + std::to_string(count_ - named_.size()) + " more";
    return InvalidError(text);
  }

 private:
  size_t count_ = 0;
  std::vector<std::string> named_;
};

std::string Describe(std::string_view table, const std::string& kind,
                     const std::string& namespace_name, const std::string& name) {
  return "row of " + std::string(table) + ": " +
         EscapeForLog(kind + " " + (namespace_name.empty() ? "" : namespace_name + "/") + name);
}

// Rows hold each pod whole. Pods of one owner share the containers that they have in common, as
// they did when they were made from its template.
class ContainersOfOwners {
 public:
  ObjectPtr Shared(ObjectPtr object) {
    const auto pod = As<Pod>(object);
    const OwnerReference* owner = pod == nullptr ? nullptr : ControllerOf(pod->metadata);
    if (owner == nullptr) return object;
    const auto [known, is_first] = last_.try_emplace(owner->uid, pod);
    if (is_first) return object;
    const PodSpec& other = known->second->spec;
    if (pod->spec.containers != other.containers ||
        pod->spec.init_containers != other.init_containers) {
      known->second = pod;
      return object;
    }
    auto sharing = std::make_shared<Pod>(*pod);
    sharing->spec.containers = other.containers;
    sharing->spec.init_containers = other.init_containers;
    return sharing;
  }

 private:
  std::unordered_map<std::string, std::shared_ptr<const Pod>> last_;  // by the owner's uid
};

Status ReadObjects(SqliteDatabase* database, const PayloadSealer& sealer, ClusterState* state,
                   TableDigest* digest, Damage* damage) {
  Result<SqliteStatement> statement = database->Prepare(kSelectObjects);
  if (!statement.ok()) return statement.status();
  ContainersOfOwners containers;
  for (;;) {
    const Result<bool> found = statement->Step();
    if (!found.ok()) return found.status();
    if (!*found) return OkStatus();
    const std::string what =
        Describe("objects", statement->Text(0), statement->Text(1), statement->Text(2));
    const std::optional<ObjectRow> row = ReadObjectRow(*statement);
    if (!row.has_value()) {
      damage->Add(what);
      continue;
    }
    digest->Add(row->checksum);
    const Result<ObjectKey> key = KeyFrom(row->kind, row->namespace_name, row->name);
    if (!key.ok()) {
      damage->Add(what + " (" + key.status().message() + ")");
      continue;
    }
    const Result<ObjectPtr> object = ObjectFrom(sealer, *key, row->revision, row->payload);
    if (!object.ok()) {
      damage->Add(what + " (" + object.status().message() + ")");
    } else {
      state->Put(containers.Shared(*object));
    }
  }
}

Status ReadChanges(SqliteDatabase* database, const HeadRow& head, TableDigest* digest,
                   Damage* damage) {
  Result<SqliteStatement> statement = database->Prepare(kSelectChanges);
  if (!statement.ok()) return statement.status();
  for (;;) {
    const Result<bool> found = statement->Step();
    if (!found.ok()) return found.status();
    if (!*found) return OkStatus();
    const std::string what =
        Describe("changes", statement->Text(2), statement->Text(3), statement->Text(4)) +
        " at revision " + std::to_string(statement->Int(1));
    const std::optional<ChangeRow> row = ReadChangeRow(*statement);
    if (!row.has_value()) {
      damage->Add(what);
      continue;
    }
    digest->Add(row->checksum);
    const bool in_place = row->id >= FirstChangeId(row->revision) &&
                          row->id < FirstChangeId(row->revision + 1) &&
                          row->revision > head.compacted && row->revision <= head.revision;
    if (!in_place) damage->Add(what + " (out of its place)");
  }
}

// integrity_check puts a page that the disk did not give among its complaints, with SQLite's code.
bool NamesAnUnreadPage(const std::string& answer) {
  constexpr std::string_view kCodeMark = "error code=";
  constexpr int kPrimaryCodeMask = 0xff;
  constexpr int kCorrupt = 11;  // SQLITE_CORRUPT
  const size_t mark = answer.find(kCodeMark);
  if (mark == std::string::npos) return false;
  int code = kCorrupt;
  const char* start = answer.data() + mark + kCodeMark.size();
  std::from_chars(start, answer.data() + answer.size(), code);
  return (code & kPrimaryCodeMask) != kCorrupt;
}

// Row by row reading does not see everything: a page that is in the tree and in the free list too
// is sound until the next write.
Status CheckPages(SqliteDatabase* database, Damage* damage) {
  std::string answer;
  // Twice, because a disk that failed once must not pass for a damaged file.
  for (int attempt = 0; attempt < 2; ++attempt) {
    const Result<std::string> checked = database->QueryText("PRAGMA integrity_check(1)");
    if (!checked.ok()) return checked.status();
    if (*checked == "ok") return OkStatus();
    answer = EscapeForLog(*checked);
  }
  if (NamesAnUnreadPage(answer)) return UnavailableError("the disk gave an error: " + answer);
  damage->Add("pages: " + answer);
  return OkStatus();
}

Result<HeadRow> ReadHead(SqliteDatabase* database) {
  Result<SqliteStatement> statement = database->Prepare(kSelectHead);
  if (!statement.ok()) return statement.status();
  const Result<bool> found = statement->Step();
  if (!found.ok()) return found.status();
  const std::optional<HeadRow> row = *found ? ReadHeadRow(*statement) : std::optional<HeadRow>();
  if (!row.has_value()) return InvalidError("the head row is missing or damaged");
  return *row;
}

}  // namespace

Result<LoadedRows> LoadAndVerify(SqliteDatabase* database, const PayloadSealer& sealer) {
  Damage damage;
  LoadedRows loaded;
  const Result<HeadRow> head = ReadHead(database);
  RETURN_IF_ERROR(damage.AddOrReturn(head.status()));
  if (head.ok()) loaded.head = *head;
  auto state = std::make_shared<ClusterState>();
  TableDigest objects;
  TableDigest changes;
  RETURN_IF_ERROR(
      damage.AddOrReturn(ReadObjects(database, sealer, state.get(), &objects, &damage)));
  // Without a head every change would look out of place.
  if (head.ok()) {
    RETURN_IF_ERROR(damage.AddOrReturn(ReadChanges(database, *head, &changes, &damage)));
    if (objects != head->objects) damage.Add("objects: rows are missing, doubled or old");
    if (changes != head->changes) damage.Add("changes: rows are missing, doubled or old");
    state->set_revision(head->revision);
  }
  RETURN_IF_ERROR(damage.AddOrReturn(CheckPages(database, &damage)));
  RETURN_IF_ERROR(damage.ToStatus());
  loaded.state = std::move(state);
  return loaded;
}

}  // namespace reconcile
