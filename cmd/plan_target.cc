#include "cmd/plan_target.h"

#include <algorithm>
#include <filesystem>

#include "base/escape.h"
#include "cmd/repository_place.h"
#include "schema/text.h"
#include "source/manifest_names.h"
#include "source/repository_url.h"

namespace reconcile {
namespace {

using Candidates = std::vector<const SourceConfig*>;

std::string ListSources(const std::vector<SourceConfig>& sources) {
  std::string list;
  for (const SourceConfig& source : sources) {
    list += (list.empty() ? "" : ", ") + source.name + " (" + ShortText(source.spec.repository) +
            (source.spec.path.empty() ? "" : ", path " + ShortText(source.spec.path)) + ")";
  }
  return list;
}

bool IsInside(const std::string& folder, const std::string& outer) {
  return outer.empty() || folder == outer || folder.starts_with(outer + "/");
}

// The sources whose folder `folder` is in; of these, the ones that come nearest.
Candidates NearestByFolder(const Candidates& candidates, const std::string& folder) {
  Candidates nearest;
  size_t longest = 0;
  for (const SourceConfig* source : candidates) {
    const Result<std::string> own = CleanFolder(source->spec.path);
    if (!own.ok() || !IsInside(folder, *own) || own->size() < longest) continue;
    if (own->size() > longest) nearest.clear();
    longest = own->size();
    nearest.push_back(source);
  }
  return nearest;
}

Result<SourceConfig> FindNamed(const std::string& name, const std::vector<SourceConfig>& sources) {
  for (const SourceConfig& source : sources) {
    if (source.name == name) return source;
  }
  return NotFoundError("no source is named " + Quoted(name) + "; there are " +
                       ListSources(sources));
}

Result<SourceConfig> ChooseSource(const PlanRequest& request,
                                  const std::vector<SourceConfig>& sources) {
  if (sources.empty()) return NotFoundError("the controller follows no source");
  if (!request.source.empty()) return FindNamed(request.source, sources);
  if (sources.size() == 1) return sources.front();
  if (request.path.empty()) {
    return InvalidError("there are several sources: name one with --source, or its repository: " +
                        ListSources(sources));
  }
  const RepositoryPlace place = FindRepositoryPlace(request.path);
  const Result<std::string> folder = CleanFolder(request.folder);
  if (!folder.ok()) return folder.status();
  Candidates candidates;
  for (const SourceConfig& source : sources) {
    if (IsSameRepository(place.root, source.spec.repository)) candidates.push_back(&source);
  }
  const bool is_in_none = candidates.empty();
  if (candidates.size() > 1) {
    candidates = NearestByFolder(candidates, JoinFolders(place.inside, *folder));
  }
  if (candidates.size() == 1) return *candidates.front();
  return InvalidError(
      Quoted(request.path) +
      (is_in_none ? " is in no source's repository" : " does not tell which source is meant") +
      ": name one with --source: " + ListSources(sources));
}

}  // namespace

Result<PlanTarget> ChoosePlanTarget(const PlanRequest& request,
                                    const std::vector<SourceConfig>& sources) {
  const Result<SourceConfig> source = ChooseSource(request, sources);
  if (!source.ok()) return source.status();
  const Result<std::string> own_folder = CleanFolder(source->spec.path);
  if (!own_folder.ok()) return own_folder.status().WithContext("source " + source->name);
  PlanTarget target;
  target.source = source->name;
  target.path = request.path.empty() ? source->spec.repository : request.path;
  target.revision = request.revision;
  target.folder = request.folder;
  const RepositoryPlace place = FindRepositoryPlace(target.path);
  if (target.revision.empty() && place.is_bare) target.revision = source->spec.revision;
  if (!target.folder.empty()) return target;
  std::error_code error;
  const std::filesystem::path below = std::filesystem::path(target.path) / *own_folder;
  // Outside of Git, PATH may be a copy of the repository or of the source's folder alone.
  const bool at_root = place.is_git ? place.inside.empty() : is_directory(below, error);
  if (at_root) target.folder = *own_folder;
  return target;
}

std::string PlannedText(const PlanTarget& target, const std::string& commit,
                        const std::string& base) {
  constexpr size_t kShownIdLength = 12;
  const bool is_remote = IsRemoteRepository(target.path);
  const RepositoryPlace place = is_remote ? RepositoryPlace{.root = target.path, .inside = ""}
                                          : FindRepositoryPlace(target.path);
  const Result<std::string> below = CleanFolder(target.folder);
  const std::string folder = JoinFolders(place.inside, below.ok() ? *below : "");
  std::string text = "Plan of ";
  if (!commit.empty()) {
    text += "commit " + commit.substr(0, kShownIdLength) + " of ";
  } else {
    text += place.is_git ? "the work tree of " : "the files in ";
  }
  text += place.root + (folder.empty() ? "" : ", folder " + folder);
  if (!base.empty()) text += ", where " + base.substr(0, kShownIdLength) + " was before";
  return EscapeForTerminal(text);
}

bool IsPlanOfElsewhere(const PlanRequest& request, const PlanTarget& target,
                       const std::string& here) {
  if (!request.path.empty() || IsRemoteRepository(target.path)) return false;
  const RepositoryPlace place = FindRepositoryPlace(here);
  return place.is_git && !IsSameRepository(place.root, FindRepositoryPlace(target.path).root);
}

}  // namespace reconcile
