#include "schema/manifests.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "schema/kustomized_manifests.h"
#include "schema/manifest_file.h"
#include "schema/manifest_joiner.h"

namespace reconcile {
namespace {

size_t ProblemsIn(const std::vector<ReadItem>& items) {
  size_t count = 0;
  for (const ReadItem& item : items) {
    count += item.problems.errors.size() + item.problems.warnings.size();
  }
  return count;
}

}  // namespace

struct ManifestCache::File {
  File(const ManifestFile& file, std::vector<ReadItem> read_items)
      : blob_id(file.blob_id),
        bytes(file.blob_id.empty() ? file.bytes : nullptr),
        size(file.bytes->size()),
        items(std::move(read_items)) {}

  std::string blob_id;
  std::shared_ptr<const std::string> bytes;  // of a file without a blob id
  size_t size;
  std::vector<ReadItem> items;
};

ManifestCache::ManifestCache() = default;
ManifestCache::~ManifestCache() = default;
ManifestCache::ManifestCache(const ManifestCache&) = default;
ManifestCache::ManifestCache(ManifestCache&&) noexcept = default;
ManifestCache& ManifestCache::operator=(ManifestCache&&) noexcept = default;

// Reads all files of a commit.
class ManifestReader {
 public:
  using File = std::shared_ptr<const ManifestCache::File>;

  ManifestReader(const std::string& default_namespace, const ManifestLimits& limits,
                 ManifestCache* cache, const ManifestReading& reading)
      : default_namespace_(default_namespace),
        limits_(limits),
        cache_(cache),
        reading_(reading),
        joiner_(limits, reading) {
    CHECK(cache == nullptr || !reading.digest);
    CHECK(reading.kept == nullptr || reading.digest);
  }

  ParsedManifests Read(const std::vector<ManifestFile>& files) {
    // What is rendered comes of many files, and is kept under none of them.
    const KustomizedManifests kustomized =
        RenderKustomizations(files, default_namespace_, limits_, reading_);
    for (const KustomizedManifests::Item& item : kustomized.items) {
      joiner_.Add(item.file, {item.read});
    }
    const std::vector<const ManifestFile*> ordered = Ordered(files, kustomized);
    for (size_t at = 0; at < ordered.size();) {
      const size_t end = EndOfBatch(ordered, at);
      ReadBatch({ordered.begin() + static_cast<std::ptrdiff_t>(at),
                 ordered.begin() + static_cast<std::ptrdiff_t>(end)});
      at = end;
    }
    if (cache_ != nullptr) *cache_ = std::move(next_);
    return joiner_.Take();
  }

 private:
  std::vector<const ManifestFile*> Ordered(const std::vector<ManifestFile>& files,
                                           const KustomizedManifests& kustomized) const {
    std::vector<const ManifestFile*> ordered;
    for (const ManifestFile& file : files) {
      const bool is_there =
          file.bytes != nullptr || (cache_ != nullptr && cache_->Find(file) != nullptr);
      const bool is_manifest = FormatOf(file.path) != ManifestFormat::kOther && is_there &&
                               !file.symbolic_link && !kustomized.LeavesOut(file.path);
      if (is_manifest) ordered.push_back(&file);
    }
    std::sort(ordered.begin(), ordered.end(), [](const ManifestFile* a, const ManifestFile* b) {
      return std::tie(a->path, a->blob_id) < std::tie(b->path, b->blob_id);
    });
    return ordered;
  }

  // So many files are read before what they bring is put together: all that is wrong with them is
  // held until then.
  size_t EndOfBatch(const std::vector<const ManifestFile*>& files, size_t at) const {
    constexpr size_t kBatchBytes = 4 << 20;
    size_t bytes = 0;
    while (at < files.size() && bytes < (reading_.parallel == nullptr ? 1 : kBatchBytes)) {
      const ManifestFile& file = *files[at++];
      bytes += (file.bytes == nullptr ? 0 : file.bytes->size()) + 1;
    }
    return at;
  }

  void ReadBatch(const std::vector<const ManifestFile*>& files) {
    std::vector<File> read(files.size());
    const auto read_one = [&](size_t i) { read[i] = ReadFile(*files[i]); };
    if (reading_.parallel == nullptr) {
      InTurn().ForEach(files.size(), read_one);
    } else {
      reading_.parallel->ForEach(files.size(), read_one);
    }
    for (size_t i = 0; i < files.size(); ++i) {
      joiner_.Add(files[i]->path, read[i]->items);
      if (cache_ != nullptr) Remember(*files[i], std::move(read[i]));
    }
  }

  // On any thread.
  File ReadFile(const ManifestFile& file) const {
    if (File read = cache_ == nullptr ? nullptr : cache_->Find(file)) return read;
    const bool kept = reading_.kept != nullptr && !file.blob_id.empty();
    const std::string key = kept ? KeyOf(file) : "";
    if (kept) {
      if (auto items = UnpackItems(reading_.kept->Find(key), file.path)) {
        return std::make_shared<ManifestCache::File>(file, std::move(*items));
      }
    }
    std::vector<ReadItem> items = ReadManifestFile(file, default_namespace_, limits_, reading_);
    if (kept && ProblemsIn(items) <= limits_.max_problems) {
      if (std::optional<std::string> packed = PackItems(items)) {
        reading_.kept->Keep(key, std::move(*packed));
      }
    }
    return std::make_shared<ManifestCache::File>(file, std::move(items));
  }

  std::string KeyOf(const ManifestFile& file) const {
    return file.blob_id + (FormatOf(file.path) == ManifestFormat::kJson ? " json " : " yaml ") +
           default_namespace_;
  }

  void Remember(const ManifestFile& file, File read) {
    kept_bytes_ += read->size;
    const bool keep =
        kept_bytes_ <= ManifestCache::kMaxBytes && ProblemsIn(read->items) <= limits_.max_problems;
    if (keep) next_.files_[file.path] = std::move(read);
  }

  const std::string& default_namespace_;
  const ManifestLimits& limits_;
  ManifestCache* cache_;
  const ManifestReading& reading_;
  ManifestJoiner joiner_;
  ManifestCache next_;
  size_t kept_bytes_ = 0;
};

ParsedManifests ParseManifests(const std::vector<ManifestFile>& files,
                               const std::string& default_namespace, const ManifestLimits& limits,
                               ManifestCache* cache, const ManifestReading& reading) {
  return ManifestReader(default_namespace, limits, cache, reading).Read(files);
}

// The blob id decides where there is one, else the bytes; where the source has handed on the same
// ones, their place does.
std::shared_ptr<const ManifestCache::File> ManifestCache::Find(const ManifestFile& file) const {
  const auto found = files_.find(file.path);
  if (found == files_.end()) return nullptr;
  const File& known = *found->second;
  if (!file.blob_id.empty() || !known.blob_id.empty()) {
    return known.blob_id == file.blob_id ? found->second : nullptr;
  }
  return known.bytes == file.bytes || *known.bytes == *file.bytes ? found->second : nullptr;
}

bool ManifestCache::Has(const ManifestFile& file) const { return Find(file) != nullptr; }

}  // namespace reconcile
