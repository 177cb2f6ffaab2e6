#include "store/prepared_commit.h"

#include <set>
#include <utility>

#include "schema/codec.h"
#include "schema/network.h"

namespace reconcile {
namespace {

Status CheckWrites(const Transaction& transaction) {
  if (transaction.writes.size() > kMaxWritesPerCommit) {
    return InvalidError("a commit of " + std::to_string(transaction.writes.size()) +
                        " writes is more than " + std::to_string(kMaxWritesPerCommit) +
                        ": split it");
  }
  std::set<ObjectKey> seen;
  for (const Write& write : transaction.writes) {
    if (!seen.insert(write.key).second) {
      return InvalidError(ToString(write.key) + " is written twice in one commit");
    }
    if (write.object != nullptr && write.object->key() != write.key) {
      return InvalidError(ToString(write.object->key()) + " is written under the key of " +
                          ToString(write.key));
    }
  }
  return OkStatus();
}

Result<PreparedWrite> Prepare(const Write& write, ObjectPtr before, Revision revision) {
  PreparedWrite prepared;
  prepared.change = {revision, write.key, std::move(before), nullptr};
  if (write.object == nullptr) return prepared;
  std::unique_ptr<Object> after = write.object->Clone();
  after->metadata.resource_version = revision;
  prepared.json = EncodeObjectJson(*after, EncodeFor::kStore);
  prepared.change.after = std::move(after);
  if (prepared.json.size() > kMaxObjectBytes) {
    return InvalidError(ToString(write.key) + " takes " + std::to_string(prepared.json.size()) +
                        " bytes; an object may have " + std::to_string(kMaxObjectBytes));
  }
  return prepared;
}

const std::string* ServiceOfSlice(const Object* object) {
  if (object == nullptr || object->kind != Kind::kEndpointSlice) return nullptr;
  const auto label = object->metadata.labels.find(kServiceNameLabel);
  return label == object->metadata.labels.end() ? nullptr : &label->second;
}

// A slice that goes over to another Service changes the Endpoints of two, which are watched too:
// there is a number for each.
Revision RevisionsTakenBy(const Object* before, const Object* after) {
  const std::string* left = ServiceOfSlice(before);
  const std::string* joined = ServiceOfSlice(after);
  return left != nullptr && joined != nullptr && *left != *joined ? 2 : 1;
}

}  // namespace

std::vector<Change> PreparedCommit::Changes() const {
  std::vector<Change> changes;
  changes.reserve(writes.size());
  for (const PreparedWrite& write : writes) changes.push_back(write.change);
  return changes;
}

Result<PreparedCommit> PrepareCommit(const std::shared_ptr<const ClusterState>& current,
                                     const Transaction& transaction, Revision expected) {
  if (current->revision() != expected) {
    return ConflictError("the store is at revision " + std::to_string(current->revision()) +
                         ", the plan was made for " + std::to_string(expected) + ": plan again");
  }
  RETURN_IF_ERROR(CheckWrites(transaction));
  PreparedCommit commit;
  auto next = std::make_shared<ClusterState>(*current);
  Revision revision = expected;
  for (const Write& write : transaction.writes) {
    ObjectPtr before = current->Find(write.key);
    if (before == nullptr && write.object == nullptr) continue;
    revision += RevisionsTakenBy(before.get(), write.object.get());
    Result<PreparedWrite> prepared = Prepare(write, std::move(before), revision);
    if (!prepared.ok()) return prepared.status();
    if (write.object == nullptr) {
      next->Delete(write.key);
    } else {
      next->Put(prepared->change.after);
    }
    commit.writes.push_back(std::move(prepared).value());
  }
  next->set_revision(revision);
  commit.next = std::move(next);
  return commit;
}

Status CheckStillKept(Revision revision, Revision compacted, Revision newest) {
  if (revision < compacted) {
    return NotFoundError("changes after revision " + std::to_string(revision) +
                         " are compacted (up to " + std::to_string(compacted) + "): list again");
  }
  if (revision > newest) {
    return NotFoundError("revision " + std::to_string(revision) +
                         " is not of this store, which is at " + std::to_string(newest) +
                         ": list again");
  }
  return OkStatus();
}

}  // namespace reconcile
