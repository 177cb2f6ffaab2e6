#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "base/log.h"
#include "schema/manifests.h"
#include "tests/conformance/world.h"

// Runs every case of cases/, and holds README.md to what they cover. RECONCILE_UPDATE_GOLDEN=1
// writes the README's table anew.

namespace reconcile {
namespace {

constexpr char kFolder[] = "tests/conformance/";

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Value ReadOne(const std::filesystem::path& path) {
  const YamlDocuments read = ReadYaml(ReadFile(path));
  for (const Problem& error : read.errors) ADD_FAILURE() << path << ": " << error.ToString();
  return read.documents.empty() ? Value::MakeMap() : read.documents.front();
}

struct Case {
  std::string file;  // below cases/
  Value content;
};

std::vector<Case> ReadCases() {
  std::vector<Case> cases;
  const std::filesystem::path folder = std::string(kFolder) + "cases";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    cases.push_back({std::filesystem::relative(entry.path(), folder).string(), ReadOne(entry)});
  }
  std::sort(cases.begin(), cases.end(),
            [](const Case& a, const Case& b) { return a.file < b.file; });
  return cases;
}

std::string InCell(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string RuleTable(const Value& rules, const std::vector<Case>& cases) {
  std::map<std::string, std::string> covered;
  for (const Case& each : cases) {
    for (const Value& rule : each.content.GetList("rules")) {
      std::string& files = covered[rule.AsString()];
      files += (files.empty() ? "" : ", ") + ("[" + each.file + "](cases/" + each.file + ")");
      if (!each.content.GetBool("simulator", true)) {
        files += " (engines)";
      } else if (each.content.GetBool("engines")) {
        files += " (engines too)";
      }
    }
  }
  std::string text = "| rule | what it says | cases |\n|---|---|---|\n";
  for (const Value::Member& rule : rules.AsMap()) {
    const std::string says =
        rule.value.IsString() ? rule.value.AsString() : rule.value.GetString("says");
    const auto found = covered.find(rule.key);
    const std::string where =
        found != covered.end() ? found->second : "NOT COVERED: " + rule.value.GetString("missing");
    text += "| " + rule.key + " | " + InCell(says) + " | " + where + " |\n";
  }
  return text;
}

TEST(Conformance, EveryCasePasses) {
  SetLogLevel(LogLevel::kError);
  const char* chosen = std::getenv("RECONCILE_CASE");
  int ran = 0;
  for (const Case& each : ReadCases()) {
    if (!each.content.GetBool("simulator", true)) continue;
    if (chosen != nullptr && each.file.find(chosen) == std::string::npos) continue;
    SCOPED_TRACE(each.file);
    ConformanceWorld world(each.content);
    for (const std::string& failure : world.Run()) ADD_FAILURE() << failure;
    ++ran;
  }
  EXPECT_GT(ran, 0);
}

TEST(Conformance, AStepThatWouldHoldWhateverHappensIsRefused) {
  const auto check = [](const std::string& json) { return CheckStep(ParseJson(json).value()); };
  EXPECT_TRUE(check(R"({"expect": [{"of": "Pod", "count": 0}], "within": "5s"})").ok());
  for (const char* wrong :
       {R"({"expect": {"of": "Pod", "count": 1}})", R"({"expect": []})",
        R"({"expect": [{"of": "Pod", "hass": {"a": 1}}]})", R"({"expect": [{"of": "Pod"}]})",
        R"({"expect": [{"of": "Pot", "count": 0}]})",
        R"({"expect": [{"of": "Pod", "count": 0}], "wihtin": "5s"})",
        R"({"settle": true, "expect": [{"of": "Pod", "count": 0}]})"}) {
    EXPECT_EQ(check(wrong).code(), StatusCode::kInvalid) << wrong;
  }
}

TEST(Conformance, EveryRuleHasACaseOrAReason) {
  const Value rules = ReadOne(std::string(kFolder) + "rules.yaml");
  std::set<std::string> covered;
  for (const Case& each : ReadCases()) {
    EXPECT_FALSE(each.content.GetString("title").empty()) << each.file;
    EXPECT_FALSE(each.content.GetList("rules").empty()) << each.file;
    for (const Value& rule : each.content.GetList("rules")) {
      EXPECT_NE(rules.Find(rule.AsString()), nullptr) << each.file << ": " << rule.AsString();
      covered.insert(rule.AsString());
    }
  }
  for (const Value::Member& rule : rules.AsMap()) {
    const bool missing = !rule.value.GetString("missing").empty();
    EXPECT_NE(covered.contains(rule.key), missing) << "rule " << rule.key;
  }
}

TEST(Conformance, TheReadmeSaysWhatIsCovered) {
  const std::string path = std::string(kFolder) + "README.md";
  const std::string text = ReadFile(path);
  const size_t begin = text.find("| rule |");
  ASSERT_NE(begin, std::string::npos);
  const std::string wanted =
      text.substr(0, begin) + RuleTable(ReadOne(std::string(kFolder) + "rules.yaml"), ReadCases());
  if (std::getenv("RECONCILE_UPDATE_GOLDEN") != nullptr && !HasFailure()) {
    std::ofstream(path) << wanted;
    return;
  }
  EXPECT_EQ(text, wanted) << "run with RECONCILE_UPDATE_GOLDEN=1";
}

}  // namespace
}  // namespace reconcile
