#include "cmd/validation_report.h"

#include <gtest/gtest.h>

#include "cmd/shown_lines.h"

namespace reconcile {
namespace {

ManifestFile File(const std::string& path, const std::string& text) {
  return {path, "", std::make_shared<const std::string>(text)};
}

std::string TextOf(const std::string& path, const std::string& text, int line, int column,
                   const std::string& message = "wrong", bool color = false) {
  Problems problems;
  problems.errors.push_back({path, line, column, message, Rule::kUnknownField});
  return ReportText(MakeReport(std::move(problems), 0, 1), {File(path, text)}, color);
}

TEST(ReportText, ShowsTheLineAndMarksTheWord) {
  EXPECT_EQ(TextOf("a.yaml", "a: 1\n  contianers: []\n", 2, 3),
            "a.yaml:2:3: error: wrong [unknown-field]\n"
            "  2 |   contianers: []\n"
            "    |   ^~~~~~~~~~\n"
            "0 objects in 1 file, 1 error, 0 warnings\n");
}

TEST(ReportText, MarksStandUnderWideTabsUmlautsAndControlCharacters) {
  EXPECT_NE(TextOf("a.yaml", "\tb: 1\r\n", 1, 2).find("  1 |  b: 1\n    |  ^\n"),
            std::string::npos);
  EXPECT_NE(TextOf("a.yaml", "\u00e4\u00f6: \"x y\" z\n", 1, 5)
                .find("  1 | \u00e4\u00f6: \"x y\" z\n    |     ^~~~~\n"),
            std::string::npos);
  const std::string escaped = TextOf("a.yaml", "\033[31m x\n", 1, 7);
  EXPECT_EQ(escaped.find('\033'), std::string::npos);
  EXPECT_NE(escaped.find("  1 | \\x1b[31m x\n    |          ^\n"), std::string::npos) << escaped;
}

TEST(ReportText, LongLinesAreCutAroundThePlace) {
  std::string line(5000, 'a');
  line += " key: ";
  line.append(5000, 'b');
  const std::string text = TextOf("a.yaml", line, 1, 5002);
  EXPECT_LT(text.size(), 500U);
  EXPECT_NE(text.find(" key: b"), std::string::npos);
  EXPECT_NE(text.find("^~~\n"), std::string::npos);
}

TEST(ReportText, PlacesThatAreNotThereShowNoLine) {
  const std::string only =
      "a.yaml:9:1: error: wrong [unknown-field]\n"
      "0 objects in 1 file, 1 error, 0 warnings\n";
  EXPECT_EQ(TextOf("a.yaml", "a: 1\n", 9, 1), only);
  EXPECT_EQ(TextOf("a.yaml", "a: 1\n", 0, 0),
            "a.yaml: error: wrong [unknown-field]\n0 objects in 1 file, 1 error, 0 warnings\n");
  EXPECT_NE(TextOf("a.yaml", "a: 1", 1, 500).find("^\n"), std::string::npos);
}

TEST(ReportText, ColoursOnlyWhenAsked) {
  EXPECT_EQ(TextOf("a.yaml", "a: 1\n", 1, 1).find('\033'), std::string::npos);
  EXPECT_NE(TextOf("a.yaml", "a: 1\n", 1, 1, "wrong", true).find("\033[1;31merror:\033[0m"),
            std::string::npos);
}

TEST(Report, SaysWhetherReferencesWereChecked) {
  ValidationReport report = MakeReport({}, 1, 1);
  EXPECT_EQ(ReportSummary(report), "1 object in 1 file, 0 errors, 0 warnings");
  EXPECT_TRUE(ReportJson(report, {}).Find("referencesChecked")->AsBool());
  Problems problems;
  problems.errors.push_back({"a.yaml", 1, 1, "wrong", Rule::kUnknownField});
  report = MakeReport(std::move(problems), 1, 1, false);
  EXPECT_EQ(ReportSummary(report),
            "1 object in 1 file, 1 error, 0 warnings; references between objects were not checked "
            "because of the errors");
  EXPECT_FALSE(ReportJson(report, {}).Find("referencesChecked")->AsBool());
}

// FAULTS 25.
TEST(ReportText, NoLineOfASecretIsShown) {
  const std::string secret = "kind: Secret\nmetadata: {name: s}\nstringDta:\n  token: hunter2\n";
  const std::string map = "kind: ConfigMap\ndota: {a: shown}\n";
  for (const std::string& text : std::vector<std::string>{
           secret, "\xef\xbb\xbf" + secret, secret + "broken: [\n",
           "kind: \"Sec\\\n  ret\"\n" + secret.substr(13),
           std::string("kind: List\nitems:\n- kind: x\n- {kind: secret, a: hunter2}\n"),
           std::string("secretGenerator:\n- name: a\n  literals:\n  - token=hunter2\n"),
           std::string("kind: \"\\x53ecret\"\na: b\nc: d\nx: hunter2\n"),
           // References are no sign of one, and hide no sign of one.
           "a: {secretRef: x, secretKeyRef: y}\nimagePullSecrets: []\nsecretName: z\n---\n" +
               secret,
           std::string("- {secretRef: x}\n- {path: /data, op: add, value: hunter2}\n"),
           std::string("- {path: /data, \"op\": add, value: hunter2}\n"),
           std::string("- {path: /data, \"\\x6fp\": add, value: hunter2}\n")}) {
    for (int line = 1; line <= 7; ++line) {
      EXPECT_EQ(TextOf("a.yaml", text, line, 1).find("hunter2"), std::string::npos) << text;
      EXPECT_EQ(TextOf("a.yaml", map + "---\n" + text, line, 1).find("hunter2"), std::string::npos)
          << text;
      EXPECT_EQ(TextOf("a.yaml", text + "---\n" + map, line, 1).find("hunter2"), std::string::npos)
          << text;
    }
  }
  EXPECT_EQ(TextOf("a.json", R"({"kind":"Secret","data":{"a":"hunter2"}})", 1, 1).find("hunter2"),
            std::string::npos);
  EXPECT_EQ(TextOf("a.json", R"({"kind":"Secret","data":{"a":"hunter2")", 1, 1).find("hunter2"),
            std::string::npos);
  // What stands beside it is.
  EXPECT_NE(TextOf("a.yaml", map + "---\n" + secret, 2, 1).find("shown"), std::string::npos);
  EXPECT_NE(TextOf("a.yaml", secret + "---\n" + map, 7, 1).find("shown"), std::string::npos);
}

TEST(ReportText, NoLineIsShownOfWhatKustomizationsMayMakeASecretOf) {
  const auto shown = [](const std::string& path, const std::string& text) {
    return ReportText(MakeReport({{{path, 1, 1, "m"}}, {}}, 0, 1), {File(path, text)}, false);
  };
  const std::string bare =
      ":1:1: error: m [invalid-value]\n0 objects in 1 file, 1 error, 0 warnings\n";
  for (const std::string path : {"a.env", "token", ".env"}) {
    EXPECT_EQ(shown(path, "canary"), path + bare);
  }
  EXPECT_EQ(shown("p.yaml", "- {op: add, path: /data/x, value: canary}\n"), "p.yaml" + bare);
  EXPECT_EQ(shown("p.json", R"([{"op":"add","path":"/data/x","value":"canary"}])"),
            "p.json" + bare);
  EXPECT_EQ(shown("kustomization.yaml", "patches: [{patch: 'canary'}]\n"),
            "kustomization.yaml" + bare);
  EXPECT_EQ(shown("k/Kustomization", "secretGenerator: [{literals: [canary]}]\n"),
            "k/Kustomization" + bare);
  EXPECT_NE(shown("k/Kustomization", "resources: [a]\n").find("1 | resources: [a]"),
            std::string::npos);
}

// A patch of a Secret need not say so.
TEST(ReportText, NoLineIsShownOfFilesThatKustomizationsMakeSecretsOf) {
  const std::string patch =
      "apiVersion: v1\nkind: any\nmetadata: {name: any}\ndata:\n  password: hunter2\n";
  const auto shown = [&](const std::string& kustomization, const std::string& path) {
    return ReportText(MakeReport({{{path, 5, 1, "m"}}, {}}, 0, 2),
                      {File("overlays/prod/kustomization.yaml", kustomization), File(path, patch),
                       File("folder/x.yaml", "")},
                      false);
  };
  const std::string p = "overlays/prod/p.yaml";
  for (const std::string& kustomization : std::vector<std::string>{
           "patches: [{path: p.yaml, target: {kind: Secret, name: db}}]\n",
           "patches: [{path: ../prod/p.yaml, target: {name: db}}]\n",
           "patchesStrategicMerge: [./p.yaml]\n",
           "patchesJson6902: [{path: p.yaml, target: {kind: Secret, name: db}}]\n",
           "secretGenerator: [{name: db, files: [p.yaml]}]\n",
           "secretGenerator: [{name: db, files: [key=p.yaml]}]\n",
           "secretGenerator: [{name: db, envs: [p.yaml]}]\n"}) {
    EXPECT_EQ(shown(kustomization, p).find("hunter2"), std::string::npos) << kustomization;
  }
  EXPECT_NE(shown("resources: [p.yaml]\n", p).find("hunter2"), std::string::npos);
  // What a kustomization names that cannot be read, nobody knows.
  const std::string broken = "secretGenerator:\n- {name: db, files: [../../creds/db.json]\n";
  EXPECT_EQ(shown(broken, "creds/db.json").find("hunter2"), std::string::npos);
  EXPECT_EQ(shown(broken, "other.yaml").find("hunter2"), std::string::npos);
}

TEST(ReportSarif, FilesBesideTheFolderHaveTheirPathFromTheRoot) {
  const Value sarif =
      ReportSarif(MakeReport({{{"../../base/a.yaml", 1, 1, "m"}}, {}}, 0, 1), "overlays/prod");
  EXPECT_NE(WriteJson(sarif).find(R"("uri":"base/a.yaml")"), std::string::npos);
}

TEST(MakeReport, SortsByFileLineColumnAndPutsErrorsFirst) {
  Problems problems;
  problems.errors = {{"b.yaml", 1, 1, "third", Rule::kSyntax},
                     {"", 0, 0, "last", Rule::kLimit},
                     {"a.yaml", 2, 5, "first", Rule::kSyntax}};
  problems.warnings = {{"a.yaml", 2, 5, "second", Rule::kReference}};
  const ValidationReport report = MakeReport(std::move(problems), 1, 2);
  std::string order;
  for (const Finding& finding : report.findings) order += finding.problem.message + " ";
  EXPECT_EQ(order, "first second third last ");
  EXPECT_EQ(ReportSummary(report), "1 object in 2 files, 3 errors, 1 warning");
}

TEST(ReportJson, HasCountsAndAllThatIsKnown) {
  Problems problems;
  problems.warnings = {{"a.yaml", 2, 5, "m", Rule::kReference},
                       {"l", 0, 0, "link", Rule::kPassedOver}};
  EXPECT_EQ(
      WriteJson(ReportJson(
          MakeReport(std::move(problems), 1, 2),
          {{"a.yaml", {2, 5}, "Pod", "n", "p", true}, {"b.yaml", {1, 1}, "Pud", "", "", false}})),
      R"({"objects":1,"files":2,"errors":0,"warnings":2,"referencesChecked":true,"documents":[)"
      R"({"file":"a.yaml","line":2,"kind":"Pod","namespace":"n","name":"p","read":true},)"
      R"({"file":"b.yaml","line":1,"kind":"Pud","read":false}],"problems":[)"
      R"({"severity":"warning","rule":"reference","file":"a.yaml","line":2,"column":5,"message":"m"},)"
      R"({"severity":"warning","rule":"passed-over","file":"l","message":"link"}]})");
}

TEST(ReportSarif, IsWhatCodeHostsTake) {
  Problems problems;
  problems.errors = {{"a b/\u00e4.yaml", 2, 5, "m", Rule::kUnknownField}};
  problems.warnings = {{"a.yaml", 1, 1, "w", Rule::kReference},
                       {"l", 0, 0, "link", Rule::kPassedOver},
                       {"", 0, 0, "3 more", Rule::kLimit}};
  const Value sarif = ReportSarif(MakeReport(std::move(problems), 1, 2), "deploy");
  EXPECT_EQ(sarif.GetString("version"), "2.1.0");
  const Value& run = sarif.GetList("runs").at(0);
  const Value& driver = *run.Find("tool")->Find("driver");
  EXPECT_EQ(driver.GetString("name"), "reconcile");
  const Value::List& rules = driver.GetList("rules");
  ASSERT_EQ(rules.size(), kAllRules.size());
  const Value::List& results = run.GetList("results");
  ASSERT_EQ(results.size(), 4U);
  for (const Value& result : results) {
    EXPECT_EQ(rules.at(static_cast<size_t>(result.GetInt("ruleIndex"))).GetString("id"),
              result.GetString("ruleId"));
    EXPECT_FALSE(result.Find("message")->GetString("text").empty());
  }
  EXPECT_EQ(
      WriteJson(results[0]),
      R"({"ruleId":"unknown-field","ruleIndex":6,"level":"error","message":{"text":"m"},)"
      R"("locations":[{"physicalLocation":{"artifactLocation":{"uri":"deploy/a%20b/%C3%A4.yaml",)"
      R"("uriBaseId":"%SRCROOT%"},"region":{"startLine":2,"startColumn":5}}}]})");
  EXPECT_EQ(results[1].GetString("level"), "warning");
  EXPECT_EQ(results[2].GetString("level"), "note");
  EXPECT_EQ(results[3].Find("locations"), nullptr);
}

TEST(Rules, StandInTheOrderOfTheirNumbersAndHaveDifferentIds) {
  for (size_t i = 0; i < kAllRules.size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(kAllRules[i].rule), i);
    for (size_t j = 0; j < i; ++j) EXPECT_NE(kAllRules[i].id, kAllRules[j].id);
  }
}

}  // namespace
}  // namespace reconcile
