#include <algorithm>
#include <iterator>

#include "schema/kustomize/annotations.h"
#include "schema/kustomize/json_patch.h"
#include "schema/kustomize/selector.h"
#include "schema/kustomize/strategic_merge.h"
#include "schema/kustomize/transformers.h"
#include "schema/text.h"

namespace reconcile::kustomize {
namespace {

// A patch may change everything but what makes an object an object.
bool IsStillObject(Session* session, const Resource& resource, Mark mark) {
  const bool whole = IsObject(resource.value);
  if (!whole) session->Error(mark, "this patch leaves an object without apiVersion, kind or name");
  return whole;
}

void RestoreMember(Value* map, std::string_view key, const Value* before, Mark mark) {
  if (!map->IsMap()) return;
  if (before == nullptr) {
    RemoveMember(map, key);
  } else {
    *FindOrAddMember(map, key, mark) = *before;
  }
}

// Merges one patch into one resource; false when the resource goes.
bool MergeInto(Session* session, const PatchEntry& entry, const Value& patch, Resource* resource) {
  const Id id = resource->CurrentId();
  const Value metadata = *resource->value.Find("metadata");
  const Value kind = *resource->value.Find("kind");
  const Value api_version = *resource->value.Find("apiVersion");
  if (entry.allow_name_change || entry.allow_kind_change) resource->RememberId();
  if (!MergePatch(session, id.group, &resource->value, patch)) return false;
  if (resource->value.IsMap()) {
    Value* now = FindOrAddMember(&resource->value, "metadata", patch.mark);
    if (!now->IsMap()) *now = metadata;
    // With a target, kustomize takes a new kind but not its apiVersion.
    if (!entry.allow_kind_change || entry.target) {
      RestoreMember(&resource->value, "apiVersion", &api_version, patch.mark);
    }
    if (!entry.allow_kind_change) {
      RestoreMember(&resource->value, "kind", &kind, patch.mark);
    }
    if (!entry.allow_name_change) RestoreMember(now, "name", metadata.Find("name"), patch.mark);
    RestoreMember(now, "namespace", metadata.Find("namespace"), patch.mark);
  }
  return IsStillObject(session, *resource, patch.mark);
}

// A strategic merge patch without a target names its object itself, by what it is called now or was
// called in a base.
void MergeByName(Session* session, const PatchEntry& entry, const Value& patch,
                 Resources* resources) {
  const Id id = IdOf(patch);
  if (id.kind.empty() || id.name.empty()) {
    session->Error(patch.mark,
                   "a patch without a target needs apiVersion, kind and metadata.name of the "
                   "object that it patches");
    return;
  }
  const auto is_meant = [&](const Resource& resource) {
    return session->Charge(1 + resource.previous.size(), patch.mark) && resource.Was(id);
  };
  const auto found = std::find_if(resources->begin(), resources->end(), is_meant);
  if (session->stopped()) return;
  if (found == resources->end()) {
    const auto near =
        std::find_if(resources->begin(), resources->end(), [&](const Resource& resource) {
          const Id other = resource.CurrentId();
          return other.kind == id.kind && other.name == id.name;
        });
    session->ErrorOfMissing(
        patch.mark,
        "there is no " + ToString(id) + " of " + patch.GetString("apiVersion") + " to patch here" +
            (near == resources->end() ? ""
                                      : "; there is " + ToString(near->CurrentId()) + " of " +
                                            near->value.GetString("apiVersion")));
    return;
  }
  const auto other = std::find_if(std::next(found), resources->end(), is_meant);
  if (session->stopped()) return;
  if (other != resources->end()) {
    session->Error(patch.mark, "this patch names more than one object, " +
                                   ToString(found->CurrentId()) + " and " +
                                   ToString(other->CurrentId()) +
                                   ", by what they are or were called; give it a target");
    return;
  }
  if (!MergeInto(session, entry, patch, &*found)) resources->erase(found);
}

// How many objects it patched.
size_t MergeByTarget(Session* session, const PatchEntry& entry, const Value& patch,
                     const Matcher& matcher, Resources* resources) {
  const Id id = IdOf(patch);
  if (id.kind.empty() || id.name.empty()) {
    session->Error(patch.mark,
                   "a patch that is a part of an object needs kind and metadata.name, even where a "
                   "target says which objects it patches; any will do");
    return 1;
  }
  if (!session->ChargeObject(patch, patch.mark)) return 1;
  // With a target, a null in the patch's labels or annotations removes nothing: it is text.
  Value text_patch = patch;
  MakePairsText(&text_patch, "labels");
  MakePairsText(&text_patch, "annotations");
  size_t found = 0;
  Resources kept;
  for (Resource& resource : *resources) {
    const bool meant = session->Charge(1, patch.mark) && matcher.SelectsForPatch(resource);
    if (meant) ++found;
    const bool goes = meant && !MergeInto(session, entry, text_patch, &resource);
    if (!goes) kept.push_back(std::move(resource));
  }
  *resources = std::move(kept);
  return found;
}

// How many objects it patched.
size_t ApplyJson(Session* session, const PatchEntry& entry, const Value& operations,
                 const Matcher& matcher, Resources* resources) {
  size_t found = 0;
  for (Resource& resource : *resources) {
    if (!session->Charge(1, entry.mark)) return found;
    const bool meant = entry.json_only ? IsNamed(*entry.target, resource.CurrentId()) ||
                                             IsNamed(*entry.target, resource.OriginalId())
                                       : matcher.SelectsForPatch(resource);
    if (!meant) continue;
    ++found;
    if (!session->ChargeObject(resource.value, operations.mark)) return found;
    const Value before = resource.value;
    // What patchesJson6902 renames is not found by its former name, and gets no notes.
    if (!entry.json_only) resource.RememberId();
    ApplyJsonPatch(session, &resource, operations);
    if (!IsStillObject(session, resource, operations.mark)) resource.value = before;
  }
  if (entry.json_only && found != 1) {
    session->ErrorOfMissing(entry.target->mark, "this target names " + std::to_string(found) +
                                                    " objects; patchesJson6902 needs one");
  }
  return found;
}

void ApplyDocument(Session* session, const Kustomization& kustomization, const PatchEntry& entry,
                   const Value& document, Resources* resources) {
  if (document.IsList() && (document.AsList().empty() || !LooksLikeJsonPatch(document))) {
    session->Error(document.mark, "a JSON patch is a list of maps with op and path, one at least");
    return;
  }
  if (entry.json_only && !document.IsList()) {
    session->Error(document.mark, "patchesJson6902 takes a list of operations");
    return;
  }
  if (!document.IsList() && !document.IsMap()) {
    session->Error(document.mark,
                   "a patch is a part of an object, or a list of JSON patch "
                   "operations");
    return;
  }
  if (!entry.target) {
    if (document.IsMap()) return MergeByName(session, entry, document, resources);
    session->Error(entry.mark, "a JSON patch needs a target");
    return;
  }
  const size_t errors = session->errors();
  const Matcher matcher(session, *entry.target);
  const size_t found = document.IsMap()
                           ? MergeByTarget(session, entry, document, matcher, resources)
                           : ApplyJson(session, entry, document, matcher, resources);
  // Kustomize lets it pass. A component is there for kustomizations of which not all have the same.
  if (found == 0 && session->errors() == errors && !kustomization.component) {
    session->WarnOfMissing(entry.target->mark,
                           "this target selects no object that is here: the patch changes nothing");
  }
}

}  // namespace

void ApplyPatches(Session* session, const Kustomization& kustomization,
                  const std::vector<PatchEntry>& patches, Resources* resources) {
  const std::string folder = FolderOf(kustomization.file);
  for (const PatchEntry& entry : patches) {
    if (session->stopped()) return;
    Value::List documents;
    if (!entry.path.text.empty()) {
      std::string canonical;
      const std::string* text = session->Read(folder, entry.path.text, entry.path.mark, &canonical);
      if (text != nullptr) documents = session->ReadDocuments(canonical, *text);
    } else if (!entry.inline_text.text.empty()) {
      documents = session->ReadInline(entry.inline_text.mark, entry.inline_text.text);
    }
    if (entry.target && documents.size() > 1) {
      session->Error(documents[1].mark,
                     "a patch with a target has one document; give each an entry of its own");
      continue;
    }
    for (const Value& document : documents) {
      ApplyDocument(session, kustomization, entry, document, resources);
    }
  }
}

// Each is a path or, when it has several lines, a patch.
void ApplyStrategicPatches(Session* session, const Kustomization& kustomization,
                           Resources* resources) {
  for (const Text& text : kustomization.strategic_patches) {
    PatchEntry entry;
    entry.mark = text.mark;
    const bool is_patch = text.text.find('\n') != std::string::npos;
    (is_patch ? entry.inline_text : entry.path) = text;
    ApplyPatches(session, kustomization, {entry}, resources);
  }
}

}  // namespace reconcile::kustomize
