#pragma once

#include <string>
#include <vector>

#include "base/value.h"
#include "schema/codec.h"
#include "schema/manifests.h"

namespace reconcile {

enum class Severity { kError, kWarning };
std::string_view ToString(Severity severity);

struct Finding {
  Severity severity = Severity::kError;
  Problem problem;
};

// What `reconcile validate` has to say of one set of files.
struct ValidationReport {
  std::vector<Finding> findings;  // by file, line and column
  size_t objects = 0;
  size_t files = 0;
  size_t errors = 0;
  size_t warnings = 0;
  // False where objects could not be read: what others name may stand in these.
  bool references_checked = true;
};

// Takes the problems over and sorts them; errors before warnings at one place.
ValidationReport MakeReport(Problems problems, size_t objects, size_t files,
                            bool references_checked = true);

// For people: "file:line:column: error: message [rule]", and below it the line with a mark, where
// it may be shown (cmd/shown_lines.h); at the end a summary. Safe for a terminal. `source_folder`
// is where the files' paths begin, as ManifestReading has it.
std::string ReportText(const ValidationReport& report, const std::vector<ManifestFile>& files,
                       bool color, const std::string& source_folder = "");

// "5 objects in 3 files, 0 errors, 1 warning", and what was not looked at.
std::string ReportSummary(const ValidationReport& report);

// {"objects", "files", "errors", "warnings": counts, "referencesChecked": boolean,
//  "documents": [{"file", "line", "kind", "namespace", "name", "read"}],
//  "problems": [{"severity", "rule", "file", "line", "column", "message"}]}; what there is none of
// is left out.
Value ReportJson(const ValidationReport& report, const std::vector<ManifestDocument>& documents);

// SARIF 2.1.0 (OASIS), as GitHub and GitLab take it to annotate a change. `folder` is where the
// files' paths begin, relative to the repository's root: "" or "deploy".
Value ReportSarif(const ValidationReport& report, const std::string& folder);

}  // namespace reconcile
