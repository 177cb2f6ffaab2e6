#pragma once

#include "store/sealed_payload.h"
#include "store/sqlite_rows.h"

namespace reconcile {

// Rows that one transaction of a key's rotation looks at, at most.
inline constexpr int kResealBatchRows = 500;

// Where a rotation stands. Objects are done before changes.
struct ResealPlace {
  bool objects_done = false;
  int64_t after_id = 0;  // rows up to it are done
  bool done = false;
  int64_t resealed = 0;  // rows sealed anew so far
};

// Seals the next rows of Secrets with the newest key where another sealed them, inside the caller's
// transaction, and takes their new checksums into `head`. Invalid when one does not open.
Status ResealBatch(SqliteDatabase* database, const PayloadSealer& sealer, HeadRow* head,
                   ResealPlace* place);

}  // namespace reconcile
