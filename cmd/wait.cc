#include <unistd.h>

#include <iostream>

#include "base/epoll_loop.h"
#include "base/escape.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/duration.h"
#include "cmd/get_request.h"
#include "cmd/value_at.h"
#include "cmd/wait_for.h"

namespace reconcile {
namespace {

constexpr useconds_t kLookAgainAtMicroseconds = 300'000;

struct WaitOptions {
  std::vector<std::string> words;
  std::string goal;
  std::string selector;
  std::string namespace_name = "default";
  std::string timeout = "30s";
};

struct WaitedObject {
  Kind kind;
  std::string name;
  std::string Text() const {
    return std::string(InfoOf(kind).singular) + "/" + EscapeForTerminal(name);
  }
};

// Waits for one object, by lists and watches, over restarts of the controller.
class Waiter {
 public:
  Waiter(const WaitedObject& object, const WaitGoal& goal, const WaitOptions& options,
         const CommandContext& context, MonoTime deadline)
      : object_(object),
        goal_(goal),
        path_(PathOf(object.kind, options.namespace_name, "")),
        client_(context.socket_path),
        deadline_(deadline) {}

  int Run() {
    bool answered = false;
    while (true) {
      Result<std::string> version = Look();
      answered = answered || version.ok();
      const bool is_outage = version.status().code() == StatusCode::kUnavailable && answered;
      if (!version.ok() && !is_outage) return Fail(version.status());
      if (version.ok() && !Ended() && LeftMs() > 0) {
        const Status watched = Watch(*version);
        if (!watched.ok() && watched.code() != StatusCode::kUnavailable) return Fail(watched);
      }
      if (state_.met) {
        std::cout << object_.Text() << DoneText() << std::endl;
        return kExitOk;
      }
      if (state_.hopeless) return Fail(InternalError(object_.Text() + ": " + state_.why));
      if (LeftMs() <= 0) return TimedOut();
      ::usleep(kLookAgainAtMicroseconds);
    }
  }

 private:
  bool Ended() const { return state_.met || state_.hopeless; }
  int64_t LeftMs() const { return deadline_ - ReadSystemClock().mono; }
  ApiClient::Query Query() const { return {{"fieldSelector", "metadata.name=" + object_.name}}; }

  // The resource version that the state is of.
  Result<std::string> Look() {
    const Result<Value> list = client_.Get(path_, Query());
    if (!list.ok()) return list.status();
    const Value::List& items = list->GetList("items");
    const bool may_come = goal_.what == WaitGoal::What::kDelete ||
                          goal_.what == WaitGoal::What::kCreate || was_there_;
    if (items.empty() && !may_come) {
      return NotFoundError(std::string(InfoOf(object_.kind).plural) + " \"" + object_.name +
                           "\" not found; `--for create` waits until there is one");
    }
    Take(items.empty() ? nullptr : &items.front());
    return TextAt(*list, "metadata.resourceVersion");
  }

  Status Watch(const std::string& version) {
    ApiClient::Query query = Query();
    query["resourceVersion"] = version;
    query["timeoutSeconds"] = std::to_string((LeftMs() + 999) / 1000);
    return client_.Watch(path_, query, false, [&](const Value& event) {
      const bool gone = event.GetString("type") == "DELETED";
      Take(gone ? nullptr : event.Find("object"));
      return !Ended();
    });
  }

  void Take(const Value* object) {
    was_there_ = was_there_ || object != nullptr;
    WaitState state = StateOf(goal_, object);
    if (!state.met && !state.hopeless && state.why != state_.why) {
      std::cerr << object_.Text() << ": " << EscapeForTerminal(state.why) << std::endl;
    }
    state_ = std::move(state);
  }

  const char* DoneText() const {
    switch (goal_.what) {
      case WaitGoal::What::kDelete:
        return " deleted";
      case WaitGoal::What::kCreate:
        return " created";
      case WaitGoal::What::kRollout:
        return " rolled out";
      case WaitGoal::What::kCondition:
      case WaitGoal::What::kJsonPath:
        break;
    }
    return " condition met";
  }

  int TimedOut() const {
    std::cerr << "reconcile: " << object_.Text() << ": timed out: "
              << EscapeForTerminal(state_.why.empty() ? "the controller does not answer"
                                                      : state_.why)
              << "\n";
    return kExitChanges;
  }

  const WaitedObject object_;
  const WaitGoal& goal_;
  const std::string path_;
  ApiClient client_;
  const MonoTime deadline_;
  WaitState state_;
  bool was_there_ = false;
};

// By name, or all of a kind that labels select.
Result<std::vector<WaitedObject>> FindObjects(const WaitOptions& options, ApiClient* client) {
  std::vector<WaitedObject> objects;
  const bool is_pair = options.words.size() == 2 && options.selector.empty() &&
                       options.words[0].find('/') == std::string::npos;
  for (size_t i = 0; i < options.words.size(); i += is_pair ? 2 : 1) {
    const Result<std::vector<GetTarget>> targets =
        ParseGetTargets(options.words[i], is_pair ? options.words[1] : "");
    if (!targets.ok()) return targets.status();
    for (const GetTarget& target : *targets) {
      if (target.name.empty() == options.selector.empty()) {
        return InvalidError(options.words[i] + (target.name.empty()
                                                    ? ": name one as KIND/NAME, or choose by -l"
                                                    : ": a name and -l exclude each other"));
      }
      if (!target.name.empty()) objects.push_back({target.kind, target.name});
      if (!target.name.empty()) continue;
      const Result<Value> list = client->Get(PathOf(target.kind, options.namespace_name, ""),
                                             {{"labelSelector", options.selector}});
      if (!list.ok()) return list.status();
      for (const Value& item : list->GetList("items")) {
        objects.push_back({target.kind, TextAt(item, "metadata.name")});
      }
    }
  }
  if (objects.empty()) {
    return NotFoundError("nothing in namespace " + options.namespace_name + " has the labels " +
                         options.selector);
  }
  return objects;
}

int Wait(const WaitOptions& options, const CommandContext& context) {
  const Result<WaitGoal> goal = ParseWaitGoal(options.goal);
  if (!goal.ok()) return Fail(goal.status());
  const Result<int64_t> timeout_ms = ParseDuration(options.timeout);
  if (!timeout_ms.ok()) return Fail(timeout_ms.status().WithContext("--timeout"));
  const MonoTime deadline = ReadSystemClock().mono + *timeout_ms;
  ApiClient client(context.socket_path);
  const Result<std::vector<WaitedObject>> objects = FindObjects(options, &client);
  if (!objects.ok()) {
    const bool none_left =
        objects.status().code() == StatusCode::kNotFound && goal->what == WaitGoal::What::kDelete;
    return none_left ? kExitOk : Fail(objects.status());
  }
  int code = kExitOk;
  for (const WaitedObject& object : *objects) {
    const int next = Waiter(object, *goal, options, context, deadline).Run();
    if (code == kExitOk) code = next;
  }
  return code;
}

}  // namespace

void AddWaitCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<WaitOptions>();
  CLI::App* command =
      app->add_subcommand("wait", "Wait until objects have a condition, are rolled out or deleted");
  command->add_option("OBJECT", options->words, "KIND/NAME, several too; or KIND with -l")
      ->required();
  command
      ->add_option("--for", options->goal,
                   "condition=TYPE[=VALUE], rollout, delete, create or jsonpath={PATH}[=VALUE]")
      ->required();
  command->add_option("-l,--selector", options->selector,
                      "labels of what is waited for, as app=web");
  command->add_option("-n,--namespace", options->namespace_name, "namespace (default: default)");
  command->add_option("--timeout", options->timeout, "how long, as 90s or 5m (default: 30s)");
  SetExamples(command, {"reconcile wait deploy/web --for rollout --timeout 5m",
                        "reconcile wait pods -l app=web -n shop --for condition=Ready",
                        "reconcile wait pod/job-x7k2p --for 'jsonpath={.status.phase}=Succeeded'",
                        "reconcile wait pod/web-5c9f7d-abcde --for delete"});
  command->callback([options, context] { context->exit_code = Wait(*options, *context); });
}

}  // namespace reconcile
