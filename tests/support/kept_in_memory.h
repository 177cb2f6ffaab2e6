#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "schema/manifests.h"

namespace reconcile {

// What a disk would keep, in memory; counts what was found. One thread, as when files are read in
// turn.
class KeptInMemory final : public KeptManifests {
 public:
  std::string_view Find(const std::string& key) override {
    const auto found = kept.find(key);
    if (found == kept.end()) return "";
    ++found_count;
    return found->second;
  }
  void Keep(const std::string& key, std::string packed) override { kept[key] = std::move(packed); }

  std::map<std::string, std::string> kept;
  int found_count = 0;
};

}  // namespace reconcile
