#include "api/api_sockets.h"

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/log.h"

namespace reconcile {

// Places may outlive the server by the moments of its end.
struct ApiSockets::Counts {
  size_t open = 0;
  std::map<std::string, size_t> by_user;
};

class ApiSockets::Place {
 public:
  Place(std::shared_ptr<Counts> counts, std::string user)
      : counts_(std::move(counts)), user_(std::move(user)) {
    ++counts_->open;
    ++counts_->by_user[user_];
  }
  ~Place() {
    --counts_->open;
    if (--counts_->by_user[user_] == 0) counts_->by_user.erase(user_);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  const std::shared_ptr<Counts> counts_;
  const std::string user_;
};

namespace {

// A session with its way out; the loop's alone. Kept by tasks that are under way to it.
class LoopSide final : public SessionPeer {
 public:
  // A message, or nothing: then the connection is to end.
  using ToSocket = std::function<void(std::optional<std::string>)>;
  explicit LoopSide(ToSocket to_socket) : to_socket_(std::move(to_socket)) {}

  void Start(const SocketUpgrade& upgrade) { session_ = upgrade.start(this); }
  void OnMessage(const std::string& message, std::shared_ptr<void> hold) {
    if (session_ && !closed_) session_->OnMessage(message, std::move(hold));
  }
  // The socket has written so many of the messages that were ever sent.
  void OnWritten(uint64_t count) {
    while (written_ < count && !waiting_.empty()) {
      const std::function<void()> done = std::move(waiting_.front());
      waiting_.pop_front();
      ++written_;
      if (done) done();
    }
  }
  void End() {
    closed_ = true;
    session_.reset();
    waiting_.clear();
  }

 private:
  void Send(std::string message, std::function<void()> written) override {
    if (closed_) return;
    waiting_.push_back(std::move(written));
    to_socket_(std::move(message));
  }
  void Close() override {
    if (std::exchange(closed_, true)) return;
    to_socket_(std::nullopt);
  }

  const ToSocket to_socket_;
  std::shared_ptr<SocketSession> session_;
  std::deque<std::function<void()>> waiting_;  // of what is sent and not written
  uint64_t written_ = 0;
  bool closed_ = false;
};

}  // namespace

// One session, by its socket's side.
class ApiSockets::Open : public std::enable_shared_from_this<ApiSockets::Open> {
 public:
  Open(ApiSockets* sockets, uint64_t number, std::shared_ptr<LinkSocket> socket,
       std::shared_ptr<Place> place, std::function<bool()> still_may, std::shared_ptr<void> hold)
      : sockets_(sockets),
        number_(number),
        socket_(std::move(socket)),
        place_(std::move(place)),
        still_may_(std::move(still_may)),
        hold_(std::move(hold)) {}
  ~Open() {
    sockets_->loop_->Post([side = side_] {
      if (side) side->End();
    });
  }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;

  void Start(SocketUpgrade upgrade);
  void Look(MonoTime now) {
    if (!still_may_()) return socket_->Abort(UnavailableError("its user may not stay"));
    if (now - active_at_ > sockets_->limits_.idle_ms) {
      socket_->Abort(UnavailableError("nothing has passed for too long"));
    }
  }

 private:
  void OnMessage(std::string_view message);
  void Hand(std::optional<std::string> message);
  void OnDrained();
  void Touch() { active_at_ = sockets_->io_->now().mono; }

  ApiSockets* const sockets_;
  const uint64_t number_;
  const std::shared_ptr<LinkSocket> socket_;
  const std::shared_ptr<Place> place_;
  const std::function<bool()> still_may_;
  const std::shared_ptr<void> hold_;
  std::shared_ptr<LoopSide> side_;
  MonoTime active_at_;
  uint64_t handed_ = 0;  // messages, to the socket
};

void ApiSockets::Open::Start(SocketUpgrade upgrade) {
  Touch();
  const auto weak = weak_from_this();
  side_ = std::make_shared<LoopSide>(
      [bridge = sockets_->bridge_, weak](std::optional<std::string> message) {
        bridge->Post([weak, message = std::move(message)]() mutable {
          const auto self = weak.lock();
          if (self) self->Hand(std::move(message));
        });
      });
  socket_->Start({.on_message =
                      [weak](std::string_view message, bool) {
                        if (const auto self = weak.lock()) self->OnMessage(message);
                      },
                  .on_closed =
                      [sockets = sockets_, weak](const Status& why) {
                        const auto self = weak.lock();
                        if (!self) return;
                        LogDebug("a session has ended", {{"why", why.message()}});
                        sockets->open_.erase(self->number_);
                      },
                  .on_drained =
                      [weak] {
                        if (const auto self = weak.lock()) self->OnDrained();
                      }});
  sockets_->loop_->Post([side = side_, upgrade = std::move(upgrade)] { side->Start(upgrade); });
}

void ApiSockets::Open::OnMessage(std::string_view message) {
  Touch();
  // Whoever lets go of it last, on whichever thread.
  std::shared_ptr<void> hold(nullptr,
                             [bridge = sockets_->bridge_, weak = std::weak_ptr<LinkSocket>(socket_),
                              size = message.size()](void*) {
                               bridge->Post([weak, size] {
                                 if (const auto socket = weak.lock()) socket->Handled(size);
                               });
                             });
  sockets_->loop_->Post([side = side_, text = std::string(message), hold = std::move(hold)] {
    side->OnMessage(text, hold);
  });
}

void ApiSockets::Open::Hand(std::optional<std::string> message) {
  if (!message) return socket_->Close();
  Touch();
  ++handed_;
  ++socket_->backlog()->messages;
  socket_->backlog()->bytes += message->size();
  socket_->Send(std::move(*message), true);
}

void ApiSockets::Open::OnDrained() {
  sockets_->loop_->Post([side = side_, count = handed_] { side->OnWritten(count); });
}

ApiSockets::ApiSockets(EventLoop* loop, IoThread* io, std::shared_ptr<IoBridge> bridge,
                       ApiSocketLimits limits)
    : loop_(loop),
      io_(io),
      bridge_(std::move(bridge)),
      limits_(limits),
      counts_(std::make_shared<Counts>()) {}

ApiSockets::~ApiSockets() = default;

std::shared_ptr<ApiSockets::Place> ApiSockets::Enter(const std::string& user) {
  const auto of_user = counts_->by_user.find(user);
  const size_t count = of_user == counts_->by_user.end() ? 0 : of_user->second;
  if (counts_->open >= limits_.max || count >= limits_.max_of_user) return nullptr;
  return std::make_shared<Place>(counts_, user);
}

void ApiSockets::Begin(std::shared_ptr<LinkSocket> socket, SocketUpgrade upgrade,
                       std::shared_ptr<Place> place, std::function<bool()> still_may,
                       std::shared_ptr<void> hold) {
  if (look_timer_ == 0) Look();
  const uint64_t number = ++begun_;
  const auto open = std::make_shared<Open>(this, number, std::move(socket), std::move(place),
                                           std::move(still_may), std::move(hold));
  open_[number] = open;
  open->Start(std::move(upgrade));
}

void ApiSockets::Look() {
  look_timer_ = io_->After(limits_.look_ms, [this] { Look(); });
  std::vector<std::shared_ptr<Open>> all;  // one that is cut off goes from the map
  for (const auto& [number, open] : open_) all.push_back(open);
  const MonoTime now = io_->now().mono;
  for (const std::shared_ptr<Open>& open : all) open->Look(now);
}

}  // namespace reconcile
