#include "api/plan_desk.h"

#include <atomic>
#include <deque>
#include <utility>

#include "api/paced_output.h"
#include "api/routes.h"

namespace reconcile {

struct PlanDesk::Job {
  std::shared_ptr<PacedOutput> output;
  UserShares::Place place;
  Write write;
  std::atomic<bool> stop = false;
  std::atomic<bool> is_unread = false;  // nobody waits for it any more
  // Whoever runs it has these alone.
  Controller::PlanWork work;
  std::string body;

  void Leave() {
    is_unread = true;
    stop = true;
  }
  void Finish(std::string text) {
    place.reset();
    output->Write(std::make_shared<const std::string>(std::move(text)));
    output->End(OkStatus());
  }
};

class PlanDesk::State : public std::enable_shared_from_this<PlanDesk::State> {
 public:
  State(EventLoop* loop, Executor* executor) : loop_(loop), executor_(executor) {}

  UserShares* shares() { return &shares_; }
  void Take(const std::shared_ptr<Job>& job, Result<Controller::PlanWork> work);
  void GiveUp(const std::shared_ptr<Job>& job);
  void End();

 private:
  void RunNext();
  void Done(const std::shared_ptr<Job>& job);

  EventLoop* const loop_;
  Executor* const executor_;
  UserShares shares_{"plans", kShares};
  std::deque<std::shared_ptr<Job>> waiting_;
  std::shared_ptr<Job> running_;
  TimerId timer_ = 0;
  bool ended_ = false;
};

void PlanDesk::State::Take(const std::shared_ptr<Job>& job, Result<Controller::PlanWork> work) {
  if (job->is_unread || ended_) return job->place.reset();
  if (!work.ok()) return job->Finish(ErrorResponse(work.status()).body);
  job->work = *std::move(work);
  waiting_.push_back(job);
  RunNext();
}

void PlanDesk::State::RunNext() {
  if (running_ != nullptr || waiting_.empty()) return;
  running_ = std::move(waiting_.front());
  waiting_.pop_front();
  const std::shared_ptr<Job> job = running_;
  const bool taken = executor_->Run(
      [job] {
        // All of it goes there too: a model's last holder has much to free.
        const Controller::PlanWork work = std::exchange(job->work, {});
        if (job->is_unread) return;
        const Result<Controller::PlanAnswer> answer = work.plan(job->stop);
        job->body =
            answer.ok() ? job->write(work.commit, *answer) : ErrorResponse(answer.status()).body;
      },
      [weak = weak_from_this(), job] {
        if (const auto self = weak.lock()) self->Done(job);
      });
  if (!taken) {
    running_.reset();
    job->Finish(ErrorResponse(UnavailableError("too much is under way; try again")).body);
    return RunNext();
  }
  timer_ = loop_->After(kMaxPlanMs, [job] { job->stop = true; });
}

void PlanDesk::State::Done(const std::shared_ptr<Job>& job) {
  loop_->Cancel(timer_);
  running_.reset();
  job->Finish(std::move(job->body));
  RunNext();
}

void PlanDesk::State::GiveUp(const std::shared_ptr<Job>& job) {
  job->Leave();
  job->output->Cancel();
  if (std::erase(waiting_, job) > 0) job->place.reset();
}

void PlanDesk::State::End() {
  ended_ = true;
  loop_->Cancel(timer_);
  if (running_ != nullptr) waiting_.push_back(std::exchange(running_, nullptr));
  for (const std::shared_ptr<Job>& job : std::exchange(waiting_, {})) {
    job->Leave();
    job->output->EndNow(UnavailableError("the controller is ending"));
  }
}

PlanDesk::PlanDesk(EventLoop* loop, Executor* executor)
    : state_(std::make_shared<State>(loop, executor)) {}

PlanDesk::~PlanDesk() { state_->End(); }

ApiResponse PlanDesk::Answer(const ApiRequest& request, Prepare prepare, Write write) {
  Result<UserShares::Place> place = state_->shares()->Take(request);
  if (!place.ok()) return TooManyResponse(place.status());
  const auto job = std::make_shared<Job>();
  job->place = *std::move(place);
  job->write = std::move(write);
  ApiResponse response;
  response.stream = [weak = std::weak_ptr(state_), job,
                     prepare = std::move(prepare)](ApiSink sink) -> StreamHandle {
    job->output = std::make_shared<PacedOutput>(LogSink(std::move(sink)));
    const auto output = job->output;
    prepare([weak, job](Result<Controller::PlanWork> work) {
      const auto state = weak.lock();
      if (state) return state->Take(job, std::move(work));
      job->output->EndNow(UnavailableError("the controller is ending"));
    });
    return {[weak, job] {
              const auto keep = job;
              if (const auto state = weak.lock()) return state->GiveUp(keep);
              keep->Leave();
              keep->output->Cancel();
            },
            [output](size_t bytes) {
              const auto keep = output;
              keep->Taken(bytes);
            }};
  };
  return response;
}

}  // namespace reconcile
