#include "link/link_dialer.h"

#include <algorithm>

#include "base/log.h"
#include "link/dialer_state.h"

namespace reconcile {
namespace {

// What may wait to be written: beyond, a report is refused and the agent's next one says it all.
constexpr size_t kMaxUnsentMessages = 64;
constexpr size_t kMaxUnsentBytes = 1 << 20;
constexpr int64_t kSteadyMs = 5'000;  // a connection that held for so long ends the back-off

}  // namespace

int64_t DialWaitMs(int failures, int64_t min_ms, int64_t max_ms, Random* random) {
  int64_t bound_ms = min_ms;
  for (int i = 0; i < failures && bound_ms < max_ms; ++i) bound_ms *= 2;
  bound_ms = std::min(bound_ms, max_ms);
  return min_ms + static_cast<int64_t>(random->Below(static_cast<uint64_t>(bound_ms - min_ms + 1)));
}

LinkDialer::State::State(LinkDialerOptions dialer_options, EventLoop* agent_loop,
                         Random* agent_random)
    : options(std::move(dialer_options)),
      loop(agent_loop),
      random(agent_random),
      control_limits{options.connect_ms, options.silent_ms, kMaxLinkFrameBytes},
      stream_limits{options.connect_ms, options.silent_ms,
                    kMaxStreamFrameBytes + kMaxStreamTextBytes} {}

// ---- life ----

LinkDialer::LinkDialer(std::shared_ptr<State> state) : state_(std::move(state)) {}

LinkDialer::~LinkDialer() {
  state_->io.Stop();
  state_->handler = {};
}

Result<std::unique_ptr<LinkDialer>> LinkDialer::Open(LinkDialerOptions options, EventLoop* loop,
                                                     Random* random) {
  const auto state = std::make_shared<State>(std::move(options), loop, random);
  RETURN_IF_ERROR(state->Load());
  state->Listen();
  return std::unique_ptr<LinkDialer>(new LinkDialer(state));
}

void LinkDialer::State::Listen() {
  DialerEvents events;
  events.on_up = [this](ConnectionId id, std::shared_ptr<SocketBacklog> socket_backlog) {
    PostToLoop([=](State* state) { state->OnUp(id, socket_backlog); });
  };
  events.on_down = [this](ConnectionId id, int code, Status why) {
    PostToLoop([id, code, why = std::move(why)](State* state) { state->OnDown(id, code, why); });
  };
  events.on_assignment = [this](ConnectionId id, size_t bytes, Assignment assignment) {
    PostToLoop([id, bytes, assignment = std::move(assignment)](State* state) {
      state->connections.Handled(id, bytes);
      state->OnAssignment(id, assignment);
    });
  };
  events.on_message = [this](ConnectionId id, size_t bytes, LinkMessage message) {
    PostToLoop([id, bytes, message = std::move(message)](State* state) {
      state->connections.Handled(id, bytes);
      state->OnMessage(id, message);
    });
  };
  events.on_frame = [this](ConnectionId id, std::string frame) {
    PostToLoop([id, frame = std::move(frame)](State* state) {
      state->connections.Handled(id, frame.size());
      state->OnFrame(id, frame);
    });
  };
  connections.SetEvents(std::move(events));
  io.Start();
}

void LinkDialer::Start() { state_->Start(); }
void LinkDialer::Stop() { state_->Stop(); }

std::string LinkDialer::LastError() const {
  const std::lock_guard<std::mutex> lock(state_->told_mutex);
  return state_->told_error;
}

bool LinkDialer::TokenUnused() const {
  const std::lock_guard<std::mutex> lock(state_->told_mutex);
  return state_->told_token_unused;
}

std::string LinkDialer::ca_pem() const {
  const std::lock_guard<std::mutex> lock(state_->told_mutex);
  return state_->told_trusted;
}

LinkTraffic LinkDialer::Traffic() const {
  LinkTraffic traffic;
  if (state_->connected) {
    traffic.connections = 1;
    traffic.sent = state_->sent;
    traffic.received = state_->received;
  }
  for (const auto& [id, stream] : state_->streams) {
    ++(stream.up ? traffic.connections : traffic.opening);
    traffic.sent += stream.sent;
    traffic.received += stream.received;
  }
  return traffic;
}

// ---- dialing ----

void LinkDialer::State::Start() {
  if (std::exchange(running, true)) return;
  refused_for_good = false;
  failures = 0;
  {
    const std::lock_guard<std::mutex> lock(told_mutex);
    told_error = "the controller has not answered yet";  // no news for the log
  }
  PlanRenewal();
  Dial();
}

void LinkDialer::State::Stop() {
  if (!std::exchange(running, false)) return;
  ++attempt;
  loop->Cancel(std::exchange(dial_timer, 0));
  loop->Cancel(std::exchange(renewal_timer, 0));
  if (control != 0) connections.Drop(std::exchange(control, 0));
  if (connected) Disconnected();
  SetError("it was told to stay away");
}

void LinkDialer::State::Dial() {
  if (!running || refused_for_good || control != 0) return;
  if (NeedsToJoin()) return Join();
  const Result<DialTarget> target = Target();
  if (!target.ok()) return DialAgain(target.status());
  control = next_connection++;
  connections.OpenControl(control, *target, control_limits, options.node);
}

void LinkDialer::State::DialAgain(const Status& why) {
  SetError(why.message());
  if (!running || refused_for_good) return;
  const int64_t wait_ms = DialWaitMs(failures++, options.min_wait_ms, options.max_wait_ms, random);
  loop->Cancel(dial_timer);
  dial_timer = After(wait_ms, [](State* state) {
    state->dial_timer = 0;
    state->Dial();
  });
}

void LinkDialer::State::SetError(const std::string& why) {
  {
    const std::lock_guard<std::mutex> lock(told_mutex);
    if (told_error == why) return;
    told_error = why;
  }
  if (!why.empty()) LogInfo("not connected to the controller", {{"why", why}});
}

void LinkDialer::State::SayTokenUnused() {
  if (options.token.empty() || token_used) return;
  {
    const std::lock_guard<std::mutex> lock(told_mutex);
    if (std::exchange(told_token_unused, true)) return;
  }
  LogInfo("this host has joined already: the token was not used, and stays good",
          {{"node", options.node}, {"controller", options.host}});
}

void LinkDialer::State::OnUp(ConnectionId id, std::shared_ptr<SocketBacklog> socket_backlog) {
  if (id != control) {
    const auto stream = streams.find(FindStream(id));
    if (stream != streams.end()) stream->second.up = true;
    return;
  }
  connected = true;
  certificate_refused = false;
  swap_wanted = false;  // this connection is made with the newest certificate
  up_since = loop->now().mono;
  backlog = std::move(socket_backlog);
  reports.Forget();
  last_report.reset();
  sent = 0;
  received = 0;
  SetError("");
  SayTokenUnused();
  const auto on_connected = handler.on_connected;
  if (on_connected) on_connected();
}

void LinkDialer::State::OnDown(ConnectionId id, int code, const Status& why) {
  if (id != control) return CancelStream(FindStream(id));
  control = 0;
  if (connected) {
    if (loop->now().mono - up_since >= kSteadyMs) failures = 0;
    Disconnected();
  }
  if (code == 401) {
    certificate_refused = true;
    return DialAgain(
        UnavailableError(why.message() +
                         "; if this host's certificate is revoked or has expired, join again with "
                         "a new token (reconcile token create)"));
  }
  DialAgain(why);
}

void LinkDialer::State::Disconnected() {
  connected = false;
  backlog.reset();
  std::vector<std::string> broken;
  for (const auto& [id, stream] : streams) broken.push_back(id);
  for (const std::string& id : broken) CancelStream(id);
}

// ---- messages ----

void LinkDialer::SetHandler(Handler handler) {
  state_->handler = std::move(handler);
  state_->EndStreams(UnavailableError("the agent on node " + state_->options.node + " ended"));
}

void LinkDialer::State::OnAssignment(ConnectionId id, const Assignment& assignment) {
  if (id != control || !connected) return;
  ++received;
  const auto on_assignment = handler.on_assignment;
  if (on_assignment) on_assignment(assignment);
}

void LinkDialer::State::OnMessage(ConnectionId id, const LinkMessage& message) {
  if (id == control) return OnControl(message);
  OnStreamMessage(FindStream(id), message);
}

void LinkDialer::State::OnControl(const LinkMessage& message) {
  if (message.type == link_type::kRenew) return Renew();
  if (message.type == link_type::kResync) return Resend();
  if (message.type == link_type::kAskInventory) {
    ++received;
    const auto on_inventory_asked = handler.on_inventory_asked;
    if (on_inventory_asked) on_inventory_asked();
  } else if (message.type == link_type::kOpenLogs) {
    ++received;
    const Result<OpenLogsMessage> open = DecodeOpenLogs(message.body);
    if (open.ok()) return OpenLogs(*open);
    LogError("cannot open a log stream", {{"why", open.status().message()}});
  } else if (message.type == link_type::kOpenPodStream) {
    ++received;
    OpenPodStream(message.body);
  }
  // A newer controller may say what is unknown here.
}

void LinkDialer::State::Resend() {
  reports.Forget();
  if (!last_report || !CheckRoom().ok()) return;  // the next report says everything
  Result<std::string> text = reports.Write(*last_report);
  if (text.ok()) SendControl(std::move(text).value());
}

Status LinkDialer::State::CheckRoom() const {
  if (!connected) return UnavailableError("the controller is not connected");
  if (backlog->messages < kMaxUnsentMessages && backlog->bytes < kMaxUnsentBytes) return OkStatus();
  return UnavailableError("the controller reads slowly");
}

void LinkDialer::State::SendControl(std::string message) {
  ++sent;
  connections.Send(control, std::move(message), false);
}

Status LinkDialer::Send(const Report& report) {
  RETURN_IF_ERROR(state_->CheckRoom());
  Result<std::string> text = state_->reports.Write(report);
  if (!text.ok()) return text.status();
  state_->last_report = report;
  state_->SendControl(std::move(text).value());
  return OkStatus();
}

Status LinkDialer::SendInventory(const Inventory& inventory) {
  RETURN_IF_ERROR(state_->CheckRoom());
  Value body = Value::MakeMap();
  body.Set("inventory", EncodeInventory(inventory));
  Result<std::string> text = WriteLinkMessage(link_type::kInventory, std::move(body),
                                              "inventory of node " + inventory.node);
  if (!text.ok()) return text.status();
  state_->SendControl(std::move(text).value());
  return OkStatus();
}

}  // namespace reconcile
