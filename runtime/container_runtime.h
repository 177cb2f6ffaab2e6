#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/pod_stream.h"
#include "base/status.h"
#include "base/stream_handle.h"
#include "base/time.h"
#include "schema/object.h"

namespace reconcile {

// Labels that make a container ours (DESIGN 5, "Identity"). A container without our cluster's label
// is never touched.
inline constexpr std::string_view kLabelCluster = "dev.reconcile.cluster";
inline constexpr std::string_view kLabelNamespace = "dev.reconcile.namespace";
inline constexpr std::string_view kLabelPod = "dev.reconcile.pod";
inline constexpr std::string_view kLabelPodUid = "dev.reconcile.pod-uid";
inline constexpr std::string_view kLabelContainer =
    "dev.reconcile.container";  // "POD" for the sandbox
inline constexpr std::string_view kLabelAttempt = "dev.reconcile.attempt";
inline constexpr std::string_view kLabelSpecHash = "dev.reconcile.spec-hash";
// The pod's IPv4 address, on the container that owns its network namespace.
inline constexpr std::string_view kLabelAddress = "dev.reconcile.address";
inline constexpr std::string_view kSandboxContainer = "POD";

struct BindMount {
  std::string host_path;
  std::string container_path;
  bool read_only = false;
  std::string propagation = {};  // as mount(8) says it: "rslave", "rshared"; "" is "rprivate"
  friend bool operator==(const BindMount&, const BindMount&) = default;
};

// The network namespace of a container that joins none: nothing but lo is in it either way.
enum class NetworkStart {
  // Made by the engine's network code, which executes itself several times for it: more than all
  // else of a start. The container, and what joins it, have the engine's copy of resolv.conf.
  kEngines,
  // Made by the OCI runtime as a part of the container's start. No file of the engine's is in it.
  kBare,
  // The host's own: nothing is made.
  kHosts,
};

// Whose processes a container sees.
enum class ProcessView {
  kOwn,
  kHosts,
  kNetworkContainers,  // those of the container whose network it has joined
};

// What a container's processes are and may do, beyond or below the engine's default.
struct ContainerRights {
  std::string user;                 // "uid", "uid:gid", or names for them; empty: the image's
  std::vector<std::string> groups;  // further groups: ids
  bool privileged = false;
  bool read_only_root = false;
  // Names as capabilities(7) has them, with CAP_ or without, or ALL.
  std::vector<std::string> capabilities_added;
  std::vector<std::string> capabilities_dropped;
  bool proc_unmasked = false;                 // all of /proc and /sys is seen as it is
  std::vector<std::string> security_options;  // "no-new-privileges", "seccomp=unconfined"
  friend bool operator==(const ContainerRights&, const ContainerRights&) = default;
};

// What to create. Maps one to one on Docker's POST /containers/create.
struct ContainerConfig {
  std::string name;                     // at least two characters
  std::string image;                    // id or reference, present on the host
  std::vector<std::string> entrypoint;  // empty: the image's
  std::vector<std::string> cmd;         // empty: the image's (unless entrypoint is set)
  std::vector<std::string> env;         // "NAME=value", in order
  std::string working_dir;
  StringMap labels;
  std::vector<BindMount> binds;
  std::string hostname;           // only without network_container
  std::string network_container;  // join this container's network namespace; "" is `network_start`
  NetworkStart network_start = NetworkStart::kEngines;
  ProcessView process_view = ProcessView::kOwn;
  bool host_ipc = false;  // else its own, or that of network_container
  StringMap sysctls;      // of its own namespaces alone; by names with dots
  ContainerRights rights;
  int64_t cpu_shares = 0;    // 0: Docker's default
  int64_t cpu_quota_us = 0;  // per period of 100 ms; 0: none
  int64_t memory_bytes = 0;  // 0: none
  int32_t oom_score_adj = 0;
  int64_t pids_limit = 0;  // 0: none
  // Of its program (Engine API: OpenStdin, StdinOnce, Tty). Without has_input it reads nothing;
  // with it, what attached clients write, and the input's end only if input_once: when the first of
  // them goes.
  bool has_input = false;
  bool input_once = false;
  bool has_terminal = false;
  // No log files, no rights whatever `rights` says, and an ipc namespace that others can join.
  bool is_sandbox = false;
};

enum class ContainerRunState { kCreated, kRunning, kPaused, kExited, kDead };

// A container as the engine reports it.
struct ContainerInfo {
  std::string id;
  std::string name;  // without the leading '/'
  std::string image_id;
  StringMap labels;
  ContainerRunState state = ContainerRunState::kCreated;
  int64_t process_id = 0;  // 0 when not running
  int32_t exit_code = 0;
  bool oom_killed = false;
  std::string error;  // the engine's words when a start failed
  std::optional<WallTime> created_at;
  std::optional<WallTime> started_at;
  std::optional<WallTime> finished_at;
  // The engine could not describe it: only id, name, image, labels, state and creation are known,
  // and of an end the exit code or, as `error`, why there is none.
  bool from_list_alone = false;
  // Likewise, because the engine was too slow: what is missing here can be told later.
  bool awaits_inspection = false;
};

struct ImageInfo {
  std::string id;  // "sha256:..."
  std::vector<std::string> tags;
  std::vector<std::string> digests;  // "name@sha256:...", of a pulled one
  std::vector<std::string> entrypoint;
  std::vector<std::string> cmd;
  int64_t size_bytes = 0;
  std::string stop_signal;
  std::string user;
};

// An image as it is listed.
struct HostImage {
  std::string id;
  std::vector<std::string> references;  // its tags
  std::vector<std::string> digests;     // "name@sha256:...", as registries have it
  int64_t size_bytes = 0;
  bool in_use = false;  // by a container, running or not, whoever made it
};

// What a container has of its host at the moment.
struct ContainerUse {
  int64_t memory_bytes = 0;  // its working set: without file pages that were not used lately
  int64_t processes = 0;     // and threads
  int64_t disk_bytes = 0;    // what it wrote into its own layer
  friend bool operator==(const ContainerUse&, const ContainerUse&) = default;
};

// What a registry is told of who pulls. A secret: in no message, log or file.
struct RegistryLogin {
  std::string server;  // the registry, as the login names it
  std::string username;
  std::string password;
  std::string identity_token;  // in place of a password
  friend bool operator==(const RegistryLogin&, const RegistryLogin&) = default;
};

struct EngineInfo {
  std::string version;      // "20.10.24"
  std::string api_version;  // negotiated
  std::string operating_system;
  std::string kernel_version;
  std::string architecture;  // Go's names: amd64, arm64
  int64_t cpus = 0;
  int64_t memory_bytes = 0;
  bool live_restore = false;
  std::string cgroup_driver;
  bool has_apparmor = false;  // without it the engine passes over a profile that is asked for
  // A program of the host's can be mounted into containers and run there, and what is put into a
  // container's network namespace later is its network. Otherwise why not: the engine remaps users
  // or is rootless (the file may not be reached), SELinux labels files, the runtime is neither runc
  // nor crun.
  std::string no_start_program = "the engine did not tell its runtime";
  std::string root_folder = {};  // absolute: where it keeps images, layers and logs
};

// The engine says something happened to one of our containers, or that the stream was lost and came
// back (empty id): look again.
struct EngineEvent {
  std::string container_id;
  // "start", "die", "destroy", "oom", "rename", "pause", "unpause", "update", "resync"
  std::string action;
};

struct LogOptions {
  bool follow = false;
  bool timestamps = false;
  int64_t tail_lines = -1;  // -1: all
  std::optional<WallTime> since;
};
enum class LogStream { kOut, kError };

inline constexpr size_t kMaxExecOutputBytes = 10 * 1024;  // as much as the kubelet keeps

// What became of a command that was run in a container.
struct ExecResult {
  // None: the time was up first. What it started goes on: the engine has no call that ends it.
  std::optional<int32_t> exit_code;
  std::string output;  // of both streams, the first kMaxExecOutputBytes; the rest is dropped
  friend bool operator==(const ExecResult&, const ExecResult&) = default;
};

// Which of its streams a client wants. With a terminal there is one output.
struct StreamOptions {
  bool in = false;
  bool out = false;
  bool err = false;
  bool tty = false;
};

// The seam to the container engine. Every call returns at once and calls `done` exactly once,
// later, on the loop; Unavailable when the engine does not answer in time. NotFound, Conflict and
// Invalid carry the engine's own words. Loop thread only. Production: DockerRuntime.
class ContainerRuntime {
 public:
  template <typename T>
  using Done = std::function<void(Result<T>)>;
  using DoneStatus = std::function<void(Status)>;

  virtual ~ContainerRuntime() = default;

  virtual void GetEngineInfo(Done<EngineInfo> done) = 0;
  // All containers, running or not, with label kLabelCluster = `cluster_id`, inspected in full. One
  // that the engine cannot describe is from_list_alone and fails nothing.
  virtual void ListContainers(const std::string& cluster_id,
                              Done<std::vector<ContainerInfo>> done) = 0;
  virtual void InspectContainer(const std::string& id, Done<ContainerInfo> done) = 0;
  // Conflict when the name is taken.
  virtual void CreateContainer(const ContainerConfig& config,
                               Done<std::string> done) = 0;  // the new id
  virtual void StartContainer(const std::string& id, DoneStatus done) = 0;
  // The image's stop signal, then SIGKILL after `grace_seconds`. OK when it is not running already.
  virtual void StopContainer(const std::string& id, int64_t grace_seconds, DoneStatus done) = 0;
  // Kills if running, and removes. OK when it does not exist.
  virtual void RemoveContainer(const std::string& id, DoneStatus done) = 0;
  // Runs `command`, without a shell, in a running container, as its user and in its folder, for
  // `timeout_ms` at most. A command that cannot be run has exit code 126 or 127, and the engine's
  // words as its output. NotFound, Conflict: there is no such container, or it does not run.
  virtual void Exec(const std::string& id, const std::vector<std::string>& command,
                    int64_t timeout_ms, Done<ExecResult> done) = 0;
  // Runs `command` as Exec does, with its streams, for as long as it goes on. A command that is
  // cut, or whose client cancels, is killed if that is safe (runtime/container_process.h). Never
  // nullptr.
  virtual std::shared_ptr<PodStream> OpenExec(const std::string& id,
                                              const std::vector<std::string>& command,
                                              const StreamOptions& options, PodStreamSink sink) = 0;
  // The streams of the container's own program, from now on, until it ends. Invalid: an input or a
  // terminal is wanted that the container was made without.
  virtual std::shared_ptr<PodStream> Attach(const std::string& id, const StreamOptions& options,
                                            PodStreamSink sink) = 0;
  // NotFound when the host does not have it.
  virtual void InspectImage(const std::string& reference, Done<ImageInfo> done) = 0;
  // Without a login the engine pulls as anybody may.
  virtual void PullImage(const std::string& reference, const std::optional<RegistryLogin>& login,
                         DoneStatus done) = 0;
  // All images that have a name of their own or had one, with who uses them; not the layers of
  // others.
  virtual void ListImages(Done<std::vector<HostImage>> done) = 0;
  // Takes this name, or id, from its image, and the image with its last one. OK when there is none;
  // Conflict when a container uses it.
  virtual void RemoveImage(const std::string& reference, DoneStatus done) = 0;
  // Of a container that runs. `with_disk`: the engine walks its layer for that; else 0.
  virtual void MeasureContainer(const std::string& id, bool with_disk, Done<ContainerUse> done) = 0;
  // Makes sure the built-in pause image is there; gives its id. No registry is needed.
  virtual void EnsurePauseImage(Done<std::string> done) = 0;
  // Streams a container's log, with credits: `on_data` gets frames within the window that the
  // handle keeps open; `done` comes last, once all data has been given, without waiting for it to
  // be taken. A reader that follows and falls so far behind that the engine has dropped lines goes
  // on with what is left, behind a line on kError that marks the gap.
  virtual StreamHandle ReadLogs(const std::string& id, const LogOptions& options,
                                std::function<void(LogStream, std::string_view)> on_data,
                                DoneStatus done) = 0;
  // `on_event` is called for events of containers of `cluster_id`. One subscription.
  virtual void SubscribeEvents(const std::string& cluster_id,
                               std::function<void(const EngineEvent&)> on_event) = 0;
};

}  // namespace reconcile
