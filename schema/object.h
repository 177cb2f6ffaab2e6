#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace reconcile {

// Every kind the project knows. kSource and kCluster are our own (group reconcile.dev).
enum class Kind : uint8_t {
  kNamespace,
  kNode,
  kPod,
  kReplicationController,
  kReplicaSet,
  kDeployment,
  kStatefulSet,
  kDaemonSet,
  kJob,
  kCronJob,
  kService,
  kConfigMap,
  kSecret,
  kEvent,
  kSource,
  kCluster,
  kEndpoints,
  kEndpointSlice,
  kIngress,
  kIngressClass,
  kNetworkPolicy,
  kPersistentVolume,
  kPersistentVolumeClaim,
  kStorageClass,
  kServiceAccount,
  kRole,
  kClusterRole,
  kRoleBinding,
  kClusterRoleBinding,
  kHorizontalPodAutoscaler,
  kPodDisruptionBudget,
  kResourceQuota,
  kLimitRange,
  kPriorityClass,
  kLease,
};
inline constexpr size_t kKindCount = static_cast<size_t>(Kind::kLease) + 1;
inline constexpr std::array<Kind, kKindCount> kAllKinds = [] {
  std::array<Kind, kKindCount> kinds{};
  for (size_t i = 0; i < kKindCount; ++i) kinds[i] = static_cast<Kind>(i);
  return kinds;
}();

// What the outside calls a kind.
struct KindInfo {
  Kind kind;
  std::string_view name;         // "ReplicaSet"
  std::string_view api_version;  // "apps/v1"
  std::string_view plural;       // "replicasets"
  std::string_view singular;     // "replicaset"
  std::string_view short_name;   // "rs"; empty when there is none
  bool namespaced;
  bool declarable;  // may stand in a manifest
  // Why nothing follows from its objects, which are checked, kept and shown all the same: the end
  // of a sentence. Empty for kinds that are acted on.
  std::string_view not_acted_on = "";
};
const KindInfo& InfoOf(Kind kind);
std::string_view ToString(Kind kind);  // InfoOf(kind).name
std::optional<Kind> FindKind(std::string_view api_version, std::string_view name);
// By any name a person types: "po", "pod", "pods", "Pod".
std::optional<Kind> FindKindByWord(std::string_view word);

// Names one object. `namespace_name` is empty for cluster-scoped kinds.
struct ObjectKey {
  Kind kind = Kind::kNamespace;
  std::string namespace_name;
  std::string name;
  friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
  friend bool operator==(const ObjectKey&, const ObjectKey&) = default;
};
// "Deployment default/web", "Node host-1".
std::string ToString(const ObjectKey& key);

using StringMap = std::map<std::string, std::string>;

struct OwnerReference {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  bool controller = false;
  bool block_owner_deletion = false;
  friend bool operator==(const OwnerReference&, const OwnerReference&) = default;
};

// Where Git declares an object. Internal: kept in the store, shown as provenance, never read from a
// manifest.
struct Origin {
  std::string source;  // name of the Source object; empty for objects that no source declares
  std::string file;    // path inside the repository
  int line = 0;
  friend bool operator==(const Origin&, const Origin&) = default;
};

struct ObjectMeta {
  std::string name;
  std::string namespace_name;
  std::string uid;
  int64_t resource_version = 0;  // store revision of the last write; set by the store
  int64_t generation = 0;        // grows with spec changes only (SEMANTICS 1.6)
  std::optional<WallTime> creation_timestamp;
  std::optional<WallTime> deletion_timestamp;  // the moment the grace period ends
  std::optional<int64_t> deletion_grace_period_seconds;
  StringMap labels;
  StringMap annotations;
  std::vector<OwnerReference> owner_references;
  std::vector<std::string> finalizers;
  std::string generate_name;
  // Internal: how many children this object has ever created. Names and uids of children derive
  // from it, so a repeated create is the same create and a replacement is a new one.
  int64_t incarnation = 0;
  Origin origin;  // internal
  friend bool operator==(const ObjectMeta&, const ObjectMeta&) = default;
};

// The owner with controller=true, or nullptr.
const OwnerReference* ControllerOf(const ObjectMeta& metadata);

// Base of the typed objects. Objects in a ClusterState are immutable and shared; to change one,
// Clone it.
struct Object {
  explicit Object(Kind object_kind) : kind(object_kind) {}
  virtual ~Object() = default;
  Object(const Object&) = default;
  Object& operator=(const Object&) = default;

  virtual std::unique_ptr<Object> Clone() const = 0;
  ObjectKey key() const { return {kind, metadata.namespace_name, metadata.name}; }

  Kind kind;
  ObjectMeta metadata;
};
using ObjectPtr = std::shared_ptr<const Object>;

// struct Pod : ObjectOf<Pod, Kind::kPod> { ... };
template <typename Derived, Kind kObjectKind>
struct ObjectOf : Object {
  static constexpr Kind kKind = kObjectKind;
  ObjectOf() : Object(kObjectKind) {}
  std::unique_ptr<Object> Clone() const final {
    return std::make_unique<Derived>(static_cast<const Derived&>(*this));
  }
};

// The object as a T, or nullptr when it is of another kind.
template <typename T>
const T* As(const Object& object) {
  return object.kind == T::kKind ? static_cast<const T*>(&object) : nullptr;
}
template <typename T>
std::shared_ptr<const T> As(const ObjectPtr& object) {
  if (object == nullptr || object->kind != T::kKind) return nullptr;
  return std::static_pointer_cast<const T>(object);
}

}  // namespace reconcile
