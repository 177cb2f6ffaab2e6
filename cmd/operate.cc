#include <iostream>

#include "base/escape.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/read_manifests.h"
#include "cmd/sync_wait.h"
#include "cmd/user_name.h"
#include "cmd/value_at.h"
#include "source/git_revert.h"
#include "source/repository_url.h"

namespace reconcile {
namespace {

constexpr size_t kShownIdLength = 12;

struct OperateOptions {
  std::string source;
  std::string reason;
  std::string to;
  std::string branch;
};

Result<Value> Tell(const std::string& verb, const OperateOptions& options, ApiClient* client) {
  return client->Post("/apis/reconcile.dev/v1/" + verb, {{"source", options.source},
                                                         {"to", options.to},
                                                         {"by", UserName()},
                                                         {"reason", options.reason}});
}

// The one that is named, or the only one.
Status FindSource(OperateOptions* options, const CommandContext& context) {
  if (!options->source.empty()) return OkStatus();
  const Result<Value> list = ApiClient(context.socket_path).Get("/apis/reconcile.dev/v1/sources");
  if (!list.ok()) return list.status();
  std::string names;
  for (const Value& source : list->GetList("items")) {
    const Value* metadata = source.Find("metadata");
    if (metadata == nullptr) continue;
    options->source = metadata->GetString("name");
    names += (names.empty() ? "" : ", ") + options->source;
  }
  if (names.empty()) return NotFoundError("the controller follows no source");
  if (names == options->source) return OkStatus();
  return InvalidError("there are several sources: name one of " + names);
}

// What Git calls a commit otherwise than by its id, as HEAD~3 or a tag, is looked up where the
// source's repository is.
Status ResolveTarget(OperateOptions* options, const CommandContext& context) {
  if (options->to.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos) {
    return OkStatus();
  }
  const Result<Value> list = ApiClient(context.socket_path).Get("/apis/reconcile.dev/v1/sources");
  if (!list.ok()) return list.status();
  for (const Value& source : list->GetList("items")) {
    if (TextAt(source, "metadata.name") != options->source) continue;
    const std::string repository = TextAt(source, "spec.repository");
    if (IsRemoteRepository(repository)) {
      return InvalidError("source " + options->source + " is at " + repository +
                          ", where names of commits are not looked up: --to takes the id, which "
                          "`git rev-parse " +
                          options->to + "` tells in a clone");
    }
    const Result<FetchedCommit> commit =
        ReadManifests(repository, options->to, TextAt(source, "spec.path"), context);
    if (!commit.ok()) return commit.status().WithContext("--to");
    options->to = commit->id;
    return OkStatus();
  }
  return NotFoundError("no source is named '" + options->source + "'");
}

int Suspend(const OperateOptions& options, const CommandContext& context) {
  ApiClient client(context.socket_path);
  const Result<Value> answer = Tell("suspend", options, &client);
  if (!answer.ok()) return Fail(answer.status());
  const std::string name = EscapeForTerminal(options.source);
  std::cout << "Suspended: what source " << name << " declared stays, and its commits are not "
            << "looked at. `reconcile resume " << name << "` ends it.\n";
  return kExitOk;
}

int Resume(const OperateOptions& options, const CommandContext& context) {
  ApiClient client(context.socket_path);
  const Result<Value> answer = Tell("resume", options, &client);
  if (!answer.ok()) return Fail(answer.status());
  if (const std::string to = answer->GetString("rolledBackTo"); !to.empty()) {
    const std::string name = EscapeForTerminal(options.source);
    std::cout << "Source " << name << " is suspended no longer, and stays rolled back to "
              << EscapeForTerminal(to.substr(0, kShownIdLength)) << ": `reconcile resume " << name
              << "` once more ends that.\n";
  }
  const Result<Value> status = WaitUntilRead(options.source, &client);
  return status.ok() ? PrintSynced(options.source, *status) : Fail(status.status());
}

// In Git instead of by the controller, which follows it once the branch is merged.
int RevertOnBranch(const OperateOptions& options, const CommandContext& context) {
  ApiClient client(context.socket_path);
  const Result<Value> found =
      client.Post("/apis/reconcile.dev/v1/rollback",
                  {{"source", options.source}, {"to", options.to}, {"find", "true"}});
  if (!found.ok()) return Fail(found.status());
  const std::string repository = found->GetString("repository");
  if (IsRemoteRepository(repository)) {
    return Fail(InvalidError("source " + options.source + " is at " + repository +
                             ": --branch is for repositories on this machine. In a clone: `git " +
                             "revert --no-commit " + found->GetString("commit").substr(0, 12) +
                             ".." + found->GetString("from").substr(0, 12) + "`"));
  }
  const Result<std::string> commit = WriteRevertBranch(
      {repository, found->GetString("from"), found->GetString("commit"), options.branch});
  if (!commit.ok()) return Fail(commit.status());
  std::cout << "Branch " << EscapeForTerminal(options.branch) << " is at commit "
            << commit->substr(0, kShownIdLength) << ", which takes back what came after "
            << EscapeForTerminal(found->GetString("commit").substr(0, kShownIdLength))
            << ". Nothing is rolled back until it is merged.\n";
  return kExitOk;
}

int RollBack(const OperateOptions& options, const CommandContext& context) {
  ApiClient client(context.socket_path);
  const Result<Value> answer = Tell("rollback", options, &client);
  if (!answer.ok()) return Fail(answer.status());
  const std::string name = EscapeForTerminal(options.source);
  std::cout << "Rolled back source " << name << " from "
            << EscapeForTerminal(answer->GetString("from").substr(0, kShownIdLength)) << " to "
            << EscapeForTerminal(answer->GetString("commit").substr(0, kShownIdLength))
            << ", until another commit arrives at its revision. `reconcile resume " << name
            << "` ends it; `reconcile status --wait` waits for the pods.\n";
  return kExitOk;
}

int RollBackOrRevert(const OperateOptions& given, const CommandContext& context) {
  OperateOptions options = given;
  if (const Status status = ResolveTarget(&options, context); !status.ok()) return Fail(status);
  return options.branch.empty() ? RollBack(options, context) : RevertOnBranch(options, context);
}

void Carry(CLI::App* command, const std::shared_ptr<OperateOptions>& options,
           CommandContext* context,
           int (*operation)(const OperateOptions&, const CommandContext&)) {
  command->callback([options, context, operation] {
    const Status found = FindSource(options.get(), *context);
    context->exit_code = found.ok() ? operation(*options, *context) : Fail(found);
  });
}

CLI::App* AddOperation(const char* name, const char* help, CLI::App* app,
                       const std::shared_ptr<OperateOptions>& options) {
  CLI::App* command = app->add_subcommand(name, help);
  command->add_option(
      "SOURCE", options->source,
      "the source, as `reconcile source list` names it; may be left out when there is one");
  command->add_option("--reason", options->reason, "why, for whoever looks next");
  return command;
}

}  // namespace

void AddSuspendCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<OperateOptions>();
  CLI::App* command = AddOperation(
      "suspend",
      "Change nothing of a source until `reconcile resume`: its commits are not looked at", app,
      options);
  SetExamples(command, {"reconcile suspend shop", "reconcile suspend shop --reason 'stocktaking'",
                        "reconcile resume shop"});
  Carry(command, options, context, Suspend);
}

void AddResumeCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<OperateOptions>();
  CLI::App* command = AddOperation(
      "resume",
      "Have a source followed again after `reconcile suspend`, or else `reconcile rollback`", app,
      options);
  SetExamples(command, {"reconcile resume shop",
                        "A source with `suspend: true` in the configuration is resumed there."});
  Carry(command, options, context, Resume);
}

void AddRollbackCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<OperateOptions>();
  CLI::App* command = AddOperation(
      "rollback", "Put the last good commit of a source in force, until another one arrives", app,
      options);
  command->add_option(
      "--to", options->to,
      "this commit of `reconcile history` instead, or how its id begins; of a local "
      "repository also a name as HEAD~3");
  command->add_option("--branch", options->branch,
                      "write a commit onto this new branch of a local repository instead, as `git "
                      "revert` does");
  SetExamples(command, {"reconcile rollback shop",
                        "reconcile rollback shop --to 3f9a1c20b7de --reason 'orders are lost'",
                        "reconcile rollback shop --branch revert-orders",
                        "reconcile resume shop   # the newest commit again"});
  Carry(command, options, context, RollBackOrRevert);
}

}  // namespace reconcile
