#include "reconciler/advice.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "reconciler/declared.h"
#include "reconciler/references.h"
#include "reconciler/refusals.h"
#include "reconciler/restart_on_change.h"
#include "reconciler/rollback_on_deadline.h"
#include "schema/images.h"
#include "schema/not_honoured.h"
#include "schema/pod_security.h"
#include "schema/sidecar.h"
#include "schema/text.h"

namespace reconcile {
namespace {

// Whether the image is another one tomorrow: its tag is `latest`, or none, and no digest says
// which.
bool MovesByItself(std::string_view image) {
  if (image.find('@') != std::string_view::npos) return false;
  const std::string_view last = image.substr(image.rfind('/') + 1);  // npos + 1 is the beginning
  const size_t colon = last.find(':');
  return colon == std::string_view::npos || last.substr(colon + 1) == "latest";
}

void AddName(const std::string& name, std::string* names) {
  *names += (names->empty() ? "" : ", ") + Quoted(name);
}

void Advise(const Object& object, const PodSpec& spec, Problems* problems) {
  std::string moving;
  std::string asking_nothing;
  size_t how_many = 0;  // these are
  for (const Container* container : AllContainersOf(spec)) {
    if (MovesByItself(container->image)) AddName(container->image, &moving);
    if (!container->resources.requests.empty()) continue;
    AddName(container->name, &asking_nothing);
    ++how_many;
  }
  const auto warn = [&](const std::string& message, Rule rule = Rule::kAdvice) {
    problems->warnings.push_back(ProblemAt(object, message, rule));
  };
  if (const auto fields = FieldsNotHonoured(spec); !fields.empty()) {
    warn(NotHonouredMessage(fields), Rule::kNotActedOn);
  }
  for (const auto& [name, effect] : {std::pair(kRestartOnChange, "have its pods replaced"),
                                     std::pair(kRollbackOnDeadline, "have it rolled back")}) {
    const auto asked = object.metadata.annotations.find(std::string(name));
    if (asked == object.metadata.annotations.end()) continue;
    if (asked->second != "true" && asked->second != "false") {
      warn("its annotation " + Quoted(name) + " is " + Quoted(asked->second) +
           ", which counts as \"false\": write \"true\" to " + effect);
    }
    if (object.kind != Kind::kDeployment && asked->second == "true") {
      warn("its annotation " + Quoted(name) +
           " does nothing: Deployments alone replace pods that run");
    }
  }
  if (!moving.empty()) {
    warn("the image " + moving +
         " is whatever `latest` is when a host pulls it: hosts may differ, and a revert changes "
         "nothing. Give it a version or a digest");
  }
  if (!asking_nothing.empty()) {
    warn((how_many == 1 ? "the container " + asking_nothing +
                              " requests no cpu and no memory: it counts for nothing when pods "
                              "are placed, and goes first when a host runs out"
                        : "the containers " + asking_nothing +
                              " request no cpu and no memory: they count for nothing when pods "
                              "are placed, and go first when a host runs out") +
         ". Set resources.requests");
  }
}

// What all hosts together have; none when that is not known.
std::optional<std::set<std::string>> ImagesOfHosts(const ClusterState& state) {
  std::set<std::string> names;
  bool is_known = true;
  state.ForEach<Node>([&](const std::shared_ptr<const Node>& node) {
    if (IsRevoked(*node)) return;
    is_known = is_known && !MayHaveMoreImages(node->status);
    for (const ContainerImage& image : node->status.images) {
      names.insert(image.names.begin(), image.names.end());
    }
  });
  if (!is_known || names.empty()) return std::nullopt;
  return names;
}

// Of a workload that comes or changes; nullptr for others.
const PodSpec* NewSpecOf(const ObjectChange& change) {
  const bool is_new = change.type == ChangeType::kCreate || change.type == ChangeType::kChange;
  if (!is_new || change.after == nullptr || !IsWorkload(change.key.kind)) return nullptr;
  return PodSpecOf(*change.after);
}

}  // namespace

void AdviseOnImages(const ObjectChanges& changes, const ClusterState& state, Problems* problems) {
  const std::optional<std::set<std::string>> there = ImagesOfHosts(state);
  if (!there) return;
  for (const ObjectChange& change : changes) {
    const PodSpec* spec = NewSpecOf(change);
    if (spec == nullptr) continue;
    std::string missing;
    for (const Container* container : AllContainersOf(*spec)) {
      const bool is_pulled = container->image_pull_policy != PullPolicy::kNever;
      if (is_pulled || container->image.starts_with("sha256:")) continue;
      if (!there->contains(ListedImage(container->image))) AddName(container->image, &missing);
    }
    if (missing.empty()) continue;
    problems->warnings.push_back(
        ProblemAt(*change.after,
                  "no host has the image " + missing +
                      ", and its imagePullPolicy is Never: its pods do not start "
                      "(ErrImageNeverPull). Load it on the hosts, or let it be pulled",
                  Rule::kAdvice));
  }
}

void AdviseOn(const ObjectChanges& changes, Problems* problems) {
  for (const ObjectChange& change : changes) {
    if (const PodSpec* spec = NewSpecOf(change)) Advise(*change.after, *spec, problems);
  }
}

void AdviseOnForbidden(const ObjectChanges& changes, const ClusterState& after,
                       Problems* problems) {
  for (const ObjectChange& change : changes) {
    const PodSpec* spec = NewSpecOf(change);
    if (spec == nullptr) continue;
    const auto refusal = WhyRefused(*spec, change.key.namespace_name, after);
    if (!refusal || refusal->reason != kForbiddenByPodSecurity) continue;
    problems->warnings.push_back(ProblemAt(*change.after, refusal->message, Rule::kAdvice));
  }
}

}  // namespace reconcile
