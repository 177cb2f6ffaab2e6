#include <filesystem>
#include <iostream>

#include "base/escape.h"
#include "cmd/commands.h"
#include "cmd/read_manifests.h"
#include "reconciler/desired.h"

namespace reconcile {
namespace {

struct ValidateOptions {
  std::string path = ".";
  std::string revision;
  std::string folder;
};

std::string Counted(size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

Result<FetchedCommit> ReadToValidate(const ValidateOptions& options,
                                     const CommandContext& context) {
  std::error_code error;
  const bool one_file = options.revision.empty() && options.folder.empty() &&
                        std::filesystem::is_regular_file(options.path, error);
  Result<FetchedCommit> commit =
      one_file ? ReadManifestFile(options.path)
               : ReadManifests(options.path, options.revision, options.folder, context);
  if (commit.ok() && commit->files.empty()) {
    commit->warnings.push_back(
        {.file = options.path, .message = "there is no manifest here: no *.yaml, *.yml or *.json"});
  }
  return commit;
}

int Validate(const ValidateOptions& options, const CommandContext& context) {
  const Result<FetchedCommit> commit = ReadToValidate(options, context);
  if (!commit.ok()) return Fail(commit.status());
  ParsedManifests parsed = ParseManifests(commit->files);
  Problems& problems = parsed.problems;
  if (problems.errors.empty()) {
    BuildDesired("validate", commit->id, parsed.objects, ClusterState(), &problems);
  }
  problems.warnings.insert(problems.warnings.begin(), commit->warnings.begin(),
                           commit->warnings.end());
  for (const Problem& problem : problems.errors) {
    std::cout << "error: " << EscapeForTerminal(problem.ToString()) << "\n";
  }
  for (const Problem& problem : problems.warnings) {
    std::cout << "warning: " << EscapeForTerminal(problem.ToString()) << "\n";
  }
  std::cout << Counted(parsed.objects.size(), "object") << " in "
            << Counted(commit->files.size(), "file") << ", "
            << Counted(problems.errors.size(), "error") << ", "
            << Counted(problems.warnings.size(), "warning") << "\n";
  return problems.errors.empty() ? kExitOk : kExitInvalid;
}

}  // namespace

void AddValidateCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<ValidateOptions>();
  CLI::App* command = app->add_subcommand("validate", "Check manifests; needs no controller");
  command->add_option("PATH", options->path, "repository, folder or one file (default: .)");
  command->add_option("--rev", options->revision, "commit, branch or tag instead of the work tree");
  command->add_option("--path", options->folder, "folder inside the repository");
  SetExamples(command,
              {"reconcile validate", "reconcile validate ./manifests",
               "reconcile validate web.yaml", "reconcile validate . --rev main --path deploy"});
  command->callback([options, context] { context->exit_code = Validate(*options, *context); });
}

}  // namespace reconcile
