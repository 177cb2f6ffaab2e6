#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/http.h"
#include "api/user_shares.h"
#include "base/event_loop.h"
#include "base/worker_pool.h"
#include "controller/controller.h"

namespace reconcile {

// Makes plans for who asks beside the controller's loop, which goes on meanwhile: one at a time, of
// the model as it was when the question was taken. Loop thread only.
//
// A user may have one under way, all together kShares; more is 429. A plan that takes kMaxPlanMs
// ends as at the limits of a preview and says so; one that nobody waits for any more ends too.
class PlanDesk {
 public:
  static constexpr ShareLimits kShares{.most = 8, .of_user = 1, .kept_for_admins = 2};
  static constexpr int64_t kMaxPlanMs = 20'000;

  // Calls `done` once, maybe inside itself.
  using Prepare = std::function<void(std::function<void(Result<Controller::PlanWork>)> done)>;
  // The answer's body. Called on another thread: what it holds is its own.
  using Write =
      std::function<std::string(const std::string& commit, const Controller::PlanAnswer& answer)>;

  // Both outlive it. `executor` runs one thing at a time, on a thread that nothing else waits for.
  PlanDesk(EventLoop* loop, Executor* executor);
  ~PlanDesk();  // whoever waits is told so
  PlanDesk(const PlanDesk&) = delete;
  PlanDesk& operator=(const PlanDesk&) = delete;

  // Its stream prepares, and brings what `write` says, or a Status: its head may be out by then, so
  // that a failure is in the words alone.
  ApiResponse Answer(const ApiRequest& request, Prepare prepare, Write write);

 private:
  struct Job;
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace reconcile
