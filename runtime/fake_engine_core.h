#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/event_loop.h"
#include "base/ids.h"
#include "base/random.h"
#include "runtime/fake_runtime.h"
#include "runtime/log_outlet.h"

namespace reconcile {

inline constexpr size_t kFakeCallKinds = 17;

// A connected process, as the engine knows it. Destroyed: nobody listens any more.
struct FakeClient {
  std::string cluster_id;
  std::function<void(const EngineEvent&)> on_event;
  bool stream_open = false;
  uint64_t stream = 0;  // counts the event streams it had: events of an older one are lost
};

// A log being read.
struct FakeLogReader {
  explicit FakeLogReader(LogOutlet::OnData on_data) : outlet(std::move(on_data)) {}
  // No more lines come: the call ends once the reader was given all there were.
  void End(Status status) {
    end = std::move(status);
    EndWhenGiven();
  }
  void Taken(size_t bytes) {
    outlet.Taken(bytes);
    EndWhenGiven();
  }
  void EndWhenGiven() {
    if (end.has_value() && outlet.empty() && done) std::exchange(done, nullptr)(*end);
  }

  std::string container_id;
  bool follow = false;
  bool timestamps = false;
  LogOutlet outlet;
  std::optional<Status> end;
  std::function<void(Status)> done;  // ends the call
};

// State and rules of the fake engine; FakeEngine and the clients share it. Implementation detail of
// fake_runtime.h.
class FakeEngineCore : public std::enable_shared_from_this<FakeEngineCore> {
 public:
  struct LogLine {
    LogStream stream;
    WallTime time;
    std::string text;  // with its newline
  };
  struct Container {
    uint64_t order = 0;
    ContainerConfig config;
    ContainerInfo info;
    FakeProgram program;
    bool waits = false;  // it runs, and its program will once its network is attached
    uint64_t run = 0;    // counts its starts, so that a timer of an earlier run is void
    std::vector<LogLine> log;
    std::vector<Task> when_exited;
  };
  template <typename R>
  using Reply = std::function<void(R)>;

  FakeEngineCore(EventLoop* loop, FakeEngineOptions options);

  // Sends a call: `effect` runs at the engine after half the latency unless it is down by then or a
  // fault is injected, and its reply reaches `done` exactly once if the client still lives.
  template <typename R>
  void Call(FakeCall call, std::weak_ptr<FakeClient> client, std::function<void(Reply<R>)> effect,
            Reply<R> done);

  // ---- effects, at the engine ----
  std::vector<ContainerInfo> List(const std::string& cluster_id) const;
  Result<ContainerInfo> Inspect(const std::string& id) const;
  Result<std::string> Create(const ContainerConfig& config);
  Status StartContainer(const std::string& id);
  void StopContainer(const std::string& id, int64_t grace_seconds, Reply<Status> reply);
  Status RemoveContainer(const std::string& id);
  void Exec(const std::string& id, const std::vector<std::string>& command, int64_t timeout_ms,
            Reply<Result<ExecResult>> reply);
  // The running container that a command is to be run in.
  Result<Container*> FindToRun(const std::string& id, const std::vector<std::string>& command);
  // Whether a client may be attached to it.
  Status CheckAttach(const std::string& id, const StreamOptions& wanted) const;
  // What an attached client wrote, and that it writes no more.
  void TakeInput(const std::string& id, const std::string& bytes);
  void EndInput(const std::string& id);
  void NoteExecAsked(const std::string& id, const std::vector<std::string>& command);
  Result<ImageInfo> InspectImage(const std::string& reference) const;
  void Pull(const std::string& reference, const std::optional<RegistryLogin>& login,
            Reply<Status> reply);
  std::vector<HostImage> ListImages() const;
  Status RemoveImage(const std::string& reference);
  Result<ContainerUse> Measure(const std::string& id, bool with_disk) const;
  ContainerUse UseOfAll() const;
  std::string EnsurePause();
  void ReadLogs(std::shared_ptr<FakeLogReader> reader, const LogOptions& options);
  void Subscribe(const std::shared_ptr<FakeClient>& client);

  // ---- faults ----
  void Crash();
  void Restart();
  void RebootHost();
  void BreakEventStreams();
  bool Exit(const std::string& id, int32_t code, bool oom);
  void NetworkAttached(int64_t process_id);
  bool Destroy(const std::string& id);
  void Chatter(const std::string& id, int count);
  void AppendLog(Container& container, LogStream stream, const std::string& line);

  Container* Find(const std::string& id_or_name);
  const Container* Find(const std::string& id_or_name) const;
  const FakeImage* FindImage(const std::string& reference) const;  // present ones only
  // Runs `task` later unless the engine's object is gone by then.
  void After(int64_t delay_ms, Task task);

  struct PlannedFailure {
    Status status;
    int count = 0;
    bool done_nevertheless = false;
  };

  EventLoop* const loop;
  FakeEngineOptions options;
  bool up = true;
  std::map<std::string, Container> containers;  // by id
  std::map<std::string, FakeImage> images;      // by normalized reference
  std::map<FakeCall, std::vector<PlannedFailure>> planned;
  std::map<std::string, Status> indescribable;  // by container id: what an inspection fails with
  std::array<int64_t, kFakeCallKinds> calls{};
  int64_t injected_faults = 0;
  std::function<FakeProgram(const ContainerConfig&)> choose_program;
  std::function<FakeCommand(const ContainerConfig&, const std::vector<std::string>&)>
      choose_command;
  std::function<void(const FakeChange&)> observer;
  std::vector<std::weak_ptr<FakeClient>> clients;
  std::vector<std::weak_ptr<FakeLogReader>> readers;

 private:
  struct Fault {
    bool fail = false;
    bool lose_reply = false;
    Status status;
  };
  Fault DrawFault(FakeCall call);
  int64_t Latency(FakeCall call);
  std::string NewId();
  void Emit(const Container& container, const std::string& action);
  void Observe(const std::string& what, const ContainerInfo& container = {},
               const std::vector<std::string>& command = {});
  void OpenStream(const std::weak_ptr<FakeClient>& client, int64_t delay_ms);
  void EndReaders(const std::string& container_id);
  void ScheduleExit(const std::string& id, uint64_t run, int64_t delay_ms, int32_t code, bool oom);
  Status CheckStart(const Container& container) const;
  void BeginProgram(Container* container);

  SeededRandom random_;
  uint64_t next_order_ = 1;
  int64_t next_process_id_ = 1000;
  uint64_t next_call_ = 1;
  std::map<uint64_t, Task> open_calls_;  // how each call under way fails when the engine dies
};

inline std::string ImageIdOf(const std::string& reference, const FakeImage& image) {
  return image.id.empty() ? "sha256:" + Sha256Hex(reference) : image.id;
}

inline Status EngineDown() {
  return UnavailableError("cannot connect to the Docker daemon: connection refused");
}

template <typename R>
void FakeEngineCore::Call(FakeCall call, std::weak_ptr<FakeClient> client,
                          std::function<void(Reply<R>)> effect, Reply<R> done) {
  const Fault fault = DrawFault(call);
  const int64_t latency = Latency(call);
  const uint64_t id = next_call_++;
  auto deliver = [client, done = std::move(done)](const R& reply) {
    if (client.lock() != nullptr) done(reply);
  };
  // Answers the call, unless it has been answered.
  auto answer = [this, id, deliver](int64_t delay_ms, R reply) {
    if (open_calls_.erase(id) == 0) return;
    After(delay_ms, [deliver, reply = std::move(reply)] { deliver(reply); });
  };
  open_calls_[id] = [answer] { answer(1, R(EngineDown())); };
  if (!up) {
    const Task fail = open_calls_[id];  // a copy: it erases its own entry
    return fail();
  }
  After(latency / 2, [this, call, fault, latency, id, effect = std::move(effect), answer] {
    if (!open_calls_.contains(id)) return;
    if (fault.fail || fault.lose_reply) ++injected_faults;
    if (fault.fail) return answer(latency - latency / 2, R(fault.status));
    ++calls[static_cast<size_t>(call)];
    effect([this, fault, latency, answer](R reply) {
      if (fault.lose_reply) return answer(options.reply_timeout_ms, R(fault.status));
      answer(latency - latency / 2, std::move(reply));
    });
  });
}

}  // namespace reconcile
