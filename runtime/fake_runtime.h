#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "runtime/container_runtime.h"

namespace reconcile {

// What a container of an image does once it runs.
struct FakeProgram {
  int64_t exit_after_ms = -1;  // -1: runs until it is stopped
  int32_t exit_code = 0;
  bool oom_killed = false;          // its own exit is the kernel's OOM killer's doing
  int64_t stop_takes_ms = 5;        // from the stop signal to its exit; -1: it ignores the signal
  int32_t stop_exit_code = 143;     // 128 + SIGTERM
  std::string start_error;          // not empty: a start fails with these words, exit code 127
  ContainerUse use = {};            // while it runs; its disk until it is removed
  std::vector<std::string> output;  // lines to standard output at the start of each run
  bool reads_input = false;         // says what attached clients write, and ends with its input
};

// What a command does that is run in a container.
struct FakeCommand {
  int64_t takes_ms = 5;
  int32_t exit_code = 0;
  std::string output;
  std::string error_output = {};
  // With streams alone (OpenExec): it gives back what it reads, on a terminal with the size of that
  // behind it ("24 80"), and ends with its input.
  bool reads_input = false;
};

struct FakeImage {
  bool present = false;    // on the host; otherwise it has to be pulled
  std::string pull_error;  // not empty: pulls fail with these words
  int64_t pull_ms = 500;
  std::string password;  // not empty: the registry gives it to nobody without
  std::string id;        // "sha256:..."; empty: derived from the reference
  int64_t size_bytes = 10 << 20;
  std::vector<std::string> entrypoint = {"/serve"};
  std::vector<std::string> cmd;
  FakeProgram program;
};

enum class FakeCall {
  kInfo,
  kList,
  kInspect,
  kCreate,
  kStart,
  kStop,
  kRemove,
  kInspectImage,
  kPull,
  kEnsurePause,
  kReadLogs,
  kExec,
  kListImages,
  kRemoveImage,
  kMeasure,
  kOpenExec,
  kAttach,
};
std::string_view ToString(FakeCall call);

// Chance of an injected fault per 1,000 calls, of every kind of call.
struct FakeFaults {
  int failed_per_mille = 0;      // Unavailable, and nothing was done
  int lost_reply_per_mille = 0;  // Unavailable after reply_timeout_ms, but it WAS done
};

struct FakeEngineOptions {
  uint64_t seed = 1;
  bool live_restore = true;
  int64_t min_latency_ms = 1;  // of a call; a start takes ten times as long
  int64_t max_latency_ms = 10;
  int64_t event_delay_ms = 2;
  int64_t max_reconnect_ms = 1'000;  // from the engine's start to the event stream's
  int64_t reply_timeout_ms = 10'000;
  FakeFaults faults;
  EngineInfo info = {"20.10.24", "1.41", "Fake Linux", "6.1.0", "amd64", 4,
                     8LL << 30,  true,   "cgroupfs",   true,    "",      "/engine"};
};

// One state change, for checkers and traces: what happened ("create", "start", "begin", "signal",
// "die", "destroy", "engine-crash", "engine-start", "host-reboot", "exec-asked", "exec-ended") to
// which container (empty for the engine's). "begin": its program runs, at its start or when its
// network has come. "signal": it gets its stop signal. "exec-asked": a client wants `command` to be
// run in it, whatever becomes of the call; "exec-ended": that has ended well.
struct FakeChange {
  std::string what;
  ContainerInfo container;
  std::vector<std::string> command = {};
};

class FakeEngineCore;

// A stateful Docker engine in memory. It belongs to the host and outlives agents: each agent
// process has its own Connect(). No threads and no real time: everything happens on timers of
// `loop`, which must outlive it, and is a function of the seed and of the calls made. Loop thread
// only.
class FakeEngine {
 public:
  FakeEngine(EventLoop* loop, FakeEngineOptions options = {});
  ~FakeEngine();
  FakeEngine(const FakeEngine&) = delete;
  FakeEngine& operator=(const FakeEngine&) = delete;

  // A client. Destroying it is the death of its process: none of its callbacks is called again, but
  // what it had asked for still happens. May outlive the engine's object: then new calls fail.
  std::unique_ptr<ContainerRuntime> Connect();

  // ---- the world ----
  // References are as Docker reads them: without a tag they mean ":latest".
  void SetImage(const std::string& reference, FakeImage image);
  void RemoveImage(const std::string& reference);  // from the host; it can be pulled again
  // Asked at each creation, instead of the image's program. For scripts that depend on the attempt.
  void SetProgramChooser(std::function<FakeProgram(const ContainerConfig&)> choose);
  // Asked each time that a command is run. Without it commands end well, and say nothing.
  void SetCommandChooser(
      std::function<FakeCommand(const ContainerConfig&, const std::vector<std::string>&)> choose);
  void SetObserver(std::function<void(const FakeChange&)> observer);

  // The network namespace of this process has its network: a container that waits for it goes on.
  void NetworkAttached(int64_t process_id);

  // ---- faults ----
  void SetFaults(FakeFaults faults);
  // The next `count` calls of this kind fail with `status`; `done_nevertheless` loses only the
  // reply.
  void FailNext(FakeCall call, Status status, int count = 1, bool done_nevertheless = false);
  // dockerd dies. Calls under way and new ones are Unavailable. Containers go on until Start(),
  // when those of an engine without live restore die (exit 137).
  void Crash();
  void Start();  // no effect when it is up
  bool up() const;
  // Every container ends (exit 255) and the engine is down until Start().
  void RebootHost();
  // The event stream ends and comes back later with a "resync"; events between are lost.
  void BreakEventStreams();
  // What a person does by hand; false when there is no such container, or it does not run.
  bool KillContainer(const std::string& id, int32_t exit_code = 137, bool oom = false);
  bool DestroyContainer(const std::string& id);
  // `count` events of it at once, of which none means anything.
  void Chatter(const std::string& id, int count);
  // From now on every inspection of it fails with `status`; lists have it nevertheless.
  void BreakInspection(const std::string& id, Status status);
  void AppendLog(const std::string& id, LogStream stream, const std::string& line);

  // ---- what there is ----
  // By creation; only those with label kLabelCluster = `cluster_id`, or all when it is empty.
  std::vector<ContainerInfo> Containers(const std::string& cluster_id = "") const;
  const ContainerConfig* FindConfig(const std::string& id) const;  // nullptr: no such container
  std::vector<HostImage> Images() const;
  // Of all containers: of those that run, and the disk of the others.
  ContainerUse Use() const;
  // Calls that reached the engine and had their effect, successful or not.
  int64_t CallCount(FakeCall call) const;
  int64_t injected_faults() const;

 private:
  std::shared_ptr<FakeEngineCore> core_;
};

}  // namespace reconcile
