// Any bytes as the files of a kustomization: no crash, no hang, and what is made of them is objects
// with places inside the files. The input is files behind one another: each begins with a line
// "=== path".
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "schema/kustomize/reach.h"
#include "schema/kustomize/render.h"
#include "schema/kustomize/resource.h"

namespace {

using namespace reconcile;

std::vector<ManifestFile> FilesOf(std::string_view text) {
  constexpr std::string_view kHead = "=== ";
  std::vector<ManifestFile> files;
  std::string path = "kustomization.yaml";
  while (!text.empty()) {
    size_t end = text.find("\n=== ");
    end = end == std::string_view::npos ? text.size() : end + 1;
    std::string_view part = text.substr(0, end);
    text.remove_prefix(end);
    if (part.starts_with(kHead)) {
      const size_t line = std::min(part.find('\n'), part.size());
      path = std::string(part.substr(kHead.size(), line - kHead.size()));
      part.remove_prefix(std::min(line + 1, part.size()));
    }
    const bool link = part.starts_with("->");
    if (link) part = part.substr(2, part.find('\n') - 2);
    files.push_back({path, "", std::make_shared<const std::string>(part), link});
  }
  return files;
}

// A repository that is these files and nothing else.
class FilesReach final : public kustomize::Reach {
 public:
  explicit FilesReach(const kustomize::FileTree& tree) : tree_(tree) {}
  Result<Type> Look(const std::string& path) override {
    const ManifestFile* file = tree_.Find(path);
    if (file != nullptr) return file->symbolic_link ? Type::kLink : Type::kFile;
    return tree_.IsFolder(path) ? Type::kFolder : Type::kNothing;
  }
  Result<std::shared_ptr<const std::string>> Take(const std::string& path) override {
    taken_.push_back(*tree_.Find(path));
    return taken_.back().bytes;
  }
  const std::vector<ManifestFile>& taken() const { return taken_; }

 private:
  const kustomize::FileTree& tree_;
  std::vector<ManifestFile> taken_;
};

// What is reached renders as all files do.
void CheckReach(const kustomize::FileTree& tree, const kustomize::Rendering& rendering,
                const kustomize::RenderLimits& limits) {
  const ManifestFile* root = tree.Find("kustomization.yaml");
  if (root == nullptr || root->symbolic_link) return;
  FilesReach reach(tree);
  const Status status = kustomize::FollowKustomizations({*root}, "", &reach);
  CHECK(status.ok() || status.code() == StatusCode::kInvalid);
  if (!status.ok()) return;
  std::vector<ManifestFile> files = reach.taken();
  files.push_back(*root);
  const kustomize::FileTree reached(files);
  const kustomize::Rendering again = kustomize::Render(reached, "kustomization.yaml", {}, limits);
  CHECK(again.problems.errors.empty() == rendering.problems.errors.empty());
  CHECK(again.documents == rendering.documents);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<ManifestFile> files = FilesOf({reinterpret_cast<const char*>(data), size});
  const kustomize::FileTree tree(files);
  kustomize::RenderLimits limits;
  limits.max_steps = 1'000'000;
  limits.max_object_values = 20'000;
  const kustomize::Rendering rendering = kustomize::Render(tree, "kustomization.yaml", {}, limits);
  CHECK(rendering.documents.empty() || rendering.problems.errors.empty());
  for (const Problem& error : rendering.problems.errors) CHECK(!error.message.empty());
  for (const Value& document : rendering.documents) {
    CHECK(kustomize::IsObject(document));
    CHECK(tree.Find(rendering.lines.Find(document.mark.line).file) != nullptr);
  }
  CheckReach(tree, rendering, limits);
  return 0;
}
