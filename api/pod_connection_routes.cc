#include "api/pod_connection_routes.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "api/exec_session.h"
#include "api/port_forward_session.h"
#include "api/refusal.h"
#include "api/spdy_port_forward.h"
#include "base/log.h"
#include "base/utf8.h"
#include "schema/pod.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr size_t kMaxLoggedBytes = 512;

using PodRef = std::shared_ptr<const Pod>;

bool IsTrue(const ApiRequest& request, const char* name) {
  const std::string value = request.Query(name);
  return value == "true" || value == "1";
}

const ContainerStatus* StatusOf(const Pod& pod, const std::string& container) {
  for (const auto* statuses :
       {&pod.status.container_statuses, &pod.status.init_container_statuses}) {
    for (const ContainerStatus& status : *statuses) {
      if (status.name == container) return &status;
    }
  }
  return nullptr;
}

std::string NamesOf(const std::vector<Container>& containers) {
  std::string names;
  for (const Container& container : containers) {
    names += (names.empty() ? "" : " ") + container.name;
  }
  return "[" + names + "]";
}

// Fills in the only container. The words are the apiserver's.
std::optional<Refusal> ChooseContainer(const Pod& pod, std::string* container) {
  const std::string& name = pod.metadata.name;
  if (container->empty() && pod.spec.containers.size() == 1) {
    *container = pod.spec.containers[0].name;
  }
  if (container->empty()) {
    return BadRequest("a container name must be specified for pod " + name +
                      ", choose one of: " + NamesOf(pod.spec.containers));
  }
  const auto has = [&](const std::vector<Container>& containers) {
    return std::any_of(containers.begin(), containers.end(),
                       [&](const Container& each) { return each.name == *container; });
  };
  if (has(pod.spec.containers) || has(pod.spec.init_containers)) return std::nullopt;
  return BadRequest("container " + *container + " is not valid for pod " + name);
}

std::string WhyNotRunning(const ContainerStatus* status) {
  if (status == nullptr) return "it has not begun";
  if (status->state.running) return "";
  if (status->state.terminated) {
    return "it has ended with exit code " + std::to_string(status->state.terminated->exit_code);
  }
  return status->state.waiting ? "it waits: " + status->state.waiting->reason : "it has not begun";
}

// Whether the pod, and in it `container` unless that is empty, can be connected to.
std::optional<Refusal> WhyUnreachable(const Controller& controller, const Pod& pod,
                                      const std::string& container) {
  const std::string& name = pod.metadata.name;
  const std::string& node = pod.spec.node_name;
  if (node.empty()) return BadRequest("pod " + name + " does not have a host assigned");
  if (IsTerminal(pod)) {
    return BadRequest("pod " + name + " has ended; current phase is " +
                      std::string(ToString(pod.status.phase)));
  }
  if (container.empty() && pod.status.phase != PodPhase::kRunning) {
    return BadRequest("pod " + name + " is not running; current phase is " +
                      std::string(ToString(pod.status.phase)));
  }
  const std::string why = container.empty() ? "" : WhyNotRunning(StatusOf(pod, container));
  if (!why.empty()) {
    return BadRequest("container \"" + container + "\" in pod \"" + name +
                      "\" is not running: " + why);
  }
  const auto networks = controller.Networks();
  const bool connected = std::any_of(networks.begin(), networks.end(), [&](const auto& host) {
    return host.node == node && host.connected;
  });
  if (connected) return std::nullopt;
  return Refusal{503, "ServiceUnavailable",
                 "the agent of node " + node + " is not connected, so pod " + name +
                     " cannot be reached: see `reconcile status`"};
}

const Container* FindContainer(const Pod& pod, const std::string& name) {
  for (const auto* containers : {&pod.spec.containers, &pod.spec.init_containers}) {
    for (const Container& container : *containers) {
      if (container.name == name) return &container;
    }
  }
  return nullptr;
}

// What runs already has the input and the terminal that it was made with.
std::optional<Refusal> WhyNotAttached(const Pod& pod, const PodStreamRequest& stream) {
  const Container* container = FindContainer(pod, stream.container);
  const auto lacks = [&](const char* field) {
    const Value* value = container == nullptr ? nullptr : container->others.Find(field);
    return value == nullptr || value->type() != Value::Type::kBool || !value->AsBool();
  };
  const std::string who =
      "container \"" + stream.container + "\" of pod \"" + pod.metadata.name + "\"";
  if (stream.in && lacks("stdin")) {
    return BadRequest(who +
                      " reads no standard input: its manifest does not say `stdin: true`; attach "
                      "without -i, or run a command of its own by exec -i");
  }
  if (!stream.tty || !lacks("tty")) return std::nullopt;
  return BadRequest(who +
                    " has no terminal: its manifest does not say `tty: true`; attach without -t");
}

// What exec and attach ask for; words as the apiserver's.
std::optional<Refusal> ReadCommand(const ApiRequest& request, bool is_exec,
                                   PodStreamRequest* stream) {
  stream->kind = is_exec ? PodStreamRequest::Kind::kExec : PodStreamRequest::Kind::kAttach;
  stream->in = IsTrue(request, "stdin");
  stream->out = IsTrue(request, "stdout");
  stream->tty = IsTrue(request, "tty");
  stream->err = IsTrue(request, "stderr") && !stream->tty;
  if (!stream->in && !stream->out && !stream->err) {
    return BadRequest("you must specify at least 1 of stdin, stdout, stderr");
  }
  if (!is_exec) return std::nullopt;
  stream->command = request.QueryAll("command");
  if (stream->command.empty() || stream->command[0].empty()) {
    return BadRequest("you must specify at least one command for the container");
  }
  const auto is_broken = [](const std::string& word) {
    return word.find('\0') != std::string::npos || FindInvalidUtf8(word) != std::string::npos;
  };
  if (std::any_of(stream->command.begin(), stream->command.end(), is_broken)) {
    return BadRequest("a word of the command is no text: it holds a NUL or is not UTF-8");
  }
  return std::nullopt;
}

// Each value of `ports` may be several with commas between them.
std::optional<Refusal> ReadPorts(const ApiRequest& request, std::vector<uint16_t>* ports) {
  for (const std::string& value : request.QueryAll("ports")) {
    for (size_t at = 0; at <= value.size();) {
      const size_t end = std::min(value.find(',', at), value.size());
      const auto port = ParsePort(std::string_view(value).substr(at, end - at));
      if (!port) return BadRequest("ports: '" + value + "' is not a list of ports");
      ports->push_back(*port);
      at = end + 1;
    }
  }
  if (ports->empty()) return BadRequest("the query parameter \"ports\" is required");
  if (ports->size() <= kMaxForwardedPorts) return std::nullopt;
  return BadRequest("at most " + std::to_string(kMaxForwardedPorts) +
                    " ports can be forwarded by one connection");
}

// The client is one that could not speak to a WebSocket, or did not try.
Refusal NeedsWebSocket(bool is_port_forward) {
  return BadRequest(
      std::string("SPDY is not spoken here, only WebSockets: use kubectl 1.31 or newer") +
      (is_port_forward ? ", 1.30 with KUBECTL_PORT_FORWARD_WEBSOCKETS=true, or "
                         "`reconcile port-forward`"
                       : ", 1.29 or 1.30 with KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true, or "
                         "`reconcile exec`") +
      " on the controller's host");
}

Result<std::string> ProtocolFor(const ApiRequest& request,
                                const std::vector<std::string_view>& spoken) {
  if (const auto chosen = ChooseSubprotocol(request.subprotocols, spoken)) return *chosen;
  std::string names;
  for (const std::string_view name : spoken) {
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return InvalidError("the WebSocket offers no subprotocol that is spoken here: " + names);
}

std::string Loggable(std::string text) {
  return std::string(CutUtf8(ToValidUtf8(text), kMaxLoggedBytes));
}

void LogConnection(const ResourcePath& resource, const ApiRequest& request,
                   const std::string& container) {
  LogFields fields = {{"event", resource.subresource},
                      {"user", request.user ? request.user->name : "owner of the local socket"},
                      {"address", request.remote_address},
                      {"pod", resource.namespace_name + "/" + resource.name}};
  if (!container.empty()) fields.emplace_back("container", container);
  std::string words;
  const char* const field = resource.subresource == "portforward" ? "ports" : "command";
  for (const std::string& word : request.QueryAll(field)) {
    words += (words.empty() ? "" : " ") + word;
  }
  if (!words.empty()) fields.emplace_back(field, Loggable(words));
  LogInfo("audit", fields);
}

// Into this very pod, whatever is later called so.
PodStreamOpener OpenerFor(Controller* controller, const Pod& pod) {
  return [controller, uid = pod.metadata.uid, name = pod.metadata.name,
          space = pod.metadata.namespace_name](
             const PodStreamRequest& request,
             PodStreamSink sink) -> Result<std::shared_ptr<PodStream>> {
    const auto now = controller->State()->Find<Pod>(space, name);
    if (now == nullptr || now->metadata.uid != uid) {
      return NotFoundError("pod " + space + "/" + name + " is gone");
    }
    return controller->OpenPodStream(space, name, request, std::move(sink));
  };
}

ApiResponse Upgraded(std::string protocol,
                     std::function<std::shared_ptr<SocketSession>(SessionPeer*)> start) {
  ApiResponse response;
  response.code = 101;
  response.socket = {std::move(protocol), std::move(start)};
  return response;
}

ApiResponse ServePortForward(Controller* controller, const Pod& pod, const ResourcePath& resource,
                             const ApiRequest& request) {
  const auto protocol =
      ProtocolFor(request, {kSpdyPortForwardProtocol, kChannelProtocolV5, kChannelProtocolV4});
  if (!protocol.ok()) return RefusalResponse(BadRequest(protocol.status().message()));
  const PodStreamOpener open = OpenerFor(controller, pod);
  std::vector<uint16_t> ports;
  if (*protocol != kSpdyPortForwardProtocol) {
    if (const auto refusal = ReadPorts(request, &ports)) return RefusalResponse(*refusal);
  }
  LogConnection(resource, request, "");
  return Upgraded(*protocol, [open, ports, protocol = *protocol](SessionPeer* peer) {
    return protocol == kSpdyPortForwardProtocol
               ? MakeSpdyPortForward(open, peer)
               : MakePortForwardSession(ports, protocol, open, peer);
  });
}

ApiResponse ServeCommand(Controller* controller, const Pod& pod, const ResourcePath& resource,
                         const ApiRequest& request, const PodStreamRequest& stream) {
  const auto protocol = ProtocolFor(request, {kChannelProtocolV5, kChannelProtocolV4});
  if (!protocol.ok()) return RefusalResponse(BadRequest(protocol.status().message()));
  LogConnection(resource, request, stream.container);
  return Upgraded(*protocol,
                  [stream, protocol = *protocol, open = OpenerFor(controller, pod)](
                      SessionPeer* peer) { return MakeExecSession(stream, protocol, open, peer); });
}

}  // namespace

bool IsPodConnection(std::string_view subresource) {
  return subresource == "exec" || subresource == "attach" || subresource == "portforward";
}

ApiResponse HandlePodConnection(Controller* controller, const ResourcePath& resource,
                                const ApiRequest& request) {
  if (request.method != "GET" && request.method != "POST") {
    return RefusalResponse(MethodNotAllowed());
  }
  const bool is_port_forward = resource.subresource == "portforward";
  const PodRef pod = controller->State()->Find<Pod>(resource.namespace_name, resource.name);
  if (pod == nullptr) {
    return RefusalResponse(
        {404, "NotFound", "pods \"" + resource.name + "\" not found", resource.name, "", "pods"});
  }
  PodStreamRequest stream;
  if (!is_port_forward) {
    stream.container = request.Query("container");
    if (const auto refusal = ChooseContainer(*pod, &stream.container)) {
      return RefusalResponse(*refusal);
    }
    const bool is_exec = resource.subresource == "exec";
    if (const auto refusal = ReadCommand(request, is_exec, &stream)) {
      return RefusalResponse(*refusal);
    }
  }
  if (const auto refusal = WhyUnreachable(*controller, *pod, stream.container)) {
    return RefusalResponse(*refusal);
  }
  if (stream.kind == PodStreamRequest::Kind::kAttach) {
    if (const auto refusal = WhyNotAttached(*pod, stream)) return RefusalResponse(*refusal);
  }
  if (request.upgrade.starts_with("spdy/")) return RefusalResponse(NeedsWebSocket(is_port_forward));
  if (request.upgrade != "websocket")
    return RefusalResponse(BadRequest("Upgrade request required"));
  return is_port_forward ? ServePortForward(controller, *pod, resource, request)
                         : ServeCommand(controller, *pod, resource, request, stream);
}

}  // namespace reconcile
