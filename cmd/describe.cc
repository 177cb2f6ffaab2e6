#include "cmd/describe.h"

#include <algorithm>
#include <iostream>

#include "base/epoll_loop.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/get_request.h"
#include "cmd/log_targets.h"
#include "cmd/value_at.h"

namespace reconcile {
namespace {

struct DescribeOptions {
  std::string kinds;
  std::string name;
  std::string namespace_name = "default";
  std::string selector;
};

// Of what is beside the object: less is said where it cannot be asked.
Value::List ItemsOf(ApiClient* client, const std::string& path, const ApiClient::Query& query) {
  const Result<Value> list = client->Get(path, query);
  return list.ok() ? list->GetList("items") : Value::List();
}

bool IsOwnedBy(const Value& object, const std::string& uid) {
  const Value::List& owners = ListAt(object, "metadata.ownerReferences");
  return std::any_of(owners.begin(), owners.end(),
                     [&](const Value& owner) { return owner.GetString("uid") == uid; });
}

bool UsesClaim(const Value& pod, const std::string& claim) {
  const Value::List& volumes = ListAt(pod, "spec.volumes");
  return std::any_of(volumes.begin(), volumes.end(), [&](const Value& volume) {
    return TextAt(volume, "persistentVolumeClaim.claimName") == claim;
  });
}

void AddRelated(Kind kind, const std::string& namespace_name, ApiClient* client,
                DescribedObject* described) {
  const Value& object = described->object;
  const std::string name = TextAt(object, "metadata.name");
  const std::string pods = PathOf(Kind::kPod, namespace_name, "");
  if (kind == Kind::kNode) {
    described->pods =
        ItemsOf(client, PathOf(Kind::kPod, "", ""), {{"fieldSelector", "spec.nodeName=" + name}});
    return;
  }
  if (kind == Kind::kPersistentVolumeClaim) {
    for (Value& pod : ItemsOf(client, pods, {})) {
      if (UsesClaim(pod, name)) described->pods.push_back(std::move(pod));
    }
    return;
  }
  const Result<std::string> selector = PodSelectorOf(object);
  if (!selector.ok() || kind == Kind::kPod) return;
  described->pods = ItemsOf(client, pods, {{"labelSelector", *selector}});
  if (kind == Kind::kService) {
    described->children = ItemsOf(client, PathOf(Kind::kEndpointSlice, namespace_name, ""),
                                  {{"labelSelector", "kubernetes.io/service-name=" + name}});
  }
  const std::string uid = TextAt(object, "metadata.uid");
  if (kind != Kind::kDeployment) {
    if (kind != Kind::kService) {
      std::erase_if(described->pods, [&](const Value& pod) { return !IsOwnedBy(pod, uid); });
    }
    return;
  }
  for (Value& set : ItemsOf(client, PathOf(Kind::kReplicaSet, namespace_name, ""),
                            {{"labelSelector", *selector}})) {
    if (IsOwnedBy(set, uid)) described->children.push_back(std::move(set));
  }
}

void Describe(Kind kind, const Value& object, ApiClient* client, bool is_first) {
  DescribedObject described;
  described.object = object;
  const std::string namespace_name = TextAt(object, "metadata.namespace");
  AddRelated(kind, namespace_name, client, &described);
  described.events =
      ItemsOf(client, PathOf(Kind::kEvent, namespace_name, ""),
              {{"fieldSelector", "involvedObject.kind=" + std::string(InfoOf(kind).name) +
                                     ",involvedObject.name=" + TextAt(object, "metadata.name")}});
  // Of an earlier object of the name nothing is said.
  const std::string uid = TextAt(object, "metadata.uid");
  std::erase_if(described.events, [&](const Value& event) {
    const std::string of = TextAt(event, "involvedObject.uid");
    return !of.empty() && !uid.empty() && of != uid;
  });
  std::cout << (is_first ? "" : "\n\n") << DescribeText(described, ReadSystemClock().wall);
}

int DescribeAll(const DescribeOptions& options, const CommandContext& context) {
  const Result<std::vector<GetTarget>> targets = ParseGetTargets(options.kinds, options.name);
  if (!targets.ok()) return Fail(targets.status());
  ApiClient client(context.socket_path);
  bool is_first = true;
  for (const GetTarget& target : *targets) {
    if (!target.name.empty() && !options.selector.empty()) {
      return Fail(InvalidError("a name and -l exclude each other"));
    }
    ApiClient::Query query;
    if (!options.selector.empty()) query["labelSelector"] = options.selector;
    const Result<Value> answer =
        client.Get(PathOf(target.kind, options.namespace_name, target.name), query);
    if (!answer.ok()) return Fail(answer.status());
    if (!target.name.empty()) Describe(target.kind, *answer, &client, is_first);
    if (!target.name.empty()) is_first = false;
    for (const Value& item : answer->GetList("items")) {
      Describe(target.kind, item, &client, is_first);
      is_first = false;
    }
  }
  if (is_first) std::cerr << "No resources found in " << options.namespace_name << " namespace.\n";
  return kExitOk;
}

}  // namespace

void AddDescribeCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<DescribeOptions>();
  CLI::App* command = app->add_subcommand(
      "describe", "Show an object in words: its state, why it is not ready, what happened to it");
  command->add_option("KIND", options->kinds, "pod, deployment, node ...; or KIND/NAME")
      ->required();
  command->add_option("NAME", options->name, "one object (default: all of the kind)");
  command->add_option("-n,--namespace", options->namespace_name, "namespace (default: default)");
  command->add_option("-l,--selector", options->selector, "only with these labels, as app=web");
  SetExamples(command,
              {"reconcile describe pod web-5c9f7d-abcde", "reconcile describe deploy/web",
               "reconcile describe pods -l app=web -n shop", "reconcile describe node host-1"});
  command->callback([options, context] { context->exit_code = DescribeAll(*options, *context); });
}

}  // namespace reconcile
