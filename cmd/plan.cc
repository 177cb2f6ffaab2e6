#include <filesystem>
#include <iostream>

#include "api/plan_view.h"
#include "base/epoll_loop.h"
#include "base/escape.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/read_manifests.h"
#include "controller/plan_manifests.h"

namespace reconcile {
namespace {

struct PlanOptions {
  std::string path;
  std::string folder;
  std::string revision;
  std::string source;
  std::string hosts;
  std::string output = "text";
  bool detailed_exit_code = false;
};

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

// "3x4cpu,8Gi": three empty hosts of four CPUs and 8 GiB each.
Result<ClusterState> ParseHosts(const std::string& text, Now now) {
  const Status bad = InvalidError("--hosts: '" + text + "' is not like 3x4cpu,8Gi");
  const size_t times = text.find('x');
  const size_t comma = text.find("cpu,");
  if (times == std::string::npos || comma == std::string::npos || comma < times) return bad;
  const std::string count = text.substr(0, times);
  const bool number = !count.empty() && count.size() <= 4 &&
                      count.find_first_not_of("0123456789") == std::string::npos;
  const Result<Quantity> cpu = Quantity::Parse(text.substr(times + 1, comma - times - 1));
  const Result<Quantity> memory = Quantity::Parse(text.substr(comma + 4));
  if (!number || !cpu.ok() || !memory.ok()) return bad;
  return EmptyCluster(std::stoi(count), *cpu, *memory, now);
}

int PlanOffline(const FetchedCommit& commit, const PlanOptions& options,
                const CommandContext& context) {
  const Now now = ReadSystemClock();
  const Result<ClusterState> state = ParseHosts(options.hosts, now);
  if (!state.ok()) return FailPlan(state.status(), options);
  const std::string source = options.source.empty() ? "main" : options.source;
  const Controller::PlanAnswer answer = PlanManifestsAgainst(
      *state, source, commit.id, commit.files, commit.confirmations, BreakerLimits(), now);
  if (options.output == "json") {
    std::cout << WriteJson(EncodePlan(answer), 2) << "\n";
  } else {
    std::cout << PlanText(answer, {.color = context.UseColor()});
  }
  return ExitCode(IsNoChange(answer), !answer.problems.errors.empty(), options);
}

std::string RequestBody(const FetchedCommit& commit) {
  Value files = Value::MakeList();
  for (const ManifestFile& file : commit.files) {
    Value entry = Value::MakeMap();
    entry.Set("path", Value::String(file.path));
    entry.Set("blobId", Value::String(file.blob_id));
    entry.Set("content", Value::String(*file.bytes));
    files.Append(std::move(entry));
  }
  Value confirmations = Value::MakeList();
  for (const std::string& text : commit.confirmations) confirmations.Append(Value::String(text));
  Value body = Value::MakeMap();
  body.Set("commit", Value::String(commit.id));
  body.Set("confirmations", std::move(confirmations));
  body.Set("files", std::move(files));
  return WriteJson(body);
}

int PlanByController(const FetchedCommit& commit, const PlanOptions& options,
                     const CommandContext& context) {
  const Result<Value> answer =
      ApiClient(context.socket_path)
          .Post("/apis/reconcile.dev/v1/plan",
                {{"source", options.source}, {"color", context.UseColor() ? "true" : "false"}},
                RequestBody(commit));
  if (!answer.ok()) return FailPlan(answer.status(), options);
  const Value* plan = answer->Find("plan");
  if (plan == nullptr) return FailPlan(InternalError("the controller sent no plan"), options);
  if (options.output == "json") {
    std::cout << WriteJson(*plan, 2) << "\n";
  } else {
    std::cout << answer->GetString("text");
  }
  return ExitCode(answer->GetBool("noChange"), !plan->GetList("errors").empty(), options);
}

// Where the running controller reads: fills in what the command line left out.
Status FillFromSource(PlanOptions* options, const CommandContext& context) {
  const Result<Value> status = ApiClient(context.socket_path).Get("/apis/reconcile.dev/v1/status");
  if (!status.ok()) return status.status();
  for (const Value& source : status->GetList("sources")) {
    const Value* metadata = source.Find("metadata");
    const Value* spec = source.Find("spec");
    if (metadata == nullptr || spec == nullptr) continue;
    if (!options->source.empty() && metadata->GetString("name") != options->source) continue;
    options->source = metadata->GetString("name");
    if (options->path.empty()) options->path = spec->GetString("repository");
    // PATH is a work tree of the repository: the source's folder is inside it.
    const std::string folder = spec->GetString("path");
    const bool inside =
        std::filesystem::is_directory(std::filesystem::path(options->path) / folder);
    if (options->folder.empty() && (inside || !options->revision.empty())) options->folder = folder;
    return OkStatus();
  }
  return NotFoundError("no source is named '" + options->source + "'");
}

int RunPlan(PlanOptions options, const CommandContext& context) {
  if (options.hosts.empty()) {
    const Status filled = FillFromSource(&options, context);
    if (!filled.ok()) return FailPlan(filled, options);
  }
  if (options.path.empty()) options.path = ".";
  const Result<FetchedCommit> commit =
      ReadManifests(options.path, options.revision, options.folder, context);
  if (!commit.ok()) return FailPlan(commit.status(), options);
  for (const Problem& warning : commit->warnings) {
    std::cerr << "warning: " << EscapeForTerminal(warning.ToString()) << "\n";
  }
  return options.hosts.empty() ? PlanByController(*commit, options, context)
                               : PlanOffline(*commit, options, context);
}

}  // namespace

void AddPlanCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* command = app->add_subcommand(
      "plan", "Show what a working tree, commit or branch would do; also: reconcile --dry-run");
  command->add_option("PATH", options->path, "repository or folder (default: the source's)");
  command->add_option("--rev", options->revision, "commit, branch or tag instead of the work tree");
  command->add_option("--path", options->folder, "folder inside the repository");
  command->add_option("--source", options->source, "which source, when there are several");
  command->add_option("--hosts", options->hosts,
                      "plan offline, for empty hosts like 3x4cpu,8Gi, without a controller");
  command->add_option("-o,--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  command->add_flag("--detailed-exitcode", options->detailed_exit_code,
                    "0 no change, 1 error, 2 changes");
  SetExamples(command, {"reconcile --dry-run", "reconcile --dry-run --rev my-branch",
                        "reconcile --dry-run ./manifests --hosts 3x4cpu,8Gi",
                        "reconcile plan -o json | jq .summary",
                        "Exit codes: 0 no change, 1 changes, 2 or more error."});
  command->callback([options, context] { context->exit_code = RunPlan(*options, *context); });
}

}  // namespace reconcile
