#include "cmd/dashboard_proxy.h"

#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/random.h"

namespace reconcile {
namespace {

constexpr size_t kMaxBodyBytes = 4 << 20;
constexpr size_t kMaxWaitingBytes = 1 << 20;  // of an answer that the browser has not taken yet
constexpr time_t kAnswerSeconds = 90;
constexpr auto kLook = std::chrono::milliseconds(100);  // how soon a stop is noticed
constexpr const char* kCookie = "reconcile-dashboard";
// What the controller says that a browser has to know.
constexpr const char* kPassedOn[] = {
    "Cache-Control", "Content-Security-Policy", "Referrer-Policy", "X-Frame-Options",
    "Vary",          "X-Content-Type-Options"};

std::string NewSecret() {
  SystemRandom random;
  std::string text;
  for (int i = 0; i < 4; ++i) text += fmt::format("{:016x}", random.Next());
  return text;
}

// An answer on its way from the controller to the browser.
struct Passage {
  explicit Passage(const std::string& socket_path) : client(socket_path) {}
  httplib::Client client;
  std::mutex mutex;
  std::condition_variable changed;
  bool has_head = false;
  int code = 502;
  httplib::Headers headers;
  std::string type = "text/plain";
  std::deque<std::string> chunks;
  size_t waiting = 0;
  bool ended = false;
  bool cut = false;        // it ended before its end
  bool abandoned = false;  // the browser has gone
};

}  // namespace

struct DashboardProxy::State {
  httplib::Server server;
  std::thread thread;
  std::string socket_path;
  std::string host;  // "127.0.0.1:PORT"
  std::string url;
  std::string session = NewSecret();
  std::mutex mutex;  // of `key`
  std::string key = NewSecret();
  std::atomic<bool> stopping = false;

  void Serve(const httplib::Request& request, httplib::Response& response);
  void Open(const httplib::Request& request, httplib::Response& response);
  std::string WhyRefused(const httplib::Request& request) const;
  void PassOn(const httplib::Request& request, httplib::Response& response);
  void Ask(httplib::Request request, const std::shared_ptr<Passage>& passage);
  bool Give(const std::shared_ptr<Passage>& passage, httplib::DataSink& sink);
};

void DashboardProxy::State::Open(const httplib::Request& request, httplib::Response& response) {
  const std::lock_guard lock(mutex);
  if (key.empty() || request.get_param_value("key") != key) {
    response.status = 403;
    response.set_content("This link was used already. Run `reconcile dashboard` again.\n",
                         "text/plain");
    return;
  }
  key.clear();
  response.set_header("Set-Cookie",
                      std::string(kCookie) + "=" + session + "; Path=/; HttpOnly; SameSite=Strict");
  response.set_header("Cache-Control", "no-store");
  response.set_header("Referrer-Policy", "no-referrer");
  response.set_redirect("/", 303);
}

std::string DashboardProxy::State::WhyRefused(const httplib::Request& request) const {
  // A foreign name that leads here is no reason to answer (DNS rebinding).
  const std::string asked = request.get_header_value("Host");
  if (asked != host) return "this is " + host + ", not " + asked.substr(0, 100);
  const std::string site = request.get_header_value("Sec-Fetch-Site");
  if (!site.empty() && site != "same-origin" && site != "none") {
    return "another site asked for this";
  }
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!reads && !request.has_header("X-Reconcile-Page")) return "only the page may change things";
  const std::string cookies = "; " + request.get_header_value("Cookie") + ";";
  if (cookies.find("; " + std::string(kCookie) + "=" + session + ";") == std::string::npos) {
    return "run `reconcile dashboard` and open the link that it prints";
  }
  return "";
}

void DashboardProxy::State::Serve(const httplib::Request& request, httplib::Response& response) {
  if (request.path == "/open" && request.get_header_value("Host") == host) {
    return Open(request, response);
  }
  const std::string why = WhyRefused(request);
  if (why.empty()) return PassOn(request, response);
  response.status = 403;
  response.set_content("Refused: " + why + ".\n", "text/plain");
}

void DashboardProxy::State::Ask(httplib::Request request, const std::shared_ptr<Passage>& passage) {
  httplib::Client& client = passage->client;
  client.set_address_family(AF_UNIX);
  client.set_read_timeout(kAnswerSeconds, 0);
  client.set_url_encode(false);  // it is encoded as the browser has it
  request.response_handler = [&](const httplib::Response& answer) {
    const std::lock_guard lock(passage->mutex);
    passage->code = answer.status;
    passage->type = answer.get_header_value("Content-Type");
    for (const char* name : kPassedOn) {
      if (answer.has_header(name)) passage->headers.emplace(name, answer.get_header_value(name));
    }
    passage->has_head = true;
    passage->changed.notify_all();
    return true;
  };
  request.content_receiver = [&](const char* bytes, size_t size, uint64_t, uint64_t) {
    std::unique_lock lock(passage->mutex);
    while (passage->waiting > kMaxWaitingBytes && !passage->abandoned && !stopping) {
      passage->changed.wait_for(lock, kLook);
    }
    if (passage->abandoned || stopping) return false;
    passage->chunks.emplace_back(bytes, size);
    passage->waiting += size;
    passage->changed.notify_all();
    return true;
  };
  const httplib::Result result = client.send(request);
  const std::lock_guard lock(passage->mutex);
  if (!result && !passage->has_head) {
    passage->chunks.emplace_back("The controller does not answer on " + socket_path + ".\n");
  }
  passage->cut = !result && passage->has_head;
  passage->has_head = true;
  passage->ended = true;
  passage->changed.notify_all();
}

void DashboardProxy::State::PassOn(const httplib::Request& request, httplib::Response& response) {
  httplib::Request ours;
  ours.method = request.method == "HEAD" ? "GET" : request.method;
  ours.path = request.target;
  ours.body = request.body;
  for (const char* name : {"Accept", "Content-Type", "Last-Event-ID"}) {
    if (request.has_header(name)) ours.headers.emplace(name, request.get_header_value(name));
  }
  const auto passage = std::make_shared<Passage>(socket_path);
  auto asking = std::make_shared<std::thread>([this, ours, passage] { Ask(ours, passage); });
  {
    std::unique_lock lock(passage->mutex);
    while (!passage->has_head && !stopping) passage->changed.wait_for(lock, kLook);
    response.status = passage->code;
    for (const auto& [name, value] : passage->headers) response.set_header(name, value);
  }
  response.set_chunked_content_provider(
      passage->type,
      [this, passage](size_t, httplib::DataSink& sink) { return Give(passage, sink); },
      [passage, asking](bool) {
        {
          const std::lock_guard lock(passage->mutex);
          passage->abandoned = true;
          passage->changed.notify_all();
        }
        passage->client.stop();  // a stream may say nothing for long
        asking->join();
      });
}

bool DashboardProxy::State::Give(const std::shared_ptr<Passage>& passage, httplib::DataSink& sink) {
  std::deque<std::string> chunks;
  bool ended = false;
  {
    std::unique_lock lock(passage->mutex);
    if (passage->chunks.empty() && !passage->ended) passage->changed.wait_for(lock, kLook);
    chunks.swap(passage->chunks);
    passage->waiting = 0;
    ended = passage->ended;
    if (ended && passage->cut && chunks.empty()) return false;  // the reader has to see that
    passage->changed.notify_all();
  }
  for (const std::string& chunk : chunks) {
    if (!sink.write(chunk.data(), chunk.size())) return false;
  }
  if (stopping) return false;
  if (ended && !passage->cut) sink.done();
  return ended || sink.is_writable();
}

Result<std::unique_ptr<DashboardProxy>> DashboardProxy::Start(const std::string& socket_path,
                                                              uint16_t port) {
  auto state = std::make_unique<State>();
  state->socket_path = socket_path;
  httplib::Server& server = state->server;
  server.set_payload_max_length(kMaxBodyBytes);
  // Not the library's SO_REUSEPORT: two would share a port, and the browser's requests.
  server.set_socket_options([](int socket) {
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  });
  server.set_keep_alive_max_count(1);  // a thread for each request, not for each idle connection
  server.new_task_queue = [] { return new httplib::ThreadPool(kMaxConnections); };
  // Nothing is compressed: the library would hold a stream's words back until there are many. The
  // request is the server's own, and what it compresses it decides by it later.
  server.set_pre_routing_handler([](const httplib::Request& request, httplib::Response&) {
    const_cast<httplib::Request&>(request).headers.erase("Accept-Encoding");
    return httplib::Server::HandlerResponse::Unhandled;
  });
  const auto serve = [raw = state.get()](const httplib::Request& request,
                                         httplib::Response& response) {
    raw->Serve(request, response);
  };
  server.Get(".*", serve);
  server.Post(".*", serve);
  int bound = port;
  if (port == 0) {
    bound = server.bind_to_any_port("127.0.0.1");
  } else if (!server.bind_to_port("127.0.0.1", port)) {
    bound = -1;
  }
  if (bound <= 0) {
    return UnavailableError("cannot listen on 127.0.0.1:" + std::to_string(port) +
                            "; choose another --port");
  }
  state->host = "127.0.0.1:" + std::to_string(bound);
  state->url = "http://" + state->host + "/open?key=" + state->key;
  state->thread = std::thread([raw = state.get()] { raw->server.listen_after_bind(); });
  while (!server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return std::unique_ptr<DashboardProxy>(new DashboardProxy(std::move(state)));
}

DashboardProxy::DashboardProxy(std::unique_ptr<State> state) : state_(std::move(state)) {}

DashboardProxy::~DashboardProxy() {
  state_->stopping = true;
  state_->server.stop();
  state_->thread.join();
}

const std::string& DashboardProxy::url() const { return state_->url; }

}  // namespace reconcile
