#include "schema/kustomize/annotations.h"

#include <string>
#include <utility>

#include "schema/kustomize/resource.h"

namespace reconcile::kustomize {
namespace {

constexpr std::string_view kAnnotations = "annotations";
// No annotation can have this name.
constexpr std::string_view kBuildNote = "\x01reconcile";

// nullptr where `object` has no metadata that is a map.
Value* MetadataOf(Value* object) {
  Value* metadata = FindMember(object, "metadata");
  return metadata != nullptr && metadata->IsMap() ? metadata : nullptr;
}

std::string TextOf(Value* scalar) {
  if (scalar->source_text.empty()) return ScalarText(*scalar);
  return std::exchange(scalar->source_text, "");
}

}  // namespace

void PutBuildNote(Value* object, Mark mark) {
  Value* metadata = MetadataOf(object);
  if (metadata == nullptr) return;
  Value* annotations = FindOrAddMember(metadata, kAnnotations, mark);
  if (annotations->IsNull()) {
    *annotations = Value::MakeMap();
    annotations->mark = mark;
  }
  if (annotations->IsMap()) FindOrAddMember(annotations, kBuildNote, mark);
}

// As deep as an object may be: ChargeObject has measured it.
void TakeBuildNote(Value* object) {
  if (object->IsList()) {
    for (Value& item : object->AsList()) TakeBuildNote(&item);
  } else if (object->IsMap()) {
    RemoveMember(object, kBuildNote);
    for (Value::Member& member : object->AsMap()) TakeBuildNote(&member.value);
  }
}

void MakePairsText(Value* object, std::string_view field) {
  Value* metadata = MetadataOf(object);
  Value* pairs = metadata == nullptr ? nullptr : FindMember(metadata, field);
  if (pairs == nullptr) return;
  if (pairs->IsNull() || (pairs->IsMap() && pairs->AsMap().empty())) {
    RemoveMember(metadata, field);
    return;
  }
  if (!pairs->IsMap()) return;
  for (Value::Member& member : pairs->AsMap()) {
    Value* value = &member.value;
    if (value->IsString() || value->IsMap() || value->IsList()) continue;
    *value = StringAt(TextOf(value), value->mark);
  }
}

void FinishAnnotations(Value* object) { MakePairsText(object, kAnnotations); }

}  // namespace reconcile::kustomize
