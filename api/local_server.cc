#include "api/local_server.h"

#include <httplib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace reconcile {
namespace {

constexpr size_t kMaxBodyBytes = 112 << 20;  // a source's 64 MiB of manifests in base64
constexpr size_t kMaxQueuedLogBytes = 4 << 20;  // a reader slower than that is cut off
constexpr auto kAnswerTimeout = std::chrono::seconds(60);
constexpr auto kStreamPoll = std::chrono::milliseconds(200);
constexpr size_t kThreads = 16;
constexpr int kMaxStreams = 12;  // each holds a thread; the rest answers other commands

// Carries a log stream from the loop to the server thread that writes it out.
struct StreamPipe {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> chunks;
  size_t queued_bytes = 0;
  bool ended = false;
  bool overflowed = false;
  Status error;                  // why it ended
  std::function<void()> cancel;  // loop thread only
};

// Hands one answer from the loop to a waiting server thread.
struct PendingAnswer {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<ApiResponse> response;
};

ApiRequest FromHttp(const httplib::Request& request) {
  ApiRequest api;
  api.method = request.method;
  api.path = request.path;
  for (const auto& [name, value] : request.params) api.query[name] = value;
  api.accept = request.get_header_value("Accept");
  api.body = request.body;
  return api;
}

bool Answers(httplib::Client* client) {
  client->set_address_family(AF_UNIX);
  client->set_connection_timeout(1, 0);
  client->set_read_timeout(2, 0);
  return static_cast<bool>(client->Get("/healthz"));
}

LogSink SinkInto(const std::shared_ptr<StreamPipe>& pipe) {
  return {.on_data =
              [pipe](std::string_view bytes) {
                const std::lock_guard lock(pipe->mutex);
                if (pipe->queued_bytes + bytes.size() > kMaxQueuedLogBytes) {
                  pipe->overflowed = true;
                } else {
                  pipe->chunks.emplace_back(bytes);
                  pipe->queued_bytes += bytes.size();
                }
                pipe->changed.notify_all();
              },
          .on_end =
              [pipe](const Status& status) {
                const std::lock_guard lock(pipe->mutex);
                pipe->error = status;
                pipe->ended = true;
                pipe->changed.notify_all();
              }};
}

}  // namespace

struct LocalServer::State {
  httplib::Server server;
  std::thread thread;
  std::string socket_path;
  EventLoop* loop = nullptr;
  Handler handler;
  std::atomic<bool> stopping = false;
  std::atomic<int> open_streams = 0;

  void Serve(const httplib::Request& request, httplib::Response& response);
  void ServeStream(const StreamStart& start, httplib::Response& response);
  bool Pump(const std::shared_ptr<StreamPipe>& pipe, httplib::DataSink& sink);
};

void LocalServer::State::Serve(const httplib::Request& request, httplib::Response& response) {
  auto pending = std::make_shared<PendingAnswer>();
  loop->Post([pending, this, api = FromHttp(request)] {
    ApiResponse answer = handler(api);
    const std::lock_guard lock(pending->mutex);
    pending->response = std::move(answer);
    pending->changed.notify_all();
  });
  std::unique_lock lock(pending->mutex);
  pending->changed.wait_for(lock, kAnswerTimeout, [&] { return pending->response.has_value(); });
  if (!pending->response) {
    response.status = 503;
    response.set_content("{\"message\":\"the controller did not answer in time\"}",
                         "application/json");
    return;
  }
  response.status = pending->response->code;
  if (pending->response->stream && open_streams >= kMaxStreams) {
    response.status = 503;
    response.set_content("{\"message\":\"too many log streams are open; end some\"}",
                         "application/json");
    return;
  }
  if (pending->response->stream) {
    ServeStream(pending->response->stream, response);
    return;
  }
  response.set_content(pending->response->body, pending->response->content_type.c_str());
}

void LocalServer::State::ServeStream(const StreamStart& start, httplib::Response& response) {
  ++open_streams;
  auto pipe = std::make_shared<StreamPipe>();
  loop->Post([pipe, start] { pipe->cancel = start(SinkInto(pipe)); });
  response.set_chunked_content_provider(
      "text/plain", [this, pipe](size_t, httplib::DataSink& sink) { return Pump(pipe, sink); },
      [this, pipe](bool) {
        --open_streams;
        loop->Post([pipe] {
          if (pipe->cancel) pipe->cancel();
        });
      });
}

bool LocalServer::State::Pump(const std::shared_ptr<StreamPipe>& pipe, httplib::DataSink& sink) {
  std::unique_lock lock(pipe->mutex);
  // A wake-up now and then notices a reader that went away and a server that stops.
  pipe->changed.wait_for(lock, kStreamPoll, [&] { return !pipe->chunks.empty() || pipe->ended; });
  std::deque<std::string> chunks;
  chunks.swap(pipe->chunks);
  pipe->queued_bytes = 0;
  const bool ended = pipe->ended;
  const bool overflowed = pipe->overflowed;
  const Status error = pipe->error;
  lock.unlock();
  for (const std::string& chunk : chunks) {
    if (!sink.write(chunk.data(), chunk.size())) return false;
  }
  if (overflowed || stopping) return false;
  if (ended && !error.ok()) {
    const std::string text = "error: " + error.message() + "\n";
    sink.write(text.data(), text.size());
    return false;  // cut off: the reader sees that this was no regular end
  }
  if (ended) sink.done();
  return ended || sink.is_writable();
}

Result<std::unique_ptr<LocalServer>> LocalServer::Start(const std::string& socket_path,
                                                        EventLoop* loop, Handler handler) {
  auto state = std::make_shared<State>();
  state->socket_path = socket_path;
  state->loop = loop;
  state->handler = std::move(handler);
  httplib::Server& server = state->server;
  server.set_address_family(AF_UNIX);
  server.set_payload_max_length(kMaxBodyBytes);
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  const auto serve = [raw = state.get()](const httplib::Request& request,
                                         httplib::Response& response) {
    raw->Serve(request, response);
  };
  server.Get(".*", serve);
  server.Post(".*", serve);
  if (httplib::Client probe(socket_path); Answers(&probe)) {
    return UnavailableError("another controller answers on " + socket_path);
  }
  ::unlink(socket_path.c_str());
  const mode_t old_mask = ::umask(0177);
  const bool bound = server.bind_to_port(socket_path, 80);
  ::umask(old_mask);
  if (!bound) {
    return UnavailableError("cannot listen on " + socket_path +
                            "; does its folder exist, and may this user write there?");
  }
  state->thread = std::thread([raw = state.get()] { raw->server.listen_after_bind(); });
  return std::unique_ptr<LocalServer>(new LocalServer(std::move(state)));
}

LocalServer::LocalServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

LocalServer::~LocalServer() {
  state_->stopping = true;
  state_->server.stop();
  state_->thread.join();
  ::unlink(state_->socket_path.c_str());
}

}  // namespace reconcile
