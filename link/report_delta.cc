#include "link/report_delta.h"

#include <algorithm>
#include <functional>

#include "link/list_delta.h"
#include "link/message_reader.h"

namespace reconcile {
namespace {

struct PodItemKey {
  ItemKey operator()(const PodReport& pod) const { return {pod.namespace_name, pod.name, pod.uid}; }
};

struct ImageItemKey {
  ItemKey operator()(const ContainerImage& image) const {
    return {"", "", image.names.empty() ? std::string_view() : image.names.front()};
  }
};

const std::vector<ContainerImage>& ImagesOf(const Report& report) {
  static const std::vector<ContainerImage> kNone;
  return report.images == nullptr ? kNone : *report.images;
}

ImageList ListOf(std::vector<ContainerImage> images) {
  if (images.empty()) return nullptr;
  return std::make_shared<const std::vector<ContainerImage>>(std::move(images));
}

// False when a delta cannot say it.
bool AddImages(const Report& base, const Report& next, ReportDelta* delta) {
  if (SameImages(base.images, next.images)) return true;
  auto images = MakeListDelta(ImagesOf(base), ImagesOf(next), ImageItemKey(), std::equal_to<>());
  if (!images) return false;
  delta->changed.images = ListOf(std::move(images->changed));
  delta->removed_images = std::move(images->removed);
  return true;
}

Status ApplyImages(const Report& base, const ReportDelta& delta, Report* next) {
  if (delta.changed.images == nullptr && delta.removed_images.empty()) {
    next->images = base.images;
    return OkStatus();
  }
  const ListDelta<ContainerImage> change{ImagesOf(delta.changed), delta.removed_images};
  Result<std::vector<ContainerImage>> images =
      ApplyListDelta(ImagesOf(base), change, ImageItemKey(), "report delta: images");
  if (!images.ok()) return images.status();
  next->images = ListOf(std::move(images).value());
  return OkStatus();
}

bool SameUsage(const UsagePtr& a, const UsagePtr& b) {
  return a == b || (a != nullptr && b != nullptr && *a == *b);
}

void AddUsage(const Report& base, const Report& next, ReportDelta* delta) {
  delta->keeps_usage = SameUsage(base.usage, next.usage);
  if (delta->keeps_usage) return;
  delta->changed.usage = next.usage;
  if (base.usage == nullptr || next.usage == nullptr) return;
  std::optional<UsageDelta> usage = MakeUsageDelta(*base.usage, *next.usage);
  if (!usage) return;  // all of it says it
  delta->is_usage_delta = true;
  delta->changed.usage = std::make_shared<const UsageReport>(std::move(usage->changed));
  delta->removed_usage = std::move(usage->removed);
}

Status ApplyUsage(const Report& base, const ReportDelta& delta, Report* next) {
  if (delta.keeps_usage) next->usage = base.usage;
  if (!delta.is_usage_delta) return OkStatus();
  if (base.usage == nullptr || delta.changed.usage == nullptr) {
    return InvalidError("report delta: of a usage that was not told");
  }
  Result<UsageReport> usage =
      ApplyUsageDelta(*base.usage, {*delta.changed.usage, delta.removed_usage});
  if (!usage.ok()) return usage.status();
  next->usage = std::make_shared<const UsageReport>(std::move(usage).value());
  return OkStatus();
}

bool SamePod(const PodReport& a, const PodReport& b) {
  return a.gone == b.gone && a.status == b.status;
}

// Members of an encoded report that a delta leaves out when they stay.
constexpr std::string_view kHostMembers[] = {"labels", "nodeStatus"};

Value KeyList(const std::vector<std::string>& keys) {
  Value list = Value::MakeList();
  for (const std::string& key : keys) list.Append(Value::String(key));
  return list;
}

}  // namespace

std::optional<ReportDelta> MakeDelta(const Report& base, const Report& next) {
  if (base.node != next.node) return std::nullopt;
  auto pods = MakeListDelta(base.pods.items(), next.pods.items(), PodItemKey(), SamePod);
  if (!pods) return std::nullopt;
  ReportDelta delta;
  delta.changed.node = next.node;
  delta.changed.agent_start = next.agent_start;
  delta.changed.sequence = next.sequence;
  delta.changed.held = next.held;
  delta.changed.heartbeat_ms = next.heartbeat_ms;
  delta.changed.clock_ms = next.clock_ms;
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
  if (!AddImages(base, next, &delta)) return std::nullopt;
  AddUsage(base, next, &delta);
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
  RETURN_IF_ERROR(ApplyImages(base, delta, &next));
  RETURN_IF_ERROR(ApplyUsage(base, delta, &next));
  if (delta.changed.pods.empty() && delta.removed_pods.empty()) {
    next.pods = base.pods;
    return next;
  }
  Result<std::vector<PodReport>> pods = ApplyListDelta(
      base.pods.items(), ListDelta<PodReport>{delta.changed.pods.items(), delta.removed_pods},
      PodItemKey(), "report delta: pods");
  if (!pods.ok()) return pods.status();
  next.pods = std::move(pods).value();
  return next;
}

bool SaysNothingNew(const Report& base, const Report& next) {
  return base.node == next.node && base.agent_start == next.agent_start && next.events.empty() &&
         next.starts.empty() && base.applied == next.applied && base.held == next.held &&
         base.labels == next.labels && base.node_status == next.node_status &&
         SameImages(base.images, next.images) &&
         (base.pods.IsOneWith(next.pods) ||
          std::equal(base.pods.begin(), base.pods.end(), next.pods.begin(), next.pods.end(),
                     [](const PodReport& a, const PodReport& b) {
                       return PodItemKey()(a) == PodItemKey()(b) && SamePod(a, b);
                     }));
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
  value.Set("removedPods", KeyList(delta.removed_pods));
  if (!delta.removed_images.empty()) value.Set("removedImages", KeyList(delta.removed_images));
  if (delta.keeps_usage) value.Set("keepsUsage", Value::Bool(true));
  if (!delta.is_usage_delta) return value;
  value.Set("usageDelta", Value::Bool(true));
  if (!delta.removed_usage.empty()) value.Set("removedUsage", KeyList(delta.removed_usage));
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
  delta.removed_images = reader.StringList("removedImages");
  delta.keeps_usage = reader.Bool("keepsUsage");
  delta.is_usage_delta = reader.Bool("usageDelta");
  delta.removed_usage = reader.StringList("removedUsage");
  RETURN_IF_ERROR(reader.status());
  return delta;
}

}  // namespace reconcile
