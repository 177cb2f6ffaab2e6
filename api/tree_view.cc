#include "api/tree_view.h"

#include <algorithm>

#include "reconciler/health.h"
#include "schema/core.h"
#include "schema/text.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

constexpr int kMaxDepth = 8;

bool IsLeftOut(Kind kind) {
  return kind == Kind::kEvent || kind == Kind::kEndpoints || kind == Kind::kEndpointSlice ||
         kind == Kind::kLease || kind == Kind::kCluster;
}

class TreeEncoder {
 public:
  TreeEncoder(const ClusterState& state, std::string namespace_name)
      : state_(state), namespace_name_(std::move(namespace_name)) {}

  Value Encode(const Object& object, int depth) const {
    Value value = Value::MakeMap();
    value.Set("kind", Value::String(std::string(InfoOf(object.kind).name)));
    value.Set("namespace", Value::String(object.metadata.namespace_name));
    value.Set("name", Value::String(object.metadata.name));
    const Source* source = As<Source>(object);
    value.Set("why", Value::String(WhyUnhealthyInWords(object, state_)));
    if (const std::string_view why_not = InfoOf(object.kind).not_acted_on; !why_not.empty()) {
      value.Set("notActedOn", Value::String(std::string(why_not)));
    }
    if (const Pod* pod = As<Pod>(object)) value.Set("node", Value::String(pod->spec.node_name));
    Value children = Value::MakeList();
    if (depth < kMaxDepth && source != nullptr) AddDeclared(source->metadata.name, &children);
    if (depth < kMaxDepth && source == nullptr) AddOwned(object, depth, &children);
    value.Set("children", std::move(children));
    return value;
  }

 private:
  bool IsShown(const Object& object) const {
    return namespace_name_.empty() || !InfoOf(object.kind).namespaced ||
           object.metadata.namespace_name == namespace_name_;
  }

  void AddDeclared(const std::string& source, Value* children) const {
    for (const Kind kind : kAllKinds) {
      if (IsLeftOut(kind)) continue;
      for (const auto& [key, object] : state_.Objects(kind)) {
        if (object->metadata.origin.source != source || !IsShown(*object)) continue;
        children->Append(Encode(*object, 1));
      }
    }
  }

  // A ReplicaSet of an earlier template has nothing to say.
  void AddOwned(const Object& owner, int depth, Value* children) const {
    state_.by_owner().ForEach(owner.metadata.uid, [&](const ObjectKey& key) {
      const ObjectPtr object = state_.Find(key);
      if (object == nullptr || IsLeftOut(key.kind)) return;
      const ReplicaSet* set = As<ReplicaSet>(*object);
      const bool is_past = set != nullptr && set->spec.replicas == 0 && set->status.replicas == 0;
      if (!is_past) children->Append(Encode(*object, depth + 1));
    });
  }

  const ClusterState& state_;
  const std::string namespace_name_;
};

}  // namespace

Result<Value> EncodeTrees(const ClusterState& state, const TreeQuery& query) {
  Value items = Value::MakeList();
  if (query.kind.empty()) {
    const TreeEncoder encoder(state, query.namespace_name);
    state.ForEach<Source>([&](const std::shared_ptr<const Source>& source) {
      items.Append(encoder.Encode(*source, 0));
    });
  } else {
    const std::optional<Kind> kind = FindKindByWord(query.kind);
    if (!kind) return InvalidError(Quoted(query.kind) + " is no kind known here");
    const std::string in = InfoOf(*kind).namespaced ? query.namespace_name : "";
    const ObjectPtr object = state.Find({*kind, in, query.name});
    if (object == nullptr) {
      return NotFoundError(std::string(InfoOf(*kind).plural) + " \"" + ShortText(query.name) +
                           "\" not found");
    }
    items.Append(TreeEncoder(state, "").Encode(*object, 0));
  }
  Value value = Value::MakeMap();
  value.Set("items", std::move(items));
  return value;
}

}  // namespace reconcile
