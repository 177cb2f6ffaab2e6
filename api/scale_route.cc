#include "api/scale_route.h"

#include "api/git_refusals.h"
#include "api/patched.h"
#include "api/write_options.h"
#include "reconciler/declared.h"
#include "schema/codec.h"
#include "schema/selector_text.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

std::string SelectorTextOf(const Object& object) {
  LabelSelector selector;
  if (const auto* deployment = As<Deployment>(object)) selector = deployment->spec.selector;
  if (const auto* set = As<ReplicaSet>(object)) selector = set->spec.selector;
  if (const auto* rc = As<ReplicationController>(object)) {
    selector.match_labels = rc->spec.selector;
  }
  return FormatLabelSelector(selector);
}

int32_t ReplicasThere(const Object& object) {
  if (const auto* deployment = As<Deployment>(object)) return deployment->status.replicas;
  if (const auto* set = As<ReplicaSet>(object)) return set->status.replicas;
  if (const auto* rc = As<ReplicationController>(object)) return rc->status.replicas;
  return 0;
}

Value ScaleOf(const Object& object) {
  const ObjectMeta& meta = object.metadata;
  Value metadata = Value::MakeMap();
  metadata.Set("name", Value::String(meta.name));
  metadata.Set("namespace", Value::String(meta.namespace_name));
  metadata.Set("uid", Value::String(meta.uid));
  metadata.Set("resourceVersion", Value::String(std::to_string(meta.resource_version)));
  if (meta.creation_timestamp) {
    metadata.Set("creationTimestamp", Value::String(FormatRfc3339(*meta.creation_timestamp)));
  }
  Value spec = Value::MakeMap();
  spec.Set("replicas", Value::Int(DeclaredReplicas(object).value_or(0)));
  Value status = Value::MakeMap();
  status.Set("replicas", Value::Int(ReplicasThere(object)));
  status.Set("selector", Value::String(SelectorTextOf(object)));
  Value scale = Value::MakeMap();
  scale.Set("kind", Value::String("Scale"));
  scale.Set("apiVersion", Value::String("autoscaling/v1"));
  scale.Set("metadata", std::move(metadata));
  scale.Set("spec", std::move(spec));
  scale.Set("status", std::move(status));
  return scale;
}

ApiResponse JsonOfScale(const Value& scale) {
  ApiResponse response;
  response.body = WriteJson(scale);
  return response;
}

// Absent is 0, as in Kubernetes; none for what is no number of replicas.
std::optional<int64_t> ReplicasIn(const Value& scale) {
  const Value* spec = scale.Find("spec");
  const Value* replicas = spec == nullptr ? nullptr : spec->Find("replicas");
  if (replicas == nullptr || replicas->IsNull()) return 0;
  if (!replicas->IsInt() || replicas->AsInt() < 0 || replicas->AsInt() > INT32_MAX) {
    return std::nullopt;
  }
  return replicas->AsInt();
}

}  // namespace

bool HasScale(Kind kind) {
  return kind == Kind::kDeployment || kind == Kind::kReplicaSet ||
         kind == Kind::kReplicationController;
}

ApiResponse HandleScale(const ResourcePath& path, const ApiRequest& request,
                        const ClusterState& state) {
  const ObjectKey key{path.kind, path.namespace_name, path.name};
  const ObjectPtr object = state.Find(key);
  if (object == nullptr) return RefusalResponse(NotFoundObject(key));
  const Value scale = ScaleOf(*object);
  if (request.method == "GET") return JsonOfScale(scale);
  if (request.method != "PUT" && request.method != "PATCH") {
    return RefusalResponse(MethodNotAllowed());
  }
  const Result<WriteOptions> options = ReadWriteOptions(request);
  if (!options.ok()) return RefusalResponse(BadRequest(options.status().message()));
  Refusal refusal;
  const std::optional<Value> patched = Patched(scale, request, &refusal);
  if (!patched) return RefusalResponse(refusal);
  const std::optional<int64_t> replicas = ReplicasIn(*patched);
  if (!replicas) {
    return RefusalResponse(RefusalOf(key, 422, "Invalid",
                                     "Scale.autoscaling \"" + key.name +
                                         "\" is invalid: spec.replicas: is no number of replicas"));
  }
  if (replicas == ReplicasIn(scale)) return JsonOfScale(scale);
  if (!options->is_dry_run) return RefusalResponse(ChangedInGit(*object, state));
  Value would_be = scale;
  Value spec = Value::MakeMap();
  spec.Set("replicas", Value::Int(*replicas));
  would_be.Set("spec", std::move(spec));
  return JsonOfScale(would_be);
}

}  // namespace reconcile
