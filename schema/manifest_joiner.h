#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
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
  struct KeyHash {
    size_t operator()(const ObjectKey& key) const;
  };
  void ListDocument(const std::string& path, const ReadItem& item);
  void AddObject(const ReadItem& item, std::vector<Problem>* errors);
  void SayKept(const std::string& file, Kind kind, const Kept& kept);

  std::map<std::pair<std::string, Kind>, Kept> kept_;
  const ManifestLimits& limits_;
  const ManifestReading& reading_;
  ProblemList errors_;
  ProblemList warnings_;
  std::unordered_map<ObjectKey, Origin, KeyHash> places_;
  bool full_ = false;
  ParsedManifests result_;
};

}  // namespace reconcile
