#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reconcile {

// The checksum that every row carries: the first 8 bytes of SHA-256 over its columns, each
// length-prefixed, as an integer. SHA-256 and not CRC32C: it is in base already, at 64 bits chance
// passes one damaged row in 10^19, and its sums can be added up into a digest of a whole table
// without the linear relations that let CRCs cancel out. It guards against accidents, not against
// a forger, who could compute it too.
class RowChecksum {
 public:
  // `table` keeps rows of different tables apart.
  explicit RowChecksum(std::string_view table) { Add(table); }
  RowChecksum& Add(std::string_view text);
  RowChecksum& Add(int64_t number);
  RowChecksum& AddNull();
  int64_t Finish() const;

 private:
  std::string bytes_;
};

// The sum of a table's checksums, modulo 2^64: does not depend on the rows' order.
class TableDigest {
 public:
  TableDigest() = default;
  TableDigest(int64_t count, int64_t sum) : count_(count), sum_(static_cast<uint64_t>(sum)) {}
  void Add(int64_t checksum) {
    ++count_;
    sum_ += static_cast<uint64_t>(checksum);
  }
  void Remove(int64_t checksum) {
    --count_;
    sum_ -= static_cast<uint64_t>(checksum);
  }
  int64_t count() const { return count_; }
  int64_t sum() const { return static_cast<int64_t>(sum_); }
  friend bool operator==(const TableDigest&, const TableDigest&) = default;

 private:
  int64_t count_ = 0;
  uint64_t sum_ = 0;
};

}  // namespace reconcile
