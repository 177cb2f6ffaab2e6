#include "api/local_server.h"

#include <httplib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "api/api_sockets.h"
#include "api/log_frames.h"
#include "api/refusal.h"
#include "api/request_target.h"
#include "api/routes.h"
#include "api/socket_frames.h"
#include "api/unix_socket.h"
#include "api/unix_stream.h"
#include "base/unique_fd.h"
#include "link/http_checks.h"

namespace reconcile {
namespace {

constexpr size_t kMaxBodyBytes = 112 << 20;  // a source's 64 MiB of manifests in base64
constexpr auto kAnswerTimeout = std::chrono::seconds(60);
// How long a log may take to say its first word before the answer begins without it.
constexpr auto kFirstWordTimeout = std::chrono::seconds(2);
constexpr auto kLook = std::chrono::milliseconds(100);  // how soon a stop is noticed
constexpr size_t kThreads = 40;
// Connections that may wait to be taken. A Unix socket refuses the next one at once, and httplib's
// own five are soon reached by commands that start together.
constexpr int kBacklog = 128;

// Carries a log stream from the loop to the server thread that writes it out: at most a window.
struct StreamPipe {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> chunks;
  bool ended = false;
  Status error;         // why it ended
  StreamHandle handle;  // loop thread only
};

// Hands one answer from the loop to a waiting server thread.
struct PendingAnswer {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<ApiResponse> response;
};

// cpp-httplib, with connections that wait for slow readers, or become sessions.
class HttpServer final : public httplib::Server {
 public:
  std::atomic<bool> stopping = false;
  struct Session {
    SocketUpgrade upgrade;
    std::shared_ptr<void> place;
  };
  // Takes a connection over once its request is answered.
  std::function<void(int fd, Session)> on_session;

  // Of a handler, about the request that it answers.
  static void Become(Session session) { session_ = std::move(session); }

 private:
  bool process_and_close_socket(socket_t socket) override {
    UnixStream stream(socket, &stopping);
    bool closed = false;
    session_.reset();
    // Nothing is compressed: cpp-httplib would hold a stream's words back until there are many.
    const bool answered = process_request(stream, true, closed, [](httplib::Request& request) {
      request.headers.erase("Accept-Encoding");
    });
    auto session = std::exchange(session_, std::nullopt);
    if (answered && session) on_session(stream.Release(), std::move(*session));
    return answered;
  }

  // A thread has one connection at a time.
  static thread_local std::optional<Session> session_;
};
thread_local std::optional<HttpServer::Session> HttpServer::session_;

ApiRequest FromHttp(const httplib::Request& request) {
  ApiRequest api;
  api.method = request.method;
  api.path = request.path;
  for (const auto& [name, value] : request.params) api.AddQuery(name, value);
  api.accept = request.get_header_value("Accept");
  api.last_event_id = request.get_header_value("Last-Event-ID");
  api.body = request.body;
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : request.headers) headers[LowerCase(name)] = value;
  const bool session = headers["upgrade"] == kSocketFramesUpgrade;
  if (session) headers["upgrade"] = "websocket";
  ReadUpgrade(headers, session, &api);
  return api;
}

bool Answers(httplib::Client* client) {
  client->set_address_family(AF_UNIX);
  client->set_connection_timeout(1, 0);
  client->set_read_timeout(2, 0);
  return static_cast<bool>(client->Get("/healthz"));
}

// Holds the pipe weakly: its handle holds the writer, which holds this.
LogSink SinkInto(const std::weak_ptr<StreamPipe>& weak) {
  return {.on_data =
              [weak](std::string_view bytes) {
                const std::shared_ptr<StreamPipe> pipe = weak.lock();
                if (!pipe) return;
                const std::lock_guard lock(pipe->mutex);
                pipe->chunks.emplace_back(bytes);
                pipe->changed.notify_all();
              },
          .on_end =
              [weak](const Status& status) {
                const std::shared_ptr<StreamPipe> pipe = weak.lock();
                if (!pipe) return;
                const std::lock_guard lock(pipe->mutex);
                pipe->error = status;
                pipe->ended = true;
                pipe->changed.notify_all();
              }};
}

void SetResponse(const ApiResponse& answer, httplib::Response* response) {
  response->status = answer.code;
  for (const auto& [name, value] : answer.headers) response->set_header(name, value);
  response->set_header("Cache-Control", answer.cache_control);
  response->set_content(answer.body, answer.content_type.c_str());
}

// OK when there is nothing at `path`, or only a socket.
Status CheckReplaceable(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? OkStatus() : ErrnoError("look at", path);
  }
  if (S_ISSOCK(info.st_mode)) return OkStatus();
  return InvalidError(path + " is there and is no socket; choose another path for the socket");
}

}  // namespace

struct LocalServer::State {
  HttpServer server;
  socket_t listener = INVALID_SOCKET;  // the server's own
  std::thread thread;
  std::string socket_path;
  EventLoop* loop = nullptr;
  std::shared_ptr<const Handler> handler;
  std::atomic<int> open_streams = 0;
  std::unique_ptr<IoThread> io = std::make_unique<IoThread>();  // of the sessions
  const std::shared_ptr<IoBridge> bridge = std::make_shared<IoBridge>(io.get());
  std::unique_ptr<ApiSockets> sockets;
  const std::shared_ptr<std::atomic<size_t>> open_sessions =
      std::make_shared<std::atomic<size_t>>(0);

  // Waits for `done`, under `lock`; false when that takes too long or the server stops.
  template <typename Done>
  bool WaitFor(std::condition_variable* changed, std::unique_lock<std::mutex>* lock,
               std::chrono::milliseconds timeout, Done done) {
    for (auto waited = timeout * 0; !done(); waited += kLook) {
      if (server.stopping || waited >= timeout) return false;
      changed->wait_for(*lock, kLook, done);
    }
    return true;
  }
  void Serve(const httplib::Request& request, httplib::Response& response);
  void ServeStream(const ApiResponse& answer, bool framed, httplib::Response& response);
  void ServeSession(SocketUpgrade upgrade, httplib::Response& response);
  void BeginSession(int fd, HttpServer::Session session);
  bool Pump(const std::shared_ptr<StreamPipe>& pipe, bool framed, httplib::DataSink& sink);
  void EndStream(const std::shared_ptr<StreamPipe>& pipe);
};

void LocalServer::State::Serve(const httplib::Request& request, httplib::Response& response) {
  auto pending = std::make_shared<PendingAnswer>();
  const ApiRequest api = FromHttp(request);
  loop->Post([pending, handle = handler, api] {
    ApiResponse answer = (*handle)(api);
    const std::lock_guard lock(pending->mutex);
    pending->response = std::move(answer);
    pending->changed.notify_all();
  });
  std::unique_lock lock(pending->mutex);
  if (!WaitFor(&pending->changed, &lock, kAnswerTimeout,
               [&] { return pending->response.has_value(); })) {
    return SetResponse(ErrorResponse(UnavailableError("the controller did not answer in time")),
                       &response);
  }
  if (pending->response->socket) {
    return ServeSession(std::move(*pending->response->socket), response);
  }
  if (!pending->response->stream) return SetResponse(*pending->response, &response);
  const bool framed = api.accept.find(kLogFramesType) != std::string::npos;
  ServeStream(*pending->response, framed, response);
}

void LocalServer::State::ServeSession(SocketUpgrade upgrade, httplib::Response& response) {
  const std::shared_ptr<void> place(nullptr, [count = open_sessions](void*) { --*count; });
  if (++*open_sessions > kMaxLocalSessions) {
    return SetResponse(
        RefusalResponse(429, "too many open sessions (exec, attach, port-forward); end some"),
        &response);
  }
  response.status = 101;
  HttpServer::Become({std::move(upgrade), place});
}

void LocalServer::State::BeginSession(int fd, HttpServer::Session session) {
  io->Post([this, owned = std::make_shared<UniqueFd>(fd), session = std::move(session)] {
    const std::shared_ptr<LinkSocket> socket = MakeUnixSocket(owned->Release(), io.get());
    if (socket == nullptr) return;
    sockets->Begin(
        socket, session.upgrade, nullptr, [] { return true; }, session.place);
  });
}

void LocalServer::State::ServeStream(const ApiResponse& answer, bool framed,
                                     httplib::Response& response) {
  if (++open_streams > kMaxOpenStreams) {
    --open_streams;
    return SetResponse(
        ErrorResponse(UnavailableError("too many streams are open; end some of them")), &response);
  }
  auto pipe = std::make_shared<StreamPipe>();
  loop->Post([pipe, start = answer.stream] { pipe->handle = start(ApiSink{SinkInto(pipe)}); });
  std::unique_lock lock(pipe->mutex);
  WaitFor(&pipe->changed, &lock, answer.begins_at_once ? kFirstWordTimeout * 0 : kFirstWordTimeout,
          [&] { return pipe->ended || !pipe->chunks.empty(); });
  if (pipe->ended && !pipe->error.ok() && pipe->chunks.empty()) {
    SetResponse(ErrorResponse(pipe->error), &response);
    return EndStream(pipe);
  }
  response.status = 200;
  response.set_chunked_content_provider(
      framed ? std::string(kLogFramesType) : answer.content_type,
      [this, pipe, framed](size_t, httplib::DataSink& sink) { return Pump(pipe, framed, sink); },
      [this, pipe](bool) { EndStream(pipe); });
}

void LocalServer::State::EndStream(const std::shared_ptr<StreamPipe>& pipe) {
  --open_streams;
  loop->Post([pipe] { std::exchange(pipe->handle, {}).Cancel(); });
}

bool LocalServer::State::Pump(const std::shared_ptr<StreamPipe>& pipe, bool framed,
                              httplib::DataSink& sink) {
  std::unique_lock lock(pipe->mutex);
  // A look now and then notices a reader that went away and a server that stops.
  WaitFor(&pipe->changed, &lock, kLook, [&] { return !pipe->chunks.empty() || pipe->ended; });
  std::deque<std::string> chunks;
  chunks.swap(pipe->chunks);
  const bool ended = pipe->ended;
  const Status error = pipe->error;
  lock.unlock();
  for (const std::string& chunk : chunks) {
    const std::string text = framed ? DataFrame(chunk) : chunk;
    if (!sink.write(text.data(), text.size())) return false;
    loop->Post([pipe, bytes = chunk.size()] { pipe->handle.Taken(bytes); });
  }
  if (server.stopping) return false;
  if (!ended) return sink.is_writable();
  if (!error.ok() && !framed)
    return false;  // cut off: the reader sees that this was no regular end
  if (!error.ok()) {
    const std::string text = ErrorFrame(ErrorResponse(error).body);
    if (!sink.write(text.data(), text.size())) return false;
  }
  sink.done();
  return true;
}

Result<std::unique_ptr<LocalServer>> LocalServer::Start(const std::string& socket_path,
                                                        EventLoop* loop, Handler handler) {
  auto state = std::make_shared<State>();
  state->socket_path = socket_path;
  state->loop = loop;
  state->handler = std::make_shared<const Handler>(std::move(handler));
  state->sockets =
      std::make_unique<ApiSockets>(loop, state->io.get(), state->bridge, ApiSocketLimits{});
  state->server.on_session = [raw = state.get()](int fd, HttpServer::Session session) {
    raw->BeginSession(fd, std::move(session));
  };
  httplib::Server& server = state->server;
  server.set_address_family(AF_UNIX);
  server.set_socket_options([raw = state.get()](socket_t socket) {
    raw->listener = socket;
    // The file that bind makes gets the socket's mode. The process's umask is not touched: another
    // thread may be making a folder.
    ::fchmod(socket, S_IRUSR | S_IWUSR);
  });
  server.set_payload_max_length(kMaxBodyBytes);
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  const auto serve = [raw = state.get()](const httplib::Request& request,
                                         httplib::Response& response) {
    raw->Serve(request, response);
  };
  server.Get(".*", serve);
  server.Post(".*", serve);
  // Routes say what they do not take.
  server.Put(".*", serve);
  server.Patch(".*", serve);
  server.Delete(".*", serve);
  RETURN_IF_ERROR(CheckReplaceable(socket_path));
  if (httplib::Client probe(socket_path); Answers(&probe)) {
    return UnavailableError("another controller answers on " + socket_path);
  }
  ::unlink(socket_path.c_str());
  const bool bound = server.bind_to_port(socket_path, 80);
  if (!bound || ::listen(state->listener, kBacklog) != 0) {
    return UnavailableError("cannot listen on " + socket_path +
                            "; does its folder exist, and may this user write there?");
  }
  state->io->Start();
  state->thread = std::thread([raw = state.get()] { raw->server.listen_after_bind(); });
  // Until it runs, stop() has no effect, and its thread would never end.
  while (!server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return std::unique_ptr<LocalServer>(new LocalServer(std::move(state)));
}

LocalServer::LocalServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

LocalServer::~LocalServer() {
  state_->server.stopping = true;
  state_->server.stop();
  state_->thread.join();
  state_->bridge->Close();
  state_->io->Stop();
  state_->sockets.reset();
  state_->io.reset();
  if (CheckReplaceable(state_->socket_path).ok()) ::unlink(state_->socket_path.c_str());
}

}  // namespace reconcile
