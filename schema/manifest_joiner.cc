#include "schema/manifest_joiner.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "schema/text.h"

namespace reconcile {
namespace {

bool Contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool ByPosition(const Problem& a, const Problem& b) {
  return std::tie(a.file, a.line, a.column, a.message) <
         std::tie(b.file, b.line, b.column, b.message);
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
  if (count_ > limit_) {
    kept_.push_back(
        {"", 0, 0,
         std::to_string(count_ - limit_) + " more " + std::string(what) + " are not shown"});
  }
  return std::move(kept_);
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
    if (item.object != nullptr) AddObject(item, &errors);
    errors_.Add(std::move(errors));
    warnings_.Add(item.problems.warnings);
  }
}

ParsedManifests ManifestJoiner::Take() {
  for (const auto& [file_and_kind, kept] : kept_) SayKept(file_and_kind.second, kept);
  result_.problems.errors = errors_.Take("errors");
  result_.problems.warnings = warnings_.Take("warnings");
  return std::move(result_);
}

void ManifestJoiner::ListDocument(const std::string& path, const ReadItem& item) {
  if (item.object != nullptr) {
    const ObjectKey key = item.object->key();
    reading_.documents->push_back(
        {path, item.mark, std::string(ToString(key.kind)), key.namespace_name, key.name, true});
  } else if (!item.kind.empty()) {
    reading_.documents->push_back({path, item.mark, item.kind, "", item.name, false});
  }
}

void ManifestJoiner::AddObject(const ReadItem& item, std::vector<Problem>* errors) {
  const Origin& origin = item.object->metadata.origin;
  const auto add_error = [&](std::string message, Rule rule) {
    errors->push_back({origin.file, item.mark.line, item.mark.column, std::move(message), rule});
  };
  if (result_.objects.size() >= limits_.max_objects) {
    if (!std::exchange(full_, true)) {
      add_error("more than " + std::to_string(limits_.max_objects) + " objects in one source",
                Rule::kLimit);
    }
    return;
  }
  const auto [first, is_new] = places_.emplace(item.object->key(), origin);
  if (!is_new) {
    return add_error(ToString(item.object->key()) + " is declared twice; the first is at " +
                         first->second.file + ":" + std::to_string(first->second.line),
                     Rule::kDuplicateObject);
  }
  result_.objects.push_back(item.object);
  if (!InfoOf(item.object->kind).not_acted_on.empty()) {
    Kept& kept = kept_[{origin.file, item.object->kind}];
    if (kept.count++ == 0) {
      kept.first = item.object;
      kept.mark = item.mark;
    }
  }
}

void ManifestJoiner::SayKept(Kind kind, const Kept& kept) {
  const KindInfo& info = InfoOf(kind);
  std::string who = std::string(info.name) + ' ' + kept.first->metadata.name;
  if (kept.count > 1) {
    who += " and " + std::to_string(kept.count - 1) + " more " +
           std::string(kept.count == 2 ? info.singular : info.plural) + " of this file are";
  } else {
    who += " is";
  }
  warnings_.Add({{kept.first->metadata.origin.file, kept.mark.line, kept.mark.column,
                  who + " stored and shown, but not acted on: " + std::string(info.not_acted_on),
                  Rule::kNotActedOn}});
}

}  // namespace reconcile
