#include "agent/fake_prober.h"

namespace reconcile {

FakeProber::FakeProber(EventLoop* loop, Program program)
    : loop_(loop), program_(std::move(program)) {}

void FakeProber::Ask(ProbeRequest request, Done done) {
  ++asked_;
  const auto answer = [this, weak = std::weak_ptr<bool>(alive_), done = std::move(done)](
                          int64_t after_ms, Result<ProbeOutcome> outcome) {
    loop_->After(after_ms, [weak, done, outcome = std::move(outcome)] {
      if (!weak.expired()) done(outcome);
    });
  };
  if (auto known = AnswerWithoutAsking(request.probe)) return answer(0, std::move(*known));
  if (std::optional<ProbeOutcome> outcome = program_(request)) return answer(0, *outcome);
  answer(request.probe.timeout_ms, ProbeOutcome{false, "it did not answer in time"});
}

}  // namespace reconcile
