#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/http.h"
#include "api/media_type.h"
#include "api/refusal.h"
#include "api/table.h"
#include "api/user_view.h"

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
// A list piece by piece: what comes before its objects, these with what separates them, and what
// comes after.
class ListWriter {
 public:
  ListWriter(Kind kind, ListMetadata metadata, ObjectEncoding encoding, WallTime now)
      : kind_(kind), metadata_(std::move(metadata)), encoding_(encoding), now_(now) {}
  void Begin(std::string* json) const;
  void Add(const ObjectPtr& object, std::string* json);
  void End(std::string* json) const { *json += "]}"; }

 private:
  Kind kind_;
  ListMetadata metadata_;
  ObjectEncoding encoding_;
  WallTime now_;
  bool has_some_ = false;
  FilledPodParts filled_;
};
std::string WriteList(ListWriter writer, const std::vector<ObjectPtr>& objects);

enum class WatchEventType { kAdded, kModified, kDeleted };
// A line of a watch. Of tables the first of a watch names the columns.
std::string WriteWatchEvent(WatchEventType type, const ObjectPtr& object,
                            const ObjectEncoding& encoding, bool with_columns, WallTime now);
// Says that everything up to `revision` was sent.
std::string WriteBookmark(Kind kind, Revision revision, const ObjectEncoding& encoding);
std::string WriteErrorEvent(const Refusal& refusal);

}  // namespace reconcile
