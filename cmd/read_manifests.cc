#include "cmd/read_manifests.h"

#include <filesystem>

#include "base/epoll_loop.h"
#include "base/worker_pool.h"
#include "source/git_source.h"

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

}  // namespace

Result<FetchedCommit> ReadManifests(const std::string& path, const std::string& revision,
                                    const std::string& folder, const CommandContext& context) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  // A bare repository has no work tree to preview: its HEAD is what there is.
  const bool bare = std::filesystem::is_regular_file(absolute / "HEAD", error) &&
                    std::filesystem::is_directory(absolute / "objects", error) &&
                    std::filesystem::is_directory(absolute / "refs", error);
  if (bare || !revision.empty())
    return FetchRevision({absolute.string(), revision, folder}, context);
  return ReadWorkingTree((absolute / folder).string());
}

}  // namespace reconcile
