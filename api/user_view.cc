#include "api/user_view.h"

#include "schema/codec.h"
#include "schema/network.h"
#include "schema/pod.h"

namespace reconcile {
namespace {

Value Word(std::string_view word) { return Value::String(std::string(word)); }

// Null when it is not there.
Value* MemberOf(Value* map, std::string_view key) {
  for (Value::Member& member : map->AsMap()) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

void SetIfAbsent(Value* map, const std::string& key, Value value) {
  if (map->Find(key) == nullptr) map->Set(key, std::move(value));
}

void AddPodAddresses(const Pod& pod, Value* status) {
  if (pod.status.pod_ip.empty()) return;
  Value address = Value::MakeMap();
  address.Set("ip", Value::String(pod.status.pod_ip));
  status->Set("podIPs", Value::MakeList({std::move(address)}));
}

void AddServiceAddresses(const Service& service, Value* spec) {
  if (service.spec.cluster_ip.empty()) return;
  SetIfAbsent(spec, "clusterIPs", Value::MakeList({Value::String(service.spec.cluster_ip)}));
  SetIfAbsent(spec, "ipFamilies", Value::MakeList({Word("IPv4")}));
  SetIfAbsent(spec, "ipFamilyPolicy", Word("SingleStack"));
}

}  // namespace

Value EncodeForReaders(const Object& object) {
  Value encoded = EncodeObject(object, EncodeFor::kUser);
  const auto* pod = As<Pod>(object);
  Value* status = pod == nullptr ? nullptr : MemberOf(&encoded, "status");
  if (status != nullptr) AddPodAddresses(*pod, status);
  const auto* service = As<Service>(object);
  Value* spec = service == nullptr ? nullptr : MemberOf(&encoded, "spec");
  if (spec != nullptr) AddServiceAddresses(*service, spec);
  return encoded;
}

}  // namespace reconcile
