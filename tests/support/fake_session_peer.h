#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/pod_input.h"
#include "api/socket_session.h"
#include "tests/support/fake_agent_link.h"

namespace reconcile {

// A client that keeps what it is sent, and takes it when the test says so.
class FakeSessionPeer final : public SessionPeer {
 public:
  void Send(std::string message, std::function<void()> written) override {
    sent.push_back(std::move(message));
    waiting.push_back(std::move(written));
  }
  void Close() override { closed = true; }
  void TakeAll() {
    while (!waiting.empty()) {
      const std::function<void()> written = std::move(waiting.front());
      waiting.pop_front();
      if (written) written();
    }
  }
  std::string All() const {
    std::string all;
    for (const std::string& message : sent) all += message;
    return all;
  }

  std::vector<std::string> sent;
  std::deque<std::function<void()>> waiting;
  bool closed = false;
};

// Pods' streams with nobody behind them.
struct FakePodStreams {
  PodStreamOpener Opener() {
    return [this](const PodStreamRequest& request,
                  PodStreamSink sink) -> Result<std::shared_ptr<PodStream>> {
      if (!refusal.ok()) return refusal;
      requests.push_back(request);
      streams.push_back(std::make_shared<FakePodStream>());
      streams.back()->sink = std::move(sink);
      return std::shared_ptr<PodStream>(streams.back());
    };
  }

  Status refusal;
  std::vector<PodStreamRequest> requests;
  std::vector<std::shared_ptr<FakePodStream>> streams;
};

// The hold on a message, and whether it is still kept.
struct FakeHold {
  std::shared_ptr<void> Take() {
    auto hold = std::make_shared<int>(0);
    weak = hold;
    return hold;
  }
  bool kept() const { return !weak.expired(); }
  std::weak_ptr<int> weak;
};

}  // namespace reconcile
