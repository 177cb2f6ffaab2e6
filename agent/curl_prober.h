#pragma once

#include <memory>

#include "agent/prober.h"
#include "base/event_loop.h"

namespace reconcile {

// Asks with libcurl, on one thread of its own for all probes: a probe that hangs keeps no other
// waiting. HTTPS without verification; a redirect within a host is followed, one to another host
// counts as success (kubelet: pkg/probe/http). Each probe has a connection of its own. Its methods
// are the loop thread's.
class CurlProber final : public Prober {
 public:
  explicit CurlProber(EventLoop* loop);
  ~CurlProber() override;  // what is under way ends unanswered
  CurlProber(const CurlProber&) = delete;
  CurlProber& operator=(const CurlProber&) = delete;

  void Ask(ProbeRequest request, Done done) override;

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace reconcile
