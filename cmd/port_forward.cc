#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <mutex>
#include <thread>

#include "base/escape.h"
#include "cmd/api_client.h"
#include "cmd/commands.h"
#include "cmd/forward_target.h"
#include "cmd/pod_connection.h"

namespace reconcile {
namespace {

constexpr int kMaxConnections = 128;  // at once; more wait to be taken
constexpr int kBacklog = 64;
constexpr size_t kPortBytes = 2;  // what each channel begins with

struct ForwardOptions {
  std::string target;
  std::vector<std::string> ports;
  std::string namespace_name = "default";
  std::string address = "127.0.0.1";
};

struct Listener {
  UniqueFd fd;
  uint16_t local = 0;
  uint16_t remote = 0;
};

// Lines of several threads.
void Say(const std::string& line) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  std::cerr << EscapeForTerminal(line) << std::endl;
}

Result<Listener> Listen(const std::string& address, uint16_t local, uint16_t remote) {
  const std::string failed = "cannot listen on " + address + ":" + std::to_string(local) + ": ";
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.c_str(), std::to_string(local).c_str(), &hints, &found) != 0) {
    return InvalidError(failed + "not an address");
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  Listener listener{UniqueFd(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0)), local,
                    remote};
  const int yes = 1;
  ::setsockopt(listener.fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (::bind(listener.fd.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(listener.fd.get(), kBacklog) != 0) {
    return UnavailableError(failed + std::strerror(errno));
  }
  sockaddr_in6 bound{};  // as large as both kinds
  socklen_t size = sizeof(bound);
  ::getsockname(listener.fd.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  listener.local = ntohs(bound.sin6_port);  // where sin_port is too
  return listener;
}

class Forwarder {
 public:
  Forwarder(const CommandContext& context, const ForwardOptions& options)
      : context_(context),
        options_(options),
        namespace_path_("/namespaces/" + EncodePathSegment(options.namespace_name)) {}
  int Run();

 private:
  Result<Value> FindPod(const ForwardTarget& target, Value* service);
  Status Prepare();
  void Serve(const Listener& listener);
  Status Carry(UniqueFd client, uint16_t remote);

  const CommandContext& context_;
  const ForwardOptions& options_;
  const std::string namespace_path_;
  std::string pod_;
  std::vector<Listener> listeners_;
  std::atomic<int> open_ = 0;
};

// A pod that is ready, or else one that runs.
Result<Value> Forwarder::FindPod(const ForwardTarget& target, Value* service) {
  ApiClient client(context_.socket_path);
  const std::string root = target.group.empty() ? "/api/v1" : "/apis/" + target.group + "/v1";
  Result<Value> object = client.Get(root + namespace_path_ + "/" + target.plural + "/" +
                                    EncodePathSegment(target.name));
  if (!object.ok() || target.plural == "pods") return object;
  const Result<std::string> selector = PodSelectorOf(target, *object);
  if (!selector.ok()) return selector.status();
  const Result<Value> pods =
      client.Get("/api/v1" + namespace_path_ + "/pods",
                 {{"labelSelector", *selector}, {"fieldSelector", "status.phase=Running"}});
  if (!pods.ok()) return pods.status();
  const Value* best = nullptr;
  for (const Value& pod : pods->GetList("items")) {
    const Value* status = pod.Find("status");
    bool ready = false;
    for (const Value& condition : status->GetList("conditions")) {
      ready = ready ||
              (condition.GetString("type") == "Ready" && condition.GetString("status") == "True");
    }
    if (best == nullptr || ready) best = &pod;
    if (ready) break;
  }
  if (best == nullptr) {
    return NotFoundError("no pod of " + target.plural + " " + target.name + " is running");
  }
  if (target.plural == "services") *service = *object;
  return *best;
}

Status Forwarder::Prepare() {
  const Result<ForwardTarget> target = ParseForwardTarget(options_.target);
  if (!target.ok()) return target.status();
  Value service;
  const Result<Value> pod = FindPod(*target, &service);
  if (!pod.ok()) return pod.status();
  pod_ = pod->Find("metadata")->GetString("name");
  for (const std::string& word : options_.ports) {
    const Result<ForwardedPort> port = ParseForwardedPort(word);
    if (!port.ok()) return port.status();
    const Result<uint16_t> remote =
        PortIn(*pod, service.IsMap() ? &service : nullptr, port->remote);
    if (!remote.ok()) return remote.status();
    Result<Listener> listener = Listen(options_.address, port->local, *remote);
    if (!listener.ok()) return listener.status();
    listeners_.push_back(std::move(*listener));
  }
  return OkStatus();
}

Status Forwarder::Carry(UniqueFd client, uint16_t remote) {
  const std::string path =
      "/api/v1" + namespace_path_ + "/pods/" + EncodePathSegment(pod_) + "/portforward";
  Result<PodConnection> connection =
      PodConnection::Open(context_.socket_path, path, {{"ports", std::to_string(remote)}});
  if (!connection.ok()) return connection.status();
  Status refused;
  bool begun[2] = {false, false};
  PodConnection::Ends ends;
  ends.input = client.get();
  ends.on_message = [&](uint8_t channel, std::string_view bytes) {
    if (channel > 1) return true;
    if (!std::exchange(begun[channel], true)) return bytes.size() == kPortBytes;
    if (channel == 0) return WriteAll(client.get(), bytes);
    refused = UnavailableError(std::string(bytes));
    return true;
  };
  RETURN_IF_ERROR(connection->Run(ends));
  return refused;
}

void Forwarder::Serve(const Listener& listener) {
  UniqueFd client(::accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!client.ok()) return;
  ++open_;
  // Ends with its connection, or with the process, which nothing of it outlives.
  std::thread([this, fd = client.Release(), remote = listener.remote] {
    const Status status = Carry(UniqueFd(fd), remote);
    if (!status.ok()) Say("port " + std::to_string(remote) + ": " + status.message());
    --open_;
  }).detach();
}

int Forwarder::Run() {
  const Status ready = Prepare();
  if (!ready.ok()) return Fail(ready);
  for (const Listener& listener : listeners_) {
    Say("Forwarding from " + options_.address + ":" + std::to_string(listener.local) + " -> " +
        pod_ + ":" + std::to_string(listener.remote));
  }
  std::vector<pollfd> watched;
  for (const Listener& listener : listeners_) watched.push_back({listener.fd.get(), POLLIN, 0});
  constexpr int kLookAgainMs = 50;  // when all places are taken
  while (true) {
    const bool room = open_ < kMaxConnections;
    if (::poll(watched.data(), room ? watched.size() : 0, room ? -1 : kLookAgainMs) < 0) continue;
    for (size_t i = 0; room && i < watched.size(); ++i) {
      if (watched[i].revents != 0) Serve(listeners_[i]);
    }
  }
}

}  // namespace

void AddPortForwardCommand(CLI::App* app, CommandContext* context) {
  auto options = std::make_shared<ForwardOptions>();
  CLI::App* command = app->add_subcommand("port-forward", "Reach a pod's port from this host");
  command
      ->add_option("TARGET", options->target,
                   "a pod, or service/NAME, deployment/NAME: one of its pods")
      ->required();
  command->add_option("PORTS", options->ports, "LOCAL:REMOTE, or REMOTE for the same here")
      ->required();
  command->add_option("-n,--namespace", options->namespace_name, "namespace (default: default)");
  command->add_option("--address", options->address, "listen here (default: 127.0.0.1)");
  SetExamples(command, {"reconcile port-forward web-5c9f7d-abcde 8080:80",
                        "reconcile port-forward service/web 8080:http",
                        "reconcile port-forward deployment/web 8080:80 9090:metrics"});
  command->callback([options, context] {
    ::signal(SIGPIPE, SIG_IGN);
    context->exit_code = Forwarder(*context, *options).Run();
  });
}

}  // namespace reconcile
