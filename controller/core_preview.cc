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
  SecretsInPlan secrets = SecretsInPlan::kCompared;
  std::function<void(Result<PlanWork>)> done;
  MonoTime until;
};

void Controller::Core::PrepareRevision(const std::string& source, const std::string& revision,
                                       SecretsInPlan secrets,
                                       std::function<void(Result<PlanWork>)> done) {
  const Result<std::string> name = NameOrOnly(source);
  Status refusal = name.status();
  const bool is_name = !revision.empty() && revision.size() <= kMaxRevisionBytes &&
                       revision.find_first_of(std::string_view("\0\n\r ", 4)) == std::string::npos;
  if (refusal.ok() && !is_name) {
    refusal = InvalidError(Quoted(revision) + " names no branch, tag or commit");
  }
  if (refusal.ok() && revisions_read_ >= kMaxRevisionsRead) {
    refusal = UnavailableError("too many plans of other revisions are under way; try again");
  }
  if (!refusal.ok()) return loop_->Post([done = std::move(done), refusal] { done(refusal); });
  ++revisions_read_;
  const auto question = std::make_shared<RevisionQuestion>(
      RevisionQuestion{*name, revision, secrets, std::move(done), loop_->now().mono + kMaxWaitMs});
  loop_->Post([weak = weak_from_this(), question] {
    if (auto core = weak.lock()) core->ReadRevision(question);
  });
}

// One fetch of a source at a time: this one takes its turn.
void Controller::Core::ReadRevision(const std::shared_ptr<RevisionQuestion>& question) {
  Followed& followed = followed_.at(question->source);
  if (!started_ || (followed.fetching && loop_->now().mono >= question->until)) {
    --revisions_read_;
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
  --revisions_read_;
  if (started_ && std::exchange(followed.fetch_again, false)) Fetch(question.source);
  if (!commit.ok()) return question.done(commit.status());
  question.done(WorkOf(question.source,
                       {.commit = commit->id,
                        .files = std::move(commit->files),
                        .confirmations = std::move(commit->confirmations),
                        .source_folder = followed.config.spec.path,
                        .secrets = question.secrets},
                       std::nullopt));
}

// What was found of the newest commit and of the last turn is copied: another branch's plan leaves
// them as they are, and the next turn as quick as it was.
Controller::PlanWork Controller::Core::WorkOf(const std::string& source, PlanInput input,
                                              std::optional<PlanInput> base) const {
  struct Taken {
    std::shared_ptr<const ClusterState> state;
    std::string source;
    PlanInput input;
    std::optional<PlanInput> base;
    BreakerLimits limits;
    Now now;
    DesiredMemory desired;
    PlanMemory memory;
  };
  const Followed& followed = followed_.at(source);
  const auto taken = std::make_shared<Taken>(Taken{.state = store_->Snapshot(),
                                                   .source = source,
                                                   .input = std::move(input),
                                                   .base = std::move(base),
                                                   .limits = options_.breaker,
                                                   .now = loop_->now(),
                                                   .desired = followed.memory,
                                                   .memory = {}});
  taken->memory.files = ManifestCache(followed.files);
  taken->memory.settled = settled_;
  std::string commit = taken->input.commit;
  return {std::move(commit), [taken](const std::atomic<bool>& stop) {
            taken->memory.desired = &taken->desired;
            taken->memory.stop = &stop;
            const PlanInput* before = taken->base ? &*taken->base : nullptr;
            return PlanManifestsAgainst(*taken->state, taken->source, taken->input, before,
                                        taken->limits, taken->now, &taken->memory);
          }};
}

Result<Controller::PlanWork> Controller::Core::PrepareManifests(
    const std::string& source, PlanInput input, std::optional<PlanInput> base) const {
  const Result<std::string> name = NameOrOnly(source);
  if (!name.ok()) return name.status();
  return WorkOf(*name, std::move(input), std::move(base));
}

namespace {

struct Addition {
  std::shared_ptr<const ClusterState> state;
  std::string source;
  SourceSpec spec;
  ObjectMap declared;  // by its newest commit
  std::string manifests;
  Controller::SecretsInPlan secrets = Controller::SecretsInPlan::kCompared;
  BreakerLimits limits;
  Now now;
};

Controller::PlanAnswer PlanOf(const Addition& addition, const std::atomic<bool>& stop) {
  const std::vector<ManifestFile> files = {
      {"pasted.yaml", "", std::make_shared<const std::string>(addition.manifests), false}};
  ParsedManifests parsed =
      ParseManifests(files, "default", {}, nullptr, {.ignore_groups = addition.spec.ignore_groups});
  CheckNamespaces(addition.spec.namespaces, parsed.objects, &parsed.problems);
  if (addition.secrets == Controller::SecretsInPlan::kKept) KeepSecrets(*addition.state, &parsed);
  ObjectMap objects = addition.declared;
  for (const ObjectPtr& object : parsed.objects) objects.Set(object->key(), object);
  std::vector<ObjectPtr> all;
  for (const auto& [key, object] : objects) all.push_back(object);
  const DesiredState desired =
      BuildDesired(addition.source, "pasted", all, *addition.state, &parsed.problems);
  Controller::PlanAnswer answer;
  if (parsed.problems.errors.empty()) {
    answer =
        PlanDesired(*addition.state, desired, {}, addition.limits, addition.now, {.stop = &stop});
  }
  Problems& problems = answer.problems;
  problems.errors = std::move(parsed.problems.errors);
  problems.warnings.insert(problems.warnings.begin(), parsed.problems.warnings.begin(),
                           parsed.problems.warnings.end());
  return answer;
}

}  // namespace

Result<Controller::PlanWork> Controller::Core::PrepareAddition(const std::string& source,
                                                               std::string manifests,
                                                               SecretsInPlan secrets) const {
  const Result<std::string> name = NameOrOnly(source);
  if (!name.ok()) return name.status();
  const Followed& followed = followed_.at(*name);
  const auto addition = std::make_shared<Addition>(Addition{.state = store_->Snapshot(),
                                                            .source = *name,
                                                            .spec = followed.config.spec,
                                                            .declared = {},
                                                            .manifests = std::move(manifests),
                                                            .secrets = secrets,
                                                            .limits = options_.breaker,
                                                            .now = loop_->now()});
  if (followed.desired) addition->declared = followed.desired->objects;
  if (!followed.desired && followed.in_force) addition->declared = followed.in_force->objects;
  return PlanWork{"", [addition](const std::atomic<bool>& stop) -> Result<PlanAnswer> {
                    return PlanOf(*addition, stop);
                  }};
}

}  // namespace reconcile
