#include "cmd/log_reading.h"

#include <unistd.h>

#include <atomic>
#include <iostream>
#include <list>
#include <mutex>
#include <thread>

#include "api/local_server.h"
#include "base/epoll_loop.h"
#include "base/escape.h"
#include "cmd/commands.h"
#include "cmd/value_at.h"

namespace reconcile {
namespace {

static_assert(kMostFollowedLogs < kMaxOpenStreams);

constexpr useconds_t kWatchAgainMicroseconds = 500'000;
constexpr int64_t kLongestOutageMs = 60'000;

// Standard output and error, for all threads.
class Output {
 public:
  // False when nobody reads any more.
  bool Write(const std::string& text) {
    const std::lock_guard lock(mutex_);
    std::cout << text << std::flush;
    return std::cout.good();
  }
  void Note(const std::string& line) {
    const std::lock_guard lock(mutex_);
    std::cerr << "reconcile: " << EscapeForTerminal(line) << std::endl;
  }
  int FailOf(const Status& status) {
    const std::lock_guard lock(mutex_);
    return Fail(status);
  }

 private:
  std::mutex mutex_;
};

LogLines LinesOf(const LogTarget& target, const LogReading& reading, bool prefixed) {
  LogLineOptions options;
  options.for_terminal = reading.shown.for_terminal;
  options.timestamps = reading.shown.timestamps;
  options.filter = reading.shown.filter;
  if (reading.shown.prefix.value_or(prefixed)) {
    const bool one = !reading.choice.all_containers;
    options.prefix = EscapeForTerminal(target.pod + (one ? "" : "/" + target.container)) + " | ";
    if (reading.shown.color) options.prefix_color = ColorOfPod(target.pod);
  }
  return LogLines(std::move(options));
}

Status ReadLog(const LogTarget& target, const LogReading& reading, const ApiClient::Query& query,
               bool prefixed, Output* output) {
  ApiClient::Query all = query;
  if (!target.container.empty()) all["container"] = target.container;
  if (reading.follow) all["follow"] = "true";
  LogLines lines = LinesOf(target, reading, prefixed);
  const std::string path = PathOf(Kind::kPod, target.namespace_name, target.pod) + "/log";
  const Status status =
      ApiClient(reading.socket_path).Stream(path, all, [&](std::string_view bytes) {
        const std::string text = lines.Feed(bytes);
        return text.empty() || output->Write(text);
      });
  output->Write(lines.Finish());
  return status;
}

// One thread for each log.
class Followers {
 public:
  explicit Followers(const LogReading& reading) : reading_(reading) {}
  ~Followers() { Wait(); }

  // Returns false when so many are followed that there is no room.
  bool Start(const LogTarget& target, const ApiClient::Query& query, bool prefixed) {
    threads_.remove_if([](Follower& follower) {
      if (follower.ended) follower.thread.join();
      return follower.ended.load();
    });
    if (threads_.size() >= static_cast<size_t>(reading_.max_followed)) return false;
    Follower& follower = threads_.emplace_back();
    follower.thread = std::thread([this, &follower, target, query, prefixed] {
      OnEnd(target, ReadLog(target, reading_, query, prefixed, &output_));
      follower.ended = true;
    });
    return true;
  }
  // Those whose stream broke since the last call.
  std::vector<LogTarget> TakeBroken() {
    const std::lock_guard lock(mutex_);
    return std::exchange(broken_, {});
  }
  void Wait() {
    for (Follower& follower : threads_) follower.thread.join();
    threads_.clear();
  }
  int exit_code() const { return exit_code_; }
  Output* output() { return &output_; }

 private:
  struct Follower {
    std::thread thread;
    std::atomic<bool> ended = false;
  };
  void OnEnd(const LogTarget& target, const Status& status) {
    if (status.ok()) return;
    const bool is_cut = status.code() == StatusCode::kUnavailable;
    // A pod that goes takes its log along.
    if (status.code() != StatusCode::kNotFound) {
      output_.Note("pod " + target.pod + ", container " + target.container + ": " +
                   status.message() + (is_cut ? ", or come twice" : ""));
    }
    const std::lock_guard lock(mutex_);
    if (is_cut) broken_.push_back(target);
    if (exit_code_ == kExitOk) exit_code_ = kExitFailed;
  }

  const LogReading& reading_;
  Output output_;
  std::list<Follower> threads_;
  std::mutex mutex_;
  std::vector<LogTarget> broken_;
  std::atomic<int> exit_code_ = kExitOk;
};

std::string NoneText(const LogReading& reading) {
  return "no pods in namespace " + reading.namespace_name + " have the labels " + reading.selector;
}

Status TooMany(size_t count, const LogReading& reading) {
  return InvalidError(std::to_string(count) + " logs are to be followed, and at most " +
                      std::to_string(reading.max_followed) + " are at once: choose fewer pods" +
                      (reading.max_followed < kMostFollowedLogs
                           ? ", or more logs by --max-log-requests (at most " +
                                 std::to_string(kMostFollowedLogs) + ")"
                           : ""));
}

// Follows what pods begin, restart and end, from one list to the end of its watch.
class PodFollower {
 public:
  explicit PodFollower(const LogReading& reading)
      : reading_(reading), followed_(reading.choice), followers_(reading) {}

  int Run() {
    const MonoTime begin = ReadSystemClock().mono;
    MonoTime heard = begin;
    while (true) {
      const Status status = ListAndWatch(&heard);
      if (too_many_) return Fail(status);
      const bool gone = status.code() == StatusCode::kUnavailable || status.ok();
      if (!gone || (heard == begin && !status.ok()) ||
          ReadSystemClock().mono - heard > kLongestOutageMs) {
        return followers_.output()->FailOf(status);
      }
      ::usleep(kWatchAgainMicroseconds);
    }
  }

 private:
  Status ListAndWatch(MonoTime* heard) {
    ApiClient client(reading_.socket_path);
    const std::string path = PathOf(Kind::kPod, reading_.namespace_name, "");
    ApiClient::Query query = {{"labelSelector", reading_.selector}};
    const Result<Value> list = client.Get(path, query);
    if (!list.ok()) return list.status();
    *heard = ReadSystemClock().mono;
    if (is_first_) RETURN_IF_ERROR(CheckFirst(*list));
    for (const Value& pod : list->GetList("items")) Take(pod);
    is_first_ = false;
    query["resourceVersion"] = TextAt(*list, "metadata.resourceVersion");
    return client.Watch(path, query, false, [&](const Value& event) {
      *heard = ReadSystemClock().mono;
      const Value* pod = event.Find("object");
      if (pod == nullptr) return true;
      if (event.GetString("type") == "DELETED") {
        followed_.Forget(*pod);
      } else {
        Take(*pod);
      }
      return true;
    });
  }

  Status CheckFirst(const Value& list) {
    size_t count = 0;
    for (const Value& pod : list.GetList("items")) count += followed_.Begun(pod).size();
    if (list.GetList("items").empty()) {
      followers_.output()->Note(NoneText(reading_) + " yet; waiting for some");
    }
    too_many_ = count > static_cast<size_t>(reading_.max_followed);
    return too_many_ ? TooMany(count, reading_) : OkStatus();
  }

  // What begins later, or whose stream broke, is shown from before the longest outage on.
  void Take(const Value& pod) {
    for (const LogTarget& target : followers_.TakeBroken()) followed_.Unmark(target);
    if (ValueAt(pod, "metadata.deletionTimestamp") != nullptr) return;
    for (const LogTarget& target : followed_.Begun(pod)) {
      ApiClient::Query query = reading_.query;
      if (!is_first_) {
        query.erase("tailLines");
        query.erase("sinceSeconds");
        query.erase("sinceTime");
        query["sinceSeconds"] = std::to_string(kLongestOutageMs / 1000);
      }
      if (followers_.Start(target, query, true)) {
        followed_.Mark(target);
      } else {
        followers_.output()->Note("pod " + target.pod + ", container " + target.container +
                                  ", is not shown: " + std::to_string(reading_.max_followed) +
                                  " logs are followed (--max-log-requests)");
      }
    }
  }

  const LogReading& reading_;
  FollowedLogs followed_;
  Followers followers_;
  bool is_first_ = true;
  bool too_many_ = false;
};

int FirstCode(int code, int next) { return code == kExitOk ? next : code; }

}  // namespace

int ReadLogsOfPod(const LogReading& reading, const std::string& pod_name) {
  const Result<Value> pod =
      ApiClient(reading.socket_path).Get(PathOf(Kind::kPod, reading.namespace_name, pod_name));
  if (!pod.ok()) return Fail(pod.status());
  std::string note;
  std::vector<LogTarget> targets = LogTargetsOf(*pod, reading.choice, &note);
  if (!note.empty()) std::cerr << "reconcile: " << EscapeForTerminal(note) << std::endl;
  // A container that is not there: the agent says which are.
  if (targets.empty()) {
    targets.push_back({reading.namespace_name, pod_name, "", reading.choice.container, ""});
  }
  Output output;
  const bool several = targets.size() > 1;
  int code = kExitOk;
  if (!reading.follow || !several) {
    for (const LogTarget& target : targets) {
      const Status status = ReadLog(target, reading, reading.query, several, &output);
      if (!status.ok()) code = FirstCode(code, Fail(status));
    }
    return code;
  }
  if (targets.size() > static_cast<size_t>(reading.max_followed)) {
    return Fail(TooMany(targets.size(), reading));
  }
  Followers followers(reading);
  for (const LogTarget& target : targets) followers.Start(target, reading.query, true);
  followers.Wait();
  return followers.exit_code();
}

int ReadLogsOfPods(const LogReading& reading) {
  const Result<Value> list = ApiClient(reading.socket_path)
                                 .Get(PathOf(Kind::kPod, reading.namespace_name, ""),
                                      {{"labelSelector", reading.selector}});
  if (!list.ok()) return Fail(list.status());
  std::vector<LogTarget> targets;
  for (const Value& pod : list->GetList("items")) {
    for (LogTarget& target : LogTargetsOf(pod, reading.choice, nullptr)) {
      targets.push_back(std::move(target));
    }
  }
  if (list->GetList("items").empty()) return Fail(NotFoundError(NoneText(reading)));
  if (targets.empty()) {
    return Fail(NotFoundError("none of these pods has a container " + reading.choice.container));
  }
  Output output;
  int code = kExitOk;
  for (const LogTarget& target : targets) {
    const Status status = ReadLog(target, reading, reading.query, true, &output);
    if (!status.ok()) code = FirstCode(code, Fail(status.WithContext("pod " + target.pod)));
  }
  return code;
}

int FollowLogsOfPods(const LogReading& reading) { return PodFollower(reading).Run(); }

}  // namespace reconcile
