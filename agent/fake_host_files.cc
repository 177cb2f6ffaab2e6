#include "agent/fake_host_files.h"

#include <algorithm>

#include "agent/host_path.h"
#include "base/ids.h"

namespace reconcile {
namespace {

constexpr std::string_view kRoot = "/fake/agent";
constexpr std::string_view kSealedMagic = "SEALED";
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
