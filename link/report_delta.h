#pragma once

#include <optional>
#include <string>
#include <vector>

#include "link/messages.h"

namespace reconcile {

// PURE: what makes one report of a node the next one. Of a quiet host it is a hundred bytes.
struct ReportDelta {
  // Sequence, events and starts as they are now; pods and images that are new or other than before;
  // the rest unless a flag says that it stays.
  Report changed;
  bool keeps_applied = false;
  bool keeps_host = false;  // labels and node status
  bool keeps_network = false;
  std::vector<std::string> removed_pods;    // keys, as link/list_delta.h writes them
  std::vector<std::string> removed_images;  // likewise, by their first names
  bool keeps_usage = false;
  // Of what is used `changed` has all, or what makes it of the base's. Then also likewise by uids:
  bool is_usage_delta = false;
  std::vector<std::string> removed_usage;
};

// ApplyDelta(base, *MakeDelta(base, next)) is `next`. None when only the whole `next` can say it
// (pods or images that are not sorted, another node).
std::optional<ReportDelta> MakeDelta(const Report& base, const Report& next);
// Invalid when the delta is not one of `base`.
Result<Report> ApplyDelta(const Report& base, const ReportDelta& delta);

// A heartbeat: nothing but its number differs, and nothing happened.
bool SaysNothingNew(const Report& base, const Report& next);

Value EncodeDelta(const ReportDelta& delta);
Result<ReportDelta> DecodeReportDelta(const Value& value);

}  // namespace reconcile
