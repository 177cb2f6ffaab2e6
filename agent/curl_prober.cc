#include "agent/curl_prober.h"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/epoll_loop.h"

namespace reconcile {
namespace {

constexpr int kPollMs = 60'000;

struct EasyDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct MultiDeleter {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

void InitializeCurlOnce() {
  static std::once_flag once;
  std::call_once(once, [] { CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
}

template <typename T>
void Set(CURL* handle, CURLoption option, T value) {
  CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK);
}

std::string InUrl(const std::string& host) {
  return host.find(':') == std::string::npos || host.starts_with('[') ? host : "[" + host + "]";
}

std::string UrlOf(const ProbeRequest& request) {
  if (const auto* tcp = std::get_if<TcpProbe>(&request.probe.action)) {
    const std::string& host = tcp->host.empty() ? request.address : tcp->host;
    return "http://" + InUrl(host) + ":" + std::to_string(tcp->port);
  }
  if (const auto* grpc = std::get_if<GrpcProbe>(&request.probe.action)) {
    return "http://" + InUrl(request.address) + ":" + std::to_string(grpc->port) +
           std::string(kGrpcHealthPath);
  }
  const auto& http = std::get<HttpProbe>(request.probe.action);
  const std::string& host = http.host.empty() ? request.address : http.host;
  return (http.tls ? "https://" : "http://") + InUrl(host) + ":" + std::to_string(http.port) +
         http.path;
}

// Whether the host has to be looked up.
bool IsNamed(const ProbeRequest& request) {
  std::string host;
  if (const auto* tcp = std::get_if<TcpProbe>(&request.probe.action)) host = tcp->host;
  if (const auto* http = std::get_if<HttpProbe>(&request.probe.action)) host = http->host;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  struct in6_addr address = {};
  return !host.empty() && ::inet_pton(AF_INET, host.c_str(), &address) != 1 &&
         ::inet_pton(AF_INET6, host.c_str(), &address) != 1;
}

// "" for one that cannot be read.
std::string HostOf(const std::string& url) {
  const std::unique_ptr<CURLU, UrlDeleter> parsed(curl_url());
  char* host = nullptr;
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return "";
  if (curl_url_get(parsed.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK) return "";
  std::string text(host);
  curl_free(host);
  return text;
}

void Add(const std::string& line, HeaderList* list) {
  curl_slist* longer = curl_slist_append(list->get(), line.c_str());
  CHECK(longer != nullptr);
  (void)list->release();
  list->reset(longer);
}

HeaderList HeadersOf(const HttpProbe& http) {
  HeaderList list;
  for (const auto& [name, value] : http.headers) {
    // libcurl's spelling of an empty one
    Add(value.empty() ? name + ";" : name + ": " + value, &list);
  }
  return list;
}

bool HasHttp2() { return (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_HTTP2) != 0; }

// The value of a header line of that name, which is in lower case as HTTP/2 has it.
std::optional<std::string> HeaderValue(std::string_view line, std::string_view name) {
  if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ':') {
    return std::nullopt;
  }
  line.remove_prefix(name.size() + 1);
  const size_t begin = line.find_first_not_of(' ');
  const size_t end = line.find_last_not_of(" \r\n");
  if (begin == std::string_view::npos || end == std::string_view::npos) return "";
  return std::string(line.substr(begin, end - begin + 1));
}

}  // namespace

class CurlProber::Worker {
 public:
  explicit Worker(EventLoop* loop) : loop_(loop) {
    InitializeCurlOnce();
    multi_.reset(curl_multi_init());
    CHECK(multi_ != nullptr);
    thread_ = std::thread([this] { Run(); });
  }
  ~Worker() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stop_ = true;
    }
    curl_multi_wakeup(multi_.get());
    thread_.join();
  }

  void Ask(ProbeRequest request, Done done) {
    const uint64_t id = next_id_++;
    const bool full = answers_->size() >= kMaxProbesWaiting;
    answers_->emplace(id, std::move(done));
    if (full) return Answer(id, UnavailableError("too many probes are under way on this host"));
    if (std::holds_alternative<GrpcProbe>(request.probe.action) && !HasHttp2()) {
      return Answer(id, InvalidError("gRPC probes need a libcurl with HTTP/2, and this host's has "
                                     "none"));
    }
    if (auto known = AnswerWithoutAsking(request.probe)) return Answer(id, std::move(*known));
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      asked_.emplace_back(id, std::move(request));
    }
    curl_multi_wakeup(multi_.get());
  }

 private:
  struct Transfer {
    uint64_t id = 0;
    ProbeRequest request;
    std::string url;
    MonoTime deadline;
    int redirects = 0;
    bool named = false;
    size_t body_bytes = 0;
    bool enough = false;  // the rest of the body is not read
    std::unique_ptr<CURL, EasyDeleter> handle;
    HeaderList headers;
    GrpcAnswer grpc;
    bool is_grpc() const { return std::holds_alternative<GrpcProbe>(request.probe.action); }
    bool is_http() const { return std::holds_alternative<HttpProbe>(request.probe.action); }
  };

  // From any thread: `done` runs on the loop, unless the prober has ended.
  void Answer(uint64_t id, Result<ProbeOutcome> outcome) {
    loop_->Post([weak = weak_answers_, id, outcome = std::move(outcome)] {
      const auto answers = weak.lock();
      if (!answers) return;
      auto done = answers->extract(id);
      if (!done.empty()) done.mapped()(outcome);
    });
  }

  void Run() {
    while (TakeAsked()) {
      int running = 0;
      CHECK(curl_multi_perform(multi_.get(), &running) == CURLM_OK);
      TakeFinished();
      CHECK(curl_multi_poll(multi_.get(), nullptr, 0, kPollMs, nullptr) == CURLM_OK);
    }
    while (!transfers_.empty()) Remove(transfers_.begin()->first);
  }

  bool TakeAsked() {
    std::vector<std::pair<uint64_t, ProbeRequest>> asked;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (stop_) return false;
      asked.swap(asked_);
    }
    for (auto& [id, request] : asked) {
      const bool named = IsNamed(request);
      if (named && named_ >= kMaxNamedProbes) {
        Answer(id, UnavailableError("too many probes of hosts by name are under way"));
        continue;
      }
      named_ += named ? 1 : 0;
      auto transfer = std::make_unique<Transfer>();
      transfer->named = named;
      transfer->id = id;
      transfer->url = UrlOf(request);
      transfer->deadline = ReadSystemClock().mono + request.probe.timeout_ms;
      transfer->request = std::move(request);
      Begin(transfers_.emplace(id, std::move(transfer)).first->second.get());
    }
    return true;
  }

  void Begin(Transfer* transfer) {
    transfer->handle.reset(curl_easy_init());
    CURL* handle = transfer->handle.get();
    CHECK(handle != nullptr);
    const int64_t left_ms = transfer->deadline - ReadSystemClock().mono;
    Set(handle, CURLOPT_URL, transfer->url.c_str());
    Set(handle, CURLOPT_PRIVATE, transfer);
    Set(handle, CURLOPT_NOSIGNAL, 1L);
    Set(handle, CURLOPT_PROXY, "");  // whatever the environment says
    Set(handle, CURLOPT_FRESH_CONNECT, 1L);
    Set(handle, CURLOPT_FORBID_REUSE, 1L);
    // A look-up of a name that takes longer is left to itself: waiting for its thread would keep
    // every other probe waiting.
    Set(handle, CURLOPT_QUICK_EXIT, 1L);
    Set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<int64_t>(left_ms, 1)));
    if (transfer->is_http()) {
      ConfigureHttp(transfer, handle);
    } else if (transfer->is_grpc()) {
      ConfigureGrpc(transfer, handle);
    } else {
      Set(handle, CURLOPT_CONNECT_ONLY, 1L);
    }
    CHECK(curl_multi_add_handle(multi_.get(), handle) == CURLM_OK);
  }

  static void ConfigureHttp(Transfer* transfer, CURL* handle) {
    Set(handle, CURLOPT_PATH_AS_IS, 1L);
    Set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    const HttpProbe& http = std::get<HttpProbe>(transfer->request.probe.action);
    Set(handle, CURLOPT_USERAGENT, http.of_hook ? "kube-lifecycle/1.34" : "kube-probe/1.34");
    Set(handle, CURLOPT_SSL_VERIFYPEER, 0L);
    Set(handle, CURLOPT_SSL_VERIFYHOST, 0L);
    transfer->headers = HeadersOf(http);
    Set(handle, CURLOPT_HTTPHEADER, transfer->headers.get());
    Set(handle, CURLOPT_WRITEDATA, transfer);
    Set(handle, CURLOPT_WRITEFUNCTION, &Worker::OnBytes);
  }

  static void ConfigureGrpc(Transfer* transfer, CURL* handle) {
    const std::string body =
        GrpcHealthRequest(std::get<GrpcProbe>(transfer->request.probe.action).service);
    Set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE));
    Set(handle, CURLOPT_USERAGENT, "kube-probe/1.34");
    Set(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    Set(handle, CURLOPT_COPYPOSTFIELDS, body.data());
    for (const char* line : {"content-type: application/grpc", "te: trailers"}) {
      Add(line, &transfer->headers);
    }
    Set(handle, CURLOPT_HTTPHEADER, transfer->headers.get());
    Set(handle, CURLOPT_HEADERDATA, transfer);
    Set(handle, CURLOPT_HEADERFUNCTION, &Worker::OnHeader);
    Set(handle, CURLOPT_WRITEDATA, transfer);
    Set(handle, CURLOPT_WRITEFUNCTION, &Worker::OnGrpcBytes);
  }

  static size_t OnHeader(char* bytes, size_t size, size_t count, void* user) {
    GrpcAnswer& answer = static_cast<Transfer*>(user)->grpc;
    const std::string_view line(bytes, size * count);
    if (const auto status = HeaderValue(line, "grpc-status")) {
      int number = 0;
      const auto end = status->data() + status->size();
      if (std::from_chars(status->data(), end, number).ptr == end) answer.grpc_status = number;
    }
    if (auto message = HeaderValue(line, "grpc-message")) answer.grpc_message = *message;
    return size * count;
  }

  static size_t OnGrpcBytes(char* bytes, size_t size, size_t count, void* user) {
    std::string& body = static_cast<Transfer*>(user)->grpc.body;
    if (body.size() + size * count > kMaxProbeBodyBytes) return 0;
    body.append(bytes, size * count);
    return size * count;
  }

  static size_t OnBytes(char*, size_t size, size_t count, void* user) {
    auto* transfer = static_cast<Transfer*>(user);
    transfer->body_bytes += size * count;
    transfer->enough = transfer->body_bytes >= kMaxProbeBodyBytes;
    return transfer->enough ? 0 : size * count;  // 0 ends the transfer
  }

  void TakeFinished() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      Transfer* transfer = nullptr;
      CHECK(curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer) == CURLE_OK);
      Finish(transfer, transfer->enough ? CURLE_OK : code);
    }
  }

  void Finish(Transfer* transfer, CURLcode code) {
    if (code == CURLE_OK && transfer->is_http() && FollowRedirect(transfer)) return;
    const uint64_t id = transfer->id;
    ProbeOutcome outcome = OutcomeOf(*transfer, code);
    Remove(id);
    Answer(id, std::move(outcome));
  }

  // True when there is another request to wait for.
  bool FollowRedirect(Transfer* transfer) {
    char* next = nullptr;
    curl_easy_getinfo(transfer->handle.get(), CURLINFO_REDIRECT_URL, &next);
    if (next == nullptr || transfer->redirects > kMaxProbeRedirects) return false;
    const std::string url(next);
    if (!url.starts_with("http://") && !url.starts_with("https://")) return false;
    if (HostOf(url) != HostOf(transfer->url)) return false;
    if (++transfer->redirects > kMaxProbeRedirects) return false;
    curl_multi_remove_handle(multi_.get(), transfer->handle.get());
    transfer->url = url;
    transfer->body_bytes = 0;
    transfer->enough = false;
    Begin(transfer);
    return true;
  }

  static ProbeOutcome OutcomeOf(const Transfer& transfer, CURLcode code) {
    const std::string what = transfer.is_http() || transfer.is_grpc()
                                 ? "Get \"" + transfer.url + "\": "
                                 : "dial " + transfer.url.substr(7) + ": ";
    if (code == CURLE_OPERATION_TIMEDOUT) {
      return {false, what + "no answer within " +
                         std::to_string(transfer.request.probe.timeout_ms / 1000) + " s"};
    }
    if (code != CURLE_OK) {
      long error = 0;
      curl_easy_getinfo(transfer.handle.get(), CURLINFO_OS_ERRNO, &error);
      const bool connecting = code == CURLE_COULDNT_CONNECT && error != 0;
      return {false, what + (connecting ? std::generic_category().message(static_cast<int>(error))
                                        : curl_easy_strerror(code))};
    }
    if (transfer.is_grpc()) {
      GrpcAnswer answer = transfer.grpc;
      long http_status = 0;
      curl_easy_getinfo(transfer.handle.get(), CURLINFO_RESPONSE_CODE, &http_status);
      answer.http_status = static_cast<int>(http_status);
      return OutcomeOfGrpc(answer);
    }
    if (!transfer.is_http()) return {true, ""};
    if (transfer.redirects > kMaxProbeRedirects) {
      return {false, what + "stopped after " + std::to_string(kMaxProbeRedirects) + " redirects"};
    }
    if (std::get<HttpProbe>(transfer.request.probe.action).of_hook) return {true, ""};
    long status = 0;
    curl_easy_getinfo(transfer.handle.get(), CURLINFO_RESPONSE_CODE, &status);
    return OutcomeOfHttpStatus(static_cast<int>(status));
  }

  void Remove(uint64_t id) {
    const auto found = transfers_.find(id);
    if (found == transfers_.end()) return;
    curl_multi_remove_handle(multi_.get(), found->second->handle.get());
    named_ -= found->second->named ? 1 : 0;
    transfers_.erase(found);
  }

  EventLoop* const loop_;
  // The loop's alone: posted answers find out by it that the prober has ended.
  std::shared_ptr<std::map<uint64_t, Done>> answers_ = std::make_shared<std::map<uint64_t, Done>>();
  const std::weak_ptr<std::map<uint64_t, Done>> weak_answers_ = answers_;
  uint64_t next_id_ = 1;

  std::mutex mutex_;
  std::vector<std::pair<uint64_t, ProbeRequest>> asked_;  // guarded by mutex_
  bool stop_ = false;                                     // guarded by mutex_

  std::unique_ptr<CURLM, MultiDeleter> multi_;
  std::map<uint64_t, std::unique_ptr<Transfer>> transfers_;  // the thread's alone
  int named_ = 0;                                            // of them, those of hosts by name
  std::thread thread_;                                       // last: it uses all of the above
};

CurlProber::CurlProber(EventLoop* loop) : worker_(std::make_unique<Worker>(loop)) {}
CurlProber::~CurlProber() = default;
void CurlProber::Ask(ProbeRequest request, Done done) {
  worker_->Ask(std::move(request), std::move(done));
}

}  // namespace reconcile
