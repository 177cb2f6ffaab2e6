#include <algorithm>

#include "controller/core.h"
#include "controller/plan_manifests.h"
#include "schema/kustomize/files.h"
#include "schema/text.h"

namespace reconcile {

// The one that is named, or the only one.
Result<const Controller::Core::Followed*> Controller::Core::SourceToPlan(
    const std::string& name) const {
  if (name.empty() && followed_.size() != 1) {
    return InvalidError("there are " + std::to_string(followed_.size()) +
                        " sources; name one with --source");
  }
  const auto found = name.empty() ? followed_.begin() : followed_.find(name);
  if (found == followed_.end()) return NotFoundError("no source is named " + Quoted(name));
  return &found->second;
}

// What was found of the manifests is remembered for the next plan, and the next commit; the files
// of the newest commit and the last turn stay what they are.
Result<Controller::PlanAnswer> Controller::Core::PlanManifests(const std::string& source,
                                                               const PlanInput& input,
                                                               const PlanInput* base) {
  const Result<const Followed*> followed = SourceToPlan(source);
  if (!followed.ok()) return followed.status();
  const std::string name = (*followed)->config.name;
  const auto state = store_->Snapshot();
  // What the last turn wrote came back from the store: without looking at that once, every plan
  // would.
  Reconcile(*state, {}, loop_->now(), &settled_);
  PlanMemory memory{(*followed)->files, &followed_.at(name).memory, settled_};
  return PlanManifestsAgainst(*state, name, input, base, options_.breaker, loop_->now(), &memory);
}

Result<std::vector<size_t>> Controller::Core::FilesToSend(
    const std::string& source, const std::vector<ManifestFile>& files) const {
  const Result<const Followed*> followed = SourceToPlan(source);
  if (!followed.ok()) return followed.status();
  // What is rendered comes of many files, and is kept under none of them.
  const bool renders = std::any_of(files.begin(), files.end(), [](const ManifestFile& file) {
    return kustomize::IsKustomizationName(file.path.substr(file.path.rfind('/') + 1));
  });
  std::vector<size_t> lacking;
  for (size_t i = 0; i < files.size(); ++i) {
    if (renders || !(*followed)->files.Has(files[i])) lacking.push_back(i);
  }
  return lacking;
}

}  // namespace reconcile
