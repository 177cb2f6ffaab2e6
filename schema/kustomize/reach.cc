#include "schema/kustomize/reach.h"

#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "schema/kustomize/files.h"
#include "schema/kustomize/named_paths.h"
#include "schema/text.h"

namespace reconcile::kustomize {
namespace {

Status PassedLimit(const std::string& what, std::string_view limit, size_t value) {
  return InvalidError(what + " pass the limit " + std::string(limit) + " = " +
                      std::to_string(value));
}

class Follower {
 public:
  Follower(const std::string& source_folder, Reach* reach, const ReachLimits& limits)
      : source_folder_(source_folder), reach_(reach), limits_(limits) {}

  Status Follow(const std::vector<ManifestFile>& kustomizations) {
    for (const ManifestFile& file : kustomizations) AddKustomization(file.path, file.bytes);
    while (!ahead_.empty()) {
      const auto [path, bytes] = std::move(ahead_.back());
      ahead_.pop_back();
      RETURN_IF_ERROR(FollowNames(FolderOf(path), *bytes));
    }
    return OkStatus();
  }

 private:
  using Bytes = std::shared_ptr<const std::string>;

  void AddKustomization(const std::string& path, Bytes bytes) {
    if (seen_.insert(path).second) ahead_.emplace_back(path, std::move(bytes));
  }

  Status FollowNames(const std::string& folder, const std::string& text) {
    bytes_ += text.size();
    if (bytes_ > limits_.max_kustomization_bytes) {
      return PassedLimit("the kustomization files of this source", "max_kustomization_bytes",
                         limits_.max_kustomization_bytes);
    }
    for (const Value& document : ReadYaml(text).documents) {
      for (const std::string& name : NamedPaths(document)) {
        if (IsRemote(name)) continue;
        if (++names_ > limits_.max_reached_names) {
          return PassedLimit("the files and folders that kustomizations name", "max_reached_names",
                             limits_.max_reached_names);
        }
        RETURN_IF_ERROR(FollowName(folder, name));
      }
    }
    return OkStatus();
  }

  Status FollowName(const std::string& folder, const std::string& name) {
    const PathResolver resolver{
        [this](const std::string& path) { return LinkAt(path); },
        [this](const std::string& path) { return TypeAt(path) == Reach::Type::kFolder; },
        source_folder_};
    const Result<std::string> path = resolver.Resolve(folder, name);
    if (path.ok()) {
      const Reach::Type type = TypeAt(*path);
      if (type == Reach::Type::kFile) Take(*path);
      if (type == Reach::Type::kFolder) TakeKustomizationOf(*path);
    }
    return std::exchange(failure_, OkStatus());
  }

  void TakeKustomizationOf(const std::string& folder) {
    for (const std::string_view name : kKustomizationNames) {
      const std::string path = JoinPath(folder, name);
      const Reach::Type type = TypeAt(path);
      if (type == Reach::Type::kLink) Take(path);  // for its error
      if (type != Reach::Type::kFile) continue;
      const Bytes bytes = Take(path);
      if (bytes != nullptr) AddKustomization(path, bytes);
    }
  }

  const std::string* LinkAt(const std::string& path) {
    if (TypeAt(path) != Reach::Type::kLink) return nullptr;
    Take(path);
    return taken_[path].get();
  }

  // After a failure: nothing.
  Reach::Type TypeAt(const std::string& path) {
    const auto found = types_.find(path);
    if (found != types_.end()) return found->second;
    if (failure_.ok() && types_.size() >= limits_.max_reached_looks) {
      failure_ = PassedLimit("the paths that kustomizations name", "max_reached_looks",
                             limits_.max_reached_looks);
    }
    if (!failure_.ok()) return Reach::Type::kNothing;
    const Result<Reach::Type> type = reach_->Look(path);
    if (!type.ok()) failure_ = type.status();
    return types_[path] = type.ok() ? *type : Reach::Type::kNothing;
  }

  Bytes Take(const std::string& path) {
    const auto found = taken_.find(path);
    if (found != taken_.end()) return found->second;
    if (!failure_.ok()) return nullptr;
    const Result<Bytes> bytes = reach_->Take(path);
    if (!bytes.ok()) failure_ = bytes.status();
    // What links point to is asked for again.
    Bytes& kept = taken_[path];
    if (bytes.ok() && TypeAt(path) == Reach::Type::kLink) kept = *bytes;
    return bytes.ok() ? *bytes : nullptr;
  }

  const std::string& source_folder_;
  Reach* const reach_;
  const ReachLimits& limits_;
  std::vector<std::pair<std::string, Bytes>> ahead_;  // kustomizations to be followed
  std::set<std::string> seen_;
  std::map<std::string, Reach::Type> types_;
  std::map<std::string, Bytes> taken_;
  size_t bytes_ = 0;
  size_t names_ = 0;
  Status failure_;
};

}  // namespace

Status FollowKustomizations(const std::vector<ManifestFile>& kustomizations,
                            const std::string& source_folder, Reach* reach,
                            const ReachLimits& limits) {
  return Follower(source_folder, reach, limits).Follow(kustomizations);
}

}  // namespace reconcile::kustomize
