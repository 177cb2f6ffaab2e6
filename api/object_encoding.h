#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/http.h"
#include "api/media_type.h"
#include "api/refusal.h"
#include "api/table.h"

namespace reconcile {

// How a client wants objects written: its Accept and `includeObject`.
struct ObjectEncoding {
  ObjectShape shape = ObjectShape::kJson;
  IncludedObject included = IncludedObject::kMetadata;  // of tables
  friend bool operator==(const ObjectEncoding&, const ObjectEncoding&) = default;
};
// None when it cannot be served; `*refusal` says why.
std::optional<ObjectEncoding> ChooseEncoding(const ApiRequest& request, Refusal* refusal);

std::string WriteObject(const ObjectPtr& object, const ObjectEncoding& encoding, WallTime now);

struct ListMetadata {
  Revision revision = 0;
  std::string continue_token = {};  // of the next page; empty: this is the last
  int64_t remaining = 0;            // objects on further pages
};
std::string WriteList(Kind kind, const std::vector<ObjectPtr>& objects,
                      const ListMetadata& metadata, const ObjectEncoding& encoding, WallTime now);

enum class WatchEventType { kAdded, kModified, kDeleted };
// A line of a watch. Of tables the first of a watch names the columns.
std::string WriteWatchEvent(WatchEventType type, const ObjectPtr& object,
                            const ObjectEncoding& encoding, bool with_columns, WallTime now);
// Says that everything up to `revision` was sent.
std::string WriteBookmark(Kind kind, Revision revision, const ObjectEncoding& encoding);
std::string WriteErrorEvent(const Refusal& refusal);

}  // namespace reconcile
