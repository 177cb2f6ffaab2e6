#include <gtest/gtest.h>
#include <sqlite3.h>

#include "schema/workload.h"
#include "store/row_checksum.h"
#include "tests/support/store_testing.h"

namespace reconcile {
namespace {

using namespace store_testing;

// What a person with `sqlite3` sees: a connection of its own.
class Shell {
 public:
  explicit Shell(const std::string& path, int flags = SQLITE_OPEN_READONLY) {
    CHECK(sqlite3_open_v2(path.c_str(), &connection_, flags, nullptr) == SQLITE_OK);
  }
  ~Shell() { sqlite3_close(connection_); }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  void Run(const std::string& sql) {
    char* error = nullptr;
    sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, &error);
    EXPECT_EQ(error, nullptr) << error << " in " << sql;
    sqlite3_free(error);
  }
  // Rows as "a|b|c", a line each.
  std::string Query(const std::string& sql) {
    std::string text;
    char* error = nullptr;
    sqlite3_exec(connection_, sql.c_str(), &Append, &text, &error);
    EXPECT_EQ(error, nullptr) << error;
    sqlite3_free(error);
    return text;
  }

 private:
  static int Append(void* text, int count, char** values, char** /*names*/) {
    for (int i = 0; i < count; ++i) {
      *static_cast<std::string*>(text) +=
          std::string(i == 0 ? "" : "|") + (values[i] == nullptr ? "NULL" : values[i]);
    }
    *static_cast<std::string*>(text) += "\n";
    return 0;
  }
  sqlite3* connection_ = nullptr;
};

template <typename T>
std::shared_ptr<T> Named(const std::string& namespace_name, const std::string& name) {
  auto object = std::make_shared<T>();
  object->metadata.namespace_name = namespace_name;
  object->metadata.name = name;
  return object;
}

std::vector<Write> OneOfEachView() {
  auto pod = Named<Pod>("shop", "web-1");
  pod->spec.node_name = "host-1";
  pod->status.phase = PodPhase::kRunning;
  pod->status.pod_ip = "10.1.0.7";
  pod->status.container_statuses.resize(2);
  pod->status.container_statuses[0].restart_count = 2;
  pod->status.container_statuses[1].restart_count = 3;
  auto waiting = Named<Pod>("shop", "web-2");
  auto deployment = Named<Deployment>("shop", "web");
  deployment->spec.replicas = 2;
  deployment->status.ready_replicas = 1;
  auto stopped = Named<ReplicationController>("shop", "old");
  stopped->spec.replicas = 0;
  auto node = Named<Node>("", "host-1");
  node->spec.pod_cidr = "10.1.0.0/24";
  node->status.conditions = {{"Ready", ConditionStatus::kTrue, "", "", {}, {}}};
  node->status.addresses = {{"Hostname", "host-1"}, {"InternalIP", "192.0.2.1"}};
  auto event = Named<Event>("shop", "web.1");
  event->involved_object = {"apps/v1", "Deployment", "shop", "web", ""};
  event->reason = "ScalingReplicaSet";
  event->message = "scaled up to 2";
  event->count = 4;
  event->last_timestamp = WallTime{1'700'000'000'000};
  auto source = Named<Source>("", "main");
  source->spec.repository = "/srv/git/cluster";
  source->status.seen_commit = "abc";
  source->status.applied_commit = "abb";
  source->status.conditions = {
      {"Ready", ConditionStatus::kFalse, "Invalid", "a.yaml:3:1: no", {}, {}}};
  std::vector<Write> writes;
  for (const ObjectPtr& object :
       std::vector<ObjectPtr>{pod, waiting, deployment, stopped, node, event, source}) {
    writes.push_back({object->key(), object});
  }
  return writes;
}

TEST(SchemaSql, HasViewsForPeopleOnALiveDatabase) {
  const TempFolder folder;
  const SqliteStoreOptions options = OptionsFor(folder.File("cluster.db"));
  const Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
  ASSERT_TRUE(store.ok());
  const Result<Revision> done = (*store)->Commit({OneOfEachView()}, 0);
  ASSERT_TRUE(done.ok()) << done.status().ToString();
  ASSERT_TRUE((*store)->Commit({{PutSecret("s", "x")}}, *done).ok());
  Shell shell(options.path);
  EXPECT_EQ(shell.Query("SELECT namespace, name, phase, node, ip, restarts FROM pods"),
            "shop|web-1|Running|host-1|10.1.0.7|5\n"
            "shop|web-2|Pending|||0\n");
  EXPECT_EQ(shell.Query("SELECT kind, namespace, name, desired, ready FROM workloads"),
            "Deployment|shop|web|2|1\n"
            "ReplicationController|shop|old|0|0\n");
  EXPECT_EQ(shell.Query("SELECT name, ready, address, pod_cidr, unschedulable FROM nodes"),
            "host-1|True|192.0.2.1|10.1.0.0/24|0\n");
  EXPECT_EQ(shell.Query("SELECT * FROM events"),
            "2023-11-14T22:13:20Z|4|Normal|ScalingReplicaSet|Deployment|shop|web|"
            "scaled up to 2\n");
  EXPECT_EQ(shell.Query("SELECT * FROM sources"),
            "main|/srv/git/cluster|||abc|abb|False|a.yaml:3:1: no\n");
  EXPECT_EQ(shell.Query("SELECT json_valid(payload) FROM objects WHERE kind = 'Secret'"), "1\n");
  ASSERT_TRUE((*store)->Commit({{PutConfigMap("a", "1")}}, *done + 1).ok())
      << "a reader is in nobody's way";
}

// A reader that stays keeps the log from being begun again; commits go on, bounded in time.
TEST(SqliteStore, CommitsWhileAPersonReads) {
  const TempFolder folder;
  SqliteStoreOptions options = OptionsFor(folder.File("cluster.db"));
  options.checkpoint_pages = 5;
  const Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE((*store)->Commit({{PutConfigMap("a", "before")}}, 0).ok());
  Shell shell(options.path);
  shell.Run("BEGIN");
  EXPECT_EQ(shell.Query("SELECT revision FROM head"), "1\n");
  for (int i = 1; i <= 30; ++i) {
    ASSERT_TRUE((*store)->Commit({{PutConfigMap("a", std::to_string(i))}}, i).ok());
  }
  EXPECT_EQ(shell.Query("SELECT revision FROM head"), "1\n");
  shell.Run("COMMIT");
  EXPECT_EQ(shell.Query("SELECT revision FROM head"), "31\n");
}

TEST(SqliteStore, AnswersUnavailableWhileAPersonHoldsTheWriteLock) {
  const TempFolder folder;
  const SqliteStoreOptions options = OptionsFor(folder.File("cluster.db"));
  const Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
  ASSERT_TRUE(store.ok());
  Shell shell(options.path, SQLITE_OPEN_READWRITE);
  shell.Run("BEGIN IMMEDIATE");
  const Result<Revision> refused = (*store)->Commit({{PutConfigMap("a", "1")}}, 0);
  EXPECT_EQ(refused.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ((*store)->Snapshot()->revision(), 0);
  shell.Run("ROLLBACK");
  EXPECT_TRUE((*store)->Commit({{PutConfigMap("a", "1")}}, 0).ok());
}

TEST(SqliteStore, PutsBackAViewThatSomebodyChanged) {
  const TempFolder folder;
  const SqliteStoreOptions options = OptionsFor(folder.File("cluster.db"));
  { ASSERT_TRUE(OpenSqliteStore(options).ok()); }
  {
    Shell shell(options.path, SQLITE_OPEN_READWRITE);
    shell.Run("DROP VIEW pods; CREATE VIEW pods AS SELECT 1; CREATE VIEW \"o\"\"dd\" AS SELECT 2");
  }
  const Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
  ASSERT_TRUE(store.ok()) << store.status().ToString();
  Shell shell(options.path);
  EXPECT_EQ(shell.Query("SELECT phase FROM pods"), "");
  EXPECT_EQ(shell.Query("SELECT count(*) FROM sqlite_schema WHERE type = 'view'"), "5\n");
}

TEST(SqliteStore, RefusesTablesThatAreNotOurs) {
  const TempFolder folder;
  const SqliteStoreOptions options = OptionsFor(folder.File("cluster.db"));
  { ASSERT_TRUE(OpenSqliteStore(options).ok()); }
  Shell(options.path, SQLITE_OPEN_READWRITE).Run("CREATE TABLE extra (a)");
  const Status status = OpenSqliteStore(options).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_NE(status.message().find("extra"), std::string::npos);
}

// A database as version 1 left it: without the change log.
void MakeVersion1(const std::string& path, int64_t head_revision) {
  const std::string payload = TextOf([] {
    auto object = Named<ConfigMap>("default", "a");
    object->metadata.resource_version = 7;
    object->data["value"] = "from version 1";
    return ObjectPtr(object);
  }());
  const int64_t object = RowChecksum("objects")
                             .Add("ConfigMap")
                             .Add("default")
                             .Add("a")
                             .Add(int64_t{7})
                             .Add(payload)
                             .Finish();
  const int64_t head = RowChecksum("head").Add(int64_t{9}).Add(int64_t{1}).Add(object).Finish();
  const int64_t version = RowChecksum("meta").Add("schema_version").Add("1").Finish();
  Shell shell(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  shell.Run(R"(
    PRAGMA application_id = 1919247215;
    CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL,
      checksum INTEGER NOT NULL) STRICT;
    CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL,
      object_count INTEGER NOT NULL, object_digest INTEGER NOT NULL,
      checksum INTEGER NOT NULL) STRICT;
    CREATE TABLE objects (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, namespace TEXT NOT NULL,
      name TEXT NOT NULL, revision INTEGER NOT NULL, payload TEXT NOT NULL,
      checksum INTEGER NOT NULL, UNIQUE (kind, namespace, name)) STRICT;)");
  shell.Run("INSERT INTO meta VALUES ('schema_version', '1', " + std::to_string(version) + ")");
  shell.Run("INSERT INTO objects VALUES (1, 'ConfigMap', 'default', 'a', 7, '" + payload + "', " +
            std::to_string(object) + ")");
  shell.Run("INSERT INTO head VALUES (1, " + std::to_string(head_revision) + ", 1, " +
            std::to_string(object) + ", " + std::to_string(head) + ")");
}

TEST(Migration, TakesAVersion1DatabaseToTheCurrentOne) {
  const TempFolder folder;
  const SqliteStoreOptions options = OptionsFor(folder.File("cluster.db"));
  MakeVersion1(options.path, 9);
  for (int opening = 0; opening < 2; ++opening) {
    const Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
    ASSERT_TRUE(store.ok()) << store.status().ToString();
    const auto object = (*store)->Snapshot()->Find<ConfigMap>("default", "a");
    ASSERT_NE(object, nullptr);
    EXPECT_EQ(object->data.at("value"), "from version 1");
    EXPECT_EQ(object->metadata.resource_version, 7);
    EXPECT_EQ((*store)->ChangesSince(8).status().code(), StatusCode::kNotFound)
        << "version 1 kept no changes, so a watch has to list again";
    const Result<Revision> next =
        (*store)->Commit({{PutConfigMap("b", "new")}}, (*store)->Snapshot()->revision());
    ASSERT_TRUE(next.ok());
    EXPECT_EQ(*next, 10 + opening);
    EXPECT_EQ((*store)->ChangesSince(9)->size(), static_cast<size_t>(1 + opening));
  }
  EXPECT_EQ(Shell(options.path).Query("SELECT value FROM meta WHERE name = 'schema_version'"),
            "2\n");
}

TEST(Migration, LeavesADamagedOldDatabaseAlone) {
  const TempFolder folder;
  const SqliteStoreOptions options = OptionsFor(folder.File("cluster.db"));
  MakeVersion1(options.path, /*head_revision=*/8);  // the checksum is for 9
  for (int opening = 0; opening < 2; ++opening) {
    const Status status = OpenSqliteStore(options).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid);
    EXPECT_NE(status.message().find("schema version 1"), std::string::npos) << status.message();
  }
  EXPECT_EQ(Shell(options.path).Query("SELECT revision FROM head"), "8\n");
}

TEST(Migration, RefusesADatabaseOfANewerRelease) {
  const TempFolder folder;
  const SqliteStoreOptions options = OptionsFor(folder.File("cluster.db"));
  { ASSERT_TRUE(OpenSqliteStore(options).ok()); }
  const int64_t checksum = RowChecksum("meta").Add("schema_version").Add("3").Finish();
  Shell(options.path, SQLITE_OPEN_READWRITE)
      .Run("UPDATE meta SET value = '3', checksum = " + std::to_string(checksum) +
           " WHERE name = 'schema_version'");
  const Status status = OpenSqliteStore(options).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_NE(status.message().find("newer release (schema version 3"), std::string::npos)
      << status.message();
}

}  // namespace
}  // namespace reconcile
