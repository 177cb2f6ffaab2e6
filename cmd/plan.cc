#include <sys/ioctl.h>
#include <unistd.h>

#include <functional>
#include <iostream>
#include <unordered_set>

#include "api/plan_view.h"
#include "base/epoll_loop.h"
#include "base/escape.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/plan_diff.h"
#include "cmd/plan_file.h"
#include "cmd/plan_lines.h"
#include "cmd/plan_offline.h"
#include "cmd/plan_target.h"
#include "cmd/plan_text.h"
#include "cmd/read_manifests.h"
#include "cmd/repository_place.h"
#include "cmd/sync_wait.h"
#include "controller/plan_manifests.h"
#include "schema/text.h"
#include "source/manifest_names.h"

namespace reconcile {
namespace {

struct PlanOptions {
  PlanRequest request;
  std::string hosts;       // plan offline for empty hosts
  std::string state_file;  // plan offline for the cluster in a backup
  std::string keys_file;   // for its Secrets
  std::string output = "text";
  size_t width = 0;
  bool detailed_exit_code = false;
  std::string save;  // where to
};

bool IsOffline(const PlanOptions& options) {
  return !options.hosts.empty() || !options.state_file.empty();
}

// --dry-run: 0 no change, 1 changes. --detailed-exitcode (Terraform's order): 0 no change, 2
// changes, 1 error.
int ExitCode(bool no_change, bool errors, const PlanOptions& options) {
  if (options.detailed_exit_code) return errors ? 1 : no_change ? 0 : 2;
  return errors ? kExitInvalid : no_change ? kExitOk : kExitChanges;
}

int FailPlan(const Status& status, const PlanOptions& options) {
  const int code = Fail(status);
  return options.detailed_exit_code ? 1 : code;
}

// The plan with what was passed over while its manifests were read before its own warnings.
Value WithReadingWarnings(Value plan, const FetchedCommit& commit) {
  Value::List warnings;
  for (const Problem& warning : commit.warnings) {
    Value entry = Value::MakeMap();
    entry.Set("file", Value::String(warning.file));
    entry.Set("line", Value::Int(warning.line));
    entry.Set("column", Value::Int(warning.column));
    entry.Set("message", Value::String(warning.message));
    warnings.push_back(std::move(entry));
  }
  const Value::List& own = plan.GetList("warnings");
  warnings.insert(warnings.end(), own.begin(), own.end());
  plan.Set("warnings", Value::MakeList(std::move(warnings)));
  return plan;
}

// How wide what is written to standard output may be: the terminal's width, or what a person reads
// in a log.
size_t ColumnsOfOutput() {
  constexpr size_t kColumnsOfFile = 120;
  struct winsize size = {};
  if (isatty(STDOUT_FILENO) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) {
    return kColumnsOfFile;
  }
  return size.ws_col == 0 ? kColumnsOfFile : size.ws_col;
}

// For `reconcile apply`. A plan with errors is none that could be carried out.
Status SavePlan(const Value& plan, const FetchedCommit& commit, const std::string& source,
                int64_t model_revision, const std::string& path) {
  if (!plan.GetList("errors").empty()) {
    return InvalidError("a plan with errors cannot be applied: it is not saved");
  }
  if (!WritePlanFile(path, {source, commit.id, model_revision, "", plan}).ok()) {
    return InvalidError("--save: " + Quoted(path) +
                        " cannot be written: is its folder there, and is it yours to write to?");
  }
  std::cerr << "Saved the plan of commit " << commit.id.substr(0, 12) << ": `reconcile apply "
            << EscapeForTerminal(path) << "` carries it out.\n";
  return OkStatus();
}

// What is planned, and for a range what comes before it.
struct ReadCommits {
  FetchedCommit commit;
  std::optional<FetchedCommit> base;
};

// Prints the plan, and says how to exit.
int PrintPlan(const Value& planned, const ReadCommits& read, const PlanTarget& target,
              const PlanOptions& options, const CommandContext& context) {
  const std::string& source = target.source;
  const Value plan = WithReadingWarnings(planned, read.commit);
  const std::string commit = read.commit.id == kWorkTreeCommit ? "" : read.commit.id;
  if (options.output == "json") {
    std::cout << EscapeForJson(WriteJson(plan, 2)) << "\n";
  } else if (options.output == "markdown") {
    std::cout << PlanMarkdown(plan, source, commit);
  } else if (options.output == "diff") {
    const Result<std::string> diff = PlanDiff(plan);
    if (!diff.ok()) return FailPlan(diff.status(), options);
    std::cout << *diff;
    for (const Value& error : plan.GetList("errors")) {
      std::cerr << "error: " << EscapeForTerminal(ProblemText(error)) << "\n";
    }
  } else {
    const size_t columns = options.width > 0 ? options.width : ColumnsOfOutput();
    std::cout << PlannedText(target, commit, read.base ? read.base->id : "") << "\n\n"
              << PlanText(plan, {.color = context.UseColor(), .columns = columns});
  }
  return ExitCode(!ChangesAnything(plan), !plan.GetList("errors").empty(), options);
}

// Where the files' paths begin, from the repository's root.
std::string FolderOf(const PlanTarget& target) {
  const Result<std::string> inside = CleanFolder(target.folder);
  return JoinFolders(FindRepositoryPlace(target.path).inside, inside.ok() ? *inside : "");
}

Controller::PlanInput InputOf(const FetchedCommit& commit, const PlanTarget& target) {
  return {commit.id, commit.files, commit.confirmations, FolderOf(target)};
}

int PlanOffline(const OfflineCluster& cluster, const ReadCommits& read, const PlanTarget& target,
                const PlanOptions& options, const CommandContext& context) {
  std::optional<Controller::PlanInput> base;
  if (read.base) base = InputOf(*read.base, target);
  const Result<Controller::PlanAnswer> answer =
      PlanManifestsAgainst(cluster.state, target.source, InputOf(read.commit, target),
                           base ? &*base : nullptr, BreakerLimits(), ReadSystemClock());
  if (!answer.ok()) return FailPlan(answer.status(), options);
  return PrintPlan(EncodePlan(*answer, options.output == "diff"), read, target, options, context);
}

// Which files go with their contents.
using Sends = std::function<bool(const ManifestFile& file)>;

// Contents go as base64: what is not UTF-8 has to reach the controller as it would in a commit.
Value EncodeInput(const FetchedCommit& commit, const PlanTarget& target, const Sends& sends) {
  Value files = Value::MakeList();
  for (const ManifestFile& file : commit.files) {
    Value entry = Value::MakeMap();
    entry.Set("path", Value::String(file.path));
    entry.Set("blobId", Value::String(file.blob_id));
    if (file.symbolic_link) entry.Set("symbolicLink", Value::Bool(true));
    if (sends(file)) entry.Set("contentBase64", Value::String(EncodeBase64(*file.bytes)));
    files.Append(std::move(entry));
  }
  Value confirmations = Value::MakeList();
  for (const std::string& text : commit.confirmations) confirmations.Append(Value::String(text));
  Value body = Value::MakeMap();
  body.Set("commit", Value::String(commit.id));
  body.Set("confirmations", std::move(confirmations));
  body.Set("files", std::move(files));
  body.Set("folder", Value::String(FolderOf(target)));
  return body;
}

// First paths and blob ids alone, then what the controller lacks. A range goes whole.
Result<Value> AskForPlan(const ReadCommits& read, const PlanTarget& target,
                         const PlanOptions& options, const CommandContext& context) {
  ApiClient client(context.socket_path);
  const auto ask = [&](const Sends& sends) {
    Value body = EncodeInput(read.commit, target, sends);
    if (read.base) body.Set("base", EncodeInput(*read.base, target, sends));
    return client.Post(
        "/apis/reconcile.dev/v1/plan",
        {{"source", target.source}, {"manifests", options.output == "diff" ? "true" : "false"}},
        WriteJson(body));
  };
  const auto whole = [](const ManifestFile&) { return true; };
  if (read.base) return ask(whole);
  const auto without_id = [](const ManifestFile& file) { return file.blob_id.empty(); };
  Result<Value> answer = ask(without_id);
  if (!answer.ok() || answer->Find("need") == nullptr) return answer;
  std::unordered_set<std::string> need;
  for (const Value& id : answer->GetList("need")) {
    if (id.IsString()) need.insert(id.AsString());
  }
  answer = ask([&](const ManifestFile& file) {
    return file.blob_id.empty() || need.contains(file.blob_id);
  });
  // A commit may have come in between, and its files in the place of those that were known.
  const bool moved = answer.ok() && answer->Find("need") != nullptr;
  return moved ? ask(whole) : std::move(answer);
}

// Prints the plan that the controller answered, and saves it where that is asked for.
int ShowAnswer(const Value& answer, const ReadCommits& read, const PlanTarget& target,
               const PlanOptions& options, const CommandContext& context) {
  const Value* plan = answer.Find("plan");
  if (plan == nullptr) return FailPlan(InternalError("the controller sent no plan"), options);
  const int code = PrintPlan(*plan, read, target, options, context);
  if (options.save.empty()) return code;
  const Status saved =
      SavePlan(*plan, read.commit, target.source, answer.GetInt("modelRevision"), options.save);
  return saved.ok() ? code : FailPlan(saved, options);
}

int PlanByController(const ReadCommits& read, const PlanTarget& target, const PlanOptions& options,
                     const CommandContext& context) {
  const Result<Value> answer = AskForPlan(read, target, options, context);
  if (!answer.ok()) return FailPlan(answer.status(), options);
  return ShowAnswer(*answer, read, target, options, context);
}

// What the controller has read itself: the commit that `reconcile apply` would be about.
int PlanNewest(const PlanTarget& target, const PlanOptions& options,
               const CommandContext& context) {
  ApiClient client(context.socket_path);
  const Result<Value> looked = SyncAndWait(target.source, &client);
  if (!looked.ok()) return FailPlan(looked.status(), options);
  const Result<Value> answer = client.Post(
      "/apis/reconcile.dev/v1/plan-newest",
      {{"source", target.source}, {"manifests", options.output == "diff" ? "true" : "false"}});
  if (!answer.ok()) return FailPlan(answer.status(), options);
  ReadCommits read;
  read.commit.id = answer->GetString("commit");
  return ShowAnswer(*answer, read, target, options, context);
}

Result<std::vector<SourceConfig>> FollowedSources(const CommandContext& context) {
  const Result<Value> list = ApiClient(context.socket_path).Get("/apis/reconcile.dev/v1/sources");
  if (!list.ok()) return list.status();
  std::vector<SourceConfig> sources;
  for (const Value& source : list->GetList("items")) {
    const Value* metadata = source.Find("metadata");
    const Value* spec = source.Find("spec");
    if (metadata == nullptr || spec == nullptr) continue;
    sources.push_back(
        {metadata->GetString("name"),
         {spec->GetString("repository"), spec->GetString("revision"), spec->GetString("path")}});
  }
  return sources;
}

// What an offline plan is made against; nothing for a running controller.
Result<std::optional<OfflineCluster>> ReadOfflineCluster(const PlanOptions& options) {
  if (!IsOffline(options)) return std::optional<OfflineCluster>();
  Result<OfflineCluster> cluster = options.state_file.empty()
                                       ? ClusterOfHosts(options.hosts, ReadSystemClock())
                                       : ClusterOfBackup(options.state_file, options.keys_file);
  if (!cluster.ok()) return cluster.status();
  return std::optional<OfflineCluster>(std::move(cluster).value());
}

// What to read: as the command line says, the rest as the cluster's source.
Result<PlanTarget> FindTarget(const PlanOptions& options,
                              const std::optional<OfflineCluster>& offline,
                              const CommandContext& context) {
  const PlanRequest& request = options.request;
  if (offline && offline->sources.empty()) {
    return PlanTarget{request.source.empty() ? "main" : request.source,
                      request.path.empty() ? "." : request.path, request.revision, request.folder};
  }
  if (offline) return ChoosePlanTarget(request, offline->sources);
  const Result<std::vector<SourceConfig>> sources = FollowedSources(context);
  if (!sources.ok()) return sources.status();
  return ChoosePlanTarget(request, *sources);
}

// "A..B" is B after A; either may be left out, as Git has it.
Result<ReadCommits> ReadCommitsOf(const PlanTarget& target, const CommandContext& context) {
  const size_t dots = target.revision.find("..");
  OnThreads threads;
  const auto read = [&](const std::string& revision) {
    return ReadManifests(target.path, revision, target.folder, context, &threads);
  };
  ReadCommits commits;
  const std::string last =
      dots == std::string::npos ? target.revision : target.revision.substr(dots + 2);
  if (last.starts_with('.')) return InvalidError("--rev takes A..B; A...B is for merge bases");
  Result<FetchedCommit> commit =
      read(dots != std::string::npos && last.empty() ? std::string("HEAD") : last);
  if (!commit.ok()) return commit.status();
  commits.commit = std::move(*commit);
  if (dots == std::string::npos) return commits;
  Result<FetchedCommit> base = read(dots == 0 ? "HEAD" : target.revision.substr(0, dots));
  if (!base.ok()) return base.status();
  commits.base = std::move(*base);
  return commits;
}

// A saved plan is of one commit, as this cluster would take it.
Status CheckSaving(const PlanOptions& options) {
  if (options.save.empty()) return OkStatus();
  if (IsOffline(options)) {
    return InvalidError("--save is for a running cluster: a plan of " +
                        std::string(options.hosts.empty() ? "--state" : "--hosts") +
                        " cannot be applied");
  }
  if (options.request.revision.find("..") == std::string::npos) return OkStatus();
  return InvalidError("--save takes one commit: a plan of A..B supposes a cluster at A");
}

Status CheckOptions(const PlanOptions& options) {
  if (!options.hosts.empty() && !options.state_file.empty()) {
    return InvalidError("--hosts and --state are two clusters: the backup has its own hosts");
  }
  if (!options.keys_file.empty() && options.state_file.empty()) {
    return InvalidError("--keys opens the Secrets of a backup: name that by --state FILE");
  }
  return CheckSaving(options);
}

int RunPlan(const PlanOptions& options, const CommandContext& context) {
  const Status sound = CheckOptions(options);
  if (!sound.ok()) return FailPlan(sound, options);
  const Result<std::optional<OfflineCluster>> offline = ReadOfflineCluster(options);
  if (!offline.ok()) return FailPlan(offline.status(), options);
  const Result<PlanTarget> target = FindTarget(options, *offline, context);
  if (!target.ok()) return FailPlan(target.status(), options);
  const PlanRequest& request = options.request;
  if (options.save.empty() && IsPlanOfElsewhere(request, *target, ".")) {
    std::cerr << "warning: this folder's repository is not the source's: `reconcile --dry-run .` "
                 "plans it\n";
  }
  if (!options.save.empty() && request.path.empty() && request.revision.empty()) {
    return PlanNewest(*target, options, context);
  }
  const Result<ReadCommits> read = ReadCommitsOf(*target, context);
  if (!read.ok()) return FailPlan(read.status(), options);
  if (!options.save.empty() && read->commit.id == kWorkTreeCommit) {
    return FailPlan(InvalidError("--save takes a commit, and this is a work tree: name one by " +
                                 std::string("--rev, or leave PATH out for the source's newest")),
                    options);
  }
  return *offline ? PlanOffline(**offline, *read, *target, options, context)
                  : PlanByController(*read, *target, options, context);
}

}  // namespace

void AddPlanCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* command = app->add_subcommand(
      "plan", "Show what a working tree, commit or branch would do; also: reconcile --dry-run");
  command->add_option("PATH", options->request.path,
                      "repository or folder (default: the source's)");
  command->add_option(
      "--rev", options->request.revision,
      "commit, branch or tag instead of the work tree; A..B is B, where A was before");
  command->add_option("--path", options->request.folder, "folder inside the repository");
  command->add_option("--source", options->request.source, "which source, when there are several");
  command->add_option("--hosts", options->hosts,
                      "plan offline, for empty hosts like 3x4cpu,8Gi, without a controller");
  command->add_option("--state", options->state_file,
                      "plan offline, for the cluster in a file that `reconcile backup` made");
  command->add_option("--keys", options->keys_file,
                      "for the Secrets in it: what `reconcile backup --keys` made");
  command->add_option("-o,--output", options->output, "text, json, markdown or diff")
      ->check(CLI::IsMember({"text", "json", "markdown", "diff"}));
  command
      ->add_option("--width", options->width,
                   "columns of the text (default: the terminal's, 120 without one)")
      ->check(CLI::Range(40, 1000));
  command->add_flag("--detailed-exitcode", options->detailed_exit_code,
                    "0 no change, 1 error, 2 changes");
  command->add_option("--save", options->save,
                      "a file for `reconcile apply`; of the source's newest commit, unless PATH or "
                      "--rev name another");
  SetExamples(command, {"reconcile --dry-run", "reconcile --dry-run --rev my-branch",
                        "reconcile --dry-run --rev main..my-branch",
                        "reconcile --dry-run ./manifests --hosts 3x4cpu,8Gi",
                        "reconcile --dry-run ./manifests --state cluster.rcb --keys cluster.keys",
                        "reconcile --dry-run --save plan.json; reconcile apply plan.json",
                        "reconcile plan -o json | jq .summary",
                        "reconcile plan -o markdown >comment.md", "reconcile plan -o diff | less",
                        "Exit codes: 0 no change, 1 changes, 2 or more error."});
  command->callback([options, context] { context->exit_code = RunPlan(*options, *context); });
}

}  // namespace reconcile
