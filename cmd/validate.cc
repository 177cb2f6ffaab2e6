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
#include "schema/kustomize/files.h"
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
  std::string name;    // as a problem with all of it calls it: "deploy", standard input
  std::string place;   // for which what is read is kept; empty: nothing is
  std::string prefix;  // from the repository's root to where the files' paths begin
};

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

// A part of an object is no manifest: who checks it by itself is told where it belongs.
void WarnOfPatch(const std::string& path, FetchedCommit* commit) {
  const std::string kustomization = FindKustomizationOfPatch(path);
  if (kustomization.empty()) return;
  commit->warnings.push_back(
      {.file = commit->files.front().path,
       .message = Quoted(kustomization) +
                  " names this file as a patch, which is checked with the object that it is a part "
                  "of: reconcile validate " +
                  FolderOf(path)});
}

Result<Subject> ReadOneFile(const std::string& path) {
  const bool is_file = path != "-";
  Result<FetchedCommit> commit = is_file ? ReadManifestFile(path) : ReadManifestInput();
  if (!commit.ok()) return commit.status();
  if (!is_file) return Subject{std::move(*commit), "standard input", "", ""};
  WarnOfPatch(path, &*commit);
  return Subject{std::move(*commit), Quoted(path), "", FindRepositoryPlace(FolderOf(path)).inside};
}

Result<Subject> ReadTree(const std::string& path, const std::string& revision,
                         const std::string& folder, const CommandContext& context,
                         Parallel* parallel) {
  Result<FetchedCommit> commit = ReadManifests(path, revision, folder, context, parallel);
  if (!commit.ok()) return commit.status();
  const RepositoryPlace place = FindRepositoryPlace(path);
  const Result<std::string> clean = CleanFolder(folder);
  const std::string inside = JoinFolders(place.inside, clean.ok() ? *clean : "");
  std::string name = Quoted(folder.empty() ? path : folder);
  if (!revision.empty()) name += " of " + Quoted(revision);
  return Subject{std::move(*commit), std::move(name), place.root + "\n" + inside, inside};
}

// PATH may also be a revision of the repository that we stand in.
Result<Subject> ReadSubject(const ValidateOptions& options, const CommandContext& context,
                            Parallel* parallel) {
  std::error_code error;
  const bool only_path = options.revision.empty() && options.folder.empty();
  const auto status = std::filesystem::status(options.path, error);
  const bool is_file = std::filesystem::is_regular_file(status);
  const std::string name = std::filesystem::path(options.path).filename().string();
  // A kustomization is nothing without the files that it names.
  if (is_file && kustomize::IsKustomizationName(name)) {
    return ReadTree(FolderOf(options.path), options.revision, options.folder, context, parallel);
  }
  if (only_path && (options.path == "-" || is_file)) return ReadOneFile(options.path);
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
  bool references_checked = false;
  std::vector<ManifestDocument> documents;  // where they are to be listed
};

// Whoever asks for a check and has checked nothing should know: a typing error in a pipe or a path
// is no success. kubectl has it so: "no objects passed to apply".
void CheckThatThereIsSomething(const Subject& subject, Found* found) {
  const Problems& problems = found->problems;
  if (found->objects > 0 || !problems.errors.empty() || !problems.warnings.empty()) return;
  const std::string message =
      subject.commit.files.empty()
          ? "nothing to check: there is no *.yaml, *.yml or *.json in " + subject.name
          : "nothing to check: no object is declared in " + subject.name;
  found->problems.errors.push_back({"", 0, 0, message, Rule::kNotAManifest});
}

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
  found.references_checked = found.problems.errors.empty();
  if (found.references_checked && !CheckTogether(parsed.digests, &found.problems, parallel)) {
    return std::nullopt;
  }
  CheckThatThereIsSomething(subject, &found);
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
      MakeReport(std::move(found->problems), found->objects, subject->commit.files.size(),
                 found->references_checked);
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
  command->add_option(
      "PATH", options->path,
      "repository, folder, one file (of a kustomization: its folder), - for standard "
      "input, or a revision of the repository here (default: .)");
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
       "Exit codes: 0 no error, there may be warnings; 2 errors, or nothing to check."});
  command->callback([options, context] { context->exit_code = Validate(*options, *context); });
}

}  // namespace reconcile
