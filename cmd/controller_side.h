#pragma once

#include <memory>
#include <string>

#include "api/api_server.h"
#include "api/enrollment_routes.h"
#include "api/live_feed.h"
#include "api/local_server.h"
#include "api/plan_desk.h"
#include "api/resource_reads.h"
#include "api/user_registry.h"
#include "api/user_routes.h"
#include "api/user_shares.h"
#include "base/epoll_loop.h"
#include "base/parallel.h"
#include "base/random.h"
#include "base/worker_pool.h"
#include "cmd/config.h"
#include "cmd/controller_metrics.h"
#include "cmd/endpoint.h"
#include "cmd/serving.h"
#include "controller/controller.h"
#include "link/enrollment.h"
#include "link/link_server.h"
#include "source/manifest_source.h"
#include "store/store.h"

namespace reconcile {

// The controller with everything it stands on, on a thread of its own: in `up` beside the agent, in
// `controller` alone. Main thread only. Members end in the reverse order of their making.
class ControllerSide {
 public:
  // Opens the database, which proves that no other controller runs on it, and the cluster's keys.
  // `self_path`: this binary, for children.
  static Result<std::unique_ptr<ControllerSide>> Open(const Config& config, std::string self_path,
                                                      EnrollmentOptions enrollment = {});
  ~ControllerSide() { End(); }

  // Whether the database knows this repository; true for one that knows nothing yet, as after a
  // loss.
  bool MayHaveFollowed(const std::string& repository) const;

  EpollLoop* loop() { return &loop_; }
  Enrollment* enrollment() { return enrollment_.get(); }
  // Listens for agents, by the certificate of the names that they may dial.
  Status Listen(const Config& config);
  UserRegistry* users() { return users_.get(); }
  AgentLink* agents() { return link_server_.get(); }  // after Listen

  // Begins: controller, local socket, API, thread. `link` outlives End.
  Status Start(const Config& config, AgentLink* link);
  // No command is answered any more, the loop's thread has ended. Containers go on.
  void End();

 private:
  static constexpr int kSourceThreads = 2;
  static constexpr size_t kMaxQueuedWork = 4096;
  static constexpr size_t kMaxQueuedPlans = 4;  // PlanDesk asks for one at a time

  explicit ControllerSide(std::string self_path) : self_path_(std::move(self_path)) {}
  Status OpenStore(const Config& config);
  Status KeepRevocations();
  Status OpenEnrollment(const Config& config, EnrollmentOptions options);
  ControllerOptions OptionsOf(const Config& config);
  std::shared_ptr<const RevokedNodes> RevokedNow();
  // Unless the configuration says not to. Where nobody asked for a port, one that is taken is no
  // error.
  Status ServeApi(const Config& config);
  std::string MetricsText();
  ApiResponse Answer(const ApiRequest& request);
  ApiResponse Shared(const ApiRequest& request);      // its stream has a place
  ApiResponse AnswerUser(const ApiRequest& request);  // of kubectl

  const std::string self_path_;
  ControllerMetrics metrics_;  // everything counts here
  EpollLoop loop_;
  WorkerPool workers_{&loop_, kSourceThreads, kMaxQueuedWork};
  WorkerPool planners_{&loop_, 1, kMaxQueuedPlans};
  OnThreads threads_;
  SystemRandom random_;
  SystemRandom key_random_;  // the enrollment's own: it is used from several threads
  std::unique_ptr<Store> store_;
  std::unique_ptr<Enrollment> enrollment_;
  SystemRandom user_random_;
  std::unique_ptr<UserRegistry> users_;
  std::shared_ptr<const RevokedNodes> revoked_;  // as of the enrollment's change revoked_at_
  uint64_t revoked_at_ = 0;
  std::unique_ptr<ManifestSource> source_;
  std::string database_path_;
  std::string api_address_;  // "HOST:PORT" where kubectl finds it; empty: it is not served
  AgentLink* link_ = nullptr;
  std::unique_ptr<LinkServer> link_server_;
  EnrollmentApi enrollment_api_;  // without a CA to ask in `up`: nobody could join
  std::unique_ptr<Controller> controller_;
  std::unique_ptr<ResourceReads> reads_;
  std::unique_ptr<LiveFeed> feed_;
  std::unique_ptr<PlanDesk> plans_;
  StreamShares shares_;
  RefusedReads refused_;
  LinkHttpHandler webhooks_;
  std::unique_ptr<LocalServer> server_;
  std::unique_ptr<ApiServer> api_server_;
  LoopThread thread_{&loop_};
};

}  // namespace reconcile
