#include "cmd/joined.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/unique_fd.h"
#include "base/value.h"

namespace reconcile {
namespace {

constexpr mode_t kJoinedMode = 0600;

std::string JoinedPath(const std::string& data_folder) { return data_folder + "/joined.json"; }

Status SyncFolder(const std::string& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd.ok() && ::fsync(fd.get()) == 0 ? OkStatus() : ErrnoError("sync the folder", folder);
}

}  // namespace

Result<Joined> ReadJoined(const std::string& data_folder) {
  const std::string path = JoinedPath(data_folder);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return NotFoundError("this host has not joined a cluster: " + path + " is not there");
  }
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.good() && !file.eof()) return UnavailableError("cannot read " + path);
  const Result<Value> value = ParseJson(text);
  const Status wrong = InvalidError(path + " is damaged: name the controller by --join");
  if (!value.ok() || !value->IsMap()) return wrong;
  const Value* controller = value->Find("controller");
  const Value* node = value->Find("node");
  if (controller == nullptr || node == nullptr) return wrong;
  if (!controller->IsString() || !node->IsString()) return wrong;
  return Joined{controller->AsString(), node->AsString()};
}

Status WriteJoined(const std::string& data_folder, const Joined& joined) {
  const std::string path = JoinedPath(data_folder);
  const std::string draft = path + ".new";
  Value value = Value::MakeMap();
  value.Set("controller", Value::String(joined.controller));
  value.Set("node", Value::String(joined.node));
  const std::string text = WriteJson(value) + "\n";
  const UniqueFd fd(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kJoinedMode));
  if (!fd.ok()) return ErrnoError("write", draft);
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::fsync(fd.get()) != 0 || std::rename(draft.c_str(), path.c_str()) != 0) {
    return ErrnoError("write", path);
  }
  return SyncFolder(data_folder);
}

void ForgetJoined(const std::string& data_folder) {
  std::error_code error;
  std::filesystem::remove(JoinedPath(data_folder), error);
}

}  // namespace reconcile
