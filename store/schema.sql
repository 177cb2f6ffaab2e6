-- The controller's database, schema version 2. This file is the truth: it is embedded into the binary, run on
-- a new database, and compared with what an opened one holds. Look, do not write: every row carries a checksum
-- that only the controller can compute. To look at a live database:
--   sqlite3 -readonly /var/lib/reconcile/cluster.db 'SELECT * FROM pods'
-- Every change of a table needs a new version and a migration (store/sqlite_migrations.cc). Views may change
-- freely: opening puts the current ones in place.

-- Fixed facts. The shape of this table never changes: it says what the others look like.
CREATE TABLE meta (
  name TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;

-- One row: where the store stands. Count and digest (the sum of all rows' checksums, modulo 2^64) find rows that
-- are missing, doubled or older than they should be.
CREATE TABLE head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  revision INTEGER NOT NULL,
  compacted INTEGER NOT NULL, -- changes up to and including this revision are forgotten
  object_count INTEGER NOT NULL,
  object_digest INTEGER NOT NULL,
  change_count INTEGER NOT NULL,
  change_digest INTEGER NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;

-- Every object at `revision`. The payload is JSON in Kubernetes' shape; a Secret's is sealed.
CREATE TABLE objects (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  revision INTEGER NOT NULL, -- of the last write; metadata.resourceVersion
  payload TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  UNIQUE (kind, namespace, name)
) STRICT;

-- What each revision changed, as an undo log: the object before. What it became is the next change's
-- `before`, or the object as it is now.
CREATE TABLE changes (
  id INTEGER PRIMARY KEY, -- ascending in the order of changes
  revision INTEGER NOT NULL,
  kind TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  before_revision INTEGER NOT NULL, -- 0: there was none
  before TEXT, -- NULL: there was none
  checksum INTEGER NOT NULL
) STRICT;

CREATE VIEW pods AS
SELECT
  namespace,
  name,
  coalesce(payload ->> '$.status.phase', 'Pending') AS phase,
  coalesce(payload ->> '$.spec.nodeName', '') AS node,
  coalesce(payload ->> '$.status.podIP', '') AS ip,
  (SELECT coalesce(sum(value ->> '$.restartCount'), 0)
     FROM json_each(payload, '$.status.containerStatuses')) AS restarts
FROM objects
WHERE kind = 'Pod'
ORDER BY namespace, name;

CREATE VIEW workloads AS
SELECT
  kind,
  namespace,
  name,
  coalesce(payload ->> '$.spec.replicas', 0) AS desired,
  coalesce(payload ->> '$.status.readyReplicas', 0) AS ready
FROM objects
WHERE kind IN ('Deployment', 'ReplicaSet', 'ReplicationController')
ORDER BY kind, namespace, name;

CREATE VIEW nodes AS
SELECT
  name,
  coalesce((SELECT value ->> '$.status'
     FROM json_each(payload, '$.status.conditions')
    WHERE value ->> '$.type' = 'Ready'), 'Unknown') AS ready,
  coalesce((SELECT value ->> '$.address'
     FROM json_each(payload, '$.status.addresses')
    WHERE value ->> '$.type' = 'InternalIP'), '') AS address,
  coalesce(payload ->> '$.spec.podCIDR', '') AS pod_cidr,
  coalesce(payload ->> '$.spec.unschedulable', 0) AS unschedulable
FROM objects
WHERE kind = 'Node'
ORDER BY name;

CREATE VIEW events AS
SELECT
  payload ->> '$.lastTimestamp' AS last_seen,
  coalesce(payload ->> '$.count', 1) AS count,
  coalesce(payload ->> '$.type', 'Normal') AS type,
  payload ->> '$.reason' AS reason,
  payload ->> '$.involvedObject.kind' AS kind,
  coalesce(payload ->> '$.involvedObject.namespace', '') AS namespace,
  payload ->> '$.involvedObject.name' AS name,
  payload ->> '$.message' AS message
FROM objects
WHERE kind = 'Event'
ORDER BY last_seen;

CREATE VIEW sources AS
SELECT
  name,
  payload ->> '$.spec.repository' AS repository,
  coalesce(payload ->> '$.spec.revision', '') AS revision,
  coalesce(payload ->> '$.spec.path', '') AS path,
  coalesce(payload ->> '$.status.seenCommit', '') AS seen_commit,
  coalesce(payload ->> '$.status.appliedCommit', '') AS applied_commit,
  coalesce((SELECT value ->> '$.status'
     FROM json_each(payload, '$.status.conditions')
    WHERE value ->> '$.type' = 'Ready'), 'Unknown') AS ready,
  coalesce((SELECT value ->> '$.message'
     FROM json_each(payload, '$.status.conditions')
    WHERE value ->> '$.type' = 'Ready'), '') AS message
FROM objects
WHERE kind = 'Source'
ORDER BY name;
