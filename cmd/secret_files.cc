#include "cmd/secret_files.h"

#include "schema/kustomize/files.h"
#include "schema/kustomize/named_paths.h"

namespace reconcile {

SecretFiles::SecretFiles(const std::vector<ManifestFile>& files, const std::string& source_folder) {
  const kustomize::FileTree tree(files, source_folder);
  for (const ManifestFile& file : files) {
    const std::string name = file.path.substr(file.path.rfind('/') + 1);
    if (!kustomize::IsKustomizationName(name) || file.symbolic_link || file.bytes == nullptr) {
      continue;
    }
    const YamlDocuments read = ReadYaml(*file.bytes);
    if (!read.errors.empty()) all_ = true;
    for (const Value& document : read.documents) {
      for (const std::string& named : kustomize::SecretPaths(document)) {
        Result<std::string> path = tree.Resolve(kustomize::FolderOf(file.path), named);
        if (path.ok()) paths_.insert(std::move(*path));
      }
    }
  }
}

}  // namespace reconcile
