#include "cmd/data_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace reconcile {
namespace {

constexpr mode_t kPrivateMode = 0700;
constexpr mode_t kRightsOfOthers = 0077;

Status CheckExisting(const std::string& path) {
  struct stat found = {};
  if (::stat(path.c_str(), &found) != 0) return ErrnoError("look at the data folder", path);
  if (!S_ISDIR(found.st_mode)) return InvalidError("the data folder " + path + " is not a folder");
  if (found.st_uid != ::geteuid()) {
    return InvalidError("the data folder " + path +
                        " belongs to another user: name one that is yours or does not exist yet");
  }
  if ((found.st_mode & kRightsOfOthers) != 0) {
    return InvalidError("other users may enter the data folder " + path +
                        ", which is to keep keys: name one that does not exist yet, or, if it is "
                        "for reconcile alone, chmod 700 it");
  }
  return OkStatus();
}

}  // namespace

Status PrepareDataFolder(const std::string& path) {
  std::filesystem::path folder = std::filesystem::path(path).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();  // "/data/"
  std::error_code error;
  if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), error);
  if (error) {
    return UnavailableError("cannot make " + folder.parent_path().string() + ": " +
                            error.message());
  }
  if (::mkdir(folder.c_str(), kPrivateMode) == 0) return OkStatus();
  if (errno != EEXIST) return ErrnoError("make the data folder", folder.string());
  return CheckExisting(folder.string());
}

}  // namespace reconcile
