#include "cmd/read_manifests.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/epoll_loop.h"
#include "base/worker_pool.h"
#include "cmd/repository_place.h"
#include "schema/kustomize/files.h"
#include "schema/text.h"
#include "source/git_source.h"
#include "source/manifest_names.h"

namespace reconcile {
namespace {

// One fetch through the limited child, on a loop of its own.
Result<FetchedCommit> FetchRevision(const SourceSpec& spec, const CommandContext& context) {
  EpollLoop loop;
  WorkerPool workers(&loop, 1, 4);
  const auto source = MakeGitSource(&loop, &workers, context.self_path);
  Result<FetchedCommit> fetched = InternalError("the repository was not read");
  loop.Post([&] {
    source->Fetch(spec, [&](Result<FetchedCommit> commit) {
      fetched = std::move(commit);
      loop.Stop();
    });
  });
  loop.Run();
  return fetched;
}

// The same answer as for a commit: a folder that is not there is no empty one, and links are not
// followed.
Status CheckFolderIn(const std::string& root, const std::string& folder) {
  for (size_t end = 0; end < folder.size(); ++end) {
    end = std::min(folder.find('/', end), folder.size());
    const std::string walked = folder.substr(0, end);
    std::error_code error;
    const auto status =
        std::filesystem::symlink_status(std::filesystem::path(root) / walked, error);
    if (std::filesystem::is_symlink(status)) {
      return InvalidError(Quoted(walked) + " is a symbolic link, which is not followed");
    }
    if (!std::filesystem::is_directory(status)) {
      return InvalidError("there is no folder " + Quoted(walked) + " in " + Quoted(root));
    }
  }
  return OkStatus();
}

// All of it as one file.
Result<FetchedCommit> ReadStream(std::istream& stream, const std::string& name,
                                 const std::string& what) {
  const size_t most = ManifestLimits().max_file_bytes;
  std::string text(most + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return ErrnoError("read", what);
  text.resize(static_cast<size_t>(stream.gcount()));
  if (text.size() > most) {
    return InvalidError(what + " is larger than " + std::to_string(most) + " bytes");
  }
  FetchedCommit commit;
  commit.id = "file";
  commit.files.push_back({name, "", std::make_shared<const std::string>(std::move(text))});
  return commit;
}

// Whether one of the kustomization's patches is the file `name` beside it.
bool NamesPatch(const Value& kustomization, const std::string& name) {
  const auto is_meant = [&](const Value& path) {
    return path.IsString() && std::filesystem::path(path.AsString()).lexically_normal() == name;
  };
  for (const std::string_view field : {"patches", "patchesJson6902", "patchesStrategicMerge"}) {
    for (const Value& entry : kustomization.GetList(field)) {
      const Value* path = entry.Find("path");
      if (is_meant(entry) || (path != nullptr && is_meant(*path))) return true;
    }
  }
  return false;
}

}  // namespace

std::string FindKustomizationOfPatch(const std::string& path) {
  const std::filesystem::path patch(path);
  for (const std::string_view name : kustomize::kKustomizationNames) {
    const std::filesystem::path beside = patch.parent_path() / name;
    std::ifstream file(beside, std::ios::binary);
    if (!file.is_open()) continue;
    const Result<FetchedCommit> read = ReadStream(file, beside.string(), beside.string());
    if (!read.ok()) continue;
    for (const Value& document : ReadYaml(*read->files.front().bytes).documents) {
      if (NamesPatch(document, patch.filename().string())) return beside.string();
    }
  }
  return "";
}

Result<FetchedCommit> ReadManifestFile(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename().string();
  if (!IsManifestName(name)) {
    return InvalidError(Quoted(path) +
                        " is no manifest: its name ends in none of .yaml, .yml, .json");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) return ErrnoError("read", path);
  return ReadStream(file, name, Quoted(path));
}

Result<FetchedCommit> ReadManifestInput() {
  Result<FetchedCommit> commit = ReadStream(std::cin, "stdin.yaml", "standard input");
  if (!commit.ok()) return commit;
  const std::string& text = *commit->files.front().bytes;
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && text[first] == '{') commit->files.front().path = "stdin.json";
  return commit;
}

Result<FetchedCommit> ReadManifests(const std::string& path, const std::string& revision,
                                    const std::string& folder, const CommandContext& context,
                                    Parallel* parallel) {
  const Result<std::string> clean = CleanFolder(folder);
  if (!clean.ok()) return clean.status();
  const RepositoryPlace place = FindRepositoryPlace(path);
  // A bare repository has no work tree to preview: its HEAD is what there is.
  if (place.is_bare || !revision.empty()) {
    return FetchRevision({place.root, revision, JoinFolders(place.inside, *clean)}, context);
  }
  const std::string top = JoinFolders(place.root, place.inside);
  RETURN_IF_ERROR(CheckFolderIn(top, *clean));
  return ReadWorkingTree(JoinFolders(top, *clean), {}, parallel);
}

}  // namespace reconcile
