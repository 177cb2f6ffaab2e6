#include <curl/curl.h>
#include <git2/sys/transport.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "base/epoll_loop.h"
#include "base/version.h"
#include "schema/text.h"
#include "source/fetch_transport.h"
#include "source/git_handles.h"

namespace reconcile {
namespace {

constexpr long kLowSpeedBytesPerSecond = 10;
constexpr long kLowSpeedSeconds = 30;
constexpr int kPollMs = 1000;
constexpr int64_t kMaxRequestBytes = 16 << 20;  // what we ask with: a line for each commit we have
constexpr int64_t kMaxErrorPageBytes = 256 << 10;
constexpr std::string_view kDefaultUser = "x-access-token";

class HttpsTransport;

// One request and its answer. libgit2 frees it through `parent`, its first member.
struct HttpsStream {
  git_smart_subtransport_stream parent = {};
  HttpsTransport* transport = nullptr;
  bool advertisement = false;
  std::string request;
  bool started = false;
};

// libgit2's handle of the transport. Freed by it; the transport itself is the caller's.
struct HttpsSubtransport {
  git_smart_subtransport parent = {};
  HttpsTransport* transport = nullptr;
};

class HttpsTransport final : public FetchTransport {
 public:
  explicit HttpsTransport(TransportContext context) : context_(std::move(context)) {}
  ~HttpsTransport() override {
    EndRequest();
    curl_multi_cleanup(multi_);
    curl_easy_cleanup(easy_);
    curl_slist_free_all(resolve_);
    curl_slist_free_all(headers_);
  }
  HttpsTransport(const HttpsTransport&) = delete;
  HttpsTransport& operator=(const HttpsTransport&) = delete;

  Status Prepare();
  git_transport_cb callback() override;
  Status status() const override { return status_; }

  int Act(git_smart_subtransport* owner, git_smart_subtransport_stream** out,
          git_smart_service_t service);
  int Write(HttpsStream* stream, const char* bytes, size_t size);
  int Read(HttpsStream* stream, char* buffer, size_t size, size_t* taken);
  void EndRequest();

 private:
  template <typename T>
  void Set(CURLoption option, T value) {
    if (curl_easy_setopt(easy_, option, value) != CURLE_OK && status_.ok()) {
      status_ = InternalError("libcurl does not take option " + std::to_string(option));
    }
  }
  void SetText(CURLoption option, const std::string& text) { Set(option, text.c_str()); }
  void SetBlob(CURLoption option, const std::string& bytes);
  void SetTls();
  void SetLimits();
  void SetUser();
  bool Start(const HttpsStream& stream);
  bool Pump();
  void Finish(CURLcode code);
  Status DescribeCode(long code) const;
  Status DescribeRedirect() const;
  Status CheckType() const;
  size_t TakeBody(const char* bytes, size_t size);
  int Fail(Status status);

  static size_t OnBody(char* bytes, size_t size, size_t count, void* self);
  static curl_socket_t OnSocket(void* self, curlsocktype purpose, curl_sockaddr* address);

  TransportContext context_;
  Status status_;
  CURL* easy_ = nullptr;
  CURLM* multi_ = nullptr;
  curl_slist* resolve_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::array<char, CURL_ERROR_SIZE> curl_message_{};
  bool active_ = false;
  bool finished_ = false;
  bool advertisement_ = false;
  std::string received_;  // not yet taken by libgit2
  size_t taken_ = 0;
  int64_t total_bytes_ = 0;
};

// ---- what libgit2 calls ----

int ActOnHttps(git_smart_subtransport_stream** out, git_smart_subtransport* transport, const char*,
               git_smart_service_t service) {
  return reinterpret_cast<HttpsSubtransport*>(transport)->transport->Act(transport, out, service);
}
int CloseHttps(git_smart_subtransport*) { return 0; }
void FreeHttps(git_smart_subtransport* transport) {
  delete reinterpret_cast<HttpsSubtransport*>(transport);
}

int ReadHttpsStream(git_smart_subtransport_stream* raw, char* buffer, size_t size, size_t* taken) {
  auto* stream = reinterpret_cast<HttpsStream*>(raw);
  return stream->transport->Read(stream, buffer, size, taken);
}
int WriteHttpsStream(git_smart_subtransport_stream* raw, const char* bytes, size_t size) {
  auto* stream = reinterpret_cast<HttpsStream*>(raw);
  return stream->transport->Write(stream, bytes, size);
}
void FreeHttpsStream(git_smart_subtransport_stream* raw) {
  auto* stream = reinterpret_cast<HttpsStream*>(raw);
  stream->transport->EndRequest();
  delete stream;
}

int MakeHttpsSubtransport(git_smart_subtransport** out, git_transport*, void* transport) {
  auto* made = new HttpsSubtransport;
  made->parent.action = ActOnHttps;
  made->parent.close = CloseHttps;
  made->parent.free = FreeHttps;
  made->transport = static_cast<HttpsTransport*>(transport);
  *out = &made->parent;
  return 0;
}

int MakeHttpsGitTransport(git_transport** out, git_remote* owner, void* transport) {
  git_smart_subtransport_definition definition = {MakeHttpsSubtransport, 1, transport};
  return git_transport_smart(out, owner, &definition);
}

// ---- the transport ----

git_transport_cb HttpsTransport::callback() { return MakeHttpsGitTransport; }

int HttpsTransport::Fail(Status status) {
  if (status_.ok()) status_ = std::move(status);
  git_error_set_str(GIT_ERROR_NET, status_.message().c_str());
  return -1;
}

void HttpsTransport::SetBlob(CURLoption option, const std::string& bytes) {
  curl_blob blob = {const_cast<char*>(bytes.data()), bytes.size(), CURL_BLOB_COPY};
  Set(option, &blob);
}

void HttpsTransport::SetTls() {
  const FetchSecrets& secrets = context_.request->secrets;
  Set(CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  Set<const char*>(CURLOPT_CAPATH, nullptr);
  SetBlob(CURLOPT_CAINFO_BLOB, context_.ca_pem);
  if (secrets.client_certificate_pem.empty()) return;
  SetText(CURLOPT_SSLCERTTYPE, "PEM");
  SetBlob(CURLOPT_SSLCERT_BLOB, secrets.client_certificate_pem);
  SetText(CURLOPT_SSLKEYTYPE, "PEM");
  SetBlob(CURLOPT_SSLKEY_BLOB, secrets.client_key_pem);
}

void HttpsTransport::SetLimits() {
  const FetchLimits& limits = context_.request->limits;
  Set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect_ms));
  Set(CURLOPT_LOW_SPEED_LIMIT, kLowSpeedBytesPerSecond);
  Set(CURLOPT_LOW_SPEED_TIME, kLowSpeedSeconds);
  Set(CURLOPT_NOSIGNAL, 1L);
  SetText(CURLOPT_PROTOCOLS_STR, "https");
  Set(CURLOPT_FOLLOWLOCATION, 0L);
  SetText(CURLOPT_PROXY, "");
  Set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  Set(CURLOPT_OPENSOCKETFUNCTION, OnSocket);
  Set(CURLOPT_OPENSOCKETDATA, this);
  Set(CURLOPT_WRITEFUNCTION, OnBody);
  Set(CURLOPT_WRITEDATA, this);
  Set(CURLOPT_ERRORBUFFER, curl_message_.data());
  // Some servers answer nobody who does not begin so.
  SetText(CURLOPT_USERAGENT, "git/2.0 (reconcile " + std::string(kVersion) + ")");
}

// A token is a password to Git servers; the name before it matters to few.
void HttpsTransport::SetUser() {
  const FetchSecrets& secrets = context_.request->secrets;
  const std::string& password = secrets.token.empty() ? secrets.password : secrets.token;
  if (password.empty()) return;
  Set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
  SetText(CURLOPT_USERNAME,
          secrets.username.empty() ? std::string(kDefaultUser) : secrets.username);
  SetText(CURLOPT_PASSWORD, password);
}

Status HttpsTransport::Prepare() {
  static const bool is_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  easy_ = curl_easy_init();
  multi_ = curl_multi_init();
  if (!is_ready || easy_ == nullptr || multi_ == nullptr) {
    return InternalError("libcurl cannot be used");
  }
  // The names are resolved and checked already, and the files for that are out of reach.
  std::string entry = context_.url.host + ":" + std::to_string(context_.url.port) + ":";
  if (context_.url.host.find(':') == std::string::npos) {
    for (size_t i = 0; i < context_.addresses.size(); ++i) {
      entry += (i == 0 ? "" : ",") + context_.addresses[i].text;
    }
    resolve_ = curl_slist_append(nullptr, entry.c_str());
    Set(CURLOPT_RESOLVE, resolve_);
  }
  SetLimits();
  SetTls();
  SetUser();
  return status_;
}

curl_socket_t HttpsTransport::OnSocket(void* self, curlsocktype, curl_sockaddr* address) {
  const auto* transport = static_cast<HttpsTransport*>(self);
  if (!MayConnect(&address->addr, transport->context_.url.IsLoopback())) return CURL_SOCKET_BAD;
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

size_t HttpsTransport::OnBody(char* bytes, size_t size, size_t count, void* self) {
  return static_cast<HttpsTransport*>(self)->TakeBody(bytes, size * count);
}

Status HttpsTransport::CheckType() const {
  const char* raw = nullptr;
  curl_easy_getinfo(easy_, CURLINFO_CONTENT_TYPE, &raw);
  const std::string type = raw == nullptr ? "" : raw;
  const std::string wanted = advertisement_ ? "application/x-git-upload-pack-advertisement"
                                            : "application/x-git-upload-pack-result";
  if (type == wanted) return OkStatus();
  return InvalidError(
      "what answers there is no Git server that speaks the smart protocol: it "
      "sends " +
      Quoted(type));
}

size_t HttpsTransport::TakeBody(const char* bytes, size_t size) {
  long code = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &code);
  total_bytes_ += static_cast<int64_t>(size);
  // The page of an error is passed over; Finish says what it means.
  if (code != 200) return total_bytes_ <= kMaxErrorPageBytes ? size : 0;
  const Status fits = CheckType();
  if (!fits.ok()) {
    if (status_.ok()) status_ = fits;
    return 0;  // ends the request
  }
  if (total_bytes_ > context_.request->limits.max_pack_bytes) {
    status_ = InvalidError("what the server sends passes the limit max_pack_bytes = " +
                           std::to_string(context_.request->limits.max_pack_bytes));
    return 0;
  }
  received_.append(bytes, size);
  return size;
}

Status HttpsTransport::DescribeRedirect() const {
  const char* raw = nullptr;
  curl_easy_getinfo(easy_, CURLINFO_REDIRECT_URL, &raw);
  std::string to = raw == nullptr ? "another place" : raw;
  to = to.substr(0, to.find("/info/refs"));
  return InvalidError("the server sends on to " + Quoted(to) +
                      ": redirects are not followed, and nothing was sent there; configure that "
                      "URL if you trust it");
}

Status HttpsTransport::DescribeCode(long code) const {
  const std::string number = std::to_string(code);
  const bool has_user = !context_.request->secrets.token.empty() ||
                        !context_.request->secrets.password.empty() ||
                        !context_.request->secrets.client_key_pem.empty();
  if (code >= 300 && code < 400) return DescribeRedirect();
  if (code == 401 || code == 403) {
    return InvalidError(has_user ? "the server refuses the credentials (" + number + ")"
                                 : "the server wants credentials (" + number +
                                       "): name files with them under `credentials` of the source");
  }
  if (code == 404) {
    return InvalidError(
        "the server has no such repository, or hides it from these credentials "
        "(404)");
  }
  if (code == 429 || code >= 500) return UnavailableError("the server answers " + number);
  return InvalidError("the server answers " + number);
}

void HttpsTransport::Finish(CURLcode code) {
  finished_ = true;
  if (!status_.ok()) return;
  long http_code = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &http_code);
  if (http_code != 0 && http_code != 200) status_ = DescribeCode(http_code);
  if (code == CURLE_OK || !status_.ok()) return;
  const std::string message =
      curl_message_[0] != '\0' ? curl_message_.data() : curl_easy_strerror(code);
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
      code == CURLE_SSL_CERTPROBLEM) {
    status_ =
        InvalidError("TLS: " + message + " (credentials.caFile names the CA of a private server)");
  } else {
    status_ = UnavailableError("the server does not answer as it should: " + message);
  }
}

bool HttpsTransport::Start(const HttpsStream& stream) {
  EndRequest();
  received_.clear();
  taken_ = 0;
  finished_ = false;
  advertisement_ = stream.advertisement;
  curl_message_[0] = '\0';
  const std::string base = context_.url.ToString();
  curl_slist_free_all(headers_);
  headers_ = curl_slist_append(nullptr, "Expect:");
  if (stream.advertisement) {
    Set(CURLOPT_HTTPGET, 1L);
    SetText(CURLOPT_URL, base + "/info/refs?service=git-upload-pack");
  } else {
    headers_ = curl_slist_append(headers_, "Content-Type: application/x-git-upload-pack-request");
    headers_ = curl_slist_append(headers_, "Accept: application/x-git-upload-pack-result");
    SetText(CURLOPT_URL, base + "/git-upload-pack");
    Set(CURLOPT_POST, 1L);
    Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(stream.request.size()));
    Set(CURLOPT_POSTFIELDS, stream.request.data());
  }
  Set(CURLOPT_HTTPHEADER, headers_);
  const int64_t left_ms = context_.deadline - ReadSystemClock().mono;
  Set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<int64_t>(left_ms, 1)));
  active_ = status_.ok() && curl_multi_add_handle(multi_, easy_) == CURLM_OK;
  return active_;
}

void HttpsTransport::EndRequest() {
  if (active_) curl_multi_remove_handle(multi_, easy_);
  active_ = false;
}

// Lets libcurl work until there is something to take, or it is over; false on failure.
bool HttpsTransport::Pump() {
  while (taken_ == received_.size() && !finished_) {
    received_.clear();
    taken_ = 0;
    int running = 0;
    if (curl_multi_perform(multi_, &running) != CURLM_OK) return false;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg == CURLMSG_DONE) Finish(message->data.result);
    }
    if (!finished_ && received_.empty()) curl_multi_poll(multi_, nullptr, 0, kPollMs, nullptr);
  }
  return status_.ok();
}

int HttpsTransport::Act(git_smart_subtransport* owner, git_smart_subtransport_stream** out,
                        git_smart_service_t service) {
  if (service != GIT_SERVICE_UPLOADPACK_LS && service != GIT_SERVICE_UPLOADPACK) {
    return Fail(InternalError("only fetching is done here"));
  }
  auto* stream = new HttpsStream;
  stream->parent.subtransport = owner;
  stream->parent.read = ReadHttpsStream;
  stream->parent.write = WriteHttpsStream;
  stream->parent.free = FreeHttpsStream;
  stream->transport = this;
  stream->advertisement = service == GIT_SERVICE_UPLOADPACK_LS;
  *out = &stream->parent;
  return 0;
}

int HttpsTransport::Write(HttpsStream* stream, const char* bytes, size_t size) {
  stream->request.append(bytes, size);
  if (static_cast<int64_t>(stream->request.size()) <= kMaxRequestBytes) return 0;
  return Fail(InternalError("the request passes the limit kMaxRequestBytes"));
}

int HttpsTransport::Read(HttpsStream* stream, char* buffer, size_t size, size_t* taken) {
  *taken = 0;
  if (!stream->started) {
    stream->started = true;
    if (!Start(*stream)) return Fail(InternalError("libcurl does not begin a request"));
  }
  if (!Pump()) return Fail(InternalError("libcurl cannot go on"));
  *taken = std::min(size, received_.size() - taken_);
  std::memcpy(buffer, received_.data() + taken_, *taken);
  taken_ += *taken;
  return 0;
}

}  // namespace

Result<std::unique_ptr<FetchTransport>> MakeHttpsTransport(TransportContext context) {
  auto transport = std::make_unique<HttpsTransport>(std::move(context));
  const Status prepared = transport->Prepare();
  if (!prepared.ok()) return prepared;
  return std::unique_ptr<FetchTransport>(std::move(transport));
}

}  // namespace reconcile
