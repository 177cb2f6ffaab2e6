#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace reconcile {

inline constexpr size_t kSimSectorBytes = 512;  // what a disk writes whole

// What a power loss does to the writes that no sync has confirmed.
enum class SimLoss {
  kAllLost,     // nothing reached the disk
  kAllKept,     // everything did
  kPrefixKept,  // in order, up to some write, and that one in part
  kScattered,   // any sectors of any writes, in any order; a few as garbage
};
inline constexpr std::array kAllSimLosses = {SimLoss::kAllLost, SimLoss::kAllKept,
                                             SimLoss::kPrefixKept, SimLoss::kScattered};

// Who holds which lock on a file, by SQLite's rules. Gone with the processes.
struct SimLocks {
  int shared = 0;                // holders of SHARED or more
  const void* writer = nullptr;  // holder of RESERVED or more
  bool exclusive = false;        // the writer holds EXCLUSIVE
  // Slots of the shared memory: number of sharers, or -1 when held exclusively.
  std::array<int, 8> slot_holders = {};
};

// One file: what programs see, and what is on the disk. A sync makes the second equal to the first.
class SimFile {
 public:
  const std::string& seen() const { return seen_; }
  void Write(uint64_t offset, std::string_view bytes);
  void Truncate(uint64_t size);
  void Sync();
  // A sync that fails: some sectors reach the disk, the system forgets that the others should have
  // (as Linux does), and programs go on seeing them. Only writing them again brings them there.
  void FailSync(Random* random);
  // What the disk holds after the power is back becomes what is seen.
  void LosePower(SimLoss loss, Random* random);

  // Shared memory of the processes that have the file open; never on the disk.
  std::vector<std::unique_ptr<std::string>> shared_regions;
  SimLocks locks;

 private:
  struct Pending {  // a write, or a change of size
    bool truncate = false;
    uint64_t offset = 0;  // or the size
    std::string bytes;
  };
  static void Apply(const Pending& pending, std::string* content);
  static void ApplySector(const Pending& pending, size_t sector, Random* random,
                          std::string* content);
  void KeepPrefix(Random* random);
  void KeepScattered(Random* random, bool garbage);

  std::string seen_;
  std::string durable_;
  std::vector<Pending> pending_;  // in the order they were made
};

}  // namespace reconcile
