#include "cmd/describe.h"
#include "cmd/value_at.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr size_t kMaxShownValueBytes = 1024;

std::vector<std::string> TaintLines(const Value& node) {
  std::vector<std::string> lines;
  for (const Value& taint : ListAt(node, "spec.taints")) {
    const std::string value = taint.GetString("value");
    lines.push_back(taint.GetString("key") + (value.empty() ? "" : "=" + value) + ":" +
                    taint.GetString("effect"));
  }
  return lines;
}

std::vector<std::string> PortLines(const Value& service) {
  std::vector<std::string> lines;
  for (const Value& port : ListAt(service, "spec.ports")) {
    const std::string name = port.GetString("name");
    std::string line = (name.empty() ? "" : name + ": ") + TextAt(port, "port") + "/" +
                       port.GetString("protocol", "TCP") + " to port " + TextAt(port, "targetPort");
    if (port.GetInt("nodePort") != 0) {
      line += ", " + std::to_string(port.GetInt("nodePort")) + " on every host";
    }
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> EndpointLines(const Value::List& slices) {
  std::vector<std::string> lines;
  for (const Value& slice : slices) {
    std::string ports;
    for (const Value& port : slice.GetList("ports")) {
      ports += (ports.empty() ? "" : ",") + TextAt(port, "port");
    }
    for (const Value& endpoint : slice.GetList("endpoints")) {
      const Value* ready = ValueAt(endpoint, "conditions.ready");
      const bool is_ready = ready == nullptr || TextOf(*ready) != "false";
      for (const Value& address : endpoint.GetList("addresses")) {
        const std::string pod = TextAt(endpoint, "targetRef.name");
        lines.push_back(TextOf(address) + (ports.empty() ? "" : ":" + ports) +
                        (pod.empty() ? "" : " pod " + pod) + (is_ready ? "" : ", not ready"));
      }
    }
  }
  return lines;
}

// The bytes that base64 text stands for.
size_t DecodedSize(std::string_view text) {
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  return text.size() / 4 * 3 - padding;
}

std::string BytesText(size_t bytes) { return std::to_string(bytes) + " bytes"; }

}  // namespace

void DescribeNode(const DescribedObject& described, DescribeWriter* writer) {
  const Value& node = described.object;
  writer->Lines("Taints", TaintLines(node));
  writer->Field("Unschedulable",
                TextAt(node, "spec.unschedulable") == "true" ? "true: it is cordoned" : "false");
  writer->OptionalField("Pod CIDR", TextAt(node, "spec.podCIDR"));
  std::vector<std::string> addresses;
  for (const Value& address : ListAt(node, "status.addresses")) {
    addresses.push_back(address.GetString("type") + " " + address.GetString("address"));
  }
  writer->Lines("Addresses", addresses);
  DescribeConditions(node, writer);
  writer->Map("Capacity", ValueAt(node, "status.capacity"));
  writer->Map("Allocatable", ValueAt(node, "status.allocatable"));
  if (const Value* info = ValueAt(node, "status.nodeInfo")) {
    writer->Begin("System Info");
    for (const Value::Member& member : info->AsMap()) {
      writer->Field(member.key, TextOf(member.value));
    }
    writer->End();
  }
  DescribePods(described.pods, writer);
}

void DescribeService(const DescribedObject& described, DescribeWriter* writer) {
  const Value& service = described.object;
  writer->Map("Selector", ValueAt(service, "spec.selector"));
  writer->Field("Type", TextAt(service, "spec.type"));
  writer->Field("IP", TextAt(service, "spec.clusterIP"));
  writer->OptionalField("External Name", TextAt(service, "spec.externalName"));
  writer->Lines("Ports", PortLines(service));
  writer->Lines("Endpoints", EndpointLines(described.children));
  writer->OptionalField("Session Affinity", TextAt(service, "spec.sessionAffinity"));
  writer->OptionalField("External Traffic Policy", TextAt(service, "spec.externalTrafficPolicy"));
  writer->OptionalField("Internal Traffic Policy", TextAt(service, "spec.internalTrafficPolicy"));
  DescribePods(described.pods, writer);
}

void DescribeConfigMap(const Value& config_map, DescribeWriter* writer) {
  std::vector<DescribeWriter::Row> rows;
  if (const Value* data = config_map.Find("data"); data != nullptr && data->IsMap()) {
    for (const Value::Member& member : data->AsMap()) {
      const std::string text = TextOf(member.value);
      rows.push_back({member.key, BytesText(text.size()), CutText(text, kMaxShownValueBytes)});
    }
  }
  if (const Value* data = config_map.Find("binaryData"); data != nullptr && data->IsMap()) {
    for (const Value::Member& member : data->AsMap()) {
      rows.push_back({member.key, BytesText(DecodedSize(TextOf(member.value))), "<binary>"});
    }
  }
  writer->Table("Data", {"Key", "Size", "Value"}, rows);
}

void DescribeSecret(const Value& secret, DescribeWriter* writer) {
  writer->Field("Type", TextAt(secret, "type"));
  std::vector<DescribeWriter::Row> rows;
  if (const Value* data = secret.Find("data"); data != nullptr && data->IsMap()) {
    for (const Value::Member& member : data->AsMap()) {
      rows.push_back({member.key, BytesText(DecodedSize(TextOf(member.value)))});
    }
  }
  writer->Table("Data", {"Key", "Size"}, rows);
}

void DescribeClaim(const DescribedObject& described, DescribeWriter* writer) {
  const Value& claim = described.object;
  writer->Field("Storage Class", TextAt(claim, "spec.storageClassName"));
  writer->Field("Status", TextAt(claim, "status.phase"));
  writer->Field("Volume", TextAt(claim, "spec.volumeName"));
  writer->Field("Requested", TextAt(claim, "spec.resources.requests.storage"));
  writer->Field("Capacity", TextAt(claim, "status.capacity.storage"));
  std::vector<std::string> modes;
  for (const Value& mode : ListAt(claim, "spec.accessModes")) modes.push_back(TextOf(mode));
  writer->Lines("Access Modes", modes);
  writer->OptionalField("Volume Mode", TextAt(claim, "spec.volumeMode"));
  DescribeConditions(claim, writer);
  std::vector<std::string> used_by;
  for (const Value& pod : described.pods) used_by.push_back(TextAt(pod, "metadata.name"));
  writer->Lines("Used By", used_by);
}

}  // namespace reconcile
