#include "controller/plan_manifests.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>

#include "controller/convergence.h"
#include "reconciler/advice.h"
#include "reconciler/declared.h"
#include "reconciler/references.h"
#include "reconciler/rollback_on_deadline.h"
#include "reconciler/source_scope.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr size_t kMaxPathsBytes = 300;

// The Source object that CheckBreaker reads, or one that has never applied anything.
std::shared_ptr<const Source> SourceOrNew(const ClusterState& state, const std::string& name) {
  std::shared_ptr<const Source> source = state.Find<Source>("", name);
  if (source != nullptr) return source;
  auto fresh = std::make_shared<Source>();
  fresh->metadata.name = name;
  return fresh;
}

bool IsTemplateField(const FieldChange& field) { return field.path.starts_with("spec.template."); }

// A new template for pods that nothing will replace.
void WarnOfKeptPods(const ObjectChanges& changes, Problems* problems) {
  for (const ObjectChange& change : changes) {
    const Kind kind = change.key.kind;
    if (kind != Kind::kReplicationController && kind != Kind::kReplicaSet) continue;
    if (change.type != ChangeType::kChange || change.after == nullptr) continue;
    if (std::none_of(change.fields.begin(), change.fields.end(), IsTemplateField)) continue;
    problems->warnings.push_back(ProblemAt(
        *change.after, "pods that run keep the old template. " + std::string(kKeepsPodsAdvice)));
  }
}

void WarnOfKept(const DesiredState& desired, const ClusterState& state, Problems* problems) {
  for (const ObjectPtr& object : KeptFromPruning(desired, state)) {
    problems->warnings.push_back(ProblemAt(
        *object, "is declared no more, and stays: its annotation \"" +
                     PruneProtectionOf(object->metadata) +
                     "\" keeps it. To delete it, declare it " + "without the annotation first"));
  }
}

void WarnOfProtected(const DesiredState& desired, const ClusterState& state, Problems* problems) {
  for (const ObjectChange& change : KeptFromChanging(desired, state)) {
    std::string paths;
    for (const FieldChange& field : change.fields) {
      if (field.path.starts_with("metadata.annotations[kustomize.toolkit.fluxcd.io/")) continue;
      paths += (paths.empty() ? "" : ", ") + field.path;
    }
    if (paths.empty()) continue;  // the annotation alone is new
    problems->warnings.push_back(
        ProblemAt(*change.after, "differs from what is there (" + CutText(paths, kMaxPathsBytes) +
                                     "), and stays as it is: its annotation \"" +
                                     ChangeProtectionOf(change.after->metadata) + "\" keeps it"));
  }
}

// Files with an error in them; nothing when an error may stand for objects of any file.
std::optional<std::set<std::string>> FilesWithErrors(const Problems& problems) {
  std::set<std::string> files;
  for (const Problem& problem : problems.errors) {
    if (problem.rule == Rule::kKustomization || problem.file.empty()) return std::nullopt;
    files.insert(problem.file);
  }
  return files;
}

// Whether the name stands in the text, not as a part of a longer one.
bool Mentions(std::string_view text, std::string_view name) {
  const auto is_part = [](char byte) {
    return std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '-' || byte == '.';
  };
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const size_t end = at + name.size();
    const bool begins = at == 0 || !is_part(text[at - 1]);
    if (begins && (end == text.size() || !is_part(text[end]))) return true;
  }
  return false;
}

// What a commit with errors deletes all the same. An object is none of that when it came from a
// file with an error, or is spoken of in one: it may be what could not be read.
ObjectChanges DeletionsDespite(const Problems& problems, const std::vector<ManifestFile>& files,
                               const ObjectChanges& changes) {
  const std::optional<std::set<std::string>> broken = FilesWithErrors(problems);
  if (!broken) return {};
  const auto may_be_declared = [&](const ObjectChange& change) {
    if (broken->contains(change.before->metadata.origin.file)) return true;
    return std::any_of(files.begin(), files.end(), [&](const ManifestFile& file) {
      return broken->contains(file.path) &&
             (file.bytes == nullptr || Mentions(*file.bytes, change.key.name));
    });
  };
  ObjectChanges deletions;
  for (const ObjectChange& change : changes) {
    if (change.type != ChangeType::kDelete || may_be_declared(change)) continue;
    deletions.push_back(change);
  }
  return deletions;
}

// Files that the newest commit has too, as they are.
std::set<std::string> FilesInForce(const std::vector<ManifestFile>& files,
                                   const ManifestCache& known) {
  std::set<std::string> same;
  for (const ManifestFile& file : files) {
    if (known.Has(file)) same.insert(file.path);
  }
  return same;
}

// What is read with a warning and does not change was warned of when it came.
void LeaveOutWarningsOf(const std::set<std::string>& files, Problems* problems) {
  if (files.empty()) return;
  std::erase_if(problems->warnings,
                [&](const Problem& warning) { return files.contains(warning.file); });
}

int64_t CountUnchanged(const DesiredState& desired, const ObjectChanges& changes) {
  return static_cast<int64_t>(desired.objects.size()) -
         std::count_if(changes.begin(), changes.end(), [](const ObjectChange& change) {
           return change.after != nullptr && change.type != ChangeType::kUnchanged;
         });
}

void PlanChanges(const ClusterState& state, const DesiredState& desired,
                 const ObjectChanges& changes, const std::vector<std::string>& confirmations,
                 const BreakerLimits& limits, Now now, const PreviewLimits& preview,
                 Settled* settled, Controller::PlanAnswer* answer) {
  answer->unchanged = CountUnchanged(desired, changes);
  WarnOfKeptPods(changes, &answer->problems);
  WarnOfKept(desired, state, &answer->problems);
  WarnOfProtected(desired, state, &answer->problems);
  WarnOfRolledBack(desired, state, &answer->problems);
  AdviseOn(changes, &answer->problems);
  AdviseOnImages(changes, state, &answer->problems);
  answer->held = CheckBreaker(changes, state, *SourceOrNew(state, desired.source), desired.commit,
                              confirmations, limits, now.wall)
                     .held;
  answer->preview = PreviewChanges(state, changes, now, preview, settled);
  AdviseOnForbidden(changes, answer->preview.state_after, &answer->problems);
}

// Threads are for a tree that is new, not for the file that a person changed.
Parallel* ParallelFor(const std::vector<ManifestFile>& files, const PlanMemory* memory) {
  constexpr size_t kMuch = 256 << 10;
  size_t bytes = 0;
  for (const ManifestFile& file : files) bytes += file.bytes == nullptr ? 0 : file.bytes->size();
  return bytes < kMuch ? nullptr : memory->parallel;
}

Controller::PlanAnswer PlanOne(const ClusterState& state, const std::string& source,
                               const Controller::PlanInput& input, const BreakerLimits& limits,
                               Now now, PlanMemory* memory) {
  Controller::PlanAnswer answer;
  const SourceSpec spec = SourceOrNew(state, source)->spec;
  std::set<std::string> known = FilesInForce(input.files, memory->files);
  ParsedManifests parsed = ParseManifests(input.files, "default", {}, &memory->files,
                                          {.parallel = ParallelFor(input.files, memory),
                                           .source_folder = input.source_folder,
                                           .ignore_groups = spec.ignore_groups});
  CheckNamespaces(spec.namespaces, parsed.objects, &parsed.problems);
  const bool keeps_secrets = input.secrets == Controller::SecretsInPlan::kKept;
  for (const ObjectPtr& object : parsed.objects) {
    // What is left out would tell that the file is the one in force.
    if (keeps_secrets && object->kind == Kind::kSecret) known.erase(object->metadata.origin.file);
  }
  LeaveOutWarningsOf(known, &parsed.problems);
  if (keeps_secrets) KeepSecrets(state, &parsed);
  answer.problems = std::move(parsed.problems);
  const DesiredState desired =
      memory->desired->Build(source, input.commit, parsed.objects, state, &answer.problems);
  if (!answer.problems.errors.empty()) {
    answer.preview.changes = DeletionsDespite(answer.problems, input.files, Diff(desired, state));
    return answer;
  }
  const ObjectChanges changes = memory->desired->Compare(desired, state, {}, &answer.problems);
  if (!answer.problems.errors.empty()) return answer;
  PlanChanges(state, desired, changes, input.confirmations, limits, now, {.stop = memory->stop},
              &memory->settled, &answer);
  return answer;
}

}  // namespace

Result<Controller::PlanAnswer> PlanManifestsAgainst(
    const ClusterState& state, const std::string& source, const Controller::PlanInput& input,
    const Controller::PlanInput* base, const BreakerLimits& limits, Now now, PlanMemory* memory) {
  DesiredMemory none;
  PlanMemory fresh;
  fresh.desired = &none;
  if (memory == nullptr) memory = &fresh;
  if (base == nullptr) return PlanOne(state, source, input, limits, now, memory);
  const Controller::PlanAnswer first = PlanOne(state, source, *base, limits, now, memory);
  if (!first.problems.errors.empty()) {
    return InvalidError(
        "the commit before, " + base->commit + ", could not be applied itself (" +
        first.problems.errors.front().ToString() + "), so that nothing is known of a cluster at " +
        "it: plan what comes after it against the cluster as it is, by --rev without \"..\"");
  }
  return PlanOne(first.preview.state_after, source, input, limits, now, memory);
}

void KeepSecrets(const ClusterState& state, ParsedManifests* parsed) {
  ObjectPtr first;
  size_t others = 0;
  for (ObjectPtr& object : parsed->objects) {
    if (object->kind != Kind::kSecret) continue;
    const ObjectPtr known = state.Find(object->key());
    if (known == nullptr) continue;
    std::shared_ptr<Object> kept = DeclaredPart(*known, *object)->Clone();
    const Origin origin = object->metadata.origin;
    kept->metadata = {};
    kept->metadata.namespace_name = known->metadata.namespace_name;
    kept->metadata.name = known->metadata.name;
    kept->metadata.labels = known->metadata.labels;
    kept->metadata.annotations = known->metadata.annotations;
    kept->metadata.origin = origin;
    others += first == nullptr ? 0 : 1;
    if (first == nullptr) first = object;
    object = std::move(kept);
  }
  if (first == nullptr) return;
  parsed->problems.warnings.push_back(ProblemAt(
      *first, "is shown as if it stayed as it is" +
                  (others == 0 ? "" : ", like " + std::to_string(others) + " other Secrets") +
                  ": whoever may not read Secrets is not told how they would change"));
}

Controller::PlanAnswer PlanDesired(const ClusterState& state, const DesiredState& desired,
                                   const std::vector<std::string>& confirmations,
                                   const BreakerLimits& limits, Now now,
                                   const PreviewLimits& preview) {
  Controller::PlanAnswer answer;
  PlanChanges(state, desired, Diff(desired, state), confirmations, limits, now, preview, nullptr,
              &answer);
  return answer;
}

ClusterState EmptyCluster(int count, Quantity cpu, Quantity memory, Now now) {
  ClusterState state;
  auto cluster = std::make_shared<Cluster>();
  cluster->metadata.name = "cluster";
  cluster->cluster_id = "offline";
  state.Put(cluster);
  for (int i = 1; i <= count; ++i) {
    auto node = std::make_shared<Node>();
    node->metadata.name = "host-" + std::to_string(i);
    node->metadata.labels = {{"kubernetes.io/hostname", node->metadata.name},
                             {"kubernetes.io/os", "linux"},
                             {"kubernetes.io/arch", "amd64"},
                             {"beta.kubernetes.io/os", "linux"},
                             {"beta.kubernetes.io/arch", "amd64"}};
    node->metadata.uid = "offline-" + node->metadata.name;
    node->status.capacity = {{"cpu", cpu}, {"memory", memory}, {"pods", Quantity::FromUnits(110)}};
    node->status.allocatable = node->status.capacity;
    SetCondition(&node->status.conditions,
                 {.type = "Ready", .status = ConditionStatus::kTrue, .reason = "Offline"},
                 now.wall);
    state.Put(node);
  }
  return state;
}

}  // namespace reconcile
