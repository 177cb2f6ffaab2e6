#include "tests/unit/link_tls/raw_agent.h"

namespace reconcile {

RawAgent::RawAgent(uint16_t port, const KeyPair& identity, const std::string& path) {
  DialTarget target;
  target.host = "127.0.0.1";
  target.port = port;
  target.tls = *MakeClientTls(&identity);
  target.check = [](const std::string&) { return OkStatus(); };
  io_.Start();
  DialSocket(target, path, {10'000, 300'000, kMaxLinkFrameBytes}, &io_,
             [this](const Result<DialAnswer>& answer) {
               const std::lock_guard<std::mutex> lock(mutex_);
               code_ = answer.ok() ? answer->code : -1;
               ended_ = !answer.ok() || answer->socket == nullptr;
               if (ended_) return;
               socket_ = answer->socket;
               LinkSocket::Handler handler;
               handler.on_message = [this](std::string_view text, bool) { OnMessage(text); };
               handler.on_closed = [this](const Status&) {
                 const std::lock_guard<std::mutex> closed_lock(mutex_);
                 ended_ = true;
               };
               socket_->Start(std::move(handler));
             });
}

int RawAgent::code() {
  int code = 0;
  WaitFor("an answer to the dial", [&] {
    const std::lock_guard<std::mutex> lock(mutex_);
    code = code_;
    return code != 0;
  });
  return code;
}

void RawAgent::Send(const std::string& message, bool binary) {
  code();
  io_.Post([this, message, binary] {
    if (socket_ == nullptr) return;
    ++socket_->backlog()->messages;
    socket_->backlog()->bytes += message.size();
    socket_->Send(message, binary);
  });
}

void RawAgent::OnMessage(std::string_view text) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    received_.emplace_back(text);
  }
  if (reading_) {
    socket_->Handled(text.size());
  } else {
    unhandled_sizes_.push_back(text.size());
  }
}

void RawAgent::ReadOn() {
  io_.Post([this] {
    reading_ = true;
    for (const size_t size : std::exchange(unhandled_sizes_, {})) socket_->Handled(size);
  });
}

void RawAgent::Freeze() {
  frozen_.lock();
  io_.Post([this] { const std::lock_guard<std::mutex> wait(frozen_); });
}

void RawAgent::Thaw() { frozen_.unlock(); }

std::vector<std::string> RawAgent::Received() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return received_;
}

LinkMessage RawAgent::WaitForMessage(std::string_view type) {
  LinkMessage found;
  WaitFor("a message " + std::string(type), [&] {
    const std::vector<std::string> received = Received();
    for (const std::string& text : received) {
      Result<LinkMessage> message = ReadLinkMessage(text);
      if (message.ok() && message->type == type) found = std::move(message).value();
    }
    return !found.type.empty();
  });
  return found;
}

void RawAgent::WaitForEnd() {
  WaitFor("the connection's end", [&] {
    const std::lock_guard<std::mutex> lock(mutex_);
    return ended_;
  });
}

}  // namespace reconcile
