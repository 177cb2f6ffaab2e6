#include "store/sqlite_payload.h"

#include "schema/codec.h"

namespace reconcile {

std::string SealContext(const ObjectKey& key, Revision revision) {
  return std::to_string(key.namespace_name.size()) + ":" + key.namespace_name + "/" + key.name +
         "@" + std::to_string(revision);
}

Result<std::string> PayloadFor(const PayloadSealer& sealer, const ObjectKey& key, Revision revision,
                               const std::string& json) {
  if (key.kind != Kind::kSecret) return json;
  Result<std::string> sealed = sealer.Seal(json, SealContext(key, revision));
  if (!sealed.ok()) return sealed.status().WithContext(ToString(key));
  return sealed;
}

Result<ObjectPtr> ObjectFrom(const PayloadSealer& sealer, const ObjectKey& key, Revision revision,
                             const std::string& payload) {
  std::string json = payload;
  if (key.kind == Kind::kSecret) {
    Result<std::string> opened = sealer.Open(payload, SealContext(key, revision));
    if (!opened.ok()) return opened.status();
    json = std::move(opened).value();
  }
  Result<ObjectPtr> object = DecodeStored(json);
  if (!object.ok()) return object.status();
  if ((*object)->key() != key || (*object)->metadata.resource_version != revision) {
    return InvalidError("the payload is of " + ToString((*object)->key()) + " at revision " +
                        std::to_string((*object)->metadata.resource_version));
  }
  return object;
}

Result<ObjectKey> KeyFrom(const std::string& kind, const std::string& namespace_name,
                          const std::string& name) {
  for (const Kind candidate : kAllKinds) {
    if (ToString(candidate) == kind) return ObjectKey{candidate, namespace_name, name};
  }
  return InvalidError("unknown kind " + kind);
}

}  // namespace reconcile
