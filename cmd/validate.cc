#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>

#include "base/escape.h"
#include "base/heap.h"
#include "base/parallel.h"
#include "cmd/commands.h"
#include "cmd/disk_manifests.h"
#include "cmd/read_manifests.h"
#include "cmd/repository_place.h"
#include "cmd/validation_report.h"
#include "reconciler/desired.h"
#include "reconciler/facts.h"
#include "schema/names.h"
#include "schema/text.h"
#include "source/manifest_names.h"

namespace reconcile {
namespace {

struct ValidateOptions {
  std::string path = ".";
  std::string revision;
  std::string folder;
  std::string output = "text";
  bool no_cache = false;
  std::vector<std::string> ignore_groups;
};

// What is to be checked, and where it comes from.
struct Subject {
  FetchedCommit commit;
  std::string place;   // for which what is read is kept; empty: nothing is
  std::string prefix;  // from the repository's root to where the files' paths begin
};

Result<Subject> ReadOneFile(const std::string& path) {
  Result<FetchedCommit> commit = path == "-" ? ReadManifestInput() : ReadManifestFile(path);
  if (!commit.ok()) return commit.status();
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const bool is_file = path != "-";
  return Subject{std::move(*commit), "",
                 is_file ? FindRepositoryPlace(folder.empty() ? "." : folder.string()).inside : ""};
}

Result<Subject> ReadTree(const std::string& path, const std::string& revision,
                         const std::string& folder, const CommandContext& context,
                         Parallel* parallel) {
  Result<FetchedCommit> commit = ReadManifests(path, revision, folder, context, parallel);
  if (!commit.ok()) return commit.status();
  const RepositoryPlace place = FindRepositoryPlace(path);
  const Result<std::string> clean = CleanFolder(folder);
  const std::string inside = JoinFolders(place.inside, clean.ok() ? *clean : "");
  if (commit->files.empty()) {
    commit->warnings.push_back({.file = path,
                                .message = "there is no manifest here: no *.yaml, *.yml or *.json",
                                .rule = Rule::kPassedOver});
  }
  return Subject{std::move(*commit), place.root + "\n" + inside, inside};
}

// PATH may also be a revision of the repository that we stand in.
Result<Subject> ReadSubject(const ValidateOptions& options, const CommandContext& context,
                            Parallel* parallel) {
  std::error_code error;
  const bool only_path = options.revision.empty() && options.folder.empty();
  const auto status = std::filesystem::status(options.path, error);
  if (only_path && (options.path == "-" || std::filesystem::is_regular_file(status))) {
    return ReadOneFile(options.path);
  }
  if (!options.revision.empty() || std::filesystem::exists(status)) {
    return ReadTree(options.path, options.revision, options.folder, context, parallel);
  }
  if (!FindRepositoryPlace(".").is_git) {
    return InvalidError("there is no file or folder " + Quoted(options.path));
  }
  Result<Subject> subject = ReadTree(".", options.path, options.folder, context, parallel);
  if (subject.ok()) return subject;
  return Status(subject.status().code(),
                "there is no file or folder " + Quoted(options.path) +
                    ", and as a revision of this repository: " + subject.status().message());
}

// What is wrong, and how many objects there are.
struct Found {
  Problems problems;
  size_t objects = 0;
  std::vector<ManifestDocument> documents;  // where they are to be listed
};

// Nothing when what is kept is not what this program keeps.
std::optional<Found> CheckWith(KeptManifests* kept, const Subject& subject,
                               const ValidateOptions& options, Parallel* parallel) {
  Found found;
  ParsedManifests parsed =
      ParseManifests(subject.commit.files, "default", {}, nullptr,
                     {.parallel = parallel,
                      .kept = kept,
                      .check = CheckDeclared,
                      .digest = PackFacts,
                      .documents = options.output == "json" ? &found.documents : nullptr,
                      .source_folder = subject.prefix,
                      .ignore_groups = options.ignore_groups});
  found.problems = std::move(parsed.problems);
  found.objects = parsed.digests.size();
  // What an object refers to may stand in one that could not be read: first things first.
  const bool readable = found.problems.errors.empty();
  if (readable && !CheckTogether(parsed.digests, &found.problems, parallel)) return std::nullopt;
  return found;
}

Found Check(const Subject& subject, const ValidateOptions& options, Parallel* parallel) {
  if (!options.no_cache && !subject.place.empty()) {
    DiskManifests kept(CacheFolder(std::getenv("XDG_CACHE_HOME"), std::getenv("HOME")),
                       subject.place, BuildId());
    std::optional<Found> found = CheckWith(&kept, subject, options, parallel);
    if (found) {
      kept.Save();
      return std::move(*found);
    }
  }
  return CheckWith(nullptr, subject, options, parallel).value();
}

void Print(const ValidationReport& report, const std::vector<ManifestDocument>& documents,
           const Subject& subject, const ValidateOptions& options, const CommandContext& context) {
  if (options.output == "json") {
    std::cout << WriteJson(ReportJson(report, documents), 2) << "\n";
  } else if (options.output == "sarif") {
    std::cout << WriteJson(ReportSarif(report, subject.prefix), 2) << "\n";
  } else {
    std::cout << ReportText(report, subject.commit.files, context.UseColor(), subject.prefix);
  }
  std::cout.flush();
}

int Report(Subject* subject, Found* found, const ValidateOptions& options,
           const CommandContext& context) {
  for (Problem& warning : subject->commit.warnings) {
    warning.rule = Rule::kPassedOver;
    found->problems.warnings.push_back(std::move(warning));
  }
  const ValidationReport report =
      MakeReport(std::move(found->problems), found->objects, subject->commit.files.size());
  Print(report, found->documents, *subject, options, context);
  return report.errors == 0 ? kExitOk : kExitInvalid;
}

int Validate(const ValidateOptions& options, const CommandContext& context) {
  // Objects of some 8 MB of manifests.
  constexpr size_t kExpectedHeapBytes = 64 << 20;
  ExpectHeapUse(kExpectedHeapBytes);
  OnThreads threads;
  Result<Subject> subject = ReadSubject(options, context, &threads);
  if (!subject.ok()) return Fail(subject.status());
  Found found = Check(*subject, options, &threads);
  const int exit_code = Report(&*subject, &found, options, context);
  // Files by the thousand go with the process, quicker than one by one.
  static const auto* const kept = new Subject(std::move(*subject));
  static_cast<void>(kept);
  return exit_code;
}

}  // namespace

void AddValidateCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<ValidateOptions>();
  CLI::App* command = app->add_subcommand("validate", "Check manifests; needs no controller");
  command->add_option("PATH", options->path,
                      "repository, folder, one file, - for standard input, or a revision of the "
                      "repository here (default: .)");
  command->add_option("--rev", options->revision, "commit, branch or tag instead of the work tree");
  command->add_option("--path", options->folder, "folder inside the repository");
  command->add_option("-o,--output", options->output, "text, json or sarif")
      ->check(CLI::IsMember({"text", "json", "sarif"}));
  command->add_flag("--no-cache", options->no_cache,
                    "read everything anew, and keep nothing for the next time");
  command
      ->add_option("--ignore-group", options->ignore_groups,
                   "group of custom resources that are passed over, as a source's ignoreGroups; "
                   "may be given again")
      ->allow_extra_args(false)
      ->check([](const std::string& group) { return CheckDnsSubdomain(group); });
  SetExamples(
      command,
      {"reconcile validate", "reconcile validate ./manifests", "reconcile validate web.yaml",
       "reconcile validate HEAD~1", "reconcile validate . --rev main --path deploy",
       "kubectl get deployment web -o yaml | reconcile validate -",
       "reconcile validate --ignore-group monitoring.coreos.com --ignore-group cert-manager.io",
       "reconcile validate -o sarif >reconcile.sarif",
       "Exit codes: 0 no error, there may be warnings; 2 errors, or nothing to read."});
  command->callback([options, context] { context->exit_code = Validate(*options, *context); });
}

}  // namespace reconcile
