#include "runtime/docker_http_thread.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace reconcile {
namespace {

constexpr int kPollMs = 60'000;
constexpr long kIdleConnections = 8;
constexpr int64_t kMaxTimeoutMs = 24LL * 3600 * 1000;

void InitializeCurlOnce() {
  static std::once_flag once;
  std::call_once(once, [] { CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
}

size_t LaneIndex(HttpLane lane) { return static_cast<size_t>(lane); }

template <typename T>
void Set(CURL* handle, CURLoption option, T value) {
  CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK);
}

}  // namespace

DockerHttp::Thread::Thread(EventLoop* loop, std::shared_ptr<DockerHttp*> owner,
                           std::string socket_path, int max_parallel_calls, size_t max_reply_bytes)
    : loop_(loop),
      owner_(std::move(owner)),
      socket_path_(std::move(socket_path)),
      max_reply_bytes_(max_reply_bytes),
      lane_limits_{static_cast<size_t>(std::max(max_parallel_calls, 1)), kMaxLongCalls,
                   kMaxStreams} {
  InitializeCurlOnce();
  multi_.reset(curl_multi_init());
  CHECK(multi_ != nullptr);
  CHECK(curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, kIdleConnections) == CURLM_OK);
  worker_ = std::thread([this] { Run(); });
}

DockerHttp::Thread::~Thread() {
  {
    const std::lock_guard<std::mutex> lock(mailbox_.mutex);
    mailbox_.stop = true;
  }
  curl_multi_wakeup(multi_.get());
  worker_.join();
}

bool DockerHttp::Thread::Start(HttpRequest request) {
  if (waiting_.load() >= kMaxWaitingCalls) return false;
  waiting_.fetch_add(1);
  Command command;
  command.request = std::move(request);
  Send(std::move(command));
  return true;
}

void DockerHttp::Thread::Cancel(uint64_t id) {
  Command command;
  command.kind = Command::Kind::kCancel;
  command.id = id;
  Send(std::move(command));
}

void DockerHttp::Thread::Consumed(uint64_t id, size_t bytes) {
  Command command;
  command.kind = Command::Kind::kConsumed;
  command.id = id;
  command.bytes = bytes;
  Send(std::move(command));
}

void DockerHttp::Thread::Send(Command command) {
  {
    const std::lock_guard<std::mutex> lock(mailbox_.mutex);
    mailbox_.commands.push_back(std::move(command));
  }
  curl_multi_wakeup(multi_.get());
}

void DockerHttp::Thread::Run() {
  while (TakeCommands()) {
    int running = 0;
    CHECK(curl_multi_perform(multi_.get(), &running) == CURLM_OK);
    TakeFinished();
    for (size_t lane = 0; lane < kLanes; ++lane) BeginWaiting(lane);
    CHECK(curl_multi_poll(multi_.get(), nullptr, 0, kPollMs, nullptr) == CURLM_OK);
  }
  while (!transfers_.empty()) Remove(transfers_.begin()->first);
}

bool DockerHttp::Thread::TakeCommands() {
  std::deque<Command> commands;
  {
    const std::lock_guard<std::mutex> lock(mailbox_.mutex);
    if (mailbox_.stop) return false;
    commands.swap(mailbox_.commands);
  }
  for (Command& command : commands) Obey(std::move(command));
  for (size_t lane = 0; lane < kLanes; ++lane) BeginWaiting(lane);
  return true;
}

void DockerHttp::Thread::Obey(Command command) {
  switch (command.kind) {
    case Command::Kind::kStart:
      queues_[LaneIndex(command.request.lane)].push_back(std::move(command.request));
      return;
    case Command::Kind::kCancel:
      for (std::deque<HttpRequest>& queue : queues_) {
        waiting_.fetch_sub(std::erase_if(
            queue, [&](const HttpRequest& request) { return request.id == command.id; }));
      }
      Remove(command.id);
      return;
    case Command::Kind::kConsumed: {
      const auto found = transfers_.find(command.id);
      if (found == transfers_.end()) return;
      Transfer& transfer = *found->second;
      transfer.unread -= std::min(transfer.unread, command.bytes);
      if (transfer.paused && transfer.unread <= kMaxUnreadStreamBytes / 2) {
        transfer.paused = false;
        curl_easy_pause(transfer.handle.get(), CURLPAUSE_CONT);
      }
      return;
    }
  }
}

void DockerHttp::Thread::BeginWaiting(size_t lane) {
  while (!queues_[lane].empty() && busy_[lane] < lane_limits_[lane]) {
    HttpRequest request = std::move(queues_[lane].front());
    queues_[lane].pop_front();
    waiting_.fetch_sub(1);
    ++busy_[lane];
    Begin(std::move(request));
  }
}

void DockerHttp::Thread::Begin(HttpRequest request) {
  auto transfer = std::make_unique<Transfer>();
  transfer->thread = this;
  transfer->request = std::move(request);
  transfer->handle.reset(curl_easy_init());
  CHECK(transfer->handle != nullptr);
  Configure(transfer.get());
  CHECK(curl_multi_add_handle(multi_.get(), transfer->handle.get()) == CURLM_OK);
  const uint64_t id = transfer->request.id;
  transfers_[id] = std::move(transfer);
}

void DockerHttp::Thread::Configure(Transfer* transfer) {
  CURL* handle = transfer->handle.get();
  const HttpRequest& request = transfer->request;
  Set(handle, CURLOPT_UNIX_SOCKET_PATH, socket_path_.c_str());
  Set(handle, CURLOPT_URL, ("http://docker" + request.path).c_str());
  Set(handle, CURLOPT_PATH_AS_IS, 1L);
  Set(handle, CURLOPT_NOSIGNAL, 1L);
  Set(handle, CURLOPT_PROXY, "");  // whatever the environment says
  Set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  Set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.method == "POST") {
    Set(handle, CURLOPT_POST, 1L);
    Set(handle, CURLOPT_POSTFIELDS, request.body.c_str());
    Set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    transfer->headers.reset(
        curl_slist_append(nullptr, ("Content-Type: " + request.content_type).c_str()));
    CHECK(curl_slist_append(transfer->headers.get(), "Expect:") != nullptr);
    for (const std::string& header : request.headers) {
      CHECK(curl_slist_append(transfer->headers.get(), header.c_str()) != nullptr);
    }
    Set(handle, CURLOPT_HTTPHEADER, transfer->headers.get());
  }
  if (request.timeout_ms > 0) {
    Set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(std::min(request.timeout_ms, kMaxTimeoutMs)));
  }
  if (request.idle_timeout_ms > 0) {
    Set(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    Set(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>((request.idle_timeout_ms + 999) / 1000));
  }
  Set(handle, CURLOPT_WRITEFUNCTION, &Thread::OnBytes);
  Set(handle, CURLOPT_WRITEDATA, transfer);
  Set(handle, CURLOPT_PRIVATE, transfer);
  Set(handle, CURLOPT_HEADERDATA, transfer);
  Set(handle, CURLOPT_HEADERFUNCTION, &Thread::OnHeader);
}

size_t DockerHttp::Thread::OnHeader(char* bytes, size_t size, size_t count, void* user) {
  const std::string_view line(bytes, size * count);
  auto* transfer = static_cast<Transfer*>(user);
  if (line == "\r\n" || line == "\n") transfer->thread->EndHeaders(transfer);
  return size * count;
}

void DockerHttp::Thread::EndHeaders(Transfer* transfer) {
  long code = 0;
  curl_easy_getinfo(transfer->handle.get(), CURLINFO_RESPONSE_CODE, &code);
  if (code < 200) return;  // "100 Continue": more headers come
  transfer->headers_ended = true;
  // A stream that is accepted may have no bytes yet: this is its opening.
  if (!transfer->request.streams || transfer->opened || code >= 300) return;
  transfer->opened = true;
  const uint64_t id = transfer->request.id;
  PostToOwner([id](DockerHttp* owner) { owner->OnOpen(id); });
}

size_t DockerHttp::Thread::OnBytes(char* bytes, size_t size, size_t count, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  return transfer->thread->Take(transfer, std::string_view(bytes, size * count));
}

size_t DockerHttp::Thread::Take(Transfer* transfer, std::string_view bytes) {
  if (!transfer->opened) {
    const size_t limit = transfer->request.streams ? kMaxErrorReplyBytes : max_reply_bytes_;
    transfer->too_large = transfer->collected.size() + bytes.size() > limit;
    if (transfer->too_large) return 0;  // ends the transfer
    transfer->collected += bytes;
    return bytes.size();
  }
  if (transfer->unread >= kMaxUnreadStreamBytes) {
    transfer->paused = true;
    return CURL_WRITEFUNC_PAUSE;  // libcurl keeps these bytes and offers them again
  }
  transfer->unread += bytes.size();
  const uint64_t id = transfer->request.id;
  PostToOwner([id, data = std::string(bytes)](DockerHttp* owner) { owner->OnData(id, data); });
  return bytes.size();
}

void DockerHttp::Thread::TakeFinished() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg == CURLMSG_DONE) Finish(message->easy_handle, message->data.result);
  }
}

void DockerHttp::Thread::Finish(CURL* handle, CURLcode code) {
  Transfer* transfer = nullptr;
  CHECK(curl_easy_getinfo(handle, CURLINFO_PRIVATE, &transfer) == CURLE_OK);
  const uint64_t id = transfer->request.id;
  HttpReply reply = ReplyOf(transfer, code);
  Remove(id);
  PostToOwner([id, reply = std::move(reply)](DockerHttp* owner) { owner->OnDone(id, reply); });
}

HttpReply DockerHttp::Thread::ReplyOf(Transfer* transfer, CURLcode code) const {
  HttpReply reply;
  long http_code = 0;
  curl_easy_getinfo(transfer->handle.get(), CURLINFO_RESPONSE_CODE, &http_code);
  reply.code = static_cast<int>(http_code);
  reply.transport = TransportStatus(*transfer, code);
  reply.timed_out = code == CURLE_OPERATION_TIMEDOUT;
  if (reply.transport.ok()) reply.body = std::move(transfer->collected);
  return reply;
}

Status DockerHttp::Thread::TransportStatus(const Transfer& transfer, CURLcode code) const {
  // libcurl takes a connection that closes amid the headers for an empty reply.
  if (code == CURLE_OK && transfer.headers_ended) return OkStatus();
  const HttpRequest& request = transfer.request;
  if (transfer.too_large) {
    return InternalError("the engine's answer to " + request.method + " " + request.path +
                         " is larger than " + std::to_string(max_reply_bytes_) + " bytes");
  }
  if (code == CURLE_COULDNT_CONNECT) {
    return UnavailableError("cannot connect to the Docker daemon at " + socket_path_);
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return UnavailableError("the Docker daemon did not answer " + request.method + " " +
                            request.path + " in time");
  }
  return UnavailableError("the connection to the Docker daemon at " + socket_path_ + " broke: " +
                          (code == CURLE_OK ? "its reply is cut off" : curl_easy_strerror(code)));
}

void DockerHttp::Thread::Remove(uint64_t id) {
  const auto found = transfers_.find(id);
  if (found == transfers_.end()) return;
  curl_multi_remove_handle(multi_.get(), found->second->handle.get());
  --busy_[LaneIndex(found->second->request.lane)];
  transfers_.erase(found);
}

template <typename Action>
void DockerHttp::Thread::PostToOwner(Action action) {
  loop_->Post([owner = owner_, action = std::move(action)] {
    if (*owner != nullptr) action(*owner);
  });
}

}  // namespace reconcile
