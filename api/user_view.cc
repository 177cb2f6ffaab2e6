#include "api/user_view.h"

#include "schema/codec.h"
#include "schema/network.h"

namespace reconcile {
namespace {

void SetIfAbsent(Value* map, const std::string& key, Value value) {
  if (map->Find(key) == nullptr) map->Set(key, std::move(value));
}

void AddAddresses(const std::string& cluster_ip, Value* spec) {
  SetIfAbsent(spec, "clusterIPs", Value::MakeList({Value::String(cluster_ip)}));
  SetIfAbsent(spec, "ipFamilies", Value::MakeList({Value::String("IPv4")}));
  SetIfAbsent(spec, "ipFamilyPolicy", Value::String("SingleStack"));
}

}  // namespace

Value EncodeForReaders(const Object& object) {
  Value encoded = EncodeObject(object, EncodeFor::kUser);
  const auto* service = As<Service>(object);
  if (service == nullptr || service->spec.cluster_ip.empty()) return encoded;
  for (Value::Member& member : encoded.AsMap()) {
    if (member.key == "spec") AddAddresses(service->spec.cluster_ip, &member.value);
  }
  return encoded;
}

std::string WriteForReaders(const Object& object) {
  if (object.kind != Kind::kService) return EncodeObjectJson(object, EncodeFor::kUser);
  return WriteJson(EncodeForReaders(object));
}

}  // namespace reconcile
