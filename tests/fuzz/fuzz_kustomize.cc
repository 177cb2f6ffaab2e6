// Any bytes as the files of a kustomization: no crash, no hang, and what is made of them is objects
// with places inside the files. The input is files behind one another: each begins with a line
// "=== path".
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
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
    if (link) part.remove_prefix(2);
    files.push_back({path, "", std::make_shared<const std::string>(part), link});
  }
  return files;
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
  return 0;
}
