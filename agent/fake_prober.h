#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "agent/prober.h"
#include "base/event_loop.h"

namespace reconcile {

// Programs that answer as a function of the test says. Takes the probe's whole timeout for one that
// does not answer. Loop thread only.
class FakeProber final : public Prober {
 public:
  // An answer; nothing while the program does not answer at all.
  using Program = std::function<std::optional<ProbeOutcome>(const ProbeRequest&)>;
  FakeProber(EventLoop* loop, Program program);

  void Ask(ProbeRequest request, Done done) override;
  int64_t asked() const { return asked_; }

 private:
  EventLoop* const loop_;
  const Program program_;
  int64_t asked_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace reconcile
