#include "link/usage.h"

#include <functional>

#include "link/list_delta.h"
#include "link/message_reader.h"

namespace reconcile {
namespace {

struct PodUsageKey {
  ItemKey operator()(const PodUsage& pod) const { return {"", "", pod.uid}; }
};

void SetUse(const ResourceUse& use, Value* value) {
  value->Set("cpu", Value::Int(use.cpu_micros));
  value->Set("memory", Value::Int(use.memory_bytes));
}

void SetNetwork(const NetworkUse& network, Value* value) {
  value->Set("received", Value::Int(network.received));
  value->Set("sent", Value::Int(network.sent));
}

ResourceUse UseIn(MessageReader* reader) { return {reader->Count("cpu"), reader->Count("memory")}; }

NetworkUse NetworkIn(MessageReader* reader) {
  return {reader->Count("received"), reader->Count("sent")};
}

Value EncodePodUsage(const PodUsage& pod) {
  Value value = Value::MakeMap();
  value.Set("uid", Value::String(pod.uid));
  if (pod.network) SetNetwork(*pod.network, &value);
  Value containers = Value::MakeList();
  for (const ContainerUsage& container : pod.containers) {
    Value item = Value::MakeMap();
    item.Set("name", Value::String(container.name));
    SetUse(container.use, &item);
    containers.Append(std::move(item));
  }
  value.Set("containers", std::move(containers));
  return value;
}

Result<PodUsage> DecodePodUsage(const Value& value, const std::string& path) {
  MessageReader reader(value, path);
  PodUsage pod;
  pod.uid = reader.RequiredString("uid");
  if (value.Find("received") != nullptr) pod.network = NetworkIn(&reader);
  for (const Value& item : reader.List("containers")) {
    MessageReader container(item, reader.ItemPath("containers", pod.containers.size()));
    const std::string name = container.RequiredString("name");
    pod.containers.push_back({name, UseIn(&container)});
    RETURN_IF_ERROR(container.status());
  }
  if (!reader.status().ok()) return reader.status();
  return pod;
}

}  // namespace

Value EncodeUsage(const UsageReport& usage) {
  Value value = Value::MakeMap();
  value.Set("number", Value::Int(usage.number));
  value.Set("windowMs", Value::Int(usage.window_ms));
  SetUse(usage.host, &value);
  SetNetwork(usage.network, &value);
  Value pods = Value::MakeList();
  for (const PodUsage& pod : usage.pods) pods.Append(EncodePodUsage(pod));
  value.Set("pods", std::move(pods));
  return value;
}

Result<UsageReport> DecodeUsage(const Value& value, const std::string& path) {
  MessageReader reader(value, path);
  UsageReport usage;
  usage.number = reader.Count("number");
  usage.window_ms = reader.Count("windowMs");
  usage.host = UseIn(&reader);
  usage.network = NetworkIn(&reader);
  for (const Value& item : reader.List("pods")) {
    Result<PodUsage> pod = DecodePodUsage(item, reader.ItemPath("pods", usage.pods.size()));
    if (!pod.ok()) return pod.status();
    usage.pods.push_back(std::move(pod).value());
  }
  if (!reader.status().ok()) return reader.status();
  return usage;
}

std::optional<UsageDelta> MakeUsageDelta(const UsageReport& base, const UsageReport& next) {
  auto pods = MakeListDelta(base.pods, next.pods, PodUsageKey(), std::equal_to<>());
  if (!pods) return std::nullopt;
  UsageDelta delta;
  delta.changed = {next.number, next.window_ms, next.host, next.network, std::move(pods->changed)};
  delta.removed = std::move(pods->removed);
  return delta;
}

Result<UsageReport> ApplyUsageDelta(const UsageReport& base, const UsageDelta& delta) {
  UsageReport next = delta.changed;
  Result<std::vector<PodUsage>> pods =
      ApplyListDelta(base.pods, ListDelta<PodUsage>{delta.changed.pods, delta.removed},
                     PodUsageKey(), "report delta: usage");
  if (!pods.ok()) return pods.status();
  next.pods = std::move(pods).value();
  return next;
}

}  // namespace reconcile
