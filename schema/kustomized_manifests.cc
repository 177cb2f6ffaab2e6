#include "schema/kustomized_manifests.h"

#include <algorithm>
#include <map>
#include <utility>

#include "schema/field_path.h"
#include "schema/kustomize/render.h"
#include "schema/manifest_file.h"

namespace reconcile {
namespace {

using kustomize::FileTree;
using kustomize::FolderOf;
using kustomize::Rendering;

// A folder with a kustomization, and what it comes to.
struct Candidate {
  std::string folder;
  std::vector<std::string> files;  // its kustomization files; more than one is an error
  Rendering rendering;
  bool component = false;
  std::string link;  // that one of them is; empty: none
};

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Whether a folder above `path` is in `folders`.
bool HasFolderAbove(std::string path, const std::set<std::string>& folders) {
  while (!path.empty()) {
    path = FolderOf(path);
    if (folders.contains(path)) return true;
  }
  return false;
}

// The topmost folders that have a file of a name that `wanted` takes, with these files.
template <typename Wanted>
std::map<std::string, std::vector<std::string>> TopmostWith(const std::vector<ManifestFile>& files,
                                                            Wanted wanted) {
  std::map<std::string, std::vector<std::string>> found;
  for (const ManifestFile& file : files) {
    if (file.bytes == nullptr || file.path.starts_with("../")) continue;
    if (wanted(NameOf(file.path))) found[FolderOf(file.path)].push_back(file.path);
  }
  std::set<std::string> folders;
  for (const auto& [folder, paths] : found) folders.insert(folder);
  std::erase_if(found, [&](const auto& each) { return HasFolderAbove(each.first, folders); });
  return found;
}

KustomizedManifests::Item ErrorItem(Problem problem) {
  KustomizedManifests::Item item;
  item.file = problem.file;
  item.read.problems.errors.push_back(std::move(problem));
  return item;
}

void AddCharts(const std::vector<ManifestFile>& files, KustomizedManifests* result) {
  const auto is_chart = [](const std::string& name) { return name == "Chart.yaml"; };
  for (const auto& [folder, paths] : TopmostWith(files, is_chart)) {
    if (HasFolderAbove(paths.front(), result->folders)) continue;
    const std::string chart = folder.empty() ? "." : folder;
    result->items.push_back(ErrorItem(
        {paths.front(), 1, 1,
         "this folder is a Helm chart, which is not rendered here: commit what `helm template "
         "NAME " +
             chart +
             " > manifests.yaml` prints, in a folder without a chart, and let the source's "
             "path lead there",
         Rule::kKustomization}));
    result->folders.insert(folder);
  }
}

bool IsComponent(const FileTree& tree, const std::string& path, const ManifestLimits& limits) {
  const YamlDocuments read = ReadYaml(*tree.Find(path)->bytes, limits);
  return !read.documents.empty() && read.documents.front().GetString("kind") == "Component";
}

std::string LinkIn(const FileTree& tree, const std::vector<std::string>& paths) {
  const auto found = std::find_if(paths.begin(), paths.end(), [&](const std::string& path) {
    return tree.Find(path)->symbolic_link;
  });
  return found == paths.end() ? "" : *found;
}

using Users = std::map<std::string, std::vector<const Candidate*>>;

// By the kustomization file of each: the others that bring it in.
Users UsersOf(const std::vector<Candidate>& candidates) {
  Users users;
  for (const Candidate& each : candidates) users[each.files.front()];
  for (const Candidate& user : candidates) {
    if (user.component) continue;
    for (const std::string& path : user.rendering.used) {
      const auto used = users.find(path);
      if (used != users.end() && path != user.files.front()) used->second.push_back(&user);
    }
  }
  return users;
}

// Those that nothing else brings in. What only its own kind brings in, in circles, is rendered for
// its error.
std::vector<Candidate*> RootsOf(std::vector<Candidate>* candidates) {
  const Users users = UsersOf(*candidates);
  std::vector<Candidate*> roots;
  for (Candidate& each : *candidates) {
    if (users.at(each.files.front()).empty() && !each.component) roots.push_back(&each);
  }
  const std::set<const Candidate*> unused(roots.begin(), roots.end());
  for (Candidate& each : *candidates) {
    const std::vector<const Candidate*>& by = users.at(each.files.front());
    const bool reached =
        by.empty() || std::any_of(by.begin(), by.end(),
                                  [&](const Candidate* user) { return unused.contains(user); });
    if (!reached && !each.component) roots.push_back(&each);
  }
  return roots;
}

class Taker {
 public:
  Taker(const std::string& default_namespace, const ManifestReading& reading,
        KustomizedManifests* result)
      : default_namespace_(default_namespace), reading_(reading), result_(result) {}

  void Take(Rendering* rendering) {
    KustomizedManifests::Item said;
    said.read.problems = std::move(rendering->problems);
    if (!said.read.problems.errors.empty() || !said.read.problems.warnings.empty()) {
      result_->items.push_back(std::move(said));
    }
    for (const Value& document : rendering->documents) TakeDocument(document, rendering->lines);
  }

 private:
  void TakeDocument(const Value& document, const kustomize::LineMap& lines) {
    const kustomize::LineMap::Place place = lines.Find(document.mark.line);
    ReadItem read = ReadManifestObject(document, place.file, default_namespace_);
    read.mark.line = place.line;
    const Value* kind = document.Find("kind");
    const std::string kind_file = kind == nullptr ? "" : lines.Find(kind->mark.line).file;
    const auto place_of = [&](Mark mark) -> FieldPlace {
      if (mark.line <= 0) return {place.file, 0, 0};
      kustomize::LineMap::Place found = lines.Find(mark.line);
      // Only a file that says itself that this is a Secret is known to hold one: of what came from
      // elsewhere no line can be shown by mistake.
      if (read.may_hold_secret && found.file != kind_file) return {std::move(found.file), 0, 0};
      return {std::move(found.file), found.line, mark.column};
    };
    for (std::vector<Problem>* problems : {&read.problems.errors, &read.problems.warnings}) {
      for (Problem& problem : *problems) {
        if (problem.line <= 0) continue;
        FieldPlace found = place_of({problem.line, problem.column});
        problem.file = std::move(found.file);
        problem.line = found.line;
        problem.column = found.column;
      }
    }
    if (read.object != nullptr) {
      std::unique_ptr<Object> object = read.object->Clone();
      object->metadata.origin.line = place.line;
      read.object = std::move(object);
      FinishObject(
          reading_, [&](const FieldPath& path) { return place_of(path.MarkIn(document)); }, &read);
    }
    result_->items.push_back({place.file, std::move(read)});
  }

  const std::string& default_namespace_;
  const ManifestReading& reading_;
  KustomizedManifests* result_;
};

void TakeRoot(Candidate* root, Taker* taker, KustomizedManifests* result) {
  if (!root->link.empty()) {
    result->items.push_back(
        ErrorItem({root->link, 1, 1, "this file" + std::string(kustomize::kLinkedKustomization),
                   Rule::kKustomization}));
    return;
  }
  if (root->files.size() > 1) {
    result->items.push_back(
        ErrorItem({root->files[1], 1, 1,
                   "this folder has more than one kustomization file, also " + root->files[0],
                   Rule::kKustomization}));
    return;
  }
  taker->Take(&root->rendering);
}

}  // namespace

bool KustomizedManifests::LeavesOut(const std::string& path) const {
  return whole || path.starts_with("../") || used.contains(path) || HasFolderAbove(path, folders);
}

KustomizedManifests RenderKustomizations(const std::vector<ManifestFile>& files,
                                         const std::string& default_namespace,
                                         const ManifestLimits& limits,
                                         const ManifestReading& reading) {
  KustomizedManifests result;
  const auto found = TopmostWith(files, kustomize::IsKustomizationName);
  result.whole = found.contains("");
  if (!result.whole) {
    for (const auto& [folder, paths] : found) result.folders.insert(folder);
    AddCharts(files, &result);
  }
  if (found.empty()) return result;
  const FileTree tree(files, reading.source_folder);
  kustomize::RenderBudget budget;
  std::vector<Candidate> candidates;
  for (const auto& [folder, paths] : found) {
    Candidate candidate{folder, paths, {}, false, LinkIn(tree, paths)};
    candidate.component =
        !result.whole && candidate.link.empty() && IsComponent(tree, paths.front(), limits);
    if (!candidate.component && candidate.link.empty()) {
      candidate.rendering = Render(tree, paths.front(), limits, &budget);
    }
    result.used.insert(candidate.rendering.used.begin(), candidate.rendering.used.end());
    candidates.push_back(std::move(candidate));
  }
  Taker taker(default_namespace, reading, &result);
  for (Candidate* root : RootsOf(&candidates)) TakeRoot(root, &taker, &result);
  return result;
}

}  // namespace reconcile
