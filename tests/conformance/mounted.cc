#include "tests/conformance/mounted.h"

namespace reconcile {
namespace {

constexpr std::string_view kHidden = "..";  // what begins with it is the volume's own

// The mount's source, relative to the agent's folder; "" when it is elsewhere.
std::string SourceOf(const BindMount& bind, const FakeHostFiles& files) {
  const std::string root = files.AbsolutePath("");
  return bind.host_path.starts_with(root) ? bind.host_path.substr(root.size()) : "";
}

void AddBelow(const std::string& source, const std::string& path, const FakeHostFiles& files,
              StringMap* found) {
  const Result<std::string> bytes = files.Read(source);
  if (bytes.ok()) {
    (*found)[path] = *bytes;
    return;
  }
  const Result<std::vector<std::string>> names = files.List(source);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    if (name.starts_with(kHidden)) continue;
    AddBelow(source + "/" + name, path + "/" + name, files, found);
  }
}

}  // namespace

std::string MountedAt(const ContainerConfig& config, const std::string& path,
                      const FakeHostFiles& files) {
  for (const BindMount& bind : config.binds) {
    const std::string source = SourceOf(bind, files);
    if (source.empty() || bind.read_only) continue;
    if (path == bind.container_path) return source;
    if (path.starts_with(bind.container_path + "/")) {
      return source + path.substr(bind.container_path.size());
    }
  }
  return "";
}

StringMap MountedFiles(const ContainerConfig& config, const FakeHostFiles& files) {
  StringMap found;
  for (const BindMount& bind : config.binds) {
    const std::string source = SourceOf(bind, files);
    if (!source.empty()) AddBelow(source, bind.container_path, files, &found);
  }
  return found;
}

}  // namespace reconcile
