#include "api/user_view.h"

#include "schema/codec.h"
#include "schema/core.h"
#include "schema/network.h"

namespace reconcile {
namespace {

void SetIfAbsent(Value* map, const std::string& key, Value value) {
  if (map->Find(key) == nullptr) map->Set(key, std::move(value));
}

Value OnlyOne(const std::string& text) { return Value::MakeList({Value::String(text)}); }

void AddServiceAddresses(const std::string& cluster_ip, Value* spec) {
  SetIfAbsent(spec, "clusterIPs", OnlyOne(cluster_ip));
  SetIfAbsent(spec, "ipFamilies", OnlyOne("IPv4"));
  SetIfAbsent(spec, "ipFamilyPolicy", Value::String("SingleStack"));
}

Value* SpecOf(Value* encoded) {
  for (Value::Member& member : encoded->AsMap()) {
    if (member.key == "spec") return &member.value;
  }
  return nullptr;
}

}  // namespace

Value EncodeForReaders(const Object& object) {
  Value encoded = EncodeObject(object, EncodeFor::kUser);
  Value* const spec = SpecOf(&encoded);
  if (spec == nullptr) return encoded;
  if (const auto* service = As<Service>(object); service != nullptr) {
    if (!service->spec.cluster_ip.empty()) AddServiceAddresses(service->spec.cluster_ip, spec);
  } else if (const auto* node = As<Node>(object); node != nullptr) {
    if (!node->spec.pod_cidr.empty()) SetIfAbsent(spec, "podCIDRs", OnlyOne(node->spec.pod_cidr));
  }
  return encoded;
}

std::string WriteForReaders(const Object& object) {
  const bool is_more = object.kind == Kind::kService || object.kind == Kind::kNode;
  return is_more ? WriteJson(EncodeForReaders(object)) : EncodeObjectJson(object, EncodeFor::kUser);
}

}  // namespace reconcile
