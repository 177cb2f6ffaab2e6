#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "schema/manifest_pack.h"
#include "schema/manifests.h"

namespace reconcile {

// Collects problems document by document; only the first are kept, the others counted.
class ProblemList {
 public:
  explicit ProblemList(size_t limit) : limit_(limit) {}
  void Add(std::vector<Problem> problems);
  std::vector<Problem> Take(std::string_view what);

 private:
  size_t limit_;
  size_t count_ = 0;
  std::vector<Problem> kept_;
};

// Puts together what the files of a source bring, in the order in which they are added.
class ManifestJoiner {
 public:
  // Borrows both.
  ManifestJoiner(const ManifestLimits& limits, const ManifestReading& reading);
  void Add(const std::string& path, const std::vector<ReadItem>& items);
  ParsedManifests Take();

 private:
  // Objects of one kind in one file from which nothing follows: said once.
  struct Kept {
    std::string name;  // of the first
    Mark mark;
    size_t count = 0;
  };
  // An object that is there, by its key; what it points to is held by `result_` or `told_`.
  struct Place {
    Kind kind;
    std::string_view namespace_name;
    std::string_view name;
    const Origin* origin;
    bool operator==(const Place& other) const {
      return kind == other.kind && name == other.name && namespace_name == other.namespace_name;
    }
  };
  struct PlaceHash {
    size_t operator()(const Place& place) const;
  };
  Place PlaceOf(const ReadItem& item);
  void ListDocument(const std::string& path, const ReadItem& item);
  void AddObject(const ReadItem& item, std::vector<Problem>* errors);
  void SayKept(const std::string& file, Kind kind, const Kept& kept);

  std::map<std::pair<std::string, Kind>, Kept> kept_;
  const ManifestLimits& limits_;
  const ManifestReading& reading_;
  ProblemList errors_;
  ProblemList warnings_;
  std::unordered_set<Place, PlaceHash> places_;
  std::deque<std::pair<ObjectKey, Origin>> told_;  // of objects that digests stand for
  bool full_ = false;
  ParsedManifests result_;
};

}  // namespace reconcile
