#include "api/git_refusals.h"

#include <vector>

#include "api/served_kinds.h"
#include "schema/core.h"

namespace reconcile {
namespace {

constexpr size_t kMaxOwners = 8;  // a Pod has two: ReplicaSet and Deployment
constexpr size_t kMaxShownSources = 5;

// "deploy" and "../base/web.yaml" are base/web.yaml.
std::string JoinPath(const std::string& folder, const std::string& file) {
  std::vector<std::string> parts;
  for (const std::string& part : SplitPath(folder + "/" + file)) {
    if (part == ".." && !parts.empty()) {
      parts.pop_back();
    } else if (part != "." && part != "..") {
      parts.push_back(part);
    }
  }
  std::string path;
  for (const std::string& part : parts) path += (path.empty() ? "" : "/") + part;
  return path;
}

std::string RepositoryText(const Source& source) {
  const std::string& revision = source.spec.revision;
  return source.spec.repository + (revision.empty() ? "" : " (" + revision + ")");
}

// "deploy/web.yaml, line 3, in REPOSITORY"
std::string PlaceOf(const Origin& origin, const ClusterState& state) {
  const auto source = state.Find<Source>("", origin.source);
  const std::string file = JoinPath(source == nullptr ? "" : source->spec.path, origin.file);
  std::string text = file.empty() ? "its manifest" : file;
  if (!file.empty() && origin.line > 0) text += ", line " + std::to_string(origin.line) + ",";
  return text + " in " +
         (source == nullptr ? "the repository of source " + origin.source
                            : RepositoryText(*source));
}

ObjectPtr OwnerOf(const Object& object, const ClusterState& state) {
  const OwnerReference* owner = ControllerOf(object.metadata);
  if (owner == nullptr) return nullptr;
  const auto kind = FindKind(owner->api_version, owner->kind);
  if (!kind) return nullptr;
  return state.Find({*kind, object.metadata.namespace_name, owner->name});
}

bool IsFromGit(const Object& object) { return !object.metadata.origin.source.empty(); }

bool MayDeclare(const Source& source, const ObjectKey& key) {
  if (source.spec.namespaces.empty() || key.namespace_name.empty()) return true;
  for (const std::string& name : source.spec.namespaces) {
    if (name == key.namespace_name) return true;
  }
  return false;
}

// The folders that may declare it, as the end of "commit its manifest to".
std::string RepositoriesFor(const ObjectKey& key, const ClusterState& state) {
  std::vector<std::string> places;
  size_t count = 0;
  state.ForEach<Source>([&](const std::shared_ptr<const Source>& source) {
    if (!MayDeclare(*source, key) || ++count > kMaxShownSources) return;
    const std::string folder = JoinPath(source->spec.path, "");
    places.push_back(RepositoryText(*source) + (folder.empty() ? "" : ", folder " + folder));
  });
  std::string text;
  for (const std::string& place : places) text += (text.empty() ? "" : "; or to ") + place;
  if (count > places.size()) text += "; or to others that `reconcile source list` shows";
  return text;
}

std::string WhyNotDeclared(const Object& object, const ClusterState& state) {
  if (!InfoOf(object.kind).declarable) return "the controller keeps it, and nobody else";
  const std::string where = RepositoriesFor(object.key(), state);
  if (where.empty()) return "it is the controller's own, and no source may declare it";
  return "no manifest declares it; to change it, commit a " + std::string(ToString(object.kind)) +
         " of this name to " + where;
}

Refusal Forbidden(const ObjectKey& key, const std::string& why) {
  const std::string name = key.name.empty() ? "" : " \"" + key.name + "\"";
  return RefusalOf(key, 403, "Forbidden",
                   QualifiedPlural(key.kind) + name + " is forbidden: " + why);
}

}  // namespace

Refusal RefusalOf(const ObjectKey& key, int code, std::string reason, std::string message) {
  Refusal refusal{code, std::move(reason), std::move(message)};
  refusal.name = key.name;
  refusal.group = std::string(GroupVersionOf(key.kind).group);
  refusal.kind = std::string(InfoOf(key.kind).plural);
  return refusal;
}

Refusal ChangedInGit(const Object& object, const ClusterState& state, GitEdit edit) {
  if (IsFromGit(object)) {
    const std::string what = edit == GitEdit::kRemove ? "remove it from " : "change ";
    return Forbidden(object.key(), "Git declares it: " + what +
                                       PlaceOf(object.metadata.origin, state) + ", and commit");
  }
  ObjectPtr top;
  for (size_t i = 0; i < kMaxOwners; ++i) {
    const ObjectPtr next = OwnerOf(top == nullptr ? object : *top, state);
    if (next == nullptr) break;
    top = next;
    if (IsFromGit(*top)) break;
  }
  if (top == nullptr) return Forbidden(object.key(), WhyNotDeclared(object, state));
  const std::string made = "it is made for " + ToString(top->key());
  if (!IsFromGit(*top)) return Forbidden(object.key(), made + ", which no manifest declares");
  return Forbidden(object.key(), made + ", which Git declares: change " +
                                     PlaceOf(top->metadata.origin, state) + ", and commit");
}

Refusal NothingToRestart(const ObjectKey& key) {
  return Forbidden(key,
                   "there is nothing to restart: " + std::string(InfoOf(key.kind).not_acted_on));
}

Refusal CreatedInGit(const ObjectKey& key, const ClusterState& state) {
  if (!InfoOf(key.kind).declarable) {
    return Forbidden(key, "the controller makes these, and nobody else");
  }
  const std::string where = RepositoriesFor(key, state);
  if (where.empty()) {
    return Forbidden(key,
                     "objects come from Git, and no source may declare it: see `reconcile "
                     "source list`");
  }
  return Forbidden(key, "objects come from Git: commit its manifest to " + where);
}

Refusal NotFoundObject(const ObjectKey& key) {
  return RefusalOf(key, 404, "NotFound",
                   QualifiedPlural(key.kind) + " \"" + key.name + "\" not found");
}

Refusal AlreadyExists(const ObjectKey& key) {
  return RefusalOf(key, 409, "AlreadyExists",
                   QualifiedPlural(key.kind) + " \"" + key.name + "\" already exists");
}

Refusal ChangedMeanwhile(const ObjectKey& key, const std::string& why) {
  return RefusalOf(key, 409, "Conflict",
                   "Operation cannot be fulfilled on " + QualifiedPlural(key.kind) + " \"" +
                       key.name + "\": " + why);
}

}  // namespace reconcile
