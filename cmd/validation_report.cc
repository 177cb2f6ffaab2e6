#include "cmd/validation_report.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/version.h"
#include "source/manifest_names.h"

namespace reconcile {
namespace {

std::string Counted(size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

void TakeOver(std::vector<Problem>* problems, Severity severity, std::vector<Finding>* findings) {
  for (Problem& problem : *problems) findings->push_back({severity, std::move(problem)});
  problems->clear();
}

bool ByPlace(const Finding& a, const Finding& b) {
  // What has no file is about all of them: at the end.
  const bool a_has_no_file = a.problem.file.empty();
  const bool b_has_no_file = b.problem.file.empty();
  return std::tie(a_has_no_file, a.problem.file, a.problem.line, a.problem.column, a.severity,
                  a.problem.message) < std::tie(b_has_no_file, b.problem.file, b.problem.line,
                                                b.problem.column, b.severity, b.problem.message);
}

Value Text(std::string_view text) {
  Value map = Value::MakeMap();
  map.Set("text", Value::String(std::string(text)));
  return map;
}

// A path as the path of a URI (RFC 3986): the bytes of a segment that stand for themselves, and
// '/'.
std::string UriOf(std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kUnreserved = "-._~!$&'()*+,;=@/";
  std::string uri;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || kUnreserved.find(c) != std::string_view::npos) {
      uri += c;
    } else {
      uri += {'%', kHex[byte / 16], kHex[byte % 16]};
    }
  }
  return uri;
}

// The path from the repository's root of a file beside, above or in `folder`.
std::string FromRoot(const std::string& folder, const std::string& file) {
  const auto parts = PartsFromRoot(folder, file);
  if (!parts) return file;
  std::string path;
  for (const std::string& part : *parts) path += (path.empty() ? "" : "/") + part;
  return path;
}

Value SarifRules() {
  Value rules = Value::MakeList();
  for (const RuleInfo& info : kAllRules) {
    Value rule = Value::MakeMap();
    rule.Set("id", Value::String(std::string(info.id)));
    rule.Set("shortDescription", Text(info.summary));
    rules.Append(std::move(rule));
  }
  return rules;
}

Value SarifLocation(const Problem& problem, const std::string& folder) {
  Value artifact = Value::MakeMap();
  artifact.Set("uri", Value::String(UriOf(FromRoot(folder, problem.file))));
  artifact.Set("uriBaseId", Value::String("%SRCROOT%"));
  Value place = Value::MakeMap();
  place.Set("artifactLocation", std::move(artifact));
  if (problem.line > 0) {
    Value region = Value::MakeMap();
    region.Set("startLine", Value::Int(problem.line));
    if (problem.column > 0) region.Set("startColumn", Value::Int(problem.column));
    place.Set("region", std::move(region));
  }
  Value location = Value::MakeMap();
  location.Set("physicalLocation", std::move(place));
  return location;
}

Value SarifResult(const Finding& finding, const std::string& folder) {
  const Problem& problem = finding.problem;
  Value result = Value::MakeMap();
  result.Set("ruleId", Value::String(std::string(InfoOf(problem.rule).id)));
  result.Set("ruleIndex", Value::Int(static_cast<int64_t>(problem.rule)));
  const bool note = finding.severity == Severity::kWarning && problem.rule == Rule::kPassedOver;
  result.Set("level", Value::String(note ? "note" : std::string(ToString(finding.severity))));
  result.Set("message", Text(problem.message));
  if (!problem.file.empty()) {
    result.Set("locations", Value::MakeList({SarifLocation(problem, folder)}));
  }
  return result;
}

}  // namespace

std::string_view ToString(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
  }
  return "error";
}

ValidationReport MakeReport(Problems problems, size_t objects, size_t files,
                            bool references_checked) {
  ValidationReport report{.findings = {},
                          .objects = objects,
                          .files = files,
                          .errors = problems.errors.size(),
                          .warnings = problems.warnings.size(),
                          .references_checked = references_checked};
  TakeOver(&problems.errors, Severity::kError, &report.findings);
  TakeOver(&problems.warnings, Severity::kWarning, &report.findings);
  std::stable_sort(report.findings.begin(), report.findings.end(), ByPlace);
  return report;
}

std::string ReportSummary(const ValidationReport& report) {
  return Counted(report.objects, "object") + " in " + Counted(report.files, "file") + ", " +
         Counted(report.errors, "error") + ", " + Counted(report.warnings, "warning") +
         (report.references_checked
              ? ""
              : "; references between objects were not checked because of the errors");
}

Value ReportJson(const ValidationReport& report, const std::vector<ManifestDocument>& documents) {
  Value listed = Value::MakeList();
  for (const ManifestDocument& document : documents) {
    Value entry = Value::MakeMap();
    entry.Set("file", Value::String(document.file));
    entry.Set("line", Value::Int(document.mark.line));
    entry.Set("kind", Value::String(document.kind));
    if (!document.namespace_name.empty()) {
      entry.Set("namespace", Value::String(document.namespace_name));
    }
    if (!document.name.empty()) entry.Set("name", Value::String(document.name));
    entry.Set("read", Value::Bool(document.is_read));
    listed.Append(std::move(entry));
  }
  Value problems = Value::MakeList();
  for (const Finding& finding : report.findings) {
    const Problem& problem = finding.problem;
    Value entry = Value::MakeMap();
    entry.Set("severity", Value::String(std::string(ToString(finding.severity))));
    entry.Set("rule", Value::String(std::string(InfoOf(problem.rule).id)));
    entry.Set("file", Value::String(problem.file));
    if (problem.line > 0) {
      entry.Set("line", Value::Int(problem.line));
      entry.Set("column", Value::Int(problem.column));
    }
    entry.Set("message", Value::String(problem.message));
    problems.Append(std::move(entry));
  }
  Value json = Value::MakeMap();
  json.Set("objects", Value::Int(static_cast<int64_t>(report.objects)));
  json.Set("files", Value::Int(static_cast<int64_t>(report.files)));
  json.Set("errors", Value::Int(static_cast<int64_t>(report.errors)));
  json.Set("warnings", Value::Int(static_cast<int64_t>(report.warnings)));
  json.Set("referencesChecked", Value::Bool(report.references_checked));
  json.Set("documents", std::move(listed));
  json.Set("problems", std::move(problems));
  return json;
}

Value ReportSarif(const ValidationReport& report, const std::string& folder) {
  Value driver = Value::MakeMap();
  driver.Set("name", Value::String("reconcile"));
  driver.Set("version", Value::String(std::string(kVersion)));
  driver.Set("rules", SarifRules());
  Value tool = Value::MakeMap();
  tool.Set("driver", std::move(driver));
  Value results = Value::MakeList();
  for (const Finding& finding : report.findings) results.Append(SarifResult(finding, folder));
  Value run = Value::MakeMap();
  run.Set("tool", std::move(tool));
  run.Set("columnKind", Value::String("unicodeCodePoints"));
  run.Set("results", std::move(results));
  Value sarif = Value::MakeMap();
  sarif.Set("$schema", Value::String("https://json.schemastore.org/sarif-2.1.0.json"));
  sarif.Set("version", Value::String("2.1.0"));
  sarif.Set("runs", Value::MakeList({std::move(run)}));
  return sarif;
}

}  // namespace reconcile
