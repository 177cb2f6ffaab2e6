#include <algorithm>

// Who may ask the controller's port for what.
#include "base/log.h"
#include "link/message_reader.h"
#include "link/server_connections.h"
#include "link/server_slots.h"

namespace reconcile {
namespace {

constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kStreamPath = "/stream/";
constexpr std::string_view kHookPath = "/hooks/";

HttpVerdict ReadBodyOf(size_t max_bytes) { return {HttpVerdict::Do::kReadBody, {}, max_bytes, {}}; }

HttpVerdict OpenSocketOf(const LinkServerOptions& options, size_t max_message_bytes) {
  return {HttpVerdict::Do::kOpenSocket,
          {},
          0,
          {options.handshake_ms, options.silent_ms, max_message_bytes}};
}

std::string_view BearerToken(const HttpHead& head) {
  const auto found = head.request.headers.find("authorization");
  if (found == head.request.headers.end()) return "";
  const std::string_view value = found->second;
  return value.starts_with(kBearer) ? value.substr(kBearer.size()) : "";
}

int CodeOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return 200;
    case StatusCode::kInvalid:
      return 403;
    case StatusCode::kNotFound:
      return 404;
    case StatusCode::kConflict:
      return 409;
    case StatusCode::kUnavailable:
      return 503;
    case StatusCode::kInternal:
      return 500;
  }
  return 500;
}

LinkHttpResponse CertificateAnswer(const Result<std::string>& chain) {
  if (!chain.ok()) {
    return {CodeOf(chain.status()), "text/plain", chain.status().message() + "\n"};
  }
  Value body = Value::MakeMap();
  body.Set("certificate", Value::String(*chain));
  return {200, "application/json", WriteJson(body)};
}

struct EnrollRequest {
  std::string node;
  std::string request_pem;
};
Result<EnrollRequest> ReadEnrollRequest(const std::string& body) {
  const Result<Value> value =
      ParseJson(body, {.max_bytes = kMaxEnrollBodyBytes, .max_depth = 4, .max_values = 100});
  if (!value.ok()) return value.status();
  MessageReader reader(*value, "request");
  EnrollRequest request;
  request.node = reader.String("node");
  request.request_pem = reader.RequiredString("csr");
  RETURN_IF_ERROR(reader.status());
  return request;
}

}  // namespace

void AuditLink(const std::string& event, const std::string& address, const std::string& node,
               const std::string& why) {
  LogFields fields = {{"event", event}, {"address", address}};
  if (!node.empty()) fields.push_back({"node", node});
  if (!why.empty()) fields.push_back({"why", why});
  LogWarning("audit", fields);
}

std::shared_ptr<void> ServerConnections::OnConnection(const std::string& remote_address) {
  return Slot::Take(counts_, remote_address);
}

HttpVerdict ServerConnections::OnHead(HttpHead* head) {
  const LinkHttpRequest& request = head->request;
  const Now now = io_->now();
  if (request.path == "/healthz" && request.method == "GET") return Answer(200, "ok");
  if (request.path == "/join" && request.method == "POST") return DecideJoin(*head, now);
  if (request.path.starts_with(kHookPath) && request.method == "POST") {
    return DecideHook(head, now);
  }
  // Who has no certificate does not learn what there is.
  if (head->chain_pem.empty()) {
    return Refuse(401, *head, "a client certificate of this cluster is needed; join first");
  }
  Result<PeerCertificate> peer = ReadPeerCertificate(head->chain_pem);
  if (!peer.ok()) return Refuse(401, *head, peer.status().message());
  head->peer = std::move(peer).value();
  const Status checked = enrollment_->CheckPeer(*head->peer, now.wall);
  if (!checked.ok()) return Refuse(401, *head, checked.message());
  return DecidePeer(head);
}

HttpVerdict ServerConnections::DecidePeer(HttpHead* head) {
  const LinkHttpRequest& request = head->request;
  if (request.path == "/renew" && request.method == "POST") return ReadBodyOf(kMaxEnrollBodyBytes);
  const bool stream = request.path.starts_with(kStreamPath);
  if (request.method != "GET" || (!stream && request.path != "/link")) {
    return Answer(404, "there is no such thing here");
  }
  if (!head->wants_socket) return Answer(426, "this is a WebSocket");
  if (stream) return DecideStream(*head);
  const auto open = std::count_if(connections_.begin(), connections_.end(), [&](const auto& entry) {
    return entry.second.stream.empty() && entry.second.peer.node == head->peer->node;
  });
  if (static_cast<size_t>(open) >= kMaxControlOfNode) {
    return Answer(429, "too many connections of node " + head->peer->node);
  }
  return OpenSocketOf(options_, kMaxLinkFrameBytes);
}

HttpVerdict ServerConnections::DecideJoin(const HttpHead& head, Now now) {
  if (refusals_.Blocked(head.request.remote_address, now.mono)) {
    return Answer(429, "too many refused requests from this address; wait a minute");
  }
  const std::string_view token = BearerToken(head);
  if (token.empty()) return Refuse(401, head, "joining needs a token");
  const Status checked = enrollment_->CheckToken(token, now.wall);
  if (!checked.ok()) return Refuse(401, head, checked.message());
  return ReadBodyOf(kMaxEnrollBodyBytes);
}

HttpVerdict ServerConnections::DecideStream(const HttpHead& head) {
  const auto expected = expected_.find(head.request.path.substr(kStreamPath.size()));
  if (expected == expected_.end()) return Answer(404, "nobody waits for this stream (any more)");
  if (expected->second != head.peer->node) {
    return Refuse(403, head, "the stream was asked of node " + expected->second);
  }
  return OpenSocketOf(options_, kMaxStreamFrameBytes + kMaxStreamTextBytes);
}

HttpVerdict ServerConnections::DecideHook(HttpHead* head, Now now) {
  if (refusals_.Blocked(head->request.remote_address, now.mono)) {
    return Answer(429, "too many refused requests from this address; wait a minute");
  }
  if (!options_.on_hook) return Refuse(404, *head, "no webhooks are taken here");
  head->hold = Slot::TakeHook(counts_);
  if (head->hold == nullptr) return Answer(503, "too many webhooks at once; send it again");
  return ReadBodyOf(kMaxHookBodyBytes);
}

HttpVerdict ServerConnections::Refuse(int code, const HttpHead& head, const std::string& why) {
  const std::string& address = head.request.remote_address;
  const MonoTime now = io_->now().mono;
  if (refusals_.Blocked(address, now)) {
    return Answer(429, "too many refused requests from this address; wait a minute");
  }
  refusals_.Refused(address, now);
  AuditLink("refused " + head.request.method + " " + head.request.path, address,
            head.peer ? head.peer->node : "", why);
  return Answer(code, why);
}

void ServerConnections::OnBadRequest(const std::string& remote_address, int code,
                                     const std::string& why) {
  const MonoTime now = io_->now().mono;
  if (refusals_.Blocked(remote_address, now)) return;
  refusals_.Refused(remote_address, now);
  AuditLink("bad request", remote_address, "", std::to_string(code) + ": " + why);
}

void ServerConnections::OnBody(HttpHead head, std::function<void(LinkHttpResponse)> answer) {
  if (head.request.path == "/join") return answer(Join(head));
  if (head.request.path == "/renew") return answer(Renew(head));
  // The place among hooks is kept until the handler has answered.
  events_.on_hook(std::move(head.request),
                  [answer = std::move(answer), hold = head.hold](LinkHttpResponse response) {
                    answer(std::move(response));
                  });
}

LinkHttpResponse ServerConnections::Join(const HttpHead& head) {
  const Now now = io_->now();
  const std::string& address = head.request.remote_address;
  const Result<EnrollRequest> request = ReadEnrollRequest(head.request.body);
  if (!request.ok()) {
    OnBadRequest(address, 400, request.status().message());
    return {400, "text/plain", request.status().message() + "\n"};
  }
  const Result<std::string> chain =
      enrollment_->Join(BearerToken(head), request->request_pem, request->node, now.wall);
  if (chain.ok()) {
    LogInfo("a host joined", {{"node", request->node}, {"address", address}});
  } else {
    refusals_.Refused(address, now.mono);
    AuditLink("refused a join", address, request->node, chain.status().message());
  }
  return CertificateAnswer(chain);
}

LinkHttpResponse ServerConnections::Renew(const HttpHead& head) {
  const Result<EnrollRequest> request = ReadEnrollRequest(head.request.body);
  if (!request.ok()) return {400, "text/plain", request.status().message() + "\n"};
  const Result<std::string> chain =
      enrollment_->Renew(*head.peer, request->request_pem, io_->now().wall);
  if (chain.ok()) {
    LogInfo("a certificate was renewed", {{"node", head.peer->node}});
  } else {
    AuditLink("refused a renewal", head.request.remote_address, head.peer->node,
              chain.status().message());
  }
  return CertificateAnswer(chain);
}

}  // namespace reconcile
