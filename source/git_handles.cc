#include "source/git_handles.h"

#include <array>

#include "base/check.h"

namespace reconcile {
namespace {

// Packs are mapped piece by piece, well below the reader's limit of address space.
constexpr size_t kPackWindowBytes = 32 << 20;
constexpr size_t kPackMappedBytes = 256 << 20;

}  // namespace

GitLibrary::GitLibrary() {
  CHECK(git_libgit2_init() > 0);
  for (const int level : {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
                          GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL}) {
    CHECK(git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "") == 0);
  }
  CHECK(git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0) == 0);
  CHECK(git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1) == 0);
  CHECK(git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, kPackWindowBytes) == 0);
  CHECK(git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, kPackMappedBytes) == 0);
}

GitLibrary::~GitLibrary() { git_libgit2_shutdown(); }

Status GitFailure(int code, const std::string& what) {
  const git_error* error = git_error_last();
  if (error != nullptr && error->klass == GIT_ERROR_NOMEMORY) {
    return InvalidError(what + ": reading it takes more memory than the limit memory_bytes");
  }
  std::string message = what + ": ";
  message += error != nullptr && error->message != nullptr ? error->message
                                                           : "error " + std::to_string(code);
  return InvalidError(std::move(message));
}

std::string FormatGitId(const git_oid& id) {
  std::array<char, GIT_OID_HEXSZ> hex;
  git_oid_fmt(hex.data(), &id);
  return std::string(hex.data(), hex.size());
}

}  // namespace reconcile
