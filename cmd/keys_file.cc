#include "cmd/keys_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <system_error>

#include "base/ids.h"
#include "base/unique_fd.h"
#include "base/value.h"
#include "schema/text.h"

namespace reconcile {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "reconcile keys 1";
constexpr mode_t kFileMode = 0600;
constexpr size_t kMaxFiles = 10'000;
// The key of Secrets, and the host keys of Git servers that a person accepted.
constexpr std::array kSingleFiles = {"secrets.key", "known_hosts"};

Result<std::string> ReadAll(const std::string& path) {
  std::error_code error;
  const uintmax_t size = fs::file_size(path, error);
  if (error) return NotFoundError("cannot read " + path + ": " + error.message());
  if (size > kMaxKeysFileBytes) {
    return InvalidError(path + " has " + std::to_string(size) + " bytes, more than " +
                        std::to_string(kMaxKeysFileBytes));
  }
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  if (!stream) return UnavailableError("cannot read " + path);
  return text.str();
}

Result<KeyFiles> Collect(const std::string& data_folder) {
  KeyFiles files;
  std::vector<std::string> paths;
  std::error_code error;
  for (const char* name : kSingleFiles) {
    if (fs::exists(data_folder + "/" + name, error)) paths.emplace_back(name);
  }
  for (fs::recursive_directory_iterator it(data_folder + "/ca", error), end; !error && it != end;
       it.increment(error)) {
    if (it->is_regular_file(error)) {
      paths.push_back(fs::path(it->path()).lexically_relative(data_folder).string());
    }
  }
  for (const std::string& path : paths) {
    Result<std::string> bytes = ReadAll(data_folder + "/" + path);
    if (!bytes.ok()) return bytes.status();
    files[path] = std::move(bytes).value();
  }
  if (files.empty()) return NotFoundError(data_folder + " holds no keys");
  return files;
}

std::string DigestOf(const KeyFiles& files) {
  std::string text;
  for (const auto& [path, bytes] : files) {
    text += std::to_string(path.size()) + ":" + path + std::to_string(bytes.size()) + ":" + bytes;
  }
  return Sha256Hex(text);
}

// The single files, and names below ca/ that lead nowhere else.
bool IsKeyPath(const std::string& path) {
  if (std::find(kSingleFiles.begin(), kSingleFiles.end(), path) != kSingleFiles.end()) return true;
  if (!path.starts_with("ca/")) return false;
  for (size_t begin = 3; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '.' || c == '-' || c == '_';
    });
    if (name.empty() || name == "." || name == ".." || !plain) return false;
    begin = end + 1;
  }
  return true;
}

Result<KeyFiles> Parse(const std::string& text, const std::string& file) {
  const Status wrong = InvalidError(file + " is not a file that `reconcile backup --keys` made");
  const Result<Value> value = ParseJson(text, {.max_bytes = kMaxKeysFileBytes, .max_depth = 8});
  if (!value.ok() || !value->IsMap() || value->GetString("format") != kFormat) return wrong;
  const Value::List& list = value->GetList("files");
  if (list.size() > kMaxFiles) return wrong;
  KeyFiles files;
  for (const Value& item : list) {
    const std::string path = item.IsMap() ? item.GetString("path") : "";
    std::string bytes;
    if (!IsKeyPath(path) || !DecodeBase64(item.GetString("base64"), &bytes)) return wrong;
    files[path] = std::move(bytes);
  }
  if (DigestOf(files) != value->GetString("sha256")) {
    return InvalidError(file + " is damaged: its checksum is wrong");
  }
  return files;
}

}  // namespace

Status WriteNewFile(const std::string& path, const std::string& bytes) {
  const std::string beside = path + ".partial";
  ::unlink(beside.c_str());
  const std::unique_ptr<const std::string, void (*)(const std::string*)> gone(
      &beside, [](const std::string* name) { ::unlink(name->c_str()); });
  {
    const UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
    if (!fd.ok()) return ErrnoError("make", beside);
    for (size_t done = 0; done < bytes.size();) {
      const ssize_t written = ::write(fd.get(), bytes.data() + done, bytes.size() - done);
      if (written < 0) return ErrnoError("write", beside);
      done += static_cast<size_t>(written);
    }
    if (::fsync(fd.get()) != 0) return ErrnoError("sync", beside);
  }
  const bool linked = ::link(beside.c_str(), path.c_str()) == 0;
  const Status status = linked ? OkStatus() : ErrnoError("make", path);
  RETURN_IF_ERROR(status);
  std::string folder = fs::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const UniqueFd folder_fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder_fd.ok() && ::fsync(folder_fd.get()) == 0) return OkStatus();
  const Status failed = ErrnoError("sync", folder);
  ::unlink(path.c_str());
  return failed;
}

Result<std::vector<std::string>> WriteKeysFile(const std::string& data_folder,
                                               const std::string& file) {
  std::error_code error;
  if (fs::exists(file, error)) return ConflictError(file + " is there already; name another file");
  const Result<KeyFiles> files = Collect(data_folder);
  if (!files.ok()) return files.status();
  Value list = Value::MakeList();
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : *files) {
    Value item = Value::MakeMap();
    item.Set("path", Value::String(path));
    item.Set("base64", Value::String(EncodeBase64(bytes)));
    list.Append(std::move(item));
    paths.push_back(path);
  }
  Value value = Value::MakeMap();
  value.Set("format", Value::String(std::string(kFormat)));
  value.Set("files", std::move(list));
  value.Set("sha256", Value::String(DigestOf(*files)));
  RETURN_IF_ERROR(WriteNewFile(file, WriteJson(value) + "\n"));
  return paths;
}

Result<KeyFiles> ReadKeysFile(const std::string& file) {
  const Result<std::string> text = ReadAll(file);
  return text.ok() ? Parse(*text, file) : text.status();
}

}  // namespace reconcile
