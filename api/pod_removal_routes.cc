#include "api/pod_removal_routes.h"

#include "api/git_refusals.h"
#include "api/object_encoding.h"
#include "api/routes.h"
#include "api/selection.h"
#include "api/told_by.h"
#include "api/write_options.h"
#include "reconciler/disruption.h"
#include "schema/core.h"

namespace reconcile {
namespace {

ObjectKey KeyOfPod(const ResourcePath& path) {
  return {Kind::kPod, path.namespace_name, path.name};
}

Controller::PodRemoval RemovalOf(const WriteOptions& options) {
  Controller::PodRemoval removal;
  removal.grace_seconds = options.grace_seconds;
  return removal;
}

// The pod that is meant; null with a refusal.
std::shared_ptr<const Pod> PodMeant(const ObjectKey& key, const WriteOptions& options,
                                    const ClusterState& state, Refusal* refusal) {
  auto pod = state.Find<Pod>(key.namespace_name, key.name);
  if (pod == nullptr) {
    *refusal = NotFoundObject(key);
    return nullptr;
  }
  const ObjectMeta& metadata = pod->metadata;
  const std::string version = std::to_string(metadata.resource_version);
  std::string wrong;
  if (!options.uid.empty() && options.uid != metadata.uid) {
    wrong = "the UID in the precondition (" + options.uid + ") does not match the UID in record (" +
            metadata.uid + ")";
  } else if (!options.resource_version.empty() && options.resource_version != version) {
    wrong = "the ResourceVersion in the precondition does not match the one in record (" + version +
            "): the object might have been modified";
  }
  if (wrong.empty()) return pod;
  *refusal = ChangedMeanwhile(key, wrong);
  return nullptr;
}

// Success, with what is gone.
Value GoneStatus(const Object& object) {
  Value details = Value::MakeMap();
  details.Set("name", Value::String(object.metadata.name));
  details.Set("kind", Value::String(std::string(InfoOf(object.kind).plural)));
  details.Set("uid", Value::String(object.metadata.uid));
  Value more = Value::MakeMap();
  more.Set("metadata", Value::MakeMap());
  more.Set("details", std::move(details));
  return more;
}

ApiResponse Remove(Controller* controller, const std::shared_ptr<const Pod>& pod,
                   const Controller::PodRemoval& removal, const ApiRequest& request, Now now) {
  const Status removed = controller->RemovePods({pod->key()}, removal, ToldBy(request));
  if (!removed.ok()) return ErrorResponse(removed);
  const ObjectPtr left = controller->State()->Find(pod->key());
  Refusal refusal;
  const std::optional<ObjectEncoding> encoding = ChooseEncoding(request, &refusal);
  if (left == nullptr || !encoding) return SuccessResponse(GoneStatus(*pod));
  ApiResponse response;
  response.body = WriteObject(left, *encoding, now.wall);
  return response;
}

// All that the selectors name.
ApiResponse RemoveSelected(Controller* controller, const ResourcePath& path,
                           const WriteOptions& options, const ApiRequest& request, Now now) {
  const Result<Selection> selection =
      Selection::Parse(Kind::kPod, request.Query("labelSelector"), request.Query("fieldSelector"));
  if (!selection.ok()) return RefusalResponse(BadRequest(selection.status().message()));
  const auto state = controller->State();
  std::vector<ObjectKey> keys;
  std::vector<ObjectPtr> pods;
  state->ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    if (pod->metadata.namespace_name != path.namespace_name || !selection->Selects(*pod)) return;
    keys.push_back(pod->key());
    pods.push_back(pod);
  });
  if (!options.is_dry_run) {
    const Status removed = controller->RemovePods(keys, RemovalOf(options), ToldBy(request));
    if (!removed.ok()) return ErrorResponse(removed);
  }
  ApiResponse response;
  response.body =
      WriteList({Kind::kPod, {.revision = controller->State()->revision()}, {}, now.wall}, pods);
  return response;
}

ApiResponse WithinBudget(const ObjectKey& key, const std::string& why, size_t budgets) {
  if (budgets > 1) {
    return RefusalResponse(500,
                           "This pod has more than one PodDisruptionBudget, which the "
                           "eviction subresource does not support: " +
                               why);
  }
  Refusal refusal =
      RefusalOf(key, 429, "TooManyRequests",
                "Cannot evict pod as it would violate the pod's disruption budget: " + why);
  refusal.causes.push_back({"DisruptionBudget", why});
  return RefusalResponse(refusal);
}

}  // namespace

ApiResponse HandlePodDeletion(Controller* controller, const ResourcePath& path,
                              const ApiRequest& request, Now now) {
  const Result<WriteOptions> options = ReadDeleteOptions(request);
  if (!options.ok()) return RefusalResponse(BadRequest(options.status().message()));
  if (path.name.empty() && !path.namespace_name.empty()) {
    return RemoveSelected(controller, path, *options, request, now);
  }
  if (path.name.empty()) return RefusalResponse(MethodNotAllowed());
  Refusal refusal;
  const auto pod = PodMeant(KeyOfPod(path), *options, *controller->State(), &refusal);
  if (pod == nullptr) return RefusalResponse(refusal);
  if (options->is_dry_run) return SuccessResponse(GoneStatus(*pod));
  return Remove(controller, pod, RemovalOf(*options), request, now);
}

ApiResponse HandleEviction(Controller* controller, const ResourcePath& path,
                           const ApiRequest& request, Now now) {
  if (request.method != "POST") return RefusalResponse(MethodNotAllowed());
  const Result<WriteOptions> options = ReadEviction(request);
  if (!options.ok()) return RefusalResponse(BadRequest(options.status().message()));
  const ObjectKey key = KeyOfPod(path);
  const bool is_other =
      (!options->name.empty() && options->name != key.name) ||
      (!options->namespace_name.empty() && options->namespace_name != key.namespace_name);
  if (is_other) {
    return RefusalResponse(BadRequest("the eviction is of another pod than its path"));
  }
  const auto state = controller->State();
  Refusal refusal;
  const auto pod = PodMeant(key, *options, *state, &refusal);
  if (pod == nullptr) return RefusalResponse(refusal);
  const std::string why = Evictions(*state).WhyNot(*pod);
  if (!why.empty()) return WithinBudget(key, why, BudgetsOf(*pod, *state).size());
  ApiResponse answer = SuccessResponse(GoneStatus(*pod));
  if (!options->is_dry_run) {
    Controller::PodRemoval removal = RemovalOf(*options);
    removal.is_eviction = true;
    const ApiResponse removed = Remove(controller, pod, removal, request, now);
    if (removed.code != 200) return removed;
  }
  answer.code = 201;
  return answer;
}

}  // namespace reconcile
