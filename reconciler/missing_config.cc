#include "reconciler/missing_config.h"

#include "schema/core.h"
#include "schema/sidecar.h"
#include "schema/text.h"

namespace reconcile {
namespace {

// The keys that variables may come from; null when the object is not there.
const StringMap* DataOf(const ClusterState& state, const ObjectKey& key) {
  const ObjectPtr object = state.Find(key);  // the state holds it on
  if (object == nullptr) return nullptr;
  const auto* map = As<ConfigMap>(*object);
  return map != nullptr ? &map->data : &As<Secret>(*object)->data;
}

std::string MissingIn(const EnvFromSource& from, const std::string& namespace_name,
                      const ClusterState& state) {
  if (!from.config_map_ref && !from.secret_ref) return "";
  const EnvFromRef& reference = from.secret_ref ? *from.secret_ref : *from.config_map_ref;
  const ObjectKey key{from.secret_ref ? Kind::kSecret : Kind::kConfigMap, namespace_name,
                      reference.name};
  if (reference.optional || DataOf(state, key) != nullptr) return "";
  return ToString(key) + " is not there";
}

std::string MissingIn(const EnvVar& variable, const std::string& namespace_name,
                      const ClusterState& state) {
  if (!variable.value.empty() || !variable.value_from) return "";
  const EnvVarSource& from = *variable.value_from;
  if (!from.config_map_key_ref && !from.secret_key_ref) return "";
  const bool is_secret = !from.config_map_key_ref;
  const KeySelector& selector = is_secret ? *from.secret_key_ref : *from.config_map_key_ref;
  if (selector.optional) return "";
  const ObjectKey key{is_secret ? Kind::kSecret : Kind::kConfigMap, namespace_name, selector.name};
  const StringMap* data = DataOf(state, key);
  if (data == nullptr) return ToString(key) + " is not there";
  return data->contains(selector.key) ? "" : ToString(key) + " has no key " + Quoted(selector.key);
}

}  // namespace

std::string MissingConfigOf(const Pod& pod, const ClusterState& state) {
  std::string missing;
  for (const Container* container : AllContainersOf(pod.spec)) {
    for (const EnvFromSource& from : container->env_from) {
      missing = MissingIn(from, pod.metadata.namespace_name, state);
      if (!missing.empty()) return missing;
    }
    for (const EnvVar& variable : container->env) {
      missing = MissingIn(variable, pod.metadata.namespace_name, state);
      if (!missing.empty()) return missing;
    }
  }
  return "";
}

}  // namespace reconcile
