#include "source/text_diff.h"

#include <memory>

#include "source/git_handles.h"

namespace reconcile {
namespace {

using GitPatch = std::unique_ptr<git_patch, GitFree<git_patch_free>>;

struct Side {
  const void* bytes;
  size_t size;
  const char* name;
};
Side SideOf(const std::string& name, const std::string& text) {
  if (name.empty()) return {nullptr, 0, nullptr};
  return {text.data(), text.size(), name.c_str()};
}

}  // namespace

Result<std::string> UnifiedDiff(const std::string& before_name, const std::string& before,
                                const std::string& after_name, const std::string& after) {
  const GitLibrary library;
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.flags = GIT_DIFF_FORCE_TEXT;
  const Side from = SideOf(before_name, before);
  const Side to = SideOf(after_name, after);
  int code = 0;
  const GitPatch patch =
      MakeGitHandle<GitPatch>(&code, git_patch_from_buffers, from.bytes, from.size, from.name,
                              to.bytes, to.size, to.name, &options);
  if (patch == nullptr) return InternalError(GitFailure(code, "making a diff").message());
  git_buf buffer = GIT_BUF_INIT;
  code = git_patch_to_buf(&buffer, patch.get());
  std::string text(buffer.ptr == nullptr ? "" : buffer.ptr, buffer.size);
  git_buf_dispose(&buffer);
  if (code != 0) return InternalError(GitFailure(code, "writing a diff").message());
  return text;
}

}  // namespace reconcile
