// How a host becomes a member of its cluster, and stays one.
#include <algorithm>

#include "base/log.h"
#include "link/dialer_state.h"
#include "link/join_token.h"

namespace reconcile {
namespace {

constexpr int64_t kLongestTimerMs = 600'000;  // the wall clock may jump: look again
// After a renewal that failed: a quarter of what is left of the life, within these.
constexpr int64_t kRenewSoonestMs = 1'000;
constexpr int64_t kRenewAgainMs = 300'000;
constexpr int64_t kSwapPatienceMs = 600'000;  // streams may go on for so long after a renewal

}  // namespace

Status LinkDialer::State::Load() {
  Result<std::optional<NodeIdentity>> loaded = LoadNodeIdentity(options.folder);
  if (!loaded.ok()) return loaded.status();
  if (!options.token.empty()) {
    const Result<JoinToken> token = ParseJoinToken(options.token);
    if (!token.ok()) return token.status();
  }
  if (*loaded && (*loaded)->leaf.node != options.node && options.token.empty()) {
    return InvalidError("this host joined its cluster as node " + (*loaded)->leaf.node +
                        ", not as " + options.node +
                        "; set node.name back, or join with a new "
                        "token under the new name");
  }
  if (*loaded) return UseIdentity(std::move(**loaded));
  if (!options.token.empty()) return OkStatus();
  return InvalidError("this host belongs to no cluster yet: " + options.folder +
                      " holds no certificate. Join with --token; `reconcile token create` on the "
                      "controller's host makes one");
}

bool LinkDialer::State::NeedsToJoin() const {
  if (!identity) return true;
  if (options.token.empty() || token_used) return false;
  if (certificate_refused || identity->leaf.not_after <= loop->now().wall) return true;
  if (identity->leaf.node != options.node) return true;
  // The token of another cluster, or of this one after its CA was made anew.
  const Result<JoinToken> token = ParseJoinToken(options.token);
  return token.ok() && !HoldsAuthority(identity->trusted_pem, token->ca_fingerprint);
}

Status LinkDialer::State::UseIdentity(NodeIdentity fresh) {
  Result<TlsContext> context = MakeClientTls(&fresh.pair);
  if (!context.ok()) return context.status();
  tls = std::move(context).value();
  renew_at = RenewalTime(fresh.leaf.not_before, fresh.leaf.not_after, random);
  identity = std::move(fresh);
  const std::lock_guard<std::mutex> lock(told_mutex);
  told_trusted = identity->trusted_pem;
  return OkStatus();
}

Result<DialTarget> LinkDialer::State::Target() const {
  DialTarget target;
  target.host = options.host;
  target.port = options.port;
  target.tls = tls;
  target.step_ms = options.connect_ms;
  target.check = [trusted = identity->trusted_pem, clock = &io](const std::string& chain_pem) {
    return CheckChain(chain_pem, trusted, CertificateUse::kController, clock->now().wall);
  };
  return target;
}

// ---- joining ----

void LinkDialer::State::Join() {
  const Result<JoinToken> token = ParseJoinToken(options.token);
  const Result<KeyAndRequest> request = LoadOrMakeJoinRequest(options.folder, options.node);
  const Result<TlsContext> context = MakeClientTls(nullptr);
  for (const Status& status : {token.status(), request.status(), context.status()}) {
    if (!status.ok()) return DialAgain(status);
  }
  DialTarget target;
  target.host = options.host;
  target.port = options.port;
  target.tls = *context;
  target.step_ms = options.connect_ms;
  target.check = [fingerprint = token->ca_fingerprint, clock = &io](const std::string& chain_pem) {
    const Status status = CheckFirstContact(chain_pem, fingerprint, clock->now().wall).status();
    // Invalid is the wrong CA alone: a clock that is wrong may be set right while this goes on.
    const bool may_mend =
        status.code() == StatusCode::kInvalid && HoldsAuthority(chain_pem, fingerprint);
    return may_mend ? UnavailableError(status.message()) : status;
  };
  Value body = Value::MakeMap();
  body.Set("node", Value::String(options.node));
  body.Set("csr", Value::String(request->request_pem));
  DialPost(target, "/join", {{"Authorization", "Bearer " + options.token}}, WriteJson(body), &io,
           [this, mine = ++attempt, request = *request](const Result<DialAnswer>& answer) {
             PostToLoop([mine, request, answer](State* state) {
               if (mine == state->attempt) state->OnJoined(request, answer);
             });
           });
}

void LinkDialer::State::OnJoined(const KeyAndRequest& request, const Result<DialAnswer>& answer) {
  const bool member = identity && identity->leaf.node == options.node;
  if (!answer.ok()) {
    if (answer.status().code() != StatusCode::kInvalid) return DialAgain(answer.status());
    // Not the CA that the token names, for good. A member may trust a newer one by now.
    if (!member) return RefusedForGood(answer.status());
    token_used = true;
    return DialAgain(answer.status());
  }
  if (answer->code != 200) {
    const std::string why = "the controller does not let this host join: " +
                            answer->body.substr(0, answer->body.find('\n'));
    const bool for_good = answer->code == 401 || answer->code == 403 || answer->code == 409;
    if (for_good && member) {
      token_used = true;  // a token that is of no use does not end a member
      return DialAgain(InvalidError(why));
    }
    return for_good ? RefusedForGood(InvalidError(why)) : DialAgain(UnavailableError(why));
  }
  const Status taken =
      TakeCertificate(request, *answer, ParseJoinToken(options.token)->ca_fingerprint);
  if (!taken.ok()) return DialAgain(taken.WithContext("joining"));
  ForgetJoinRequest(options.folder);
  token_used = true;
  LogInfo("joined the cluster", {{"node", options.node}, {"controller", options.host}});
  PlanRenewal();
  Dial();
}

void LinkDialer::State::RefusedForGood(const Status& why) {
  refused_for_good = true;
  SetError(why.message());
  const auto on_refused = options.on_refused;
  if (on_refused) on_refused(why);
}

Status LinkDialer::State::TakeCertificate(const KeyAndRequest& request, const DialAnswer& answer,
                                          const std::string& ca_fingerprint) {
  const Result<Value> body = ParseJson(answer.body);
  if (!body.ok()) return body.status();
  const KeyPair pair = {body->GetString("certificate"), request.private_key_pem};
  Result<NodeIdentity> fresh = MakeNodeIdentity(pair);
  if (!fresh.ok()) return fresh.status();
  RETURN_IF_ERROR(CheckChain(pair.certificate_pem, fresh->trusted_pem, CertificateUse::kNode,
                             loop->now().wall));
  if (fresh->leaf.node != options.node) {
    return InvalidError("the certificate is for node " + fresh->leaf.node);
  }
  if (!ca_fingerprint.empty() && !HoldsAuthority(fresh->trusted_pem, ca_fingerprint)) {
    return InvalidError("the certificate is of another CA than the token's");
  }
  RETURN_IF_ERROR(SaveNodeIdentity(options.folder, pair));
  return UseIdentity(std::move(fresh).value());
}

// ---- renewing ----

void LinkDialer::State::PlanRenewal() {
  if (!identity || !running) return;
  loop->Cancel(renewal_timer);
  const int64_t wait_ms =
      std::clamp<int64_t>(renew_at.ms - loop->now().wall.ms, 0, kLongestTimerMs);
  renewal_timer = After(wait_ms, [](State* state) {
    state->renewal_timer = 0;
    if (state->loop->now().wall >= state->renew_at) return state->Renew();
    state->PlanRenewal();
  });
}

void LinkDialer::State::Renew() {
  if (renewing || !identity || !running) return;
  const Result<KeyAndRequest> request = MakeNodeRequest(options.node);
  const Result<DialTarget> target = Target();
  if (!request.ok() || !target.ok()) return;
  renewing = true;
  Value body = Value::MakeMap();
  body.Set("csr", Value::String(request->request_pem));
  DialPost(*target, "/renew", {}, WriteJson(body), &io,
           [this, request = *request](const Result<DialAnswer>& answer) {
             PostToLoop([request, answer](State* state) { state->OnRenewed(request, answer); });
           });
}

void LinkDialer::State::OnRenewed(const KeyAndRequest& request, const Result<DialAnswer>& answer) {
  renewing = false;
  Status taken = answer.status();
  if (answer.ok() && answer->code != 200) {
    taken = UnavailableError("the controller refuses: " +
                             answer->body.substr(0, answer->body.find('\n')));
  } else if (answer.ok()) {
    taken = TakeCertificate(request, *answer, "");
  }
  if (taken.ok()) {
    LogInfo("renewed this host's certificate",
            {{"until", FormatRfc3339(identity->leaf.not_after)}});
    swap_wanted = true;
    swap_by = loop->now().mono + kSwapPatienceMs;
    After(kSwapPatienceMs, [](State* state) { state->SwapIfQuiet(); });
    SwapIfQuiet();
  } else {
    LogWarning("this host's certificate was not renewed",
               {{"why", taken.message()}, {"until", FormatRfc3339(identity->leaf.not_after)}});
    const WallTime now = loop->now().wall;
    const int64_t left_ms = identity->leaf.not_after.ms - now.ms;
    renew_at = {now.ms + std::clamp(left_ms / 4, kRenewSoonestMs, kRenewAgainMs)};
  }
  PlanRenewal();
}

// Goes over to the newer certificate when no log would be cut off, or when that took too long.
void LinkDialer::State::SwapIfQuiet() {
  if (!swap_wanted || !connected) return;
  if (!streams.empty() && loop->now().mono < swap_by) return;
  swap_wanted = false;
  connections.Drop(std::exchange(control, 0));
  Disconnected();
  Dial();
}

}  // namespace reconcile
