// render_kustomization FOLDER [WITHIN]: what `kustomize build FOLDER/WITHIN` prints, as one line of
// JSON an object, with members sorted; errors go to stderr. With `-` in place of FOLDER it reads
// YAML from stdin and writes the same form. For tests/golden/kustomize_compare.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "schema/kustomize/render.h"
#include "tests/support/canonical_json.h"

namespace {

using namespace reconcile;

std::string ReadAll(std::istream& in) {
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<ManifestFile> ReadFolder(const std::filesystem::path& folder) {
  std::vector<ManifestFile> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    ManifestFile file;
    file.path = entry.path().lexically_relative(folder).string();
    if (entry.is_symlink()) {
      file.symbolic_link = true;
      file.bytes =
          std::make_shared<const std::string>(std::filesystem::read_symlink(entry.path()).string());
    } else if (entry.is_regular_file()) {
      std::ifstream in(entry.path(), std::ios::binary);
      file.bytes = std::make_shared<const std::string>(ReadAll(in));
    } else {
      continue;
    }
    files.push_back(std::move(file));
  }
  return files;
}

int Run(const std::string& folder, const std::string& within) {
  if (folder == "-") {
    std::cout << CanonicalJson(ReadYaml(ReadAll(std::cin)).documents);
    return 0;
  }
  const std::vector<ManifestFile> files = ReadFolder(folder);
  const kustomize::FileTree tree(files);
  std::string path;
  for (const char* name : {"kustomization.yaml", "kustomization.yml", "Kustomization"}) {
    if (tree.Find(kustomize::JoinPath(within, name)) != nullptr) {
      path = kustomize::JoinPath(within, name);
    }
  }
  const kustomize::Rendering rendering = kustomize::Render(tree, path);
  for (const Problem& error : rendering.problems.errors) std::cerr << error.ToString() << "\n";
  if (!rendering.problems.errors.empty()) return 1;
  std::cout << CanonicalJson(rendering.documents);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc >= 2) return Run(argv[1], argc > 2 ? argv[2] : "");
  std::cerr << "usage: render_kustomization FOLDER [WITHIN] | -\n";
  return 2;
}
