#include "sim/disk/sim_file.h"

#include <algorithm>
#include <utility>

namespace reconcile {
namespace {

constexpr uint64_t kGarbageOneIn = 16;  // a scattered sector that the power loss tore inside

size_t SectorsOf(size_t bytes) { return (bytes + kSimSectorBytes - 1) / kSimSectorBytes; }

void Put(uint64_t offset, std::string_view bytes, std::string* content) {
  const size_t end = static_cast<size_t>(offset) + bytes.size();
  if (content->size() < end) content->resize(end, '\0');
  content->replace(static_cast<size_t>(offset), bytes.size(), bytes);
}

}  // namespace

void SimFile::Write(uint64_t offset, std::string_view bytes) {
  Put(offset, bytes, &seen_);
  pending_.push_back({false, offset, std::string(bytes)});
}

void SimFile::Truncate(uint64_t size) {
  seen_.resize(static_cast<size_t>(size), '\0');
  pending_.push_back({true, size, ""});
}

void SimFile::Apply(const Pending& pending, std::string* content) {
  if (pending.truncate) {
    content->resize(static_cast<size_t>(pending.offset), '\0');
  } else {
    Put(pending.offset, pending.bytes, content);
  }
}

// With `random`, a sector may arrive torn: garbage where it was being written.
void SimFile::ApplySector(const Pending& pending, size_t sector, Random* random,
                          std::string* content) {
  std::string bytes = pending.bytes.substr(sector * kSimSectorBytes, kSimSectorBytes);
  if (random != nullptr && random->Below(kGarbageOneIn) == 0) {
    for (char& c : bytes) c = static_cast<char>(random->Next());
  }
  Put(pending.offset + sector * kSimSectorBytes, bytes, content);
}

void SimFile::Sync() {
  for (const Pending& pending : pending_) Apply(pending, &durable_);
  pending_.clear();
}

void SimFile::FailSync(Random* random) {
  KeepScattered(random, /*garbage=*/false);
  pending_.clear();
}

void SimFile::KeepPrefix(Random* random) {
  const size_t whole = static_cast<size_t>(random->Below(pending_.size() + 1));
  for (size_t i = 0; i < whole; ++i) Apply(pending_[i], &durable_);
  if (whole == pending_.size() || pending_[whole].truncate) return;
  const Pending& torn = pending_[whole];
  const size_t bytes = static_cast<size_t>(random->Below(torn.bytes.size()));
  if (bytes > 0) Put(torn.offset, std::string_view(torn.bytes).substr(0, bytes), &durable_);
}

void SimFile::KeepScattered(Random* random, bool garbage) {
  std::vector<std::pair<size_t, size_t>> kept;  // (write, sector)
  for (size_t i = 0; i < pending_.size(); ++i) {
    const size_t sectors = pending_[i].truncate ? 1 : SectorsOf(pending_[i].bytes.size());
    for (size_t sector = 0; sector < sectors; ++sector) {
      if (random->Below(2) == 0) kept.push_back({i, sector});
    }
  }
  // Two versions of one sector may reach the disk in either order only where nothing was synced
  // between them, which is what pending means.
  for (size_t i = kept.size(); i > 1; --i) {
    std::swap(kept[i - 1], kept[static_cast<size_t>(random->Below(i))]);
  }
  for (const auto& [write, sector] : kept) {
    const Pending& pending = pending_[write];
    if (pending.truncate) {
      Apply(pending, &durable_);
    } else {
      ApplySector(pending, sector, garbage ? random : nullptr, &durable_);
    }
  }
}

void SimFile::LosePower(SimLoss loss, Random* random) {
  switch (loss) {
    case SimLoss::kAllLost:
      break;
    case SimLoss::kAllKept:
      Sync();
      break;
    case SimLoss::kPrefixKept:
      KeepPrefix(random);
      break;
    case SimLoss::kScattered:
      KeepScattered(random, /*garbage=*/true);
      break;
  }
  pending_.clear();
  seen_ = durable_;
  shared_regions.clear();
}

}  // namespace reconcile
