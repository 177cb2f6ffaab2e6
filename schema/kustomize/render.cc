#include "schema/kustomize/render.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "schema/kustomize/annotations.h"
#include "schema/kustomize/generators.h"
#include "schema/kustomize/transformers.h"
#include "schema/text.h"

namespace reconcile::kustomize {
namespace {

using IdParts = std::tuple<std::string, std::string, std::string, std::string, std::string>;

IdParts PartsOf(const Id& id) {
  return {id.group, id.version, id.kind, EffectiveNamespace(id), id.name};
}

// Objects of kustomizations, gathered: those of bases first, then what each adds and changes.
class Builder {
 public:
  Builder(Session* session, size_t max_objects) : session_(session), max_objects_(max_objects) {}

  // Adds to `resources` what the kustomization file makes of them and of its own.
  void Build(const std::string& file, Mark mark, bool as_component, Resources* resources);

 private:
  bool RefusesRemote(const Text& entry);  // with an error
  void AddResource(const std::string& folder, const Text& entry, Resources* resources);
  void AddFolder(const std::string& folder, const Text& entry, bool as_component,
                 Resources* resources);
  void AddFile(const std::string& folder, const Text& entry, Resources* resources);
  void AddDocument(Value document, Resources* resources);
  void Append(Resource resource, Resources* resources);
  std::string KustomizationIn(const std::string& folder, const Text& entry);

  Session* session_;
  const size_t max_objects_;
  std::vector<std::string> open_;  // the kustomizations that are being built
};

void Builder::Build(const std::string& file, Mark mark, bool as_component, Resources* resources) {
  if (std::find(open_.begin(), open_.end(), file) != open_.end()) {
    session_->Error(mark, "this kustomization contains itself, by way of " + file);
    return;
  }
  const RenderLimits& limits = session_->limits();
  if (open_.size() >= static_cast<size_t>(limits.max_depth)) {
    session_->Error(mark, "kustomizations lie more than " + std::to_string(limits.max_depth) +
                              " deep in each other");
    return;
  }
  std::string canonical;
  const std::string* text = session_->Read("", file, mark, &canonical);
  if (text == nullptr) return;
  // Nothing names the first one.
  if (open_.empty()) mark = {session_->lines().Add(file, *text) + 1, 1};
  if (!session_->ChargeKustomization(mark)) return;
  const std::optional<Kustomization> kustomization = ReadKustomization(session_, file, *text);
  if (!kustomization) return;
  if (!open_.empty() && kustomization->component != as_component) {
    session_->Error(mark, as_component ? "this is no Component; name it under resources"
                                       : "this is a Component; name it under components");
    return;
  }
  open_.push_back(file);
  const std::string folder = FolderOf(file);
  for (const Text& entry : kustomization->resources) {
    const size_t errors = session_->errors();
    if (!session_->stopped()) AddResource(folder, entry, resources);
    if (session_->errors() > errors) session_->MarkIncomplete();
  }
  RunGenerators(session_, *kustomization, resources);
  for (const Text& entry : kustomization->components) {
    const size_t errors = session_->errors();
    if (!session_->stopped()) AddFolder(folder, entry, true, resources);
    if (session_->errors() > errors) session_->MarkIncomplete();
  }
  RunTransformers(session_, *kustomization, resources);
  open_.pop_back();
}

bool Builder::RefusesRemote(const Text& entry) {
  if (!IsRemote(entry.text)) return false;
  session_->Error(entry.mark, Quoted(entry.text) +
                                  " is a remote address, which is not fetched: commit a copy of it "
                                  "to this repository and name its path");
  return true;
}

void Builder::AddResource(const std::string& folder, const Text& entry, Resources* resources) {
  if (RefusesRemote(entry)) return;
  const Result<std::string> path = session_->files().Resolve(folder, entry.text);
  if (path.ok() && session_->files().IsFolder(*path)) {
    Resources of_base;
    AddFolder(folder, entry, false, &of_base);
    for (Resource& resource : of_base) Append(std::move(resource), resources);
  } else {
    AddFile(folder, entry, resources);
  }
}

// The one kustomization file of a folder; empty with an error.
std::string Builder::KustomizationIn(const std::string& folder, const Text& entry) {
  std::string found;
  for (const std::string_view name : kKustomizationNames) {
    const std::string path = JoinPath(folder, name);
    const ManifestFile* const file = session_->files().Find(path);
    if (file == nullptr) continue;
    if (file->symbolic_link) {
      session_->Error(entry.mark, path + std::string(kLinkedKustomization));
      return "";
    }
    if (!found.empty()) {
      session_->Error(entry.mark,
                      "the folder " + Quoted(entry.text) + " has more than one kustomization file");
      return "";
    }
    found = path;
  }
  if (found.empty()) {
    session_->Error(entry.mark, "the folder " + Quoted(entry.text) +
                                    " has no kustomization.yaml; name its files, or add one");
  }
  return found;
}

void Builder::AddFolder(const std::string& folder, const Text& entry, bool as_component,
                        Resources* resources) {
  if (RefusesRemote(entry)) return;
  const Result<std::string> path = session_->files().Resolve(folder, entry.text);
  if (!path.ok()) {
    session_->Error(entry.mark, path.status().message());
    return;
  }
  if (!session_->files().IsFolder(*path)) {
    session_->Error(entry.mark, "there is no folder " + Quoted(entry.text) +
                                    " in the repository (looked for " + ShortText(*path) + ")");
    return;
  }
  const std::string file = KustomizationIn(*path, entry);
  if (!file.empty()) Build(file, entry.mark, as_component, resources);
}

void Builder::AddFile(const std::string& folder, const Text& entry, Resources* resources) {
  std::string canonical;
  const std::string* text = session_->Read(folder, entry.text, entry.mark, &canonical);
  if (text == nullptr) return;
  if (IsKustomizationName(canonical.substr(canonical.rfind('/') + 1))) {
    session_->Error(entry.mark, "this is a kustomization file; name its folder instead");
    return;
  }
  for (Value& document : session_->ReadDocuments(canonical, *text)) {
    AddDocument(std::move(document), resources);
  }
}

void Builder::AddDocument(Value document, Resources* resources) {
  const std::string kind = document.GetString("kind");
  const Value* items = document.Find("items");
  if (kind.ends_with("List") && items != nullptr && (items->IsList() || items->IsNull())) {
    if (items->IsNull()) return;
    for (const Value& item : items->AsList()) AddDocument(item, resources);
    return;
  }
  if (!IsObject(document)) {
    session_->Error(document.mark,
                    "an object in a kustomization needs apiVersion, kind and "
                    "metadata.name");
    return;
  }
  Resource resource;
  resource.value = std::move(document);
  Append(std::move(resource), resources);
}

void Builder::Append(Resource resource, Resources* resources) {
  if (resources->size() >= max_objects_) {
    if (!session_->stopped()) {
      session_->Error(resource.value.mark,
                      "more than " + std::to_string(max_objects_) + " objects in a kustomization");
    }
    return;
  }
  resources->push_back(std::move(resource));
}

bool IsLocalOnly(const Value& object) {
  const Value* metadata = object.Find("metadata");
  const Value* annotations = metadata == nullptr ? nullptr : metadata->Find("annotations");
  const Value* local =
      annotations == nullptr ? nullptr : annotations->Find("config.kubernetes.io/local-config");
  return local != nullptr && ScalarText(*local) != "false";
}

void CheckUnique(Session* session, const Resources& resources) {
  std::map<IdParts, Mark> places;
  for (const Resource& resource : resources) {
    const Id id = resource.CurrentId();
    const auto [first, is_new] = places.emplace(PartsOf(id), resource.value.mark);
    if (is_new) continue;
    const LineMap::Place place = session->lines().Find(first->second.line);
    session->Error(resource.value.mark, ToString(id) +
                                            " is in this kustomization twice; the first "
                                            "is at " +
                                            place.file + ":" + std::to_string(place.line));
  }
}

}  // namespace

Rendering Render(const FileTree& files, const std::string& path, const ManifestLimits& limits,
                 RenderBudget* budget) {
  Session session(files, limits, budget);
  Resources resources;
  Builder(&session, limits.max_objects).Build(path, {}, false, &resources);
  CheckUnique(&session, resources);
  AddHashes(&resources);
  FixNameReferences(&session, &resources);
  Rendering rendering;
  rendering.problems.errors = session.TakeErrors();
  rendering.problems.warnings = session.TakeWarnings();
  rendering.used = session.used();
  if (rendering.problems.errors.empty()) {
    for (Resource& resource : resources) {
      if (IsLocalOnly(resource.value)) continue;
      FinishAnnotations(&resource.value);
      rendering.documents.push_back(std::move(resource.value));
    }
  }
  rendering.lines = session.lines();
  return rendering;
}

Rendering Render(const FileTree& files, const std::string& path, const ManifestLimits& limits,
                 const RenderLimits& render_limits) {
  RenderBudget budget{.limits = render_limits};
  return Render(files, path, limits, &budget);
}

}  // namespace reconcile::kustomize
