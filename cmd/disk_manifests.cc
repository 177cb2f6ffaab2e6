#include "cmd/disk_manifests.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <ctime>
#include <deque>
#include <filesystem>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/digest.h"
#include "base/ids.h"
#include "base/unique_fd.h"

namespace reconcile {
namespace {

constexpr std::string_view kMagic = "reconcile manifests 1\n";
constexpr std::string_view kSuffix = ".manifests";
constexpr size_t kChecksumBytes = 16;
constexpr size_t kEntryHead = 2 * sizeof(uint32_t) + kChecksumBytes;
constexpr time_t kOldTemporarySeconds = 3600;

// Of both texts together, so that no entry stands for another.
std::string ChecksumOf(std::string_view key, std::string_view packed) {
  std::string bytes;
  bytes.reserve(key.size() + 1 + packed.size());
  bytes.append(key).push_back('\0');
  bytes.append(packed);
  return Sha256(bytes).substr(0, kChecksumBytes);
}

// A file's bytes, mapped. Files are replaced, never written to, so that they do not change below.
class Mapping {
 public:
  Mapping() = default;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (address_ != MAP_FAILED) munmap(address_, size_);
  }
  void Map(int fd, size_t size) {
    address_ = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (address_ != MAP_FAILED) size_ = size;
  }
  std::string_view bytes() const {
    return size_ == 0 ? "" : std::string_view(static_cast<const char*>(address_), size_);
  }

 private:
  void* address_ = MAP_FAILED;
  size_t size_ = 0;
};

struct Entry {
  std::string_view key;
  std::string_view packed;
  std::string_view checksum;
  std::string_view whole;  // with its head
  std::atomic<bool> used{false};
};

uint32_t ReadSize(std::string_view bytes) {
  uint32_t size = 0;
  std::memcpy(&size, bytes.data(), sizeof(size));
  return size;
}

void WriteSize(size_t size, std::string* out) {
  const auto number = static_cast<uint32_t>(size);
  out->append(reinterpret_cast<const char*>(&number), sizeof(number));
}

void WriteEntry(std::string_view key, std::string_view packed, std::string_view checksum,
                std::string* out) {
  WriteSize(key.size(), out);
  WriteSize(packed.size(), out);
  out->append(checksum).append(key).append(packed);
}

// Whether it is a folder or file that only its user, who is ours, can write to.
bool IsOurs(int fd, mode_t type, struct stat* found) {
  return fstat(fd, found) == 0 && (found->st_mode & S_IFMT) == type && found->st_uid == geteuid() &&
         (found->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

// The folder, made where it is not there; not ok() when it is not to be used.
UniqueFd OpenFolder(const std::string& path) {
  std::error_code error;
  const std::filesystem::path folder(path);
  std::filesystem::create_directories(folder.parent_path().parent_path(), error);
  for (const std::filesystem::path& made : {folder.parent_path(), folder}) {
    if (mkdir(made.c_str(), S_IRWXU) != 0 && errno != EEXIST) return UniqueFd();
  }
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat found = {};
  if (fd.ok() && IsOurs(fd.get(), S_IFDIR, &found)) return fd;
  return UniqueFd();
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// Written under another name first: what is read is whole, whoever else writes.
void ReplaceFile(int folder, const std::string& name,
                 const std::vector<std::string_view>& contents) {
  const std::string temporary = "." + name + "." + std::to_string(getpid());
  UniqueFd fd(openat(folder, temporary.c_str(),
                     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd.ok()) return;
  const bool written = std::all_of(contents.begin(), contents.end(), [&](std::string_view bytes) {
    return WriteAll(fd.get(), bytes);
  });
  if (!written || renameat(folder, temporary.c_str(), folder, name.c_str()) != 0) {
    unlinkat(folder, temporary.c_str(), 0);
  }
}

struct PlaceFile {
  std::filesystem::path path;
  struct stat found = {};
};

// Takes away what was left half-written, and the places longest unused beyond the limits.
void Prune(const std::string& folder) {
  std::vector<PlaceFile> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    PlaceFile file{.path = entry.path()};
    if (lstat(file.path.c_str(), &file.found) == 0) files.push_back(std::move(file));
  }
  std::sort(files.begin(), files.end(), [](const PlaceFile& a, const PlaceFile& b) {
    return a.found.st_mtime > b.found.st_mtime;
  });
  const time_t newest = files.empty() ? 0 : files.front().found.st_mtime;
  size_t bytes = 0;
  size_t count = 0;
  for (const PlaceFile& file : files) {
    const bool temporary = file.path.filename().string().starts_with('.');
    if (temporary && newest - file.found.st_mtime < kOldTemporarySeconds) continue;
    bytes += static_cast<size_t>(file.found.st_size);
    const bool fits = bytes <= DiskManifests::kMaxAllBytes && ++count <= DiskManifests::kMaxPlaces;
    if (temporary || !fits) unlink(file.path.c_str());
  }
}

// Adds an entry to the pieces that are written: to the last one where it stands behind it. The
// first kOwnPieces are no entries.
constexpr size_t kOwnPieces = 2;
void AddPiece(std::string_view whole, std::vector<std::string_view>* pieces) {
  std::string_view& last = pieces->back();
  if (pieces->size() > kOwnPieces && last.data() + last.size() == whole.data()) {
    last = {last.data(), last.size() + whole.size()};
  } else {
    pieces->push_back(whole);
  }
}

}  // namespace

struct DiskManifests::State {
  std::string folder;
  std::string header;
  std::string name;
  UniqueFd folder_fd;
  Mapping mapping;
  std::deque<Entry> entries;
  std::unordered_map<std::string_view, Entry*> by_key;

  std::mutex mutex;
  std::string added;  // entries, as they are written; guarded by mutex

  void Load();
  std::vector<std::string_view> Contents() const;
};

void DiskManifests::State::Load() {
  const UniqueFd fd(openat(folder_fd.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat found = {};
  if (!fd.ok() || !IsOurs(fd.get(), S_IFREG, &found)) return;
  const auto size = static_cast<size_t>(found.st_size);
  if (size <= header.size() || size > kMaxPlaceBytes) return;
  mapping.Map(fd.get(), size);
  std::string_view left = mapping.bytes();
  if (!left.starts_with(header)) return;
  left.remove_prefix(header.size());
  while (left.size() >= kEntryHead) {
    const size_t key_bytes = ReadSize(left);
    const size_t packed_bytes = ReadSize(left.substr(sizeof(uint32_t)));
    const std::string_view checksum = left.substr(2 * sizeof(uint32_t), kChecksumBytes);
    const std::string_view whole = left;
    left.remove_prefix(kEntryHead);
    if (key_bytes > left.size() || packed_bytes > left.size() - key_bytes) return;
    Entry& entry = entries.emplace_back();
    entry.key = left.substr(0, key_bytes);
    entry.packed = left.substr(key_bytes, packed_bytes);
    entry.checksum = checksum;
    entry.whole = whole.substr(0, kEntryHead + key_bytes + packed_bytes);
    by_key.emplace(entry.key, &entry);
    left.remove_prefix(key_bytes + packed_bytes);
  }
}

// Pieces of what was loaded and of `added`, in their order: those of use first.
std::vector<std::string_view> DiskManifests::State::Contents() const {
  std::vector<std::string_view> pieces = {header, added};
  size_t bytes = header.size() + added.size();
  for (const Entry& entry : entries) {
    if (!entry.used) continue;
    AddPiece(entry.whole, &pieces);
    bytes += entry.whole.size();
  }
  const size_t most = std::min(2 * bytes, kMaxPlaceBytes);
  for (const Entry& entry : entries) {
    if (entry.used || bytes + entry.whole.size() > most) continue;
    AddPiece(entry.whole, &pieces);
    bytes += entry.whole.size();
  }
  return pieces;
}

std::string CacheFolder(const char* xdg_cache_home, const char* home) {
  // Relative paths are to be passed over, the specification says.
  if (xdg_cache_home != nullptr && xdg_cache_home[0] == '/') {
    return std::string(xdg_cache_home) + "/reconcile";
  }
  if (home != nullptr && home[0] == '/') return std::string(home) + "/.cache/reconcile";
  return "";
}

std::string BuildId() {
  std::string id;
  const auto look = [](dl_phdr_info* program, size_t, void* data) {
    for (int i = 0; i < program->dlpi_phnum; ++i) {
      const ElfW(Phdr)& header = program->dlpi_phdr[i];
      if (header.p_type != PT_NOTE) continue;
      std::string_view notes(reinterpret_cast<const char*>(program->dlpi_addr + header.p_vaddr),
                             header.p_memsz);
      while (notes.size() >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        std::memcpy(&note, notes.data(), sizeof(note));
        const size_t name_bytes = (note.n_namesz + 3U) / 4 * 4;
        const size_t bytes = sizeof(note) + name_bytes + (note.n_descsz + 3U) / 4 * 4;
        if (bytes > notes.size()) break;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4) {
          *static_cast<std::string*>(data) =
              ToHex(notes.substr(sizeof(note) + name_bytes, note.n_descsz));
        }
        notes.remove_prefix(bytes);
      }
    }
    return 1;  // the program itself comes first: no further one
  };
  dl_iterate_phdr(look, &id);
  return id;
}

DiskManifests::DiskManifests(const std::string& folder, const std::string& place,
                             const std::string& build_id)
    : state_(std::make_unique<State>()) {
  if (folder.empty() || build_id.empty()) return;
  state_->folder = folder + "/manifests";
  state_->header = std::string(kMagic) + build_id + "\n";
  state_->name = ToHex(Sha256(place)).substr(0, 32) + std::string(kSuffix);
  state_->folder_fd = OpenFolder(state_->folder);
  if (state_->folder_fd.ok()) state_->Load();
}

DiskManifests::~DiskManifests() = default;

std::string_view DiskManifests::Find(const std::string& key) {
  const auto found = state_->by_key.find(key);
  if (found == state_->by_key.end()) return "";
  Entry& entry = *found->second;
  if (ChecksumOf(entry.key, entry.packed) != entry.checksum) return "";
  entry.used = true;
  return entry.packed;
}

void DiskManifests::Keep(const std::string& key, std::string packed) {
  if (!state_->folder_fd.ok()) return;
  const std::string checksum = ChecksumOf(key, packed);
  const std::lock_guard lock(state_->mutex);
  if (state_->added.size() + packed.size() > kMaxPlaceBytes / 2) return;
  WriteEntry(key, packed, checksum, &state_->added);
}

void DiskManifests::Save() {
  const std::lock_guard lock(state_->mutex);
  if (!state_->folder_fd.ok() || state_->added.empty()) return;
  ReplaceFile(state_->folder_fd.get(), state_->name, state_->Contents());
  Prune(state_->folder);
}

}  // namespace reconcile
