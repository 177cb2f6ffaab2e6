#include <algorithm>

#include "controller/core.h"
#include "controller/plan_manifests.h"
#include "schema/kustomize/files.h"
#include "schema/text.h"

namespace reconcile {

Result<std::string> Controller::Core::NameOrOnly(const std::string& source) const {
  if (source.empty() && followed_.size() != 1) {
    return InvalidError("there are " + std::to_string(followed_.size()) +
                        " sources; name one with --source");
  }
  if (source.empty()) return followed_.begin()->first;
  if (!followed_.contains(source)) return NotFoundError("no source is named " + Quoted(source));
  return source;
}

// What was found of the manifests is remembered for the next plan, and the next commit; the files
// of the newest commit and the last turn stay what they are.
Result<Controller::PlanAnswer> Controller::Core::PlanManifests(const std::string& source,
                                                               const PlanInput& input,
                                                               const PlanInput* base) {
  const Result<std::string> name = NameOrOnly(source);
  if (!name.ok()) return name.status();
  Followed& followed = followed_.at(*name);
  const auto state = store_->Snapshot();
  // What the last turn wrote came back from the store: without looking at that once, every plan
  // would.
  Reconcile(*state, {}, loop_->now(), &settled_);
  PlanMemory memory{followed.files, &followed.memory, settled_, options_.parallel, nullptr};
  return PlanManifestsAgainst(*state, *name, input, base, options_.breaker, loop_->now(), &memory);
}

Result<std::vector<size_t>> Controller::Core::FilesToSend(
    const std::string& source, const std::vector<ManifestFile>& files) const {
  const Result<std::string> name = NameOrOnly(source);
  if (!name.ok()) return name.status();
  const ManifestCache& known = followed_.at(*name).files;
  // What is rendered comes of many files, and is kept under none of them.
  const bool renders = std::any_of(files.begin(), files.end(), [](const ManifestFile& file) {
    return kustomize::IsKustomizationName(file.path.substr(file.path.rfind('/') + 1));
  });
  std::vector<size_t> lacking;
  for (size_t i = 0; i < files.size(); ++i) {
    if (renders || !known.Has(files[i])) lacking.push_back(i);
  }
  return lacking;
}

}  // namespace reconcile
