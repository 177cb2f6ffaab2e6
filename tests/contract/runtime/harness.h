#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/event_loop.h"
#include "runtime/container_runtime.h"
#include "tests/support/dockerd_fixture.h"

namespace reconcile {

// One engine and one client of it, as the contract's cases need them: a FakeEngine on virtual time,
// or a real dockerd.
class RuntimeHarness {
 public:
  virtual ~RuntimeHarness() = default;
  virtual ContainerRuntime& runtime() = 0;
  virtual EventLoop& loop() = 0;
  // Runs the loop until `done` says so; false when that takes too long.
  [[nodiscard]] virtual bool RunUntil(const std::function<bool()>& done) = 0;
  // A second client; the first one's calls are dropped with it.
  virtual void Reconnect() = 0;
  virtual void CrashEngine() = 0;
  virtual void StartEngine() = 0;
  // What the world does to a container.
  virtual void KillProcess(const ContainerInfo& container) = 0;
  virtual void RemoveByHand(const std::string& id) = 0;
  virtual void RemoveImageByHand(const std::string& id) = 0;
};

std::unique_ptr<RuntimeHarness> MakeFakeHarness(bool live_restore);
// Starts the program's own dockerd with the first one (one with live restore, one without).
std::unique_ptr<RuntimeHarness> MakeDockerHarness(bool live_restore);
// The daemon behind the Docker harnesses, started if need be.
TestDockerd* DaemonOf(bool live_restore);
// Ends the daemons that were started.
void EndDaemons();

// Calls that wait for their answer.
class Blocking {
 public:
  explicit Blocking(RuntimeHarness* harness) : harness_(harness) {}

  // `call` gets the callback to pass on. The answer, or Unavailable when none came.
  template <typename R>
  R Wait(const std::function<void(std::function<void(R)>)>& call) {
    const auto answer = std::make_shared<std::optional<R>>();
    call([answer](R result) { *answer = std::move(result); });
    if (!harness_->RunUntil([&] { return answer->has_value(); })) {
      return R(UnavailableError("the test waited too long"));
    }
    return **answer;
  }
  Result<std::string> Create(const ContainerConfig& config);
  Status Start(const std::string& id);
  Status Stop(const std::string& id, int64_t grace_seconds);
  Status Remove(const std::string& id);
  Result<ContainerInfo> Inspect(const std::string& id);
  Result<std::vector<ContainerInfo>> List(const std::string& cluster_id);
  Result<ExecResult> Exec(const std::string& id, const std::vector<std::string>& command,
                          int64_t timeout_ms);
  Result<ImageInfo> InspectImage(const std::string& reference);
  Status Pull(const std::string& reference);
  // The one of this id; nothing when it is not listed.
  std::optional<HostImage> ListedImage(const std::string& id);
  Status RemoveImage(const std::string& reference);
  Result<ContainerUse> Measure(const std::string& id, bool with_disk);
  Result<std::string> EnsurePause();
  struct Logs {
    Status status;
    std::string out;
    std::string error;
    StreamHandle handle;  // while it is read
  };
  Logs ReadLogs(const std::string& id, const LogOptions& options);
  // Looks until the container is in this state; nothing when it does not get there.
  std::optional<ContainerInfo> Until(const std::string& id, ContainerRunState state);

 private:
  RuntimeHarness* harness_;
};

// Scripts that both harnesses understand.
inline const std::vector<std::string> kRunsForever = {"sleep", "100000"};
inline const std::vector<std::string> kExitsWithSeven = {"sh", "-c", "exit 7"};
inline const std::vector<std::string> kPrintsAndExits = {"sh", "-c",
                                                         "echo one; echo two; echo three"};
inline const std::vector<std::string> kPrintsAndRuns = {"sh", "-c", "echo one; sleep 100000"};
// Into its own layer, some 4 MB of which it keeps in memory too.
inline const std::vector<std::string> kWritesAndRuns = {
    "sh", "-c", "head -c 4000000 /dev/zero >/written; sleep 100000"};
// kMuchLines lines of 1,000 bytes: many times a stream's window.
inline constexpr size_t kMuchLines = 8'000;
inline const std::vector<std::string> kPrintsMuchAndExits = {
    "sh", "-c", "yes \"$(head -c 999 /dev/zero | tr '\\0' x)\" | head -n 8000"};
inline const std::vector<std::string> kStopsWithThree = {
    "sh", "-c", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done"};
// Commands to be run beside a container's program.
inline const std::vector<std::string> kSaysAndFails = {"sh", "-c",
                                                       "echo out; echo err >&2; exit 3"};
inline const std::vector<std::string> kTakesLong = {"sh", "-c", "echo begun; sleep 100000"};
inline const std::vector<std::string> kSaysMuch = {"sh", "-c",
                                                   "head -c 300000 /dev/zero | tr '\\0' x"};
inline const std::vector<std::string> kClosesItsOutput = {
    "sh", "-c", "exec >/dev/null 2>&1; sleep 0.3; exit 4"};
inline const std::vector<std::string> kGivesBack = {"cat"};
inline const std::vector<std::string> kTellsSize = {"sh", "-c",
                                                    "while read line; do stty size; done"};
inline const std::vector<std::string> kIsNoProgram = {"/no/such/program"};

ContainerConfig TestContainer(const std::string& cluster_id, const std::string& name,
                              const std::vector<std::string>& cmd);

}  // namespace reconcile
