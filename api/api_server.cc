#include "api/api_server.h"

#include "api/beast_api.h"

namespace reconcile {
namespace {

constexpr int64_t kWatchMs = 1'000;  // how soon a change of the CA is noticed

}  // namespace

struct ApiServer::State {
  State(const ApiServerOptions& options, EventLoop* loop, Enrollment* enrollment,
        UserRegistry* users)
      : io(std::make_unique<IoThread>()),
        gate(options, io.get(), enrollment, users),
        bridge(std::make_shared<IoBridge>(io.get())),
        sockets(std::make_unique<ApiSockets>(loop, io.get(), bridge, options.sockets)),
        parts(std::make_shared<ApiServerParts>()) {
    parts->options = options;
    parts->loop = loop;
    parts->gate = &gate;
    parts->sockets = sockets.get();
    parts->io = io.get();
    parts->bridge = bridge;
    parts->health = std::make_shared<LastHealth>();
  }
  ~State() {
    bridge->Close();
    io->Stop();
    sockets.reset();
    io.reset();  // connections end with it, before what they stand on
  }
  void Watch() {
    io->After(kWatchMs, [this] { Watch(); });
    gate.CheckTls();
  }

  std::unique_ptr<IoThread> io;
  ApiGate gate;
  const std::shared_ptr<IoBridge> bridge;
  std::unique_ptr<ApiSockets> sockets;
  std::shared_ptr<ApiServerParts> parts;
  uint16_t port = 0;
};

Result<std::unique_ptr<ApiServer>> ApiServer::Start(const ApiServerOptions& options,
                                                    EventLoop* loop, Enrollment* enrollment,
                                                    UserRegistry* users, Handler handler) {
  auto state = std::make_shared<State>(options, loop, enrollment, users);
  state->parts->handler = std::make_shared<const Handler>(std::move(handler));
  RETURN_IF_ERROR(state->gate.MakeTls());
  const Result<uint16_t> port = ListenApi(state->parts);
  if (!port.ok()) return port.status();
  state->port = *port;
  state->io->Post([raw = state.get()] { raw->Watch(); });
  state->io->Start();
  return std::unique_ptr<ApiServer>(new ApiServer(std::move(state)));
}

ApiServer::ApiServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

ApiServer::~ApiServer() = default;

uint16_t ApiServer::port() const { return state_->port; }

}  // namespace reconcile
