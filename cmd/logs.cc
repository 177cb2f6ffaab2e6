#include <iostream>

#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/get_request.h"

namespace reconcile {
namespace {

struct LogsOptions {
  std::string pod;
  std::string namespace_name = "default";
  std::string container;
  bool follow = false;
  bool previous = false;
  bool timestamps = false;
  int tail = -1;
};

int Logs(const LogsOptions& options, const CommandContext& context) {
  const Result<std::string> pod = ParsePodName(options.pod);
  if (!pod.ok()) return Fail(pod.status());
  ApiClient::Query query;
  if (!options.container.empty()) query["container"] = options.container;
  if (options.follow) query["follow"] = "true";
  if (options.previous) query["previous"] = "true";
  if (options.timestamps) query["timestamps"] = "true";
  if (options.tail >= 0) query["tailLines"] = std::to_string(options.tail);
  const std::string path = "/api/v1/namespaces/" + EncodePathSegment(options.namespace_name) +
                           "/pods/" + EncodePathSegment(*pod) + "/log";
  const Status status =
      ApiClient(context.socket_path).Stream(path, query, [](std::string_view bytes) {
        std::cout.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        std::cout.flush();
        return std::cout.good();
      });
  return status.ok() ? kExitOk : Fail(status);
}

}  // namespace

void AddLogsCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<LogsOptions>();
  CLI::App* command = app->add_subcommand("logs", "Show what a container of a pod printed");
  command->add_option("POD", options->pod, "name of the pod, or pod/NAME")->required();
  command->add_option("-n,--namespace", options->namespace_name, "namespace (default: default)");
  command->add_option("-c,--container", options->container, "container, when there are several");
  command->add_flag("-f,--follow", options->follow, "go on with what comes");
  command->add_flag("-p,--previous", options->previous, "the container before the last restart");
  command->add_flag("--timestamps", options->timestamps, "a time before each line");
  command->add_option("--tail", options->tail, "only the last lines");
  SetExamples(command, {"reconcile logs my-node-x7k2p", "reconcile logs -f web-5c9f7d-abcde -c web",
                        "reconcile logs --previous --tail 50 web-5c9f7d-abcde"});
  command->callback([options, context] { context->exit_code = Logs(*options, *context); });
}

}  // namespace reconcile
