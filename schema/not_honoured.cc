#include "schema/not_honoured.h"

#include <algorithm>

#include "schema/field_table.h"
#include "schema/field_types.h"

namespace reconcile {

namespace {

constexpr size_t kShownFields = 8;

// By which the element is known in its list.
std::string LabelOf(const StructTable& table, const void* element) {
  const FieldInfo* key = table.Find(table.key());
  if (key == nullptr || !key->IsKept()) return "";
  const Value name = key->type->Encode(key->Get(element), EncodeFor::kUser);
  return name.IsString() ? name.AsString() : "";
}

void Collect(const StructTable& table, const void* source, const FieldPath& path,
             std::vector<std::string>* fields) {
  for (const FieldInfo& field : table.fields()) {
    if (!field.IsKept() || field.type->IsZero(field.Get(source))) continue;
    const FieldPath field_path(path, field.name);
    if (field.is_needed_to_run) {
      if (!table.IsHonoured(field, source)) fields->push_back(field_path.ToString());
      continue;
    }
    const StructTable* inner = field.type->table();
    if (inner == nullptr) continue;
    const void* member = field.Get(source);
    for (size_t i = 0; i < field.type->Count(member); ++i) {
      const void* element = field.type->At(member, i);
      if (field.type->shape() != FieldShape::kList) {
        Collect(*inner, element, field_path, fields);
        continue;
      }
      const std::string label = LabelOf(*inner, element);
      Collect(*inner, element, FieldPath::Item(field_path, i, label), fields);
    }
  }
}

// Devices and huge pages; without the others a container has what it needs.
void CollectResources(const ResourceList& list, const FieldPath& path,
                      std::vector<std::string>* fields) {
  for (const auto& [name, quantity] : list) {
    const bool is_device = name.find('/') != std::string::npos || name.starts_with("hugepages-");
    if (is_device && quantity != Quantity()) {
      fields->push_back(FieldPath::Key(path, name).ToString());
    }
  }
}

void CollectResources(const std::vector<Container>& containers, const FieldPath& path,
                      std::vector<std::string>* fields) {
  for (size_t i = 0; i < containers.size(); ++i) {
    const Container& container = containers[i];
    const FieldPath item = FieldPath::Item(path, i, container.name);
    const FieldPath resources(item, "resources");
    CollectResources(container.resources.limits, FieldPath(resources, "limits"), fields);
    CollectResources(container.resources.requests, FieldPath(resources, "requests"), fields);
  }
}

}  // namespace

std::vector<std::string> FieldsNotHonoured(const PodSpec& spec) {
  std::vector<std::string> fields;
  const FieldPath root;
  const FieldPath path(root, "spec");
  Collect(TableOf<PodSpec>(), &spec, path, &fields);
  const FieldPath containers(path, "containers");
  const FieldPath init_containers(path, "initContainers");
  CollectResources(spec.containers, containers, &fields);
  CollectResources(spec.init_containers, init_containers, &fields);
  return fields;
}

std::string NotHonouredMessage(const std::vector<std::string>& fields) {
  std::string text = "no pod is started: this version cannot honour ";
  for (size_t i = 0; i < std::min(fields.size(), kShownFields); ++i) {
    text += (i > 0 ? ", " : "") + fields[i];
  }
  if (fields.size() > kShownFields) {
    text += " and " + std::to_string(fields.size() - kShownFields) + " more";
  }
  return text +
         "; without that, containers would do, see or be allowed something else than is written";
}

}  // namespace reconcile
