#include "runtime/fake_engine_core.h"

#include <algorithm>

#include "base/check.h"
#include "base/ids.h"
#include "runtime/docker_replies.h"
#include "runtime/image_reference.h"
#include "runtime/start_program.h"

namespace reconcile {
namespace {

constexpr int32_t kKilledExitCode = 137;
constexpr int32_t kTerminatedExitCode = 143;
constexpr int32_t kRebootExitCode = 255;
constexpr int32_t kNotStartedExitCode = 127;
constexpr int64_t kStartLatencyFactor = 10;
constexpr size_t kMaxLogLines = 10'000;
constexpr std::string_view kPauseReference = "reconcile.dev/pause:fake";

bool Runs(const ContainerInfo& info) {
  return info.state == ContainerRunState::kRunning || info.state == ContainerRunState::kPaused;
}

std::string LabelOf(const ContainerConfig& config, std::string_view name) {
  const auto found = config.labels.find(std::string(name));
  return found == config.labels.end() ? "" : found->second;
}

// Its program is the one that waits for the pod's network (start.c).
bool WaitsForNetwork(const ContainerConfig& config) {
  return config.network_container.empty() && !config.entrypoint.empty() &&
         config.entrypoint.front() == kStartProgramPath;
}

ContainerInfo Listed(const ContainerInfo& info) {
  ContainerInfo listed;
  listed.id = info.id;
  listed.name = info.name;
  listed.image_id = info.image_id;
  listed.labels = info.labels;
  listed.state = info.state;
  listed.exit_code = info.exit_code;
  listed.created_at = info.created_at;
  listed.from_list_alone = true;
  return listed;
}

Status NoSuchContainer(const std::string& id) { return NotFoundError("No such container: " + id); }

}  // namespace

FakeEngineCore::FakeEngineCore(EventLoop* loop_in, FakeEngineOptions options_in)
    : loop(loop_in), options(std::move(options_in)), random_(options.seed) {
  CHECK(options.min_latency_ms >= 0 && options.max_latency_ms >= options.min_latency_ms);
}

void FakeEngineCore::After(int64_t delay_ms, Task task) {
  loop->After(delay_ms, [weak = weak_from_this(), task = std::move(task)] {
    if (const auto self = weak.lock()) task();
  });
}

FakeEngineCore::Fault FakeEngineCore::DrawFault(FakeCall call) {
  Fault fault;
  // Both are always drawn, so that the rest of a run does not depend on which faults are on.
  const int first = static_cast<int>(random_.Below(1000));
  const int second = static_cast<int>(random_.Below(1000));
  std::vector<PlannedFailure>& plan = planned[call];
  if (!plan.empty()) {
    fault.status = plan.front().status;
    (plan.front().done_nevertheless ? fault.lose_reply : fault.fail) = true;
    if (--plan.front().count <= 0) plan.erase(plan.begin());
  } else if (first < options.faults.failed_per_mille) {
    fault.fail = true;
    fault.status = UnavailableError("the engine did not take the call (injected)");
  } else if (second < options.faults.lost_reply_per_mille) {
    fault.lose_reply = true;
    fault.status = UnavailableError("the engine did not answer in time (injected)");
  }
  return fault;
}

int64_t FakeEngineCore::Latency(FakeCall call) {
  const auto spread = static_cast<uint64_t>(options.max_latency_ms - options.min_latency_ms + 1);
  const int64_t latency = options.min_latency_ms + static_cast<int64_t>(random_.Below(spread));
  return call == FakeCall::kStart ? latency * kStartLatencyFactor : latency;
}

std::string FakeEngineCore::NewId() {
  return Sha256Hex("container " + std::to_string(random_.Next()));
}

FakeEngineCore::Container* FakeEngineCore::Find(const std::string& id_or_name) {
  if (const auto found = containers.find(id_or_name); found != containers.end()) {
    return &found->second;
  }
  for (auto& [id, container] : containers) {
    if (container.info.name == id_or_name) return &container;
  }
  return nullptr;
}

const FakeEngineCore::Container* FakeEngineCore::Find(const std::string& id_or_name) const {
  return const_cast<FakeEngineCore*>(this)->Find(id_or_name);
}

const FakeImage* FakeEngineCore::FindImage(const std::string& reference) const {
  const auto found = images.find(NormalizeReference(reference));
  if (found != images.end()) return found->second.present ? &found->second : nullptr;
  for (const auto& [name, image] : images) {
    if (image.present && ImageIdOf(name, image) == reference) return &image;
  }
  return nullptr;
}

std::vector<ContainerInfo> FakeEngineCore::List(const std::string& cluster_id) const {
  std::vector<const Container*> found;
  for (const auto& [id, container] : containers) {
    if (cluster_id.empty() || LabelOf(container.config, kLabelCluster) == cluster_id) {
      found.push_back(&container);
    }
  }
  std::sort(found.begin(), found.end(),
            [](const Container* a, const Container* b) { return a->order < b->order; });
  std::vector<ContainerInfo> infos;
  for (const Container* container : found) {
    const auto broken = indescribable.find(container->info.id);
    infos.push_back(broken == indescribable.end()
                        ? container->info
                        : WithoutInspection(Listed(container->info), broken->second));
  }
  return infos;
}

Result<ContainerInfo> FakeEngineCore::Inspect(const std::string& id) const {
  const Container* container = Find(id);
  if (container == nullptr) return NoSuchContainer(id);
  const auto broken = indescribable.find(container->info.id);
  if (broken != indescribable.end()) return broken->second;
  return container->info;
}

Result<std::string> FakeEngineCore::Create(const ContainerConfig& config) {
  if (Status status = ValidateContainerName(config.name); !status.ok()) return status;
  if (const auto parsed = ParseImageReference(config.image); !parsed.ok()) return parsed.status();
  const FakeImage* image = FindImage(config.image);
  if (image == nullptr) return NotFoundError("No such image: " + NormalizeReference(config.image));
  if (const Container* other = Find(config.name)) {
    return ConflictError("Conflict. The container name \"/" + config.name +
                         "\" is already in use by container \"" + other->info.id + "\".");
  }
  Container container;
  container.order = next_order_++;
  container.config = config;
  container.program = choose_program ? choose_program(config) : image->program;
  container.info.id = NewId();
  container.info.name = config.name;
  for (const auto& [name, candidate] : images) {
    if (&candidate == image) container.info.image_id = ImageIdOf(name, candidate);
  }
  container.info.labels = config.labels;
  container.info.created_at = loop->now().wall;
  const std::string id = container.info.id;
  Observe("create", containers.emplace(id, std::move(container)).first->second.info);
  return id;
}

Status FakeEngineCore::CheckStart(const Container& container) const {
  const std::string& joined = container.config.network_container;
  if (!joined.empty()) {
    const Container* sandbox = Find(joined);
    if (sandbox == nullptr) return NoSuchContainer(joined);
    if (!Runs(sandbox->info)) {
      return ConflictError("cannot join network of a non running container: " + sandbox->info.id);
    }
  }
  if (container.program.start_error.empty() || WaitsForNetwork(container.config)) return OkStatus();
  return InvalidError(container.program.start_error);
}

Status FakeEngineCore::StartContainer(const std::string& id) {
  Container* container = Find(id);
  if (container == nullptr) return NoSuchContainer(id);
  ContainerInfo& info = container->info;
  if (Runs(info)) return OkStatus();
  if (Status status = CheckStart(*container); !status.ok()) {
    info.error = status.message();
    info.exit_code = status.code() == StatusCode::kInvalid ? kNotStartedExitCode : 128;
    return status;
  }
  info.state = ContainerRunState::kRunning;
  info.process_id = next_process_id_++;
  info.exit_code = 0;
  info.oom_killed = false;
  info.error.clear();
  info.started_at = loop->now().wall;
  info.finished_at.reset();
  ++container->run;
  container->waits = WaitsForNetwork(container->config);
  Observe("start", info);
  Emit(*container, "start");
  if (!container->waits) BeginProgram(container);
  return OkStatus();
}

void FakeEngineCore::BeginProgram(Container* container) {
  const FakeProgram& program = container->program;
  container->waits = false;
  Observe("begin", container->info);
  const std::string id = container->info.id;
  if (!program.start_error.empty()) {  // of one that waited: the words are the program's
    AppendLog(*container, LogStream::kError, program.start_error);
    return ScheduleExit(id, container->run, 1, kNotStartedExitCode, false);
  }
  for (const std::string& line : program.output) AppendLog(*container, LogStream::kOut, line);
  if (program.exit_after_ms >= 0) {
    ScheduleExit(id, container->run, program.exit_after_ms, program.exit_code, program.oom_killed);
  }
}

void FakeEngineCore::NetworkAttached(int64_t process_id) {
  for (auto& [id, container] : containers) {
    if (container.waits && container.info.process_id == process_id) BeginProgram(&container);
  }
}

void FakeEngineCore::ScheduleExit(const std::string& id, uint64_t run, int64_t delay_ms,
                                  int32_t code, bool oom) {
  After(delay_ms, [this, id, run, code, oom] {
    const Container* container = Find(id);
    if (container != nullptr && container->run == run) Exit(id, code, oom);
  });
}

bool FakeEngineCore::Exit(const std::string& id, int32_t code, bool oom) {
  Container* container = Find(id);
  if (container == nullptr || !Runs(container->info)) return false;
  ContainerInfo& info = container->info;
  info.state = ContainerRunState::kExited;
  info.process_id = 0;
  container->waits = false;
  info.exit_code = code;
  info.oom_killed = oom;
  info.finished_at = loop->now().wall;
  ++container->run;
  if (oom) Emit(*container, "oom");
  Observe("die", info);
  Emit(*container, "die");
  std::vector<Task> waiting;
  waiting.swap(container->when_exited);
  EndReaders(info.id);
  for (const Task& task : waiting) task();
  return true;
}

void FakeEngineCore::StopContainer(const std::string& id, int64_t grace_seconds,
                                   Reply<Status> reply) {
  Container* container = Find(id);
  if (container == nullptr) return reply(NoSuchContainer(id));
  if (!Runs(container->info)) return reply(OkStatus());
  Observe("signal", container->info);
  container->when_exited.push_back([reply] { reply(OkStatus()); });
  const FakeProgram& program = container->program;
  const int64_t grace_ms = std::max<int64_t>(grace_seconds, 0) * 1000;
  if (container->waits) {
    return ScheduleExit(container->info.id, container->run, 1, kTerminatedExitCode, false);
  }
  if (program.stop_takes_ms >= 0 && program.stop_takes_ms <= grace_ms) {
    return ScheduleExit(container->info.id, container->run, program.stop_takes_ms,
                        program.stop_exit_code, false);
  }
  // The kill at the end is the engine's: it does not come when the engine is gone by then.
  After(grace_ms, [this, key = container->info.id, run = container->run] {
    const Container* still = Find(key);
    if (up && still != nullptr && still->run == run) Exit(key, kKilledExitCode, false);
  });
}

void FakeEngineCore::Chatter(const std::string& id, int count) {
  const Container* container = Find(id);
  for (int i = 0; container != nullptr && i < count; ++i) Emit(*container, "update");
}

bool FakeEngineCore::Destroy(const std::string& id) {
  Container* container = Find(id);
  if (container == nullptr) return false;
  Exit(id, kKilledExitCode, false);
  const auto node = containers.extract(container->info.id);
  Observe("destroy", node.mapped().info);
  Emit(node.mapped(), "destroy");
  return true;
}

Status FakeEngineCore::RemoveContainer(const std::string& id) {
  Destroy(id);  // OK when there is none
  return OkStatus();
}

Result<ImageInfo> FakeEngineCore::InspectImage(const std::string& reference) const {
  if (const auto parsed = ParseImageReference(reference); !parsed.ok()) return parsed.status();
  const FakeImage* image = FindImage(reference);
  if (image == nullptr) return NotFoundError("No such image: " + NormalizeReference(reference));
  ImageInfo info;
  for (const auto& [name, candidate] : images) {
    if (&candidate == image) info.id = ImageIdOf(name, candidate);
  }
  for (const auto& [name, candidate] : images) {
    if (candidate.present && ImageIdOf(name, candidate) == info.id) info.tags.push_back(name);
  }
  info.size_bytes = image->size_bytes;
  info.entrypoint = image->entrypoint;
  info.cmd = image->cmd;
  return info;
}

void FakeEngineCore::Pull(const std::string& reference, const std::optional<RegistryLogin>& login,
                          Reply<Status> reply) {
  if (const auto parsed = ParseImageReference(reference); !parsed.ok()) {
    return reply(parsed.status());
  }
  const std::string name = NormalizeReference(reference);
  const auto found = images.find(name);
  if (found == images.end()) {
    return reply(NotFoundError("manifest for " + name + " not found: manifest unknown"));
  }
  const int64_t pull_ms = found->second.pull_ms;
  const std::string password = login ? login->password : "";
  After(pull_ms, [this, name, password, reply] {
    const auto image = images.find(name);
    if (!up || image == images.end()) return reply(EngineDown());
    if (!image->second.pull_error.empty()) return reply(NotFoundError(image->second.pull_error));
    if (!image->second.password.empty() && image->second.password != password) {
      return reply(UnavailableError(name + ": no basic auth credentials"));
    }
    image->second.present = true;
    reply(OkStatus());
  });
}

std::string FakeEngineCore::EnsurePause() {
  const std::string reference(kPauseReference);
  FakeImage& image = images[reference];
  image.present = true;
  image.program.stop_exit_code = 0;
  return ImageIdOf(reference, image);
}

void FakeEngineCore::AppendLog(Container& container, LogStream stream, const std::string& line) {
  if (container.config.is_sandbox) return;
  container.log.push_back({stream, loop->now().wall, line.ends_with('\n') ? line : line + "\n"});
  if (container.log.size() > kMaxLogLines) container.log.erase(container.log.begin());
  const LogLine& added = container.log.back();
  for (const auto& weak : readers) {
    const auto reader = weak.lock();
    if (reader == nullptr || !reader->follow || reader->container_id != container.info.id) continue;
    const std::string text =
        reader->timestamps ? FormatRfc3339(added.time) + " " + added.text : added.text;
    After(options.event_delay_ms, [weak, stream, text] {
      if (const auto listening = weak.lock()) listening->outlet.Push(stream, text);
    });
  }
}

void FakeEngineCore::ReadLogs(std::shared_ptr<FakeLogReader> reader, const LogOptions& log) {
  const Container* container = Find(reader->container_id);
  if (container == nullptr) return reader->End(NoSuchContainer(reader->container_id));
  reader->container_id = container->info.id;
  if (container->config.is_sandbox) {
    return reader->End(InvalidError("configured logging driver does not support reading"));
  }
  std::vector<LogLine> lines;
  for (const LogLine& line : container->log) {
    if (!log.since.has_value() || line.time >= *log.since) lines.push_back(line);
  }
  if (log.tail_lines >= 0 && lines.size() > static_cast<size_t>(log.tail_lines)) {
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(log.tail_lines));
  }
  for (const LogLine& line : lines) {
    const std::string text =
        reader->timestamps ? FormatRfc3339(line.time) + " " + line.text : line.text;
    After(options.event_delay_ms, [weak = std::weak_ptr(reader), stream = line.stream, text] {
      if (const auto listening = weak.lock()) listening->outlet.Push(stream, text);
    });
  }
  std::erase_if(readers, [](const auto& weak) { return weak.expired(); });
  readers.push_back(reader);
  if (!reader->follow || !Runs(container->info)) EndReaders(reader->container_id);
}

void FakeEngineCore::EndReaders(const std::string& container_id) {
  const Container* container = Find(container_id);
  const bool runs = container != nullptr && Runs(container->info);
  for (const auto& weak : readers) {
    const auto reader = weak.lock();
    if (reader == nullptr || reader->container_id != container_id) continue;
    if (reader->follow && runs) continue;
    // Behind the lines that are still on their way.
    After(options.event_delay_ms, [weak] {
      if (const auto listening = weak.lock()) listening->End(OkStatus());
    });
  }
}

void FakeEngineCore::Subscribe(const std::shared_ptr<FakeClient>& client) {
  clients.push_back(client);
  OpenStream(client, options.event_delay_ms);
}

void FakeEngineCore::OpenStream(const std::weak_ptr<FakeClient>& weak, int64_t delay_ms) {
  After(delay_ms, [this, weak] {
    const auto client = weak.lock();
    if (client == nullptr || !up || client->stream_open) return;
    client->stream_open = true;
    ++client->stream;
    client->on_event({"", "resync"});
  });
}

void FakeEngineCore::Emit(const Container& container, const std::string& action) {
  if (!up) return;
  std::erase_if(clients, [](const auto& weak) { return weak.expired(); });
  for (const auto& weak : clients) {
    const auto client = weak.lock();
    if (!client->stream_open || LabelOf(container.config, kLabelCluster) != client->cluster_id) {
      continue;
    }
    const EngineEvent event{container.info.id, action};
    After(options.event_delay_ms, [weak, event, stream = client->stream] {
      const auto listening = weak.lock();
      if (listening == nullptr || !listening->stream_open || listening->stream != stream) return;
      listening->on_event(event);
    });
  }
}

void FakeEngineCore::Observe(const std::string& what, const ContainerInfo& container,
                             const std::vector<std::string>& command) {
  if (observer) observer({what, container, command});
}

void FakeEngineCore::BreakEventStreams() {
  for (const auto& weak : clients) {
    const auto client = weak.lock();
    if (client == nullptr) continue;
    client->stream_open = false;
    const auto bound = static_cast<uint64_t>(options.max_reconnect_ms);
    OpenStream(weak, 1 + static_cast<int64_t>(random_.Below(bound)));
  }
}

void FakeEngineCore::Crash() {
  if (!up) return;
  up = false;
  for (const auto& weak : clients) {
    if (const auto client = weak.lock()) client->stream_open = false;
  }
  for (auto& [id, container] : containers) container.when_exited.clear();
  const std::map<uint64_t, Task> open = open_calls_;  // a copy: each erases its entry
  for (const auto& [id, fail] : open) fail();
  Observe("engine-crash");
}

void FakeEngineCore::Restart() {
  if (up) return;
  std::vector<std::string> doomed;
  for (const auto& [id, container] : containers) {
    if (!options.live_restore && Runs(container.info)) doomed.push_back(id);
  }
  for (const std::string& id : doomed) Exit(id, kKilledExitCode, false);
  up = true;
  Observe("engine-start");
  BreakEventStreams();
}

void FakeEngineCore::RebootHost() {
  Crash();
  Observe("host-reboot");
  std::vector<std::string> running;
  for (const auto& [id, container] : containers) {
    if (Runs(container.info)) running.push_back(id);
  }
  for (const std::string& id : running) Exit(id, kRebootExitCode, false);
}

}  // namespace reconcile
