#include "schema/manifest_joiner.h"

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

#include "schema/text.h"

namespace reconcile {
namespace {

bool Contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Of what brings an object, or its digest.
bool HasObject(const ReadItem& item) { return item.object != nullptr || item.digest; }
ObjectKey KeyOf(const ReadItem& item) {
  return item.digest ? item.digest->key : item.object->key();
}
const Origin& OriginOf(const ReadItem& item) {
  return item.digest ? item.digest->origin : item.object->metadata.origin;
}

bool ByPosition(const Problem& a, const Problem& b) {
  return std::tie(a.file, a.line, a.column, a.message) <
         std::tie(b.file, b.line, b.column, b.message);
}

bool IsSame(const Problem& a, const Problem& b) {
  return a.rule == b.rule && !ByPosition(a, b) && !ByPosition(b, a);
}

}  // namespace

void ProblemList::Add(std::vector<Problem> problems) {
  std::sort(problems.begin(), problems.end(), ByPosition);
  for (Problem& problem : problems) {
    ++count_;
    if (kept_.size() < limit_) kept_.push_back(std::move(problem));
  }
}

std::vector<Problem> ProblemList::Take(std::string_view what) {
  std::sort(kept_.begin(), kept_.end(), ByPosition);
  // What is wrong with a base is found by each kustomization that uses it.
  const auto repeated = std::unique(kept_.begin(), kept_.end(), IsSame);
  count_ -= static_cast<size_t>(kept_.end() - repeated);
  kept_.erase(repeated, kept_.end());
  if (count_ > kept_.size()) {
    kept_.push_back(
        {"", 0, 0,
         std::to_string(count_ - kept_.size()) + " more " + std::string(what) + " are not shown",
         Rule::kLimit});
  }
  return std::move(kept_);
}

size_t ManifestJoiner::PlaceHash::operator()(const Place& place) const {
  constexpr size_t kFactor = 1099511628211U;  // FNV's
  const std::hash<std::string_view> hash;
  return (hash(place.name) * kFactor + hash(place.namespace_name)) * kFactor +
         static_cast<size_t>(place.kind);
}

ManifestJoiner::Place ManifestJoiner::PlaceOf(const ReadItem& item) {
  if (!item.digest) {
    const ObjectMeta& metadata = item.object->metadata;
    return {item.object->kind, metadata.namespace_name, metadata.name, &metadata.origin};
  }
  const auto& [key, origin] = told_.emplace_back(item.digest->key, item.digest->origin);
  return {key.kind, key.namespace_name, key.name, &origin};
}

ManifestJoiner::ManifestJoiner(const ManifestLimits& limits, const ManifestReading& reading)
    : limits_(limits),
      reading_(reading),
      errors_(limits.max_problems),
      warnings_(limits.max_problems) {}

void ManifestJoiner::Add(const std::string& path, const std::vector<ReadItem>& items) {
  for (const ReadItem& item : items) {
    if (reading_.documents != nullptr) ListDocument(path, item);
    if (!item.group.empty() && Contains(reading_.ignore_groups, item.group)) {
      warnings_.Add(
          {{path, item.mark.line, item.mark.column,
            item.kind + " is passed over: its group " + Quoted(item.group) + " is to be ignored",
            Rule::kPassedOver}});
      continue;
    }
    std::vector<Problem> errors = item.problems.errors;
    if (HasObject(item)) AddObject(item, &errors);
    errors_.Add(std::move(errors));
    warnings_.Add(item.problems.warnings);
  }
}

ParsedManifests ManifestJoiner::Take() {
  for (const auto& [place, kept] : kept_) SayKept(place.first, place.second, kept);
  result_.problems.errors = errors_.Take("errors");
  result_.problems.warnings = warnings_.Take("warnings");
  return std::move(result_);
}

void ManifestJoiner::ListDocument(const std::string& path, const ReadItem& item) {
  if (HasObject(item)) {
    const ObjectKey key = KeyOf(item);
    reading_.documents->push_back(
        {path, item.mark, std::string(ToString(key.kind)), key.namespace_name, key.name, true});
  } else if (!item.kind.empty()) {
    reading_.documents->push_back({path, item.mark, item.kind, "", item.name, false});
  }
}

void ManifestJoiner::AddObject(const ReadItem& item, std::vector<Problem>* errors) {
  const Origin& origin = OriginOf(item);
  const auto add_error = [&](std::string message, Rule rule) {
    errors->push_back({origin.file, item.mark.line, item.mark.column, std::move(message), rule});
  };
  if (places_.size() >= limits_.max_objects) {
    if (!std::exchange(full_, true)) {
      add_error("more than " + std::to_string(limits_.max_objects) + " objects in one source",
                Rule::kLimit);
    }
    return;
  }
  const auto [first, is_new] = places_.insert(PlaceOf(item));
  if (!is_new) {
    return add_error(ToString(KeyOf(item)) + " is declared twice; the first is at " +
                         first->origin->file + ":" + std::to_string(first->origin->line),
                     Rule::kDuplicateObject);
  }
  if (item.digest) {
    result_.digests.push_back(*item.digest);
  } else {
    result_.objects.push_back(item.object);
  }
  if (!InfoOf(first->kind).not_acted_on.empty()) {
    Kept& kept = kept_[{origin.file, first->kind}];
    if (kept.count++ == 0) {
      kept.name = first->name;
      kept.mark = item.mark;
    }
  }
}

void ManifestJoiner::SayKept(const std::string& file, Kind kind, const Kept& kept) {
  const KindInfo& info = InfoOf(kind);
  std::string who = std::string(info.name) + ' ' + kept.name;
  if (kept.count > 1) {
    who += " and " + std::to_string(kept.count - 1) + " more " +
           std::string(kept.count == 2 ? info.singular : info.plural) + " of this file are";
  } else {
    who += " is";
  }
  warnings_.Add({{file, kept.mark.line, kept.mark.column,
                  who + " stored and shown, but not acted on: " + std::string(info.not_acted_on),
                  Rule::kNotActedOn}});
}

}  // namespace reconcile
