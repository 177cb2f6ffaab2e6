#pragma once

#include <memory>
#include <string>

#include "base/event_loop.h"
#include "base/pod_stream.h"

namespace reconcile {

// A connection to a program that gives back what it is told, and ends with it. Implementation
// detail of fake_network.h.
class FakePortStream final : public PodStream, public std::enable_shared_from_this<FakePortStream> {
 public:
  FakePortStream(EventLoop* loop, std::weak_ptr<int> client, PodStreamSink sink);
  // Whether it is connected now; a refusal ends it.
  void Opened(const Status& status);

  void Write(std::string_view bytes) override;
  void CloseInput() override;
  void Resize(uint16_t, uint16_t) override {}
  void Taken(size_t bytes) override;
  void Cancel() override { over_ = true; }

 private:
  void PumpSoon();
  void Pump();
  void End(const Status& status);

  EventLoop* const loop_;
  const std::weak_ptr<int> client_;
  const PodStreamSink sink_;
  bool over_ = false;
  bool open_ = false;
  bool closed_ = false;
  std::string input_;  // not given back yet
  size_t untaken_bytes_ = 0;
};

}  // namespace reconcile
