#include "base/key_index.h"

namespace reconcile {
namespace {
// Smaller maps are searched key by key, which is faster and takes no memory.
constexpr size_t kLinearSearchLimit = 16;
}  // namespace

const Mark* KeyIndex::Find(const Value::Map& map, const std::string& key) {
  if (map.size() < kLinearSearchLimit) {
    for (const Value::Member& member : map) {
      if (member.key == key) return &member.key_mark;
    }
    return nullptr;
  }
  for (; indexed_ < map.size(); ++indexed_) positions_.emplace(map[indexed_].key, indexed_);
  const auto found = positions_.find(key);
  return found == positions_.end() ? nullptr : &map[found->second].key_mark;
}

}  // namespace reconcile
