#pragma once

#include <memory>

#include "store/sealed_payload.h"
#include "store/sqlite_rows.h"

namespace reconcile {

// What an opened database holds.
struct LoadedRows {
  std::shared_ptr<const ClusterState> state;
  HeadRow head;
};

// Reads every row, compares checksums, counts, digests and revisions, and lets SQLite check its
// pages. Invalid names up to kMaxDamagedRowsNamed damaged rows.
inline constexpr size_t kMaxDamagedRowsNamed = 20;
Result<LoadedRows> LoadAndVerify(SqliteDatabase* database, const PayloadSealer& sealer);

}  // namespace reconcile
