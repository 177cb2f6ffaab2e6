#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"

namespace reconcile {

// An ordered map whose copies share what they have in common: entries stand in chunks, a write
// copies one chunk, and two copies are compared in the time of what differs between them. A write
// ends iterators into the map that is written to, not those into its copies. A map being written
// belongs to one thread; its copies may be read on others.
template <typename Key, typename Value>
class SharedMap {
 public:
  using value_type = std::pair<const Key, Value>;

 private:
  using Entry = std::shared_ptr<const value_type>;
  using Chunk = std::vector<Entry>;  // 1 to kMostInChunk, ascending
  static constexpr size_t kMostInChunk = 64;

 public:
  class const_iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = SharedMap::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = const value_type&;

    const_iterator() = default;
    reference operator*() const { return **entry(); }
    pointer operator->() const { return entry()->get(); }
    const_iterator& operator++() {
      if (++at_ == map_->chunks_[chunk_]->size()) {
        ++chunk_;
        at_ = 0;
      }
      return *this;
    }
    const_iterator operator++(int) {
      const_iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const const_iterator& a, const const_iterator& b) {
      return a.chunk_ == b.chunk_ && a.at_ == b.at_;
    }

   private:
    friend class SharedMap;
    const_iterator(const SharedMap* map, size_t chunk, size_t at)
        : map_(map), chunk_(chunk), at_(at) {}
    const Entry* entry() const { return &(*map_->chunks_[chunk_])[at_]; }
    const Chunk* chunk() const { return map_->chunks_[chunk_].get(); }
    bool AtEnd() const { return chunk_ == map_->chunks_.size(); }

    const SharedMap* map_ = nullptr;
    size_t chunk_ = 0;
    size_t at_ = 0;
  };
  using iterator = const_iterator;

  const_iterator begin() const { return {this, 0, 0}; }
  const_iterator end() const { return {this, chunks_.size(), 0}; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // The first entry whose key is not less than `key`.
  const_iterator lower_bound(const Key& key) const {
    const size_t chunk = ChunkFor(key);
    if (chunk == chunks_.size()) return end();
    return {this, chunk, PlaceIn(*chunks_[chunk], key)};
  }
  const_iterator find(const Key& key) const {
    const const_iterator found = lower_bound(key);
    return found == end() || key < found->first ? end() : found;
  }
  bool contains(const Key& key) const { return find(key) != end(); }
  // The key must be there.
  const Value& at(const Key& key) const {
    const const_iterator found = find(key);
    CHECK(found != end());
    return found->second;
  }
  size_t count(const Key& key) const { return contains(key) ? 1 : 0; }

  // Puts `value` under `key` and returns what stood there.
  Value Set(const Key& key, Value value) {
    Entry entry = std::make_shared<value_type>(key, std::move(value));
    if (chunks_.empty()) {
      chunks_.push_back(std::make_shared<Chunk>(1, std::move(entry)));
      ++size_;
      return Value();
    }
    const size_t index = std::min(ChunkFor(key), chunks_.size() - 1);
    Chunk& chunk = Writable(index);
    const size_t place = PlaceIn(chunk, key);
    if (place < chunk.size() && !(key < chunk[place]->first)) {
      std::swap(chunk[place], entry);
      return entry->second;
    }
    chunk.insert(chunk.begin() + Offset(place), std::move(entry));
    ++size_;
    if (chunk.size() > kMostInChunk) Split(index);
    return Value();
  }
  // Returns what stood under `key`.
  Value Erase(const Key& key) {
    const const_iterator found = find(key);
    if (found == end()) return Value();
    const Entry held = *found.entry();
    Chunk& chunk = Writable(found.chunk_);
    chunk.erase(chunk.begin() + Offset(found.at_));
    --size_;
    Join(found.chunk_);
    return held->second;
  }

  // Calls fn(key, before, after) in the order of keys for each entry that one of the maps has and
  // the other has not (then its pointer is null), or has with another value.
  template <typename Function>
  static void ForEachDifference(const SharedMap& before, const SharedMap& after, Function fn) {
    const_iterator x = before.begin();
    const_iterator y = after.begin();
    while (!x.AtEnd() || !y.AtEnd()) {
      if (!x.AtEnd() && !y.AtEnd() && x.at_ == 0 && y.at_ == 0 && x.chunk() == y.chunk()) {
        ++x.chunk_;
        ++y.chunk_;
      } else if (!x.AtEnd() && !y.AtEnd() && *x.entry() == *y.entry()) {
        ++x, ++y;
      } else if (y.AtEnd() || (!x.AtEnd() && x->first < y->first)) {
        fn(x->first, &x->second, static_cast<const Value*>(nullptr));
        ++x;
      } else if (x.AtEnd() || y->first < x->first) {
        fn(y->first, static_cast<const Value*>(nullptr), &y->second);
        ++y;
      } else {
        if (!(x->second == y->second)) fn(x->first, &x->second, &y->second);
        ++x, ++y;
      }
    }
  }

 private:
  static std::ptrdiff_t Offset(size_t place) { return static_cast<std::ptrdiff_t>(place); }

  // The first chunk whose last key is not less than `key`.
  size_t ChunkFor(const Key& key) const {
    const auto found = std::partition_point(
        chunks_.begin(), chunks_.end(),
        [&](const std::shared_ptr<const Chunk>& chunk) { return chunk->back()->first < key; });
    return static_cast<size_t>(found - chunks_.begin());
  }
  static size_t PlaceIn(const Chunk& chunk, const Key& key) {
    const auto found = std::partition_point(chunk.begin(), chunk.end(),
                                            [&](const Entry& entry) { return entry->first < key; });
    return static_cast<size_t>(found - chunk.begin());
  }
  // The chunk for writing: itself when no other map has it, a copy otherwise. `held` is counted
  // too: taking it orders this thread after every reader that has let go.
  Chunk& Writable(size_t index) {
    const std::shared_ptr<const Chunk> held = chunks_[index];
    if (held.use_count() > 2) {
      auto copy = std::make_shared<Chunk>();
      copy->reserve(kMostInChunk + 1);
      copy->assign(held->begin(), held->end());
      chunks_[index] = std::move(copy);
    }
    return *std::const_pointer_cast<Chunk>(chunks_[index]);
  }
  void Split(size_t index) {
    Chunk& chunk = Writable(index);
    const std::ptrdiff_t half = Offset(chunk.size() / 2);
    auto upper = std::make_shared<Chunk>(chunk.begin() + half, chunk.end());
    chunk.erase(chunk.begin() + half, chunk.end());
    chunks_.insert(chunks_.begin() + Offset(index) + 1, std::move(upper));
  }
  // Keeps chunks from becoming many and small.
  void Join(size_t index) {
    if (chunks_[index]->empty()) {
      chunks_.erase(chunks_.begin() + Offset(index));
      return;
    }
    if (index + 1 == chunks_.size()) return;
    const std::shared_ptr<const Chunk> next = chunks_[index + 1];
    if (chunks_[index]->size() + next->size() > kMostInChunk / 2) return;
    Chunk& chunk = Writable(index);
    chunk.insert(chunk.end(), next->begin(), next->end());
    chunks_.erase(chunks_.begin() + Offset(index) + 1);
  }

  std::vector<std::shared_ptr<const Chunk>> chunks_;
  size_t size_ = 0;
};

}  // namespace reconcile
