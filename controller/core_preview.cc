#include <algorithm>
#include <utility>

#include "controller/core.h"
#include "controller/plan_manifests.h"
#include "reconciler/source_scope.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr int64_t kTryAgainMs = 100;       // while the source's own look is under way
constexpr int64_t kMaxWaitMs = 30'000;     // for that
constexpr size_t kMaxRevisionBytes = 250;  // Git's own names are no longer

}  // namespace

struct Controller::Core::RevisionQuestion {
  std::string source;
  std::string revision;
  std::function<void(Result<RevisionPlan>)> done;
  MonoTime until;
};

void Controller::Core::PlanRevision(const std::string& source, const std::string& revision,
                                    std::function<void(Result<RevisionPlan>)> done) {
  const Result<std::string> name = NameOrOnly(source);
  Status refusal = name.status();
  const bool is_name = !revision.empty() && revision.size() <= kMaxRevisionBytes &&
                       revision.find_first_of(std::string_view("\0\n\r ", 4)) == std::string::npos;
  if (refusal.ok() && !is_name) {
    refusal = InvalidError(Quoted(revision) + " names no branch, tag or commit");
  }
  if (refusal.ok() && revision_plans_ >= kMaxRevisionPlans) {
    refusal = UnavailableError("too many plans of other revisions are under way; try again");
  }
  if (!refusal.ok()) return loop_->Post([done = std::move(done), refusal] { done(refusal); });
  ++revision_plans_;
  const auto question = std::make_shared<RevisionQuestion>(
      RevisionQuestion{*name, revision, std::move(done), loop_->now().mono + kMaxWaitMs});
  loop_->Post([weak = weak_from_this(), question] {
    if (auto core = weak.lock()) core->ReadRevision(question);
  });
}

// One fetch of a source at a time: this one takes its turn.
void Controller::Core::ReadRevision(const std::shared_ptr<RevisionQuestion>& question) {
  Followed& followed = followed_.at(question->source);
  if (!started_ || (followed.fetching && loop_->now().mono >= question->until)) {
    --revision_plans_;
    return question->done(
        UnavailableError("source " + question->source + " is being read for too long"));
  }
  if (followed.fetching) {
    loop_->After(kTryAgainMs, [weak = weak_from_this(), question] {
      if (auto core = weak.lock()) core->ReadRevision(question);
    });
    return;
  }
  followed.fetching = true;
  SourceSpec spec = followed.config.spec;
  spec.revision = question->revision;
  spec.semver.clear();
  source_->Fetch(spec, [weak = weak_from_this(), question](Result<FetchedCommit> commit) {
    if (auto core = weak.lock()) core->OnRevision(*question, std::move(commit));
  });
}

void Controller::Core::OnRevision(const RevisionQuestion& question, Result<FetchedCommit> commit) {
  Followed& followed = followed_.at(question.source);
  followed.fetching = false;
  --revision_plans_;
  if (started_ && std::exchange(followed.fetch_again, false)) Fetch(question.source);
  if (!commit.ok()) return question.done(commit.status());
  const PlanInput input = {.commit = commit->id,
                           .files = std::move(commit->files),
                           .confirmations = std::move(commit->confirmations),
                           .source_folder = followed.config.spec.path};
  Result<PlanAnswer> answer = PlanManifests(question.source, input, nullptr);
  if (!answer.ok()) return question.done(answer.status());
  question.done(RevisionPlan{input.commit, *std::move(answer)});
}

Result<Controller::PlanAnswer> Controller::Core::PlanAddition(const std::string& source,
                                                              const std::string& manifests) const {
  const Result<std::string> name = NameOrOnly(source);
  if (!name.ok()) return name.status();
  const Followed& followed = followed_.at(*name);
  const auto state = store_->Snapshot();
  const SourceSpec& spec = followed.config.spec;
  const std::vector<ManifestFile> files = {
      {"pasted.yaml", "", std::make_shared<const std::string>(manifests), false}};
  ParsedManifests parsed =
      ParseManifests(files, "default", {}, nullptr, {.ignore_groups = spec.ignore_groups});
  CheckNamespaces(spec.namespaces, parsed.objects, &parsed.problems);
  ObjectMap objects;
  if (followed.desired) objects = followed.desired->objects;
  if (!followed.desired && followed.in_force) objects = followed.in_force->objects;
  for (const ObjectPtr& object : parsed.objects) objects.Set(object->key(), object);
  std::vector<ObjectPtr> all;
  for (const auto& [key, object] : objects) all.push_back(object);
  const DesiredState desired = BuildDesired(*name, "pasted", all, *state, &parsed.problems);
  PlanAnswer answer;
  if (parsed.problems.errors.empty()) {
    answer = PlanDesired(*state, desired, {}, options_.breaker, loop_->now());
  }
  Problems& problems = answer.problems;
  problems.errors = std::move(parsed.problems.errors);
  problems.warnings.insert(problems.warnings.begin(), parsed.problems.warnings.begin(),
                           parsed.problems.warnings.end());
  return answer;
}

}  // namespace reconcile
