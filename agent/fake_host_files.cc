#include "agent/fake_host_files.h"

#include <algorithm>

#include "agent/host_path.h"
#include "base/ids.h"

namespace reconcile {
namespace {

constexpr std::string_view kRoot = "/fake/agent";
constexpr std::string_view kSealedMagic = "SEALED";
constexpr std::string_view kFolderMark = "..folder";  // of a volume that is there
constexpr char kMask = 0x5a;
constexpr size_t kChecksumLength = 64;

std::string Masked(std::string bytes) {
  for (char& byte : bytes) byte = static_cast<char>(byte ^ kMask);
  return bytes;
}

std::string Checksum(const std::string& path, const std::string& bytes) {
  return Sha256Hex(path + "\n" + bytes);
}

bool IsInside(const std::string& file, const std::string& folder) {
  return file.starts_with(folder + "/");
}

// As the disk's says it of a host path's type.
std::string WordsOf(const std::string& type) {
  if (type == "CharDevice") return "a character device";
  if (type == "BlockDevice") return "a block device";
  if (type == "Socket") return "a socket";
  return type == "File" ? "a file" : "a directory";
}

}  // namespace

std::string FakeHostFiles::AbsolutePath(const std::string& path) const {
  return std::string(kRoot) + "/" + path;
}

Result<std::vector<std::string>> FakeHostFiles::Names(const std::string& path) const {
  Result<std::vector<std::string>> names = SplitHostPath(path);
  if (!names.ok()) return names.status();
  for (size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string above = path.substr(0, slash);
    if (files_.contains(above)) return ConflictError(above + " is a file, not a folder");
  }
  return names;
}

bool FakeHostFiles::IsFolder(const std::string& path) const {
  const auto inside = files_.lower_bound(path + "/");
  return inside != files_.end() && IsInside(inside->first, path);
}

Status FakeHostFiles::Put(const std::string& path, File file, bool durable) {
  const Result<std::vector<std::string>> names = Names(path);
  if (!names.ok()) return names.status();
  if (file.bytes.size() > kMaxHostFileBytes) {
    return InvalidError(path + ": larger than " + std::to_string(kMaxHostFileBytes) + " bytes");
  }
  if (!failures_.empty()) {
    const Status failure = failures_.back();
    failures_.pop_back();
    return failure;
  }
  if (IsFolder(path)) return ConflictError(path + " is a folder, not a file");
  if (durable) durable_[path] = file;
  files_[path] = std::move(file);
  return OkStatus();
}

Status FakeHostFiles::Write(const std::string& path, const std::string& bytes, int mode) {
  return Put(path, {bytes, mode}, false);
}

Status FakeHostFiles::CheckExecutable(const std::string& path) const {
  const Result<std::string> there = Read(path);
  if (!there.ok()) return there.status();
  return no_execution_ ? InvalidError("mounted noexec") : OkStatus();
}

Result<std::string> FakeHostFiles::Read(const std::string& path) const {
  const Result<std::vector<std::string>> names = Names(path);
  if (!names.ok()) return names.status();
  if (IsFolder(path)) return ConflictError(path + " is a folder, not a file");
  const auto it = files_.find(path);
  if (it == files_.end()) return NotFoundError(AbsolutePath(path) + ": no such file");
  return it->second.bytes;
}

Result<std::string> FakeHostFiles::ReadEnd(const std::string& path, size_t max_bytes) const {
  Result<std::string> bytes = Read(path);
  if (bytes.ok() && bytes->size() > max_bytes) bytes->erase(0, bytes->size() - max_bytes);
  return bytes;
}

Status FakeHostFiles::RemoveTree(const std::string& path) {
  const Result<std::vector<std::string>> names = Names(path);
  if (!names.ok()) return names.status();
  std::erase_if(files_, [&](const auto& entry) {
    return entry.first == path || IsInside(entry.first, path);
  });
  return OkStatus();
}

Result<std::vector<std::string>> FakeHostFiles::List(const std::string& path) const {
  const Result<std::vector<std::string>> parts = Names(path);
  if (!parts.ok()) return parts.status();
  if (files_.contains(path)) return ConflictError(path + " is a file, not a folder");
  std::vector<std::string> names;
  for (auto it = files_.lower_bound(path + "/"); it != files_.end(); ++it) {
    if (!IsInside(it->first, path)) break;
    const std::string rest = it->first.substr(path.size() + 1);
    names.push_back(rest.substr(0, rest.find('/')));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Status FakeHostFiles::WriteSealed(const std::string& path, const std::string& bytes) {
  return Put(path, {std::string(kSealedMagic) + Checksum(path, bytes) + Masked(bytes), 0600}, true);
}

Result<std::string> FakeHostFiles::ReadSealed(const std::string& path) const {
  const Result<std::string> sealed = Read(path);
  if (!sealed.ok()) return sealed.status();
  const size_t head = kSealedMagic.size() + kChecksumLength;
  if (sealed->starts_with(kSealedMagic) && sealed->size() >= head) {
    std::string bytes = Masked(sealed->substr(head));
    if (sealed->substr(kSealedMagic.size(), kChecksumLength) == Checksum(path, bytes)) return bytes;
  }
  return InvalidError(AbsolutePath(path) + ": it was not sealed by this host, or was altered");
}

void FakeHostFiles::SetUpVolumes(std::vector<VolumeOrder> orders,
                                 std::function<void(std::vector<Status>)> done) {
  std::vector<Status> made;
  for (const VolumeOrder& order : orders) made.push_back(SetUp(order));
  done(std::move(made));
}

Status FakeHostFiles::SetUp(const VolumeOrder& order) {
  if (const auto* host = std::get_if<HostPathVolume>(&order.what)) return NeedHostPath(*host);
  const Result<std::vector<std::string>> names = Names(order.path);
  if (!names.ok()) return names.status();
  const auto* volume = std::get_if<FilesVolume>(&order.what);
  if (volume == nullptr) return Put(order.path + "/" + std::string(kFolderMark), {"", 0}, false);
  std::map<std::string, File> before = files_;
  RETURN_IF_ERROR(RemoveTree(order.path));
  Status status = Put(order.path + "/" + std::string(kFolderMark), {"", 0}, false);
  for (const auto& [path, file] : volume->files) {
    if (status.ok()) status = Put(order.path + "/" + path, {file.bytes, file.mode}, false);
  }
  if (!status.ok()) files_ = std::move(before);
  return status;
}

Status FakeHostFiles::NeedHostPath(const HostPathVolume& volume) {
  const bool makes = volume.type.empty() || volume.type.ends_with("OrCreate");
  const std::string wanted = volume.type.substr(0, volume.type.find("OrCreate"));
  const auto there = host_paths_.find(volume.path);
  if (there == host_paths_.end() && makes) {
    host_paths_[volume.path] = wanted.empty() ? "Directory" : wanted;
    return OkStatus();
  }
  if (there != host_paths_.end() && (wanted.empty() || there->second == wanted)) return OkStatus();
  return InvalidError("hostPath type check failed: " + volume.path + " is not " + WordsOf(wanted));
}

void FakeHostFiles::MountParts(std::vector<PartOrder> orders, DoneStatus done) {
  for (const PartOrder& order : orders) {
    const Result<std::vector<std::string>> names = SplitHostPath(order.sub_path);
    if (!names.ok()) return done(names.status());
    std::erase_if(parts_, [&](const PartOrder& part) { return part.target == order.target; });
    parts_.push_back(order);
  }
  done(OkStatus());
}

void FakeHostFiles::MeasureFolders(std::vector<std::string> paths,
                                   std::function<void(std::vector<int64_t>)> done) const {
  if (measuring_hangs_) return;
  std::vector<int64_t> bytes;
  for (const std::string& path : paths) {
    const auto found = folder_bytes_.find(path);
    bytes.push_back(found == folder_bytes_.end() ? 0 : found->second);
  }
  done(std::move(bytes));
}

void FakeHostFiles::MeasureSpace(std::vector<std::string> paths,
                                 std::function<void(std::vector<FileSystemSpace>)> done) const {
  std::vector<FileSystemSpace> spaces;
  for (const std::string& path : paths) {
    spaces.push_back(space_ ? space_(path) : FileSystemSpace());
  }
  done(std::move(spaces));
}

void FakeHostFiles::TakeAway(const std::string& path, DoneStatus done) {
  std::erase_if(parts_, [&](const PartOrder& part) { return IsInside(part.target, path); });
  done(RemoveTree(path));
}

void FakeHostFiles::LoseUnsynced() { files_ = durable_; }

void FakeHostFiles::Sync() { durable_ = files_; }

void FakeHostFiles::FailNextWrites(Status status, int count) {
  failures_.insert(failures_.begin(), static_cast<size_t>(count), status);
}

bool FakeHostFiles::Damage(const std::string& path) {
  const auto it = files_.find(path);
  if (it == files_.end() || it->second.bytes.empty()) return false;
  char& last = it->second.bytes.back();
  last = static_cast<char>(last ^ 1);
  return true;
}

}  // namespace reconcile
