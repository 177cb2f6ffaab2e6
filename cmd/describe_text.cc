#include <algorithm>

#include "cmd/describe.h"
#include "cmd/value_at.h"

namespace reconcile {
namespace {

constexpr size_t kMaxShownEvents = 40;

std::string OwnerText(const Value& object) {
  for (const Value& owner : ListAt(object, "metadata.ownerReferences")) {
    if (owner.GetBool("controller")) return owner.GetString("kind") + "/" + owner.GetString("name");
  }
  return "";
}

void DescribeHead(const Value& object, DescribeWriter* writer) {
  writer->Field("Name", TextAt(object, "metadata.name"));
  writer->OptionalField("Namespace", TextAt(object, "metadata.namespace"));
  writer->Map("Labels", ValueAt(object, "metadata.labels"));
  writer->Map("Annotations", ValueAt(object, "metadata.annotations"));
  const std::string created = TextAt(object, "metadata.creationTimestamp");
  if (!created.empty()) writer->Field("Created", created + " (" + writer->AgeOf(created) + " ago)");
  writer->OptionalField("Controlled By", OwnerText(object));
  if (const std::string goes = TextAt(object, "metadata.deletionTimestamp"); !goes.empty()) {
    writer->Field("Being deleted", "to be gone by " + goes);
  }
}

// Newest last, as kubectl.
void DescribeEvents(const Value::List& events, DescribeWriter* writer) {
  std::vector<const Value*> sorted;
  for (const Value& event : events) sorted.push_back(&event);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Value* a, const Value* b) {
    return a->GetString("lastTimestamp") < b->GetString("lastTimestamp");
  });
  const size_t left_out = sorted.size() - std::min(sorted.size(), kMaxShownEvents);
  std::vector<DescribeWriter::Row> rows;
  for (size_t i = left_out; i < sorted.size(); ++i) {
    const Value& event = *sorted[i];
    const int64_t count = event.GetInt("count", 1);
    std::string age = writer->AgeOf(event.GetString("lastTimestamp"));
    if (count > 1) {
      age += " (x" + std::to_string(count) + " over " +
             writer->AgeOf(event.GetString("firstTimestamp")) + ")";
    }
    rows.push_back({event.GetString("type"), event.GetString("reason"), age,
                    TextAt(event, "source.component"), event.GetString("message")});
  }
  const std::string name =
      left_out == 0 ? "Events" : "Events (" + std::to_string(left_out) + " older ones left out)";
  writer->Table(name, {"Type", "Reason", "Age", "From", "Message"}, rows);
}

void DescribeBody(const DescribedObject& described, DescribeWriter* writer) {
  const Value& object = described.object;
  const std::string kind = object.GetString("kind");
  if (kind == "Pod") return DescribePod(object, writer);
  for (const char* workload : {"Deployment", "ReplicaSet", "ReplicationController", "StatefulSet",
                               "DaemonSet", "Job", "CronJob"}) {
    if (kind == workload) return DescribeWorkload(described, writer);
  }
  if (kind == "Node") return DescribeNode(described, writer);
  if (kind == "Service") return DescribeService(described, writer);
  if (kind == "ConfigMap") return DescribeConfigMap(object, writer);
  if (kind == "Secret") return DescribeSecret(object, writer);
  if (kind == "PersistentVolumeClaim") return DescribeClaim(described, writer);
  DescribeFields(object, writer);
}

void DescribeValue(std::string_view name, const Value& value, DescribeWriter* writer) {
  if (value.IsMap() && !value.AsMap().empty()) {
    writer->Begin(name);
    for (const Value::Member& member : value.AsMap()) {
      DescribeValue(member.key, member.value, writer);
    }
    return writer->End();
  }
  if (!value.IsList() || value.AsList().empty()) {
    return writer->Field(name, value.IsMap() || value.IsList() ? "" : TextOf(value));
  }
  std::vector<std::string> lines;
  for (const Value& item : value.AsList()) lines.push_back(TextOf(item));
  writer->Lines(name, lines);
}

}  // namespace

void DescribeConditions(const Value& object, DescribeWriter* writer) {
  std::vector<DescribeWriter::Row> rows;
  for (const Value& condition : ListAt(object, "status.conditions")) {
    const std::string since = condition.GetString("lastTransitionTime");
    rows.push_back({condition.GetString("type"), condition.GetString("status"),
                    since.empty() ? "" : writer->AgeOf(since), condition.GetString("reason"),
                    condition.GetString("message")});
  }
  writer->Table("Conditions", {"Type", "Status", "Since", "Reason", "Message"}, rows);
}

void DescribePods(const Value::List& pods, DescribeWriter* writer) {
  std::vector<DescribeWriter::Row> rows;
  for (const Value& pod : pods) {
    const std::string name = NameWithNamespace(pod);
    const std::string node = TextAt(pod, "spec.nodeName");
    rows.push_back(
        {name, PodStateText(pod), node.empty() ? "<none>" : node, WhyPodIsNotReady(pod)});
  }
  writer->Table("Pods", {"Name", "State", "Node", "Why it is not ready"}, rows);
}

void DescribeFields(const Value& object, DescribeWriter* writer) {
  if (!object.IsMap()) return;
  for (const Value::Member& member : object.AsMap()) {
    if (member.key == "kind" || member.key == "apiVersion" || member.key == "metadata") continue;
    DescribeValue(member.key, member.value, writer);
  }
}

std::string DescribeText(const DescribedObject& described, WallTime now) {
  DescribeWriter writer(now);
  DescribeHead(described.object, &writer);
  DescribeBody(described, &writer);
  DescribeEvents(described.events, &writer);
  return writer.Finish();
}

}  // namespace reconcile
