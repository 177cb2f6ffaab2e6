#include "reconciler/reference_table.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/check.h"
#include "reconciler/declared.h"
#include "schema/field_path.h"
#include "schema/field_table.h"
#include "schema/field_types.h"
#include "schema/volumes.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

constexpr Missing kUnknown = Missing::kUnknown;
constexpr Missing kWaits = Missing::kContainersWait;
constexpr Missing kRefused = Missing::kPodsAreRefused;

// A field that names an object. `path` leads to the struct that holds it, through lists and
// optional parts; the struct's `optional`, `key`, `items`, `port` and `namespace` count where it
// has them.
struct Row {
  std::string_view path;
  std::string_view name;
  std::optional<Kind> kind;  // none: the struct's own `kind` says
  Missing missing;
};

// From a pod's spec. Those of containers hold for initContainers too.
constexpr Row kOfPods[] = {
    {"containers.envFrom.configMapRef", "name", Kind::kConfigMap, kWaits},
    {"containers.envFrom.secretRef", "name", Kind::kSecret, kWaits},
    {"containers.env.valueFrom.configMapKeyRef", "name", Kind::kConfigMap, kWaits},
    {"containers.env.valueFrom.secretKeyRef", "name", Kind::kSecret, kWaits},
    {"initContainers.envFrom.configMapRef", "name", Kind::kConfigMap, kWaits},
    {"initContainers.envFrom.secretRef", "name", Kind::kSecret, kWaits},
    {"initContainers.env.valueFrom.configMapKeyRef", "name", Kind::kConfigMap, kWaits},
    {"initContainers.env.valueFrom.secretKeyRef", "name", Kind::kSecret, kWaits},
    {"volumes.configMap", "name", Kind::kConfigMap, kWaits},
    {"volumes.secret", "secretName", Kind::kSecret, kWaits},
    {"volumes.projected.sources.configMap", "name", Kind::kConfigMap, kWaits},
    {"volumes.projected.sources.secret", "name", Kind::kSecret, kWaits},
    {"volumes.persistentVolumeClaim", "claimName", Kind::kPersistentVolumeClaim, kWaits},
    {"imagePullSecrets", "name", Kind::kSecret, kUnknown},
    {"", "serviceAccountName", Kind::kServiceAccount, kRefused},
    {"", "serviceAccount", Kind::kServiceAccount, kRefused},
    {"", "priorityClassName", Kind::kPriorityClass, kRefused},
};

// From an object of the kind `of`. storageClassName is not here: volumes and claims that were made
// by hand find each other by a class that need not be an object.
struct KindRow {
  Kind of;
  Row row;
};
constexpr KindRow kOfKinds[] = {
    {Kind::kIngress, {"spec", "ingressClassName", Kind::kIngressClass, kUnknown}},
    {Kind::kIngress, {"spec.defaultBackend.service", "name", Kind::kService, kUnknown}},
    {Kind::kIngress, {"spec.rules.http.paths.backend.service", "name", Kind::kService, kUnknown}},
    {Kind::kHorizontalPodAutoscaler, {"spec.scaleTargetRef", "name", {}, kUnknown}},
    {Kind::kRoleBinding, {"roleRef", "name", {}, kUnknown}},
    {Kind::kRoleBinding, {"subjects", "name", {}, kUnknown}},
    {Kind::kClusterRoleBinding, {"roleRef", "name", {}, kUnknown}},
    {Kind::kClusterRoleBinding, {"subjects", "name", {}, kUnknown}},
    {Kind::kStatefulSet, {"spec", "serviceName", Kind::kService, kUnknown}},
    {Kind::kPersistentVolumeClaim, {"spec", "volumeName", Kind::kPersistentVolume, kUnknown}},
};

// What a row without a kind may name.
constexpr Kind kScaled[] = {Kind::kDeployment, Kind::kStatefulSet, Kind::kReplicaSet,
                            Kind::kReplicationController};
constexpr Kind kOfAccess[] = {Kind::kRole, Kind::kClusterRole, Kind::kServiceAccount};

// Every cluster has these. A name that ends with '*' stands for all that begin so, and an empty
// namespace for every one.
struct BuiltIn {
  Kind kind;
  std::string_view namespace_name;
  std::string_view name;
};
constexpr BuiltIn kBuiltIns[] = {
    {Kind::kService, "default", "kubernetes"},
    {Kind::kConfigMap, "", "kube-root-ca.crt"},
    {Kind::kServiceAccount, "", "default"},
    {Kind::kPriorityClass, "", "system-*"},
    {Kind::kRole, "", "system:*"},
    {Kind::kClusterRole, "", "system:*"},
    {Kind::kClusterRole, "", "admin"},
    {Kind::kClusterRole, "", "edit"},
    {Kind::kClusterRole, "", "view"},
    {Kind::kClusterRole, "", "cluster-admin"},
};

// What is found, for whom.
struct Search {
  const std::string& namespace_name;  // of the object
  const FieldPlaces* places;
  std::set<Reference>* found;

  FieldPlace At(const FieldPath& path) const {
    return places == nullptr ? FieldPlace() : (*places)(path);
  }
};

// A row with its path looked up in the field tables: a row that leads nowhere ends the program.
class Path {
 public:
  Path(const Row& row, const StructTable& from) : row_(row), holder_(&from) {
    for (std::string_view rest = row.path; !rest.empty();) {
      const size_t dot = std::min(rest.find('.'), rest.size());
      const FieldInfo* field = holder_->Find(rest.substr(0, dot));
      CHECK(field != nullptr && field->type->table() != nullptr);
      steps_.push_back(field);
      holder_ = field->type->table();
      rest.remove_prefix(std::min(dot + 1, rest.size()));
    }
    CHECK(holder_->Find(row.name) != nullptr);
    for (size_t i = 0; i < kMembers.size(); ++i) {
      const FieldInfo* field = holder_->Find(i == kName ? row.name : kMembers[i]);
      if (field != nullptr && field->IsKept()) members_[i] = field;
    }
  }

  // From a struct that stands at `path`.
  void Collect(const void* source, const FieldPath& path, const Search& search) const {
    Step(0, source, path,
         [&](const void* holder, const FieldPath& at) { Take(holder, at, search); });
  }
  void CollectUses(const void* source, const std::string& namespace_name,
                   std::set<ConfigUse>* found) const {
    const bool mounted = row_.path.starts_with("volumes.");
    if (!mounted && row_.path.find("env") == std::string_view::npos) return;
    if (row_.kind != Kind::kConfigMap && row_.kind != Kind::kSecret) return;
    Step(0, source, FieldPath(), [&](const void* holder, const FieldPath& at) {
      const ObjectKey key{*row_.kind, namespace_name, Text(holder, kName)};
      bool has_part = false;
      ForEachPart(holder, at, [&](const std::string& part, const FieldPath&) {
        has_part = true;
        found->insert({key, part, mounted});
      });
      if (!has_part) found->insert({key, "", mounted});
    });
  }

 private:
  // What a holder may have, in the order of kMembers.
  enum Member : size_t { kName, kApiVersion, kKind, kNamespace, kOptional, kKey, kItems, kPort };
  static constexpr std::array<std::string_view, 8> kMembers = {
      "", "apiVersion", "kind", "namespace", "optional", "key", "items", "port"};

  // Calls visit(holder, path) for each struct that the path leads to.
  template <typename Visit>
  void Step(size_t step, const void* source, const FieldPath& path, const Visit& visit) const {
    if (step == steps_.size()) return visit(source, path);
    const FieldInfo& field = *steps_[step];
    const void* member = field.Get(source);
    const FieldPath at(path, field.name);
    const bool is_list = field.type->shape() == FieldShape::kList;
    for (size_t i = 0; i < field.type->Count(member); ++i) {
      Step(step + 1, field.type->At(member, i), is_list ? FieldPath::Item(at, i) : at, visit);
    }
  }
  void Take(const void* holder, const FieldPath& path, const Search& search) const;
  std::optional<Kind> KindIn(const void* holder) const;
  template <typename Function>
  void ForEachPart(const void* holder, const FieldPath& path, Function fn) const;
  // The holder's field; null when it has none such, or it is unset.
  Value Get(const void* holder, Member member) const {
    const FieldInfo* field = members_[member];
    if (field == nullptr) return Value();
    return field->type->Encode(field->Get(holder), EncodeFor::kUser);
  }
  std::string Text(const void* holder, Member member) const {
    const Value value = Get(holder, member);
    return value.IsString() ? value.AsString() : "";
  }

  Row row_;
  const StructTable* holder_;
  std::vector<const FieldInfo*> steps_;
  std::array<const FieldInfo*, kMembers.size()> members_ = {};
};

std::optional<Kind> Path::KindIn(const void* holder) const {
  if (row_.kind) return row_.kind;
  const std::string api_version = Text(holder, kApiVersion);
  const std::string name = Text(holder, kKind);
  const auto is_meant = [&](Kind kind) {
    return name == ToString(kind) &&
           (api_version.empty() || api_version == InfoOf(kind).api_version);
  };
  for (const Kind kind : kScaled) {
    if (is_meant(kind)) return kind;
  }
  for (const Kind kind : kOfAccess) {
    if (is_meant(kind)) return kind;
  }
  return std::nullopt;
}

// Calls fn(part, path) for the keys or the port that are wanted of what is named.
template <typename Function>
void Path::ForEachPart(const void* holder, const FieldPath& path, Function fn) const {
  if (const std::string key = Text(holder, kKey); !key.empty()) fn(key, FieldPath(path, "key"));
  const Value items = Get(holder, kItems);
  if (items.IsList()) {
    const FieldPath list(path, "items");
    for (size_t i = 0; i < items.AsList().size(); ++i) {
      const FieldPath item = FieldPath::Item(list, i);
      fn(items.AsList()[i].GetString("key"), FieldPath(item, "key"));
    }
  }
  const Value port = Get(holder, kPort);
  if (!port.IsMap()) return;
  const FieldPath at(path, "port");
  const int64_t number = port.GetInt("number");
  if (number > 0) {
    fn(std::to_string(number), FieldPath(at, "number"));
  } else {
    fn(port.GetString("name"), FieldPath(at, "name"));
  }
}

void Path::Take(const void* holder, const FieldPath& path, const Search& search) const {
  std::string name = Text(holder, kName);
  const Value optional = Get(holder, kOptional);
  const std::optional<Kind> kind = KindIn(holder);
  if (name.empty() || !kind || (!optional.IsNull() && optional.AsBool())) return;
  Reference reference{{*kind, "", std::move(name)}, "", row_.missing, {}, {}};
  if (InfoOf(*kind).namespaced) {
    reference.key.namespace_name = Text(holder, kNamespace);
    if (reference.key.namespace_name.empty()) {
      reference.key.namespace_name = search.namespace_name;
    }
  }
  reference.at = search.At(FieldPath(path, row_.name));
  bool has_part = false;
  ForEachPart(holder, path, [&](const std::string& part, const FieldPath& at) {
    has_part = true;
    reference.part = part;
    reference.part_at = search.At(at);
    search.found->insert(reference);
  });
  if (!has_part) search.found->insert(std::move(reference));
}

// Calls fn with the path of a pod's spec in an object of the kind.
template <typename Function>
void WithPodSpecPath(Kind kind, Function fn) {
  const FieldPath root;
  const FieldPath spec(root, "spec");
  if (kind == Kind::kPod) return fn(spec);
  const FieldPath job(spec, "jobTemplate");
  const FieldPath job_spec(job, "spec");
  const FieldPath pods(kind == Kind::kCronJob ? job_spec : spec, "template");
  fn(FieldPath(pods, "spec"));
}

const std::vector<Path>& PathsOfPods() {
  static const std::vector<Path> paths = [] {
    std::vector<Path> all;
    for (const Row& row : kOfPods) all.emplace_back(row, TableOf<PodSpec>());
    return all;
  }();
  return paths;
}

const std::vector<Path>& PathsOf(Kind kind) {
  static const std::array<std::vector<Path>, kKindCount> paths = [] {
    std::array<std::vector<Path>, kKindCount> all;
    for (const KindRow& row : kOfKinds) {
      all[static_cast<size_t>(row.of)].emplace_back(row.row, TableOf(row.of));
    }
    return all;
  }();
  return paths[static_cast<size_t>(kind)];
}

// How containers mount what ConfigMaps and Secrets are files of: a part (subPath) stays as it was
// when its container started.
class MountedConfig {
 public:
  explicit MountedConfig(const PodSpec& spec) {
    std::set<std::string> parts;  // names of volumes
    std::set<std::string> wholes;
    for (const auto* containers : {&spec.containers, &spec.init_containers}) {
      for (const Container& container : *containers) {
        for (const VolumeMount& mount : VolumeMountsOf(container)) {
          const bool is_part = !mount.sub_path.empty() || !mount.sub_path_expression.empty();
          (is_part ? parts : wholes).insert(mount.volume);
        }
      }
    }
    for (const Volume& volume : VolumesOf(spec)) {
      for (const FileSource& source : volume.sources) {
        if (source.kind == FileSource::Kind::kDownward) continue;
        const bool is_secret = source.kind == FileSource::Kind::kSecret;
        const std::pair what(is_secret ? Kind::kSecret : Kind::kConfigMap, source.name);
        if (parts.contains(volume.name)) parts_.insert(what);
        if (wholes.contains(volume.name)) wholes_.insert(what);
      }
    }
  }
  bool HasPart(const ObjectKey& key) const { return parts_.contains({key.kind, key.name}); }
  bool HasWhole(const ObjectKey& key) const { return wholes_.contains({key.kind, key.name}); }

 private:
  std::set<std::pair<Kind, std::string>> parts_;
  std::set<std::pair<Kind, std::string>> wholes_;
};

}  // namespace

std::set<Reference> ReferencesOf(const Object& object, const FieldPlaces* places) {
  std::set<Reference> found;
  const Search search{object.metadata.namespace_name, places, &found};
  const FieldPath root;
  if (const PodSpec* spec = PodSpecOf(object)) {
    WithPodSpecPath(object.kind, [&](const FieldPath& path) {
      for (const Path& each : PathsOfPods()) each.Collect(spec, path, search);
    });
  }
  for (const Path& path : PathsOf(object.kind)) path.Collect(StructOf(object), root, search);
  return found;
}

std::set<ConfigUse> ConfigUsesOf(const Object& object) {
  std::set<ConfigUse> found;
  const PodSpec* spec = PodSpecOf(object);
  if (spec == nullptr) return found;
  for (const Path& path : PathsOfPods()) {
    path.CollectUses(spec, object.metadata.namespace_name, &found);
  }
  const MountedConfig mounted(*spec);
  std::set<ConfigUse> uses;
  for (ConfigUse use : found) {
    const bool in_part = use.mounted && mounted.HasPart(use.key);
    if (in_part) uses.insert({use.key, use.part, false});
    if (!in_part || mounted.HasWhole(use.key)) uses.insert(std::move(use));
  }
  return uses;
}

bool MayBeNamed(Kind kind) {
  const auto names = [kind](const Row& row) { return row.kind == kind; };
  return std::any_of(std::begin(kOfPods), std::end(kOfPods), names) ||
         std::any_of(std::begin(kOfKinds), std::end(kOfKinds),
                     [&](const KindRow& row) { return names(row.row); }) ||
         std::find(std::begin(kScaled), std::end(kScaled), kind) != std::end(kScaled) ||
         std::find(std::begin(kOfAccess), std::end(kOfAccess), kind) != std::end(kOfAccess);
}

bool IsBuiltIn(const ObjectKey& key) {
  return std::any_of(std::begin(kBuiltIns), std::end(kBuiltIns), [&](const BuiltIn& known) {
    const bool is_prefix = known.name.ends_with('*');
    const std::string_view name = known.name.substr(0, known.name.size() - (is_prefix ? 1 : 0));
    return known.kind == key.kind &&
           (known.namespace_name.empty() || known.namespace_name == key.namespace_name) &&
           (is_prefix ? key.name.starts_with(name) : key.name == name);
  });
}

}  // namespace reconcile
