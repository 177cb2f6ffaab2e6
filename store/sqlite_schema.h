#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "store/sqlite_database.h"

namespace reconcile {

// Text of store/schema.sql, embedded by the build.
extern const std::string_view kSchemaSql;
// The version of the tables in schema.sql; a change of them comes with a migration.
inline constexpr int64_t kSchemaVersion = 2;
// Marks a file as ours ("reco"); SQLite keeps it in the file's header.
inline constexpr int64_t kApplicationId = 0x7265636f;

inline constexpr std::string_view kMetaSchemaVersion = "schema_version";
inline constexpr std::string_view kMetaKeyFingerprint = "secret_key_fingerprint";

// Whether the file is yet to be filled: SQLite has at most written its header. Invalid when it is a
// database, but not one of ours.
Result<bool> IsNewDatabase(SqliteDatabase* database);
// Makes the tables of schema.sql and their first rows, in one transaction.
Status CreateSchema(SqliteDatabase* database, const std::string& key_fingerprint);
// Compares the tables with schema.sql; Invalid when they differ. Puts views that differ right.
Status CheckSchema(SqliteDatabase* database);

using MetaMap = std::map<std::string, std::string>;
// The version in `meta`. Invalid when there is none.
Result<int64_t> SchemaVersionOf(const MetaMap& meta);
// Invalid, with what to do, when a newer release wrote the database that messages call `called`.
Status CheckSchemaVersion(const std::string& called, int64_t version);
// Takes the tables from `version` to kSchemaVersion, each step in a transaction of its own.
Status Migrate(SqliteDatabase* database, int64_t version);

}  // namespace reconcile
