#include <unistd.h>

#include <iostream>

#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/duration.h"
#include "cmd/log_reading.h"
#include "cmd/log_targets.h"

namespace reconcile {
namespace {

struct LogsOptions {
  std::string subject;
  std::string selector;
  std::string namespace_name = "default";
  LogChoice choice;
  std::string since;
  std::string since_time;
  std::string prefix = "auto";
  std::vector<std::string> matching;
  std::vector<std::string> excluding;
  bool follow = false;
  bool previous = false;
  bool timestamps = false;
  int64_t tail = -1;
  int64_t limit_bytes = -1;
  int max_followed = kDefaultFollowedLogs;
};

Result<ApiClient::Query> QueryOf(const LogsOptions& options) {
  ApiClient::Query query;
  if (options.previous) query["previous"] = "true";
  if (options.timestamps) query["timestamps"] = "true";
  if (options.tail >= 0) query["tailLines"] = std::to_string(options.tail);
  if (options.limit_bytes > 0) query["limitBytes"] = std::to_string(options.limit_bytes);
  if (!options.since_time.empty()) query["sinceTime"] = options.since_time;
  if (options.since.empty()) return query;
  if (!options.since_time.empty()) {
    return InvalidError("--since and --since-time exclude each other");
  }
  const Result<int64_t> since_ms = ParseDuration(options.since);
  if (!since_ms.ok()) return since_ms.status().WithContext("--since");
  query["sinceSeconds"] = std::to_string(std::max<int64_t>(*since_ms / 1000, 1));
  return query;
}

Result<LogShown> ShownOf(const LogsOptions& options, const CommandContext& context) {
  LogShown shown;
  shown.color = context.UseColor();
  shown.for_terminal = ::isatty(STDOUT_FILENO) == 1;
  shown.timestamps = options.timestamps;
  Result<LineFilter> filter = LineFilter::Make(options.matching, options.excluding);
  if (!filter.ok()) return filter.status();
  shown.filter = std::move(filter).value();
  return shown;
}

// The labels by which the pods are found that the command is asked about.
Result<std::string> FindSelector(const LogSubject& subject, const LogsOptions& options,
                                 ApiClient* client) {
  if (!options.selector.empty()) return options.selector;
  const Result<Value> owner =
      client->Get(PathOf(subject.kind, options.namespace_name, subject.name));
  if (!owner.ok()) return owner.status();
  return PodSelectorOf(*owner);
}

Result<LogSubject> SubjectOf(const LogsOptions& options) {
  if (options.subject.empty() == options.selector.empty()) {
    return InvalidError(options.subject.empty()
                            ? "name a pod, an owner of pods as deploy/NAME, or labels by -l"
                            : "a name and -l exclude each other");
  }
  if (!options.choice.container.empty() && options.choice.all_containers) {
    return InvalidError("-c and --all-containers exclude each other");
  }
  if (options.follow && options.previous) {
    return InvalidError("a container that has ended says nothing more: leave out -f or --previous");
  }
  return options.subject.empty() ? LogSubject{} : ParseLogSubject(options.subject);
}

int Logs(const LogsOptions& options, const CommandContext& context) {
  const Result<LogSubject> subject = SubjectOf(options);
  if (!subject.ok()) return Fail(subject.status());
  Result<ApiClient::Query> query = QueryOf(options);
  if (!query.ok()) return Fail(query.status());
  Result<LogShown> shown = ShownOf(options, context);
  if (!shown.ok()) return Fail(shown.status());
  LogReading reading;
  reading.socket_path = context.socket_path;
  reading.namespace_name = options.namespace_name;
  reading.choice = options.choice;
  reading.query = std::move(query).value();
  reading.shown = std::move(shown).value();
  reading.follow = options.follow;
  reading.max_followed = options.max_followed;
  if (options.prefix != "auto") reading.shown.prefix = options.prefix == "always";
  if (subject->kind == Kind::kPod && options.selector.empty()) {
    return ReadLogsOfPod(reading, subject->name);
  }
  ApiClient client(context.socket_path);
  Result<std::string> selector = FindSelector(*subject, options, &client);
  if (!selector.ok()) return Fail(selector.status());
  reading.selector = std::move(selector).value();
  return options.follow ? FollowLogsOfPods(reading) : ReadLogsOfPods(reading);
}

void AddChoices(CLI::App* command, LogsOptions* options) {
  command->add_option("-l,--selector", options->selector, "labels of pods, as app=web");
  command->add_option("-n,--namespace", options->namespace_name, "namespace (default: default)");
  command->add_option("-c,--container", options->choice.container,
                      "container, when there are several");
  command->add_flag("--all-containers", options->choice.all_containers,
                    "all of a pod, also those that prepare it");
  command->add_flag("-f,--follow", options->follow, "go on with what comes, also of new pods");
  command->add_flag("-p,--previous", options->previous, "the container before the last restart");
  command->add_option("--max-log-requests", options->max_followed, "logs that -f follows at once")
      ->check(CLI::Range(1, kMostFollowedLogs))
      ->capture_default_str();
}

}  // namespace

void AddLogsCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<LogsOptions>();
  CLI::App* command = app->add_subcommand(
      "logs", "Show what containers printed: of a pod, or of all that an owner or labels have");
  command->add_option("POD", options->subject,
                      "a pod, or as KIND/NAME what has pods: deploy/web, sts/db, svc/web");
  AddChoices(command, options.get());
  command->add_option("--since", options->since, "only what is younger, as 90s, 30m or 24h");
  command->add_option("--since-time", options->since_time, "only from 2026-01-02T03:04:05Z on");
  command->add_option("--tail", options->tail, "only the last lines of each container")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--limit-bytes", options->limit_bytes, "at most so many of each container")
      ->check(CLI::PositiveNumber);
  command->add_flag("--timestamps", options->timestamps, "a time before each line");
  command
      ->add_option("--grep", options->matching,
                   "only lines with this regular expression; of several, with all")
      ->allow_extra_args(false);
  command->add_option("--grep-not", options->excluding, "no lines with this regular expression")
      ->allow_extra_args(false);
  command
      ->add_option("--prefix", options->prefix,
                   "pod before each line: auto (of several), always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  SetExamples(command, {"reconcile logs my-node-x7k2p", "reconcile logs -f deploy/web --since 10m",
                        "reconcile logs -l app=web -n shop --grep 'HTTP [45]..' --timestamps",
                        "reconcile logs --previous --tail 50 web-5c9f7d-abcde -c web"});
  command->callback([options, context] { context->exit_code = Logs(*options, *context); });
}

}  // namespace reconcile
