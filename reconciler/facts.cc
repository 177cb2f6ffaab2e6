#include "reconciler/facts.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <iterator>
#include <limits>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "reconciler/controllers.h"
#include "reconciler/declared.h"
#include "reconciler/reference_check.h"
#include "reconciler/referred.h"
#include "schema/field_path.h"
#include "schema/packed.h"
#include "schema/sync_wave.h"

namespace reconcile {
namespace {

// A list: its length, then what `pack` writes of each.
template <typename List, typename Pack>
void PackList(const List& list, PackWriter* out, Pack pack) {
  out->Number(list.size());
  for (const auto& element : list) pack(element);
}
// Calls `unpack` for each; more than there are bytes left for there never are.
template <typename Unpack>
void UnpackList(PackReader* in, Unpack unpack) {
  for (size_t left = in->Count(); left > 0 && in->ok(); --left) unpack();
}

// Of a file that is read by itself the name is left out: what is kept does not depend on it.
void PackPlace(const FieldPlace& place, const Origin& origin, PackWriter* out) {
  out->Signed(place.line);
  if (place.line <= 0) return;
  out->Signed(place.column);
  out->Text(place.file == origin.file ? "" : place.file);
}

void UnpackPlace(PackReader* in, FieldPlace* place) {
  place->line = static_cast<int>(in->Signed());
  if (place->line <= 0) return;
  place->column = static_cast<int>(in->Signed());
  place->file = in->Text();
}

void PackReference(const Reference& reference, const Origin& origin, PackWriter* out) {
  out->Number(static_cast<uint64_t>(reference.key.kind));
  out->Text(reference.key.namespace_name);
  out->Text(reference.key.name);
  out->Text(reference.part);
  out->Number(static_cast<uint64_t>(reference.missing));
  PackPlace(reference.at, origin, out);
  PackPlace(reference.part_at, origin, out);
}

void UnpackReference(PackReader* in, Reference* reference) {
  const uint64_t kind = in->Number();
  if (kind >= kKindCount) return in->Fail();
  reference->key.kind = static_cast<Kind>(kind);
  reference->key.namespace_name = in->Text();
  reference->key.name = in->Text();
  reference->part = in->Text();
  const uint64_t missing = in->Number();
  if (missing >= kMissingCount) return in->Fail();
  reference->missing = static_cast<Missing>(missing);
  UnpackPlace(in, &reference->at);
  UnpackPlace(in, &reference->part_at);
}

void PackLabels(const StringMap& labels, PackWriter* out) {
  PackList(labels, out, [&](const auto& label) {
    out->Text(label.first);
    out->Text(label.second);
  });
}

void UnpackLabels(PackReader* in, StringMap* labels) {
  UnpackList(in, [&] {
    std::string key(in->Text());
    labels->insert_or_assign(labels->end(), std::move(key), std::string(in->Text()));
  });
}

void PackSelector(const LabelSelector& selector, PackWriter* out) {
  PackLabels(selector.match_labels, out);
  PackList(selector.match_expressions, out, [&](const SelectorRequirement& requirement) {
    out->Text(requirement.key);
    out->Number(static_cast<uint64_t>(requirement.op));
    PackList(requirement.values, out, [&](const std::string& value) { out->Text(value); });
  });
}

void UnpackSelector(PackReader* in, LabelSelector* selector) {
  UnpackLabels(in, &selector->match_labels);
  UnpackList(in, [&] {
    SelectorRequirement& requirement = selector->match_expressions.emplace_back();
    requirement.key = in->Text();
    const uint64_t op = in->Number();
    if (op > static_cast<uint64_t>(SelectorOperator::kDoesNotExist)) return in->Fail();
    requirement.op = static_cast<SelectorOperator>(op);
    UnpackList(in, [&] { requirement.values.emplace_back(in->Text()); });
  });
}

// Which of the optional facts follow.
constexpr uint64_t kHasPodLabels = 1;
constexpr uint64_t kHasSelector = 2;
constexpr uint64_t kHasEveryPart = 4;
constexpr uint64_t kAwaitsPods = 8;

}  // namespace

std::string PackFacts(const Object& object, const FieldPlaces& places) {
  const Origin& origin = object.metadata.origin;
  const StringMap* pod_labels = PodLabelsOf(object);
  const std::optional<LabelSelector> selector = SelectorOf(object);
  std::vector<std::string> parts;
  ForEachPart(object, [&](std::string_view part) { parts.emplace_back(part); });
  std::vector<std::string> port_names;
  ForEachPortName(object, [&](std::string_view name) { port_names.emplace_back(name); });
  const FieldPath root;
  const FieldPath metadata(root, "metadata");
  const FieldPath space(metadata, "namespace");
  const bool has_space =
      InfoOf(object.kind).namespaced && !IsBuiltInNamespace(object.metadata.namespace_name);
  PackWriter out;
  const auto pack_text = [&](const std::string& text) { out.Text(text); };
  out.Number((pod_labels != nullptr ? kHasPodLabels : 0) | (selector ? kHasSelector : 0) |
             (HasEveryPart(object) ? kHasEveryPart : 0) | (AwaitsPods(object) ? kAwaitsPods : 0));
  out.Signed(WaveOf(object.metadata));
  PackPlace(has_space ? places(space) : FieldPlace(), origin, &out);
  PackList(ReferencesOf(object, &places), &out,
           [&](const Reference& reference) { PackReference(reference, origin, &out); });
  if (pod_labels != nullptr) PackLabels(*pod_labels, &out);
  const FieldPath spec(root, "spec");
  if (selector) {
    PackSelector(*selector, &out);
    PackPlace(places(FieldPath(spec, "selector")), origin, &out);
  }
  PackList(parts, &out, pack_text);
  PackList(ClaimTemplatesOf(object), &out, pack_text);
  PackList(TargetPortsOf(object, &places), &out, [&](const TargetPort& target) {
    out.Text(target.name);
    PackPlace(target.at, origin, &out);
  });
  PackList(port_names, &out, pack_text);
  return out.Take();
}

std::optional<ObjectFacts> UnpackFacts(const ObjectDigest& digest) {
  PackReader in(digest.bytes);
  ObjectFacts facts;
  facts.of = &digest;
  const uint64_t has = in.Number();
  facts.has_every_part = (has & kHasEveryPart) != 0;
  facts.awaits_pods = (has & kAwaitsPods) != 0;
  facts.wave = static_cast<int32_t>(in.Signed());
  UnpackPlace(&in, &facts.namespace_at);
  UnpackList(&in, [&] { UnpackReference(&in, &facts.references.emplace_back()); });
  if ((has & kHasPodLabels) != 0) UnpackLabels(&in, &facts.pod_labels.emplace());
  if ((has & kHasSelector) != 0) {
    UnpackSelector(&in, &facts.selector.emplace());
    UnpackPlace(&in, &facts.selector_at);
  }
  UnpackList(&in, [&] { facts.parts.push_back(in.Text()); });
  UnpackList(&in, [&] { facts.claim_templates.push_back(in.Text()); });
  UnpackList(&in, [&] {
    TargetPort& target = facts.target_ports.emplace_back();
    target.name = in.Text();
    UnpackPlace(&in, &target.at);
  });
  UnpackList(&in, [&] { facts.port_names.push_back(in.Text()); });
  if (!in.ok() || !in.AtEnd()) return std::nullopt;
  return facts;
}

namespace {

// Where objects stand: their kind, namespace and, where one is meant, name. Borrows its texts.
struct Spot {
  Kind kind;
  std::string_view namespace_name;
  std::string_view name;
  friend bool operator==(const Spot&, const Spot&) = default;
};
struct SpotHash {
  size_t operator()(const Spot& spot) const {
    constexpr size_t kFactor = 1099511628211U;  // FNV's
    const std::hash<std::string_view> hash;
    return (hash(spot.name) * kFactor + hash(spot.namespace_name)) * kFactor +
           static_cast<size_t>(spot.kind);
  }
};
Spot SpotOf(const ObjectKey& key) { return {key.kind, key.namespace_name, key.name}; }

// The facts of a commit in an empty cluster.
class FactsThere {
 public:
  using Item = ObjectFacts;

  explicit FactsThere(const std::vector<ObjectFacts>& all) {
    by_key_.reserve(all.size());
    for (const ObjectFacts& facts : all) {
      last_wave_ = std::max(last_wave_, facts.wave);
      const Spot spot = SpotOf(facts.of->key);
      by_key_.emplace(spot, &facts);
      // These are looked for without their names.
      const bool is_sought = facts.pod_labels || spot.kind == Kind::kStatefulSet;
      if (is_sought) by_namespace_[{spot.kind, spot.namespace_name, ""}].push_back(&facts);
      const bool is_space = spot.kind == Kind::kNamespace;
      const std::string_view space = is_space ? spot.name : spot.namespace_name;
      namespaces_.insert(space);
    }
  }

  const ObjectFacts* Resulting(const ObjectKey& key) const {
    const auto found = by_key_.find(SpotOf(key));
    return found == by_key_.end() ? nullptr : found->second;
  }
  static bool IsThere(const ObjectKey&, const std::string&) { return false; }
  bool HasWaveAfter(int32_t wave) const { return last_wave_ > wave; }
  bool Declares(const ObjectKey& key) const { return Resulting(key) != nullptr; }
  bool DeclaresIn(const std::string& name) const { return namespaces_.contains(name); }
  template <typename Function>
  void ForDeclared(Kind kind, const std::string& namespace_name, Function fn) const {
    const auto found = by_namespace_.find({kind, namespace_name, ""});
    if (found == by_namespace_.end()) return;
    for (const ObjectFacts* facts : found->second) {
      if (!fn(*facts)) return;
    }
  }
  template <typename Function>
  void ForForeign(Kind, const std::string&, Function) const {}

  static int32_t WaveOf(const ObjectFacts& facts) { return facts.wave; }
  static bool AwaitsPods(const ObjectFacts& facts) { return facts.awaits_pods; }
  static const ObjectKey& KeyOf(const ObjectFacts& facts) { return facts.of->key; }
  static const Origin& OriginOf(const ObjectFacts& facts) { return facts.of->origin; }
  static const std::string& NamespaceOf(const ObjectFacts& facts) {
    return facts.of->key.namespace_name;
  }
  static const std::vector<Reference>& ReferencesOf(const ObjectFacts& facts) {
    return facts.references;
  }
  static bool HasPart(const ObjectFacts& facts, std::string_view part) {
    return facts.has_every_part ||
           std::find(facts.parts.begin(), facts.parts.end(), part) != facts.parts.end();
  }
  static bool IsClaimOf(const ObjectFacts& set, const std::string& claim) {
    return std::any_of(
        set.claim_templates.begin(), set.claim_templates.end(),
        [&](std::string_view one) { return reconcile::IsClaimOf(claim, one, set.of->key.name); });
  }
  static const StringMap* PodLabelsOf(const ObjectFacts& facts) {
    return facts.pod_labels ? &*facts.pod_labels : nullptr;
  }
  static const std::optional<LabelSelector>& SelectorOf(const ObjectFacts& facts) {
    return facts.selector;
  }
  static const FieldPlace& NamespacePlaceOf(const ObjectFacts& facts) { return facts.namespace_at; }
  static const std::vector<TargetPort>& TargetPortsOf(const ObjectFacts& facts) {
    return facts.target_ports;
  }
  static bool HasPortName(const ObjectFacts& facts, std::string_view name) {
    return std::find(facts.port_names.begin(), facts.port_names.end(), name) !=
           facts.port_names.end();
  }
  static const FieldPlace& SelectorPlaceOf(const ObjectFacts& facts) { return facts.selector_at; }
  static bool IsGoing(const ObjectFacts&) { return false; }
  static bool IsControlled(const ObjectFacts&) { return false; }

 private:
  std::unordered_map<Spot, const ObjectFacts*, SpotHash> by_key_;
  std::unordered_map<Spot, std::vector<const ObjectFacts*>, SpotHash> by_namespace_;
  int32_t last_wave_ = std::numeric_limits<int32_t>::min();
  std::unordered_set<std::string_view> namespaces_;  // that the commit has something in
};

// What is shared out to the cores at a time.
constexpr size_t kThingsOfAPart = 256;
size_t PartsOf(size_t count) { return (count + kThingsOfAPart - 1) / kThingsOfAPart; }

// Calls fn(part, begin, end) for the parts of `count` things, on all cores.
template <typename Function>
void ForEachPartOf(size_t count, Parallel* parallel, Function fn) {
  const auto run = [&](size_t part) {
    fn(part, part * kThingsOfAPart, std::min(count, (part + 1) * kThingsOfAPart));
  };
  InTurn in_turn;
  (parallel == nullptr ? &in_turn : parallel)->ForEach(PartsOf(count), run);
}

}  // namespace

bool CheckTogether(const std::vector<ObjectDigest>& objects, Problems* problems,
                   Parallel* parallel) {
  std::vector<ObjectFacts> all(objects.size());
  std::atomic<bool> whole = true;
  ForEachPartOf(objects.size(), parallel, [&](size_t, size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      if (auto facts = UnpackFacts(objects[i])) {
        all[i] = std::move(*facts);
      } else {
        whole = false;
      }
    }
  });
  if (!whole) return false;
  const FactsThere there(all);
  std::vector<Problems> found(PartsOf(all.size()));
  std::vector<MissingNamespaces> missing(found.size());
  ForEachPartOf(all.size(), parallel, [&](size_t part, size_t begin, size_t end) {
    ReferenceCheck<FactsThere> check(there, &found[part]);
    for (size_t i = begin; i < end; ++i) check.Check(all[i]);
    missing[part] = check.missing();
  });
  MissingNamespaces all_missing;
  for (const MissingNamespaces& part : missing) all_missing.Add(part);
  all_missing.Say(problems);
  for (Problems& part : found) {
    std::move(part.errors.begin(), part.errors.end(), std::back_inserter(problems->errors));
    std::move(part.warnings.begin(), part.warnings.end(), std::back_inserter(problems->warnings));
  }
  return true;
}

}  // namespace reconcile
