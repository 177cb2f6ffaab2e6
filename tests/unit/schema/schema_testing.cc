#include "tests/unit/schema/schema_testing.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "schema/manifests.h"

namespace reconcile::testing {

namespace {

constexpr const char* kGoldenFolder = "tests/golden/schema/";

std::string Indented(const std::string& lines, size_t indent) {
  std::istringstream in(lines);
  std::string text, line;
  while (std::getline(in, line)) text += std::string(indent, ' ') + line + '\n';
  return text;
}

std::string Lines(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) text += problem.ToString() + '\n';
  return text;
}

}  // namespace

Value Yaml(const std::string& yaml) {
  const YamlDocuments read = ReadYaml(yaml);
  EXPECT_TRUE(read.errors.empty()) << Lines(read.errors) << yaml;
  return read.documents.empty() ? Value() : read.documents.front();
}

ObjectPtr Decode(const std::string& yaml, Problems* problems) {
  return DecodeManifest(Yaml(yaml), "m.yaml", problems);
}

ObjectPtr MustDecode(const std::string& yaml) {
  Problems problems;
  ObjectPtr object = Decode(yaml, &problems);
  EXPECT_EQ(Lines(problems.errors), "") << yaml;
  EXPECT_NE(object, nullptr) << yaml;
  return object;
}

std::string ErrorsOf(const std::string& yaml) {
  Problems problems;
  const ObjectPtr object = Decode(yaml, &problems);
  EXPECT_EQ(object == nullptr, !problems.errors.empty()) << yaml;
  return Lines(problems.errors);
}

std::string PlainErrorsOf(const std::string& yaml) {
  std::string text;
  std::string lines = ErrorsOf(yaml);
  while (!lines.empty()) {
    const std::string line = lines.substr(0, lines.find('\n'));
    lines.erase(0, line.size() + 1);
    text += line.substr(line.find(": ") + 2) + "\n";
  }
  return text;
}

std::string WarningsOf(const std::string& yaml) {
  Problems problems;
  Decode(yaml, &problems);
  return Lines(problems.warnings);
}

std::string DeploymentWith(const std::string& container_fields) {
  return "apiVersion: apps/v1\n"
         "kind: Deployment\n"
         "metadata: {name: web}\n"
         "spec:\n"
         "  selector: {matchLabels: {app: web}}\n"
         "  template:\n"
         "    metadata: {labels: {app: web}}\n"
         "    spec:\n"
         "      containers:\n"
         "      - name: web\n"
         "        image: nginx:1.25\n" +
         Indented(container_fields, 8);
}

std::string DeploymentWithSpec(const std::string& spec_fields) {
  return "apiVersion: apps/v1\n"
         "kind: Deployment\n"
         "metadata: {name: web}\n"
         "spec:\n"
         "  selector: {matchLabels: {app: web}}\n"
         "  template:\n"
         "    metadata: {labels: {app: web}}\n"
         "    spec: {containers: [{name: web, image: nginx:1.25}]}\n" +
         Indented(spec_fields, 2);
}

std::string PodWithSpec(const std::string& spec_fields) {
  return "apiVersion: v1\n"
         "kind: Pod\n"
         "metadata: {name: p}\n"
         "spec:\n"
         "  containers: [{name: main, image: nginx:1.25}]\n" +
         Indented(spec_fields, 2);
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void ExpectGolden(const std::string& name, const std::string& text) {
  const std::filesystem::path path = kGoldenFolder + name;
  const char* update = std::getenv("RECONCILE_UPDATE_GOLDEN");
  if (update != nullptr && std::string(update) == "1") {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  EXPECT_EQ(ReadFile(path.string()), text) << "golden file " << path;
}

}  // namespace reconcile::testing
