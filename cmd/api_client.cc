#include "cmd/api_client.h"

#include <httplib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "api/log_frames.h"
#include "base/unique_fd.h"

namespace reconcile {
namespace {

constexpr time_t kWriteTimeoutSeconds = 90;
constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kTableType = "application/json;as=Table;v=v1;g=meta.k8s.io";
constexpr int64_t kFollowTimeoutMs = 7LL * 24 * 3600 * 1000;

std::unique_ptr<httplib::Client> MakeClient(const std::string& socket_path,
                                            int64_t read_timeout_ms) {
  auto client = std::make_unique<httplib::Client>(socket_path);
  client->set_address_family(AF_UNIX);
  client->set_connection_timeout(5, 0);
  client->set_read_timeout(static_cast<time_t>(read_timeout_ms / 1000),
                           static_cast<time_t>(read_timeout_ms % 1000 * 1000));
  client->set_write_timeout(kWriteTimeoutSeconds, 0);
  return client;
}

std::string WithQuery(const std::string& path, const ApiClient::Query& query) {
  httplib::Params params;
  for (const auto& [name, value] : query) params.emplace(name, value);
  return params.empty() ? path : httplib::append_query_params(path, params);
}

StatusCode CodeOf(int http_code) {
  switch (http_code) {
    case 400:
      return StatusCode::kInvalid;
    case 404:
      return StatusCode::kNotFound;
    case 409:
      return StatusCode::kConflict;
    case 503:
      return StatusCode::kUnavailable;
    default:
      return StatusCode::kInternal;
  }
}

Status FromStatusObject(const std::string& text) {
  const Result<Value> value = ParseJson(text);
  return StatusOfAnswer(value.ok() ? static_cast<int>(value->GetInt("code")) : 500, text);
}

// 0 when somebody listens there, else the errno of connecting.
int ConnectErrno(const std::string& socket_path) {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  if (!fd.ok()) return errno;
  if (socket_path.size() >= sizeof(address.sun_path)) return ENAMETOOLONG;
  address.sun_family = AF_UNIX;
  std::copy(socket_path.begin(), socket_path.end(), address.sun_path);
  const auto* const raw = reinterpret_cast<const sockaddr*>(&address);
  return ::connect(fd.get(), raw, sizeof(address)) == 0 ? 0 : errno;
}

Result<Value> Take(const httplib::Result& result, const std::string& socket_path) {
  if (!result) return WhyUnreachable(socket_path);
  if (result->status != 200) return StatusOfAnswer(result->status, result->body);
  return ParseJson(result->body, {.max_bytes = 256 << 20, .max_depth = 64});
}

}  // namespace

Status StatusOfAnswer(int http_code, const std::string& body) {
  const Result<Value> value = ParseJson(body);
  const std::string message = value.ok() ? value->GetString("message") : body;
  return Status(CodeOf(http_code), message);
}

Status WhyUnreachable(const std::string& socket_path) {
  const std::string nobody = "no controller answers on " + socket_path + ": ";
  const int why = ConnectErrno(socket_path);
  if (why == ENOENT || why == ENOTDIR) {
    return UnavailableError(
        nobody +
        "there is no such socket. Commands run on the host where `reconcile up` "
        "or `reconcile controller` does, not on an agent's; does it run?");
  }
  if (why == ECONNREFUSED) {
    return UnavailableError(nobody +
                            "the one that made the socket has ended. Start `reconcile up` or "
                            "`reconcile controller`");
  }
  if (why == EACCES || why == EPERM) {
    return UnavailableError("you may not use the controller's socket " + socket_path +
                            ": permission denied. Ask as the user that runs it: root, as a rule");
  }
  return UnavailableError(nobody + (why == 0 ? "it broke off" : std::strerror(why)));
}

Result<Value> ApiClient::Get(const std::string& path, const Query& query, bool as_table) {
  httplib::Headers headers;
  if (as_table) headers.emplace("Accept", std::string(kTableType));
  return Take(MakeClient(socket_path_, timeout_ms_)->Get(WithQuery(path, query), headers),
              socket_path_);
}

Result<Value> ApiClient::Post(const std::string& path, const Query& query,
                              const std::string& body) {
  return Take(
      MakeClient(socket_path_, timeout_ms_)->Post(WithQuery(path, query), body, "application/json"),
      socket_path_);
}

Status ApiClient::Stream(const std::string& path, const Query& query,
                         const std::function<bool(std::string_view)>& on_data) {
  return StreamAs(std::string(kLogFramesType), path, query, on_data);
}

// A watch comes in frames too: so a cut is told from an end.
Status ApiClient::Watch(const std::string& path, Query query, bool as_table,
                        const std::function<bool(const Value&)>& on_event) {
  query["watch"] = "true";
  std::string rest;
  Status failed;
  const auto take_line = [&](std::string_view line) {
    const Result<Value> event = ParseJson(line, {.max_bytes = 64 << 20, .max_depth = 64});
    if (!event.ok()) failed = event.status().WithContext("an event of the watch");
    if (!event.ok()) return false;
    if (event->GetString("type") != "ERROR") return on_event(*event);
    const Value* object = event->Find("object");
    const int64_t code = object == nullptr ? 500 : object->GetInt("code", 500);
    failed = Status(code == 410 ? StatusCode::kUnavailable : CodeOf(static_cast<int>(code)),
                    object == nullptr ? "the watch failed" : object->GetString("message"));
    return false;
  };
  const Status status = StreamAs(
      std::string(as_table ? kTableType : kJsonType) + "," + std::string(kLogFramesType), path,
      query, [&](std::string_view bytes) {
        rest += bytes;
        size_t start = 0;
        for (size_t end = 0; (end = rest.find('\n', start)) != std::string::npos; start = end + 1) {
          if (!take_line(std::string_view(rest).substr(start, end - start))) return false;
        }
        rest.erase(0, start);
        return true;
      });
  return failed.ok() ? status : failed;
}

Status ApiClient::StreamAs(const std::string& accept, const std::string& path, const Query& query,
                           const std::function<bool(std::string_view)>& on_data) {
  int code = 0;
  std::string error_body;
  LogFrameReader frames;
  Status damage;
  bool stopped = false;  // by the caller
  const auto on_response = [&](const httplib::Response& response) {
    code = response.status;
    return true;
  };
  const auto on_bytes = [&](const char* data, size_t size) {
    if (code != 200) {
      error_body.append(data, size);
      return true;
    }
    damage = frames.Feed({data, size}, [&](std::string_view bytes) {
      if (!stopped) stopped = !on_data(bytes);
    });
    return damage.ok() && !stopped;
  };
  const httplib::Headers headers = {{"Accept", accept}};
  const httplib::Result result = MakeClient(socket_path_, kFollowTimeoutMs)
                                     ->Get(WithQuery(path, query), headers, on_response, on_bytes);
  if (code == 0) return WhyUnreachable(socket_path_);
  if (code != 200) return StatusOfAnswer(code, error_body);
  if (stopped) return OkStatus();
  if (!damage.ok()) return damage;
  if (!frames.error().empty()) return FromStatusObject(frames.error());
  if (!result) {
    return UnavailableError(accept == kLogFramesType
                                ? "the log stream broke before its end; lines may be missing"
                                : "the watch broke off");
  }
  return OkStatus();
}

std::string PathOf(Kind kind, const std::string& namespace_name, const std::string& name) {
  const KindInfo& info = InfoOf(kind);
  const std::string version(info.api_version);
  std::string path = (version.find('/') == std::string::npos ? "/api/" : "/apis/") + version;
  if (info.namespaced && !namespace_name.empty()) {
    path += "/namespaces/" + EncodePathSegment(namespace_name);
  }
  path += "/" + std::string(info.plural);
  return name.empty() ? path : path + "/" + EncodePathSegment(name);
}

std::string EncodePathSegment(const std::string& text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_';
    if (plain) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15];
    }
  }
  return encoded;
}

}  // namespace reconcile
