#include "reconciler/restart_on_change.h"

#include "base/digest.h"
#include "reconciler/opt_in.h"
#include "reconciler/reference_table.h"
#include "schema/core.h"

namespace reconcile {
namespace {

constexpr size_t kDigestBytes = 8;

void Add(std::string_view text, std::string* to) {
  *to += std::to_string(text.size()) + ":";
  *to += text;
}

std::string ContentOf(const ObjectPtr& object) {
  if (object == nullptr) return "absent";
  if (object->kind == Kind::kSecret) {
    return object->metadata.uid + "/" + std::to_string(object->metadata.generation);
  }
  const ConfigMap& map = *As<ConfigMap>(*object);
  std::string text;
  for (const StringMap* data : {&map.data, &map.binary_data}) {
    Add(std::to_string(data->size()), &text);
    for (const auto& [key, value] : *data) {
      Add(key, &text);
      Add(value, &text);
    }
  }
  return text;
}

// Empty when no ConfigMap and no Secret is used.
std::string DigestOfUsed(const Deployment& deployment, const ClusterState& state) {
  std::string text;
  const ObjectKey* last = nullptr;
  const std::set<ConfigUse> uses = ConfigUsesOf(deployment);
  for (const ConfigUse& use : uses) {
    if (last != nullptr && *last == use.key) continue;
    last = &use.key;
    Add(ToString(use.key), &text);
    Add(ContentOf(state.Find(use.key)), &text);
  }
  return text.empty() ? "" : ToHex(Sha256(text).substr(0, kDigestBytes));
}

}  // namespace

bool RestartsOnChange(const ObjectMeta& metadata) { return OptsIn(metadata, kRestartOnChange); }

std::shared_ptr<const PodTemplateSpec> TemplateOf(
    const std::shared_ptr<const Deployment>& deployment, const ClusterState& state) {
  const PodTemplateSpec* declared = &deployment->spec.pod_template;
  std::shared_ptr<const PodTemplateSpec> shared(deployment, declared);
  if (!RestartsOnChange(deployment->metadata)) return shared;
  std::string digest = DigestOfUsed(*deployment, state);
  if (digest.empty()) return shared;
  const auto marked = std::make_shared<PodTemplateSpec>(*declared);
  marked->metadata.annotations[std::string(kConfigAnnotation)] = std::move(digest);
  return marked;
}

}  // namespace reconcile
