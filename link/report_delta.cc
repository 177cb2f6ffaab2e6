#include "link/report_delta.h"

#include <algorithm>

#include "link/list_delta.h"
#include "link/message_reader.h"

namespace reconcile {
namespace {

struct PodItemKey {
  ItemKey operator()(const PodReport& pod) const { return {pod.namespace_name, pod.name, pod.uid}; }
};

bool SamePod(const PodReport& a, const PodReport& b) {
  return a.gone == b.gone && a.status == b.status;
}

// Members of an encoded report that a delta leaves out when they stay.
constexpr std::string_view kHostMembers[] = {"labels", "nodeStatus"};

}  // namespace

std::optional<ReportDelta> MakeDelta(const Report& base, const Report& next) {
  if (base.node != next.node) return std::nullopt;
  auto pods = MakeListDelta(base.pods, next.pods, PodItemKey(), SamePod);
  if (!pods) return std::nullopt;
  ReportDelta delta;
  delta.changed.node = next.node;
  delta.changed.agent_start = next.agent_start;
  delta.changed.sequence = next.sequence;
  delta.changed.held = next.held;
  delta.changed.heartbeat_ms = next.heartbeat_ms;
  delta.keeps_network = base.network == next.network;
  if (!delta.keeps_network) delta.changed.network = next.network;
  delta.changed.events = next.events;
  delta.changed.starts = next.starts;
  delta.keeps_applied = base.applied == next.applied;
  if (!delta.keeps_applied) delta.changed.applied = next.applied;
  delta.keeps_host = base.labels == next.labels && base.node_status == next.node_status;
  if (!delta.keeps_host) {
    delta.changed.labels = next.labels;
    delta.changed.node_status = next.node_status;
  }
  delta.changed.pods = std::move(pods->changed);
  delta.removed_pods = std::move(pods->removed);
  return delta;
}

Result<Report> ApplyDelta(const Report& base, const ReportDelta& delta) {
  Report next = delta.changed;
  if (next.node != base.node) {
    return InvalidError("report delta: of node " + next.node + ", not " + base.node);
  }
  if (delta.keeps_applied) next.applied = base.applied;
  if (delta.keeps_network) next.network = base.network;
  if (delta.keeps_host) {
    next.labels = base.labels;
    next.node_status = base.node_status;
  }
  Result<std::vector<PodReport>> pods =
      ApplyListDelta(base.pods, ListDelta<PodReport>{delta.changed.pods, delta.removed_pods},
                     PodItemKey(), "report delta: pods");
  if (!pods.ok()) return pods.status();
  next.pods = std::move(pods).value();
  return next;
}

bool SaysNothingNew(const Report& base, const Report& next) {
  return base.node == next.node && base.agent_start == next.agent_start && next.events.empty() &&
         next.starts.empty() && base.applied == next.applied && base.held == next.held &&
         base.labels == next.labels && base.node_status == next.node_status &&
         std::equal(base.pods.begin(), base.pods.end(), next.pods.begin(), next.pods.end(),
                    [](const PodReport& a, const PodReport& b) {
                      return PodItemKey()(a) == PodItemKey()(b) && SamePod(a, b);
                    });
}

Value EncodeDelta(const ReportDelta& delta) {
  Value value = EncodeReport(delta.changed);
  if (delta.keeps_host) {
    std::erase_if(value.AsMap(), [](const Value::Member& member) {
      return std::find(std::begin(kHostMembers), std::end(kHostMembers), member.key) !=
             std::end(kHostMembers);
    });
  }
  if (delta.keeps_network) {
    std::erase_if(value.AsMap(),
                  [](const Value::Member& member) { return member.key == "network"; });
    value.Set("keepsNetwork", Value::Bool(true));
  }
  value.Set("keepsApplied", Value::Bool(delta.keeps_applied));
  value.Set("keepsHost", Value::Bool(delta.keeps_host));
  Value removed = Value::MakeList();
  for (const std::string& key : delta.removed_pods) removed.Append(Value::String(key));
  value.Set("removedPods", std::move(removed));
  return value;
}

Result<ReportDelta> DecodeReportDelta(const Value& value) {
  Result<Report> changed = DecodeReport(value);
  if (!changed.ok()) return changed.status();
  MessageReader reader(value, "report delta");
  ReportDelta delta;
  delta.changed = std::move(changed).value();
  delta.keeps_applied = reader.Bool("keepsApplied");
  delta.keeps_host = reader.Bool("keepsHost");
  delta.keeps_network = reader.Bool("keepsNetwork");
  delta.removed_pods = reader.StringList("removedPods");
  RETURN_IF_ERROR(reader.status());
  return delta;
}

}  // namespace reconcile
