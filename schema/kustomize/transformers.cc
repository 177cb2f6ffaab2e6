#include "schema/kustomize/transformers.h"

#include <algorithm>
#include <array>
#include <map>

#include "schema/kustomize/field_specs.h"
#include "schema/text.h"

namespace reconcile::kustomize {
namespace {

Value* NameOf(Resource* resource) {
  return FindMember(FindMember(&resource->value, "metadata"), "name");
}

void SetText(Session* session, Value* value, const Text& text) {
  if (!session->Charge(1 + StepsOf(text.text), text.mark)) return;
  *value = StringAt(text.text, text.mark);
}

// Every id that is remembered, and everything that is put around a name, is kept to the end.
bool ChargeId(Session* session, const Id& id, const Text& change) {
  constexpr size_t kStepsOfId = 10;
  return session->Charge(kStepsOfId + StepsOf(id.group) + StepsOf(id.version) + StepsOf(id.kind) +
                             StepsOf(id.namespace_name) + StepsOf(id.name) +
                             2 * StepsOf(change.text),
                         change.mark);
}

void ApplyNamespace(Session* session, const Text& text, Resources* resources) {
  std::map<std::string, Id> seen;
  for (Resource& resource : *resources) {
    const Id id = resource.CurrentId();
    if (!ChargeId(session, id, text)) return;
    resource.RememberId();
    if (!IsClusterScoped(id)) {
      Value* metadata = FindMember(&resource.value, "metadata");
      SetText(session, FindOrAddMember(metadata, "namespace", text.mark), text);
    }
    for (const FieldSpec& spec : NamespaceFields()) {
      if (!IsSelected(id, spec.group, spec.version, spec.kind)) continue;
      ForEachField(&resource.value, spec.path, spec.create, text.mark,
                   [&](Value* value) { SetText(session, value, text); });
    }
    if (id.kind == "RoleBinding" || id.kind == "ClusterRoleBinding") {
      ForEachField(&resource.value, "subjects", false, text.mark, [&](Value* subjects) {
        if (!subjects->IsList()) return;
        for (Value& subject : subjects->AsList()) {
          if (!subject.IsMap() || subject.GetString("name") != "default") continue;
          SetText(session, FindOrAddMember(&subject, "namespace", text.mark), text);
        }
      });
    }
    const Id now = resource.CurrentId();
    const auto [first, is_new] =
        seen.emplace(now.group + "/" + now.version + "/" + ToString(now), id);
    if (!is_new) {
      session->Error(text.mark, "with this namespace, " + ToString(id) + " and " +
                                    ToString(first->second) + " are the same object");
    }
  }
}

bool KeepsItsName(const Id& id) {
  constexpr std::array<std::string_view, 3> kKinds = {"CustomResourceDefinition", "APIService",
                                                      "Namespace"};
  return std::find(kKinds.begin(), kKinds.end(), id.kind) != kKinds.end();
}

void ApplyPrefix(Session* session, const std::optional<Text>& prefix, Resources* resources) {
  for (Resource& resource : *resources) {
    if (KeepsItsName(resource.OriginalId())) continue;
    if (!ChargeId(session, resource.CurrentId(), prefix.value_or(Text{"", resource.value.mark})))
      return;
    resource.prefixes.push_back(prefix ? prefix->text : "");
    if (!prefix) continue;
    resource.RememberId();
    Value* name = NameOf(&resource);
    *name = StringAt(prefix->text + ScalarText(*name), prefix->mark);
  }
}

void ApplySuffix(Session* session, const std::optional<Text>& suffix, Resources* resources) {
  for (Resource& resource : *resources) {
    if (KeepsItsName(resource.OriginalId())) continue;
    if (!ChargeId(session, resource.CurrentId(), suffix.value_or(Text{"", resource.value.mark})))
      return;
    resource.suffixes.push_back(suffix ? suffix->text : "");
    if (!suffix) continue;
    resource.RememberId();
    Value* name = NameOf(&resource);
    *name = StringAt(ScalarText(*name) + suffix->text, suffix->mark);
  }
}

void SetPairsIn(Session* session, const FieldSpec& spec, const Value::Map& pairs,
                Resource* resource) {
  const Mark mark = pairs.front().key_mark;
  ForEachField(&resource->value, spec.path, spec.create, mark, [&](Value* value) {
    if (value->IsNull()) {
      *value = Value::MakeMap();
      value->mark = mark;
    }
    const size_t steps =
        StepsOf(pairs) + pairs.size() * (value->IsMap() ? value->AsMap().size() : 0);
    if (!value->IsMap() || !session->Charge(steps, mark)) return;
    for (const Value::Member& pair : pairs) {
      *FindOrAddMember(value, pair.key, pair.key_mark) = pair.value;
    }
  });
}

void ApplyPairs(Session* session, const std::vector<FieldSpec>& specs, const Value::Map& pairs,
                Resources* resources) {
  if (pairs.empty()) return;
  for (Resource& resource : *resources) {
    const Id id = resource.CurrentId();
    if (!session->Charge(specs.size(), pairs.front().key_mark)) return;
    for (const FieldSpec& spec : specs) {
      if (IsSelected(id, spec.group, spec.version, spec.kind)) {
        SetPairsIn(session, spec, pairs, &resource);
      }
    }
  }
}

void ApplyLabels(Session* session, const Kustomization& kustomization, Resources* resources) {
  const std::vector<FieldSpec> metadata_only = {LabelFields().front()};
  for (const LabelEntry& entry : kustomization.labels) {
    const bool templates = entry.include_selectors || entry.include_templates;
    ApplyPairs(session, templates ? LabelFields() : metadata_only, entry.pairs, resources);
    if (entry.include_selectors) ApplyPairs(session, SelectorFields(), entry.pairs, resources);
  }
  ApplyPairs(session, LabelFields(), kustomization.common_labels, resources);
  ApplyPairs(session, SelectorFields(), kustomization.common_labels, resources);
}

void ApplyReplicas(Session* session, const ReplicaEntry& entry, Resources* resources) {
  bool found = false;
  for (Resource& resource : *resources) {
    const std::vector<Id> ids = resource.AllIds();
    if (!session->Charge(ids.size(), entry.mark)) return;
    for (const FieldSpec& spec : ReplicaFields()) {
      const bool meant = std::any_of(ids.begin(), ids.end(), [&](const Id& id) {
        return id.name == entry.name && IsSelected(id, spec.group, spec.version, spec.kind);
      });
      if (!meant) continue;
      found = true;
      ForEachField(&resource.value, spec.path, spec.create, entry.mark, [&](Value* value) {
        *value = Value::Int(entry.count);
        value->mark = entry.mark;
      });
    }
  }
  if (!found) {
    session->ErrorOfMissing(entry.mark,
                            "replicas: there is no Deployment, StatefulSet, ReplicaSet or "
                            "ReplicationController named " +
                                Quoted(entry.name) + " here");
  }
}

// "name:tag@digest", taken apart. A colon before the last slash belongs to a registry's port.
struct Image {
  std::string name;
  std::string tag;
  std::string digest;
};

Image SplitImage(const std::string& text) {
  Image image;
  image.name = text;
  if (const size_t at = image.name.find('@'); at != std::string::npos) {
    image.digest = image.name.substr(at + 1);
    image.name.resize(at);
  }
  const size_t colon = image.name.rfind(':');
  const size_t slash = image.name.rfind('/');
  if (colon != std::string::npos && (slash == std::string::npos || colon > slash)) {
    image.tag = image.name.substr(colon + 1);
    image.name.resize(colon);
  }
  return image;
}

// Whether it is the image that is meant.
bool ChangeImage(Session* session, const ImageEntry& entry, Value* value) {
  if (!value->IsString()) return false;
  const size_t steps = StepsOf(value->AsString()) + StepsOf(entry.new_name) +
                       StepsOf(entry.new_tag) + StepsOf(entry.tag_suffix) + StepsOf(entry.digest);
  if (!session->Charge(1 + steps, entry.mark)) return false;
  Image image = SplitImage(value->AsString());
  if (image.name != entry.name) return false;
  if (!entry.new_name.empty()) image.name = entry.new_name;
  if (!entry.new_tag.empty() || !entry.digest.empty()) {
    image.tag = entry.new_tag;
    image.digest = entry.digest;
  } else if (!entry.tag_suffix.empty()) {
    image.tag += entry.tag_suffix;
    image.digest.clear();
  }
  *value = StringAt(image.name + (image.tag.empty() ? "" : ":" + image.tag) +
                        (image.digest.empty() ? "" : "@" + image.digest),
                    entry.mark);
  return true;
}

// Kustomize looks for containers wherever they stand. Whether there is such an image.
bool ChangeImagesBelow(Session* session, const ImageEntry& entry, Value* value) {
  if (!session->Charge(1, entry.mark)) return false;
  bool found = false;
  if (value->IsList()) {
    for (Value& item : value->AsList()) found = ChangeImagesBelow(session, entry, &item) || found;
  }
  if (!value->IsMap()) return found;
  for (Value::Member& member : value->AsMap()) {
    const bool containers = member.key == "containers" || member.key == "initContainers";
    if (containers && member.value.IsList()) {
      for (Value& container : member.value.AsList()) {
        if (Value* image = FindMember(&container, "image"); image != nullptr) {
          found = ChangeImage(session, entry, image) || found;
        }
      }
    }
    found = ChangeImagesBelow(session, entry, &member.value) || found;
  }
  return found;
}

// Whether there is such an image.
bool ApplyImages(Session* session, const ImageEntry& entry, Resources* resources) {
  bool found = false;
  for (Resource& resource : *resources) {
    if (resource.CurrentId().kind == "CustomResourceDefinition") continue;
    found = ChangeImagesBelow(session, entry, &resource.value) || found;
  }
  return found;
}

}  // namespace

void RunTransformers(Session* session, const Kustomization& kustomization, Resources* resources) {
  ApplyStrategicPatches(session, kustomization, resources);
  ApplyPatches(session, kustomization, kustomization.patches, resources);
  if (kustomization.namespace_name) {
    ApplyNamespace(session, *kustomization.namespace_name, resources);
  }
  ApplyPrefix(session, kustomization.name_prefix, resources);
  ApplySuffix(session, kustomization.name_suffix, resources);
  ApplyLabels(session, kustomization, resources);
  ApplyPairs(session, AnnotationFields(), kustomization.common_annotations, resources);
  ApplyPatches(session, kustomization, kustomization.json_patches, resources);
  for (const ReplicaEntry& entry : kustomization.replicas) {
    if (!entry.name.empty()) ApplyReplicas(session, entry, resources);
  }
  for (const ImageEntry& entry : kustomization.images) {
    // A component is there for kustomizations of which not all have all images.
    const bool found = ApplyImages(session, entry, resources);
    if (!found && !entry.name.empty() && !kustomization.component) {
      session->WarnOfMissing(entry.mark, "no container here has an image " + Quoted(entry.name) +
                                             ": this entry changes nothing");
    }
  }
  ApplyReplacements(session, kustomization, resources);
}

}  // namespace reconcile::kustomize
