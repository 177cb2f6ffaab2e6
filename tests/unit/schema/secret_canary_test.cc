// FAULTS 25: however a Secret's manifest is broken, no error repeats its value.
#include <gtest/gtest.h>

#include "schema/manifests.h"

namespace reconcile {
namespace {

constexpr std::string_view kCanary = "MIIEvQhunter2";
constexpr std::string_view kHead = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n";

void ExpectErrorsWithoutCanary(const std::string& path, const std::string& text) {
  const auto bytes = std::make_shared<const std::string>(text);
  const ParsedManifests parsed = ParseManifests({{path, "blob", bytes}});
  EXPECT_FALSE(parsed.problems.errors.empty()) << "not broken:\n" << text;
  for (const std::vector<Problem>* problems :
       {&parsed.problems.errors, &parsed.problems.warnings}) {
    for (const Problem& problem : *problems) {
      EXPECT_EQ(problem.message.find("hunter2"), std::string::npos)
          << problem.ToString() << "\nof:\n"
          << text;
    }
  }
}

TEST(SecretCanary, NoErrorOfBrokenYamlShowsTheValue) {
  for (const std::string_view rest : {
           "stringData:\n  token: !!int CANARY\n",
           "stringData:\n  token: !!bool CANARY\n",
           "stringData:\n  token: !!float CANARY\n",
           "stringData:\n  token: !!null CANARY\n",
           "stringData:\n  token: !CANARY\n",
           "stringData:\n  token: !CANARY x\n",
           "stringData:\n  token: !!CANARY x\n",
           "stringData:\n  token: *CANARY\n",
           "stringData:\n  token: &CANARY &b x\n",
           "stringData:\n  token: @CANARY\n",
           "stringData:\n  token: %CANARY: x: y\n",
           "stringData:\n  token: CANARY: x\n",
           "stringData:\n  token: \"CANARY\n",
           "stringData:\n  token: 'CANARY' x\n",
           "stringData:\n  token: \"\\hunter2 CANARY\"\n",
           "stringData:\n  token: |\n  CANARY",
           "stringData:\n  token: |\nCANARY",
           "stringData:\n  token: |\n  -----BEGIN KEY-----\n CANARY\n",
           "stringData:\n  token: [CANARY\n",
           "stringData:\n  token: {CANARY\n",
           "stringData:\n  token: [CANARY]\n",
           "stringData:\n  token: {a: CANARY}\n",
           "stringData:\n\ttoken: CANARY\n",
           "stringData: CANARY\n",
           "stringData:\n- CANARY\n",
           "data:\n  token: CANARY!\n",
           "data:\n  token: CANARY\n  token: CANARY\n",
           "stringData:\n  token: x\n  CANARY",
           "stringData:\n  <<: CANARY\n",
           "immutable: true\nstringData:\n  token: 17\n CANARY\n",
       }) {
    std::string text = std::string(kHead) + std::string(rest);
    for (size_t at = text.find("CANARY"); at != std::string::npos; at = text.find("CANARY")) {
      text.replace(at, 6, kCanary);
    }
    ExpectErrorsWithoutCanary("s.yaml", text);
  }
}

TEST(SecretCanary, NoErrorOfBrokenJsonShowsTheValue) {
  const std::string head =
      R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": )";
  for (const std::string_view rest :
       {R"({"token": "hunter2})", R"({"token": hunter2}})", R"({"token": ["hunter2"]}})",
        R"({"token": {"a": "hunter2"}}})", R"("hunter2"})", R"({"token": "hunter2\q"}})",
        R"({"token": "a" "hunter2"}})"}) {
    ExpectErrorsWithoutCanary("s.json", head + std::string(rest));
  }
  const auto bytes = std::make_shared<const std::string>(head + R"({"token": 47114711e999}})");
  for (const Problem& error : ParseManifests({{"s.json", "blob", bytes}}).problems.errors) {
    EXPECT_EQ(error.message.find("4711"), std::string::npos) << error.ToString();
  }
}

}  // namespace
}  // namespace reconcile
