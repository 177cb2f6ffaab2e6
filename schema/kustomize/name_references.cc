#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "schema/kustomize/field_specs.h"
#include "schema/kustomize/transformers.h"

namespace reconcile::kustomize {
namespace {

using Candidates = std::vector<const Resource*>;

bool SameEnd(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const size_t count = std::min(a.size(), b.size());
  return std::equal(a.end() - static_cast<ptrdiff_t>(count), a.end(),
                    b.end() - static_cast<ptrdiff_t>(count), b.end());
}

void Keep(Candidates* candidates, const std::function<bool(const Resource&)>& keep) {
  std::erase_if(*candidates, [&](const Resource* candidate) { return !keep(*candidate); });
}

// Objects that were renamed, by each name that they had.
class Renamed {
 public:
  explicit Renamed(const Resources& resources) {
    for (const Resource& resource : resources) {
      std::set<std::string> names;
      for (const Id& id : resource.previous) names.insert(id.name);
      for (const std::string& name : names) by_name_[name].push_back(&resource);
    }
  }
  Candidates Find(const std::string& name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? Candidates() : found->second;
  }
  bool empty() const { return by_name_.empty(); }

 private:
  std::map<std::string, Candidates> by_name_;
};

// Mends the references of one resource.
class Referrer {
 public:
  Referrer(Session* session, const Renamed& renamed, Resource* resource)
      : session_(session), renamed_(renamed), resource_(resource), id_(resource->CurrentId()) {
    // A binding may name accounts of other namespaces.
    if (id_.kind == "RoleBinding" || id_.kind == "ClusterRoleBinding") {
      for (const Value& subject : resource->value.GetList("subjects")) {
        subject_namespaces_.insert(subject.GetString("namespace"));
      }
    }
  }

  void Fix(const NameReference& row) {
    ForEachField(&resource_->value, row.field.path, false, {}, [&](Value* value) {
      if (!value->IsList()) return FixOne(row, value);
      for (Value& item : value->AsList()) FixOne(row, &item);
    });
  }

 private:
  void FixOne(const NameReference& row, Value* value) {
    if (value->IsMap()) {
      FixMap(row, value);
    } else if (value->IsString()) {
      const Resource* referred = Select(row, value->AsString(), std::nullopt, false, value->mark);
      if (referred != nullptr) Write(value, referred->CurrentId().name);
    }
  }

  void FixMap(const NameReference& row, Value* value) {
    Value* name = FindMember(value, "name");
    if (name == nullptr || !name->IsString()) return;
    std::optional<std::string> place;
    if (const Value* in = value->Find("namespace"); in != nullptr) place = ScalarText(*in);
    const Resource* referred = Select(row, name->AsString(), place, true, name->mark);
    if (referred == nullptr) return;
    const Id id = referred->CurrentId();
    Write(name, id.name);
    if (!id.namespace_name.empty()) {
      Value* in = FindOrAddMember(value, "namespace", value->mark);
      Write(in, id.namespace_name);
    }
  }

  void Write(Value* value, const std::string& text) {
    if (value->IsString() && value->AsString() == text) return;
    if (!session_->Charge(1 + StepsOf(text), value->mark)) return;
    const Mark mark = value->mark;
    *value = StringAt(text, mark);
  }

  // The object that the reference means, or nullptr when none of those that were renamed.
  const Resource* Select(const NameReference& row, const std::string& name,
                         const std::optional<std::string>& in, bool with_namespace, Mark mark) {
    Candidates found = renamed_.Find(name);
    if (found.empty() || !session_->Charge(found.size(), mark)) return nullptr;
    if (in) KeepNamespace(*in, &found);
    const auto selects = [](const Resource& each, const auto& test) {
      return std::any_of(each.previous.begin(), each.previous.end(), test);
    };
    Keep(&found, [&](const Resource& each) {
      return selects(
          each, [&](const Id& id) { return IsSelected(id, row.group, row.version, row.kind); });
    });
    if (row.field.path == "roleRef/name") {
      const Value* role = resource_->value.Find("roleRef");
      const std::string kind = role->GetString("kind");
      Keep(&found, [&](const Resource& each) {
        return kind.empty() || selects(each, [&](const Id& id) { return id.kind == kind; });
      });
    }
    Keep(&found, [&](const Resource& each) { return IsInReach(each.CurrentId()); });
    if (found.size() > 1) {
      Keep(&found, [&](const Resource& each) {
        return SameEnd(each.prefixes, resource_->prefixes) &&
               SameEnd(each.suffixes, resource_->suffixes);
      });
    }
    if (found.empty()) return nullptr;
    const Id first = found.front()->CurrentId();
    const bool same = std::all_of(found.begin(), found.end(), [&](const Resource* each) {
      const Id id = each->CurrentId();
      return id.name == first.name &&
             (!with_namespace || id.namespace_name == first.namespace_name);
    });
    if (same) return found.front();
    session_->Error(mark, "this may name " + ToString(first) + " or " +
                              ToString(found.back()->CurrentId()) + ", which both were called " +
                              name);
    return nullptr;
  }

  void KeepNamespace(const std::string& in, Candidates* found) const {
    const auto effective = [](const std::string& name) { return name.empty() ? "default" : name; };
    const auto was_in = [&](const Resource* each) {
      return EffectiveNamespace(each->OriginalId()) == effective(in);
    };
    const bool original = std::any_of(found->begin(), found->end(), was_in);
    Keep(found, [&](const Resource& each) {
      return original ? was_in(&each) : EffectiveNamespace(each.CurrentId()) == effective(in);
    });
  }

  bool IsInReach(const Id& id) const {
    if (IsClusterScoped(id_) || IsClusterScoped(id)) return true;
    if (id.kind == "ServiceAccount" && subject_namespaces_.contains(id.namespace_name)) return true;
    return EffectiveNamespace(id_) == EffectiveNamespace(id);
  }

  Session* session_;
  const Renamed& renamed_;
  Resource* resource_;
  const Id id_;
  std::set<std::string> subject_namespaces_;
};

}  // namespace

void FixNameReferences(Session* session, Resources* resources) {
  const Renamed renamed(*resources);
  if (renamed.empty()) return;
  for (Resource& resource : *resources) {
    if (session->stopped()) return;
    const Id original = resource.OriginalId();
    Referrer referrer(session, renamed, &resource);
    for (const NameReference& row : NameReferences()) {
      const FieldSpec& field = row.field;
      if (IsSelected(original, field.group, field.version, field.kind)) referrer.Fix(row);
    }
  }
}

}  // namespace reconcile::kustomize
