#include "runtime/fake_runtime.h"

#include <utility>

#include "base/check.h"
#include "runtime/fake_engine_core.h"
#include "runtime/fake_exec_stream.h"
#include "runtime/image_reference.h"

namespace reconcile {
namespace {

// A client's hold on what it is attached to.
class FakeAttachment final : public PodStream, public std::enable_shared_from_this<FakeAttachment> {
 public:
  FakeAttachment(std::weak_ptr<FakeEngineCore> core, std::weak_ptr<FakeClient> client,
                 std::string id, const StreamOptions& options, PodStreamSink sink)
      : core_(std::move(core)),
        client_(std::move(client)),
        id_(std::move(id)),
        options_(options),
        sink_(std::move(sink)) {}

  void Write(std::string_view bytes) override {
    if (!options_.in || input_ended_) return;
    input_ += bytes;
    Later(&FakeAttachment::GiveInput);
  }
  void CloseInput() override {
    if (!options_.in || std::exchange(input_ended_, true)) return;
    Later(&FakeAttachment::GiveInput);
  }
  void Resize(uint16_t, uint16_t) override {}
  void Taken(size_t bytes) override {
    Later([bytes](FakeAttachment* self) { self->reader_.Taken(bytes); });
  }
  void Cancel() override {
    over_ = true;
    reader_.Cancel();
  }

  bool over() const { return over_; }
  // Once the engine has attached it; what was written before is given when the log is followed.
  void Begin(StreamHandle reader) {
    reader_ = std::move(reader);
    const auto core = core_.lock();
    if (core == nullptr) return;
    core->After(core->options.max_latency_ms, [self = shared_from_this()] {
      self->open_ = true;
      self->GiveInput();
    });
  }
  void OnLog(LogStream from, std::string_view bytes) {
    const bool err = from == LogStream::kError;
    if (!(err ? options_.err : options_.out)) return reader_.Taken(bytes.size());
    sink_.on_output(err ? PodOutput::kErr : PodOutput::kOut, bytes);
  }
  void End(const Status& status) {
    if (!std::exchange(over_, true)) sink_.on_end({status, std::nullopt});
  }

 private:
  template <typename T>
  void Later(T task) {
    const auto core = core_.lock();
    if (core == nullptr) return;
    core->After(core->options.event_delay_ms, [self = shared_from_this(), task] {
      if (!self->over_ && !self->client_.expired()) std::invoke(task, self.get());
    });
  }
  void GiveInput() {
    const auto core = core_.lock();
    if (core == nullptr || client_.expired() || over_ || !open_) return;
    if (const std::string bytes = std::exchange(input_, {}); !bytes.empty()) {
      core->TakeInput(id_, bytes);
      sink_.on_input_taken(bytes.size());
    }
    if (!input_ended_ || std::exchange(told_end_, true)) return;
    // As Docker: who only writes nothing more is not attached any longer, unless his going ends the
    // program's input.
    const FakeEngineCore::Container* container = core->Find(id_);
    const bool once = container != nullptr && container->config.input_once;
    core->EndInput(id_);
    if (once) return;
    reader_.Cancel();
    End(OkStatus());
  }

  const std::weak_ptr<FakeEngineCore> core_;
  const std::weak_ptr<FakeClient> client_;
  const std::string id_;
  const StreamOptions options_;
  const PodStreamSink sink_;
  StreamHandle reader_;
  bool over_ = false;
  bool open_ = false;
  std::string input_;  // not given yet
  bool input_ended_ = false;
  bool told_end_ = false;
};

// What one process sees of a FakeEngine.
class FakeRuntime final : public ContainerRuntime {
 public:
  FakeRuntime(EventLoop* loop, const std::shared_ptr<FakeEngineCore>& core)
      : loop_(loop), core_(core), client_(std::make_shared<FakeClient>()) {}

  void GetEngineInfo(Done<EngineInfo> done) override {
    Call<Result<EngineInfo>>(
        FakeCall::kInfo,
        [](FakeEngineCore* core) {
          EngineInfo info = core->options.info;
          info.live_restore = core->options.live_restore;
          return info;
        },
        std::move(done));
  }

  void ListContainers(const std::string& cluster_id,
                      Done<std::vector<ContainerInfo>> done) override {
    Call<Result<std::vector<ContainerInfo>>>(
        FakeCall::kList, [cluster_id](FakeEngineCore* core) { return core->List(cluster_id); },
        std::move(done));
  }

  void InspectContainer(const std::string& id, Done<ContainerInfo> done) override {
    Call<Result<ContainerInfo>>(
        FakeCall::kInspect, [id](FakeEngineCore* core) { return core->Inspect(id); },
        std::move(done));
  }

  void CreateContainer(const ContainerConfig& config, Done<std::string> done) override {
    Call<Result<std::string>>(
        FakeCall::kCreate, [config](FakeEngineCore* core) { return core->Create(config); },
        std::move(done));
  }

  void StartContainer(const std::string& id, DoneStatus done) override {
    Call<Status>(
        FakeCall::kStart, [id](FakeEngineCore* core) { return core->StartContainer(id); },
        std::move(done));
  }

  void StopContainer(const std::string& id, int64_t grace_seconds, DoneStatus done) override {
    CallLong<Status>(
        FakeCall::kStop,
        [id, grace_seconds](FakeEngineCore* core, std::function<void(Status)> reply) {
          core->StopContainer(id, grace_seconds, std::move(reply));
        },
        std::move(done));
  }

  void RemoveContainer(const std::string& id, DoneStatus done) override {
    Call<Status>(
        FakeCall::kRemove, [id](FakeEngineCore* core) { return core->RemoveContainer(id); },
        std::move(done));
  }

  void Exec(const std::string& id, const std::vector<std::string>& command, int64_t timeout_ms,
            Done<ExecResult> done) override {
    if (const auto core = core_.lock()) core->NoteExecAsked(id, command);
    CallLong<Result<ExecResult>>(
        FakeCall::kExec,
        [id, command, timeout_ms](FakeEngineCore* core,
                                  std::function<void(Result<ExecResult>)> reply) {
          core->Exec(id, command, timeout_ms, std::move(reply));
        },
        std::move(done));
  }

  std::shared_ptr<PodStream> OpenExec(const std::string& id,
                                      const std::vector<std::string>& command,
                                      const StreamOptions& options, PodStreamSink sink) override;
  std::shared_ptr<PodStream> Attach(const std::string& id, const StreamOptions& options,
                                    PodStreamSink sink) override;

  void InspectImage(const std::string& reference, Done<ImageInfo> done) override {
    Call<Result<ImageInfo>>(
        FakeCall::kInspectImage,
        [reference](FakeEngineCore* core) { return core->InspectImage(reference); },
        std::move(done));
  }

  void PullImage(const std::string& reference, const std::optional<RegistryLogin>& login,
                 DoneStatus done) override {
    CallLong<Status>(
        FakeCall::kPull,
        [reference, login](FakeEngineCore* core, std::function<void(Status)> reply) {
          core->Pull(reference, login, std::move(reply));
        },
        std::move(done));
  }

  void ListImages(Done<std::vector<HostImage>> done) override {
    Call<Result<std::vector<HostImage>>>(
        FakeCall::kListImages, [](FakeEngineCore* core) { return core->ListImages(); },
        std::move(done));
  }

  void RemoveImage(const std::string& reference, DoneStatus done) override {
    Call<Status>(
        FakeCall::kRemoveImage,
        [reference](FakeEngineCore* core) { return core->RemoveImage(reference); },
        std::move(done));
  }

  void MeasureContainer(const std::string& id, bool with_disk, Done<ContainerUse> done) override {
    Call<Result<ContainerUse>>(
        FakeCall::kMeasure,
        [id, with_disk](FakeEngineCore* core) { return core->Measure(id, with_disk); },
        std::move(done));
  }

  void EnsurePauseImage(Done<std::string> done) override {
    Call<Result<std::string>>(
        FakeCall::kEnsurePause, [](FakeEngineCore* core) { return core->EnsurePause(); },
        std::move(done));
  }

  StreamHandle ReadLogs(const std::string& id, const LogOptions& options,
                        std::function<void(LogStream, std::string_view)> on_data,
                        DoneStatus done) override;
  void SubscribeEvents(const std::string& cluster_id,
                       std::function<void(const EngineEvent&)> on_event) override;

 private:
  template <typename R>
  using LongEffect = std::function<void(FakeEngineCore*, std::function<void(R)>)>;

  template <typename R>
  void CallLong(FakeCall call, LongEffect<R> effect, std::function<void(R)> done) {
    const auto core = core_.lock();
    if (core == nullptr) {  // the engine's object is gone for good
      loop_->Post([weak = std::weak_ptr(client_), done = std::move(done)] {
        if (weak.lock() != nullptr) done(R(EngineDown()));
      });
      return;
    }
    core->Call<R>(
        call, client_,
        [core = core.get(), effect = std::move(effect)](std::function<void(R)> reply) {
          effect(core, std::move(reply));
        },
        std::move(done));
  }

  // For effects that answer at once.
  template <typename R, typename Effect>
  void Call(FakeCall call, Effect effect, std::function<void(R)> done) {
    CallLong<R>(
        call,
        [effect = std::move(effect)](FakeEngineCore* core, std::function<void(R)> reply) {
          reply(R(effect(core)));
        },
        std::move(done));
  }

  EventLoop* const loop_;
  const std::weak_ptr<FakeEngineCore> core_;
  const std::shared_ptr<FakeClient> client_;
  std::map<uint64_t, std::shared_ptr<FakeLogReader>> readers_;
  uint64_t next_reader_ = 1;
};

std::shared_ptr<PodStream> FakeRuntime::OpenExec(const std::string& id,
                                                 const std::vector<std::string>& command,
                                                 const StreamOptions& options, PodStreamSink sink) {
  const auto stream = std::make_shared<FakeExecStream>(core_, client_, options, std::move(sink));
  CallLong<PodStreamEnd>(
      FakeCall::kOpenExec,
      [stream, id, command](FakeEngineCore* core, std::function<void(PodStreamEnd)> reply) {
        stream->Begin(core, id, command, std::move(reply));
      },
      // The stream keeps the reply: not the other way round.
      [weak = std::weak_ptr(stream)](const PodStreamEnd& end) {
        if (const auto self = weak.lock()) self->End(end);
      });
  return stream;
}

// What a program says goes to its log as well: that is followed from now on.
std::shared_ptr<PodStream> FakeRuntime::Attach(const std::string& id, const StreamOptions& options,
                                               PodStreamSink sink) {
  const auto stream =
      std::make_shared<FakeAttachment>(core_, client_, id, options, std::move(sink));
  Call<Status>(
      FakeCall::kAttach,
      [id, options](FakeEngineCore* core) { return core->CheckAttach(id, options); },
      [this, id, stream](const Status& status) {
        if (stream->over() || !status.ok()) return stream->End(status);
        LogOptions from_now;
        from_now.follow = true;
        from_now.tail_lines = 0;
        stream->Begin(ReadLogs(
            id, from_now,
            [stream](LogStream from, std::string_view bytes) { stream->OnLog(from, bytes); },
            [stream](const Status& why) { stream->End(why); }));
      });
  return stream;
}

StreamHandle FakeRuntime::ReadLogs(const std::string& id, const LogOptions& options,
                                   std::function<void(LogStream, std::string_view)> on_data,
                                   DoneStatus done) {
  const uint64_t key = next_reader_++;
  auto reader = std::make_shared<FakeLogReader>(std::move(on_data));
  reader->container_id = id;
  reader->follow = options.follow;
  reader->timestamps = options.timestamps;
  readers_[key] = reader;
  const std::weak_ptr<FakeLogReader> weak = reader;
  CallLong<Status>(
      FakeCall::kReadLogs,
      [weak, options](FakeEngineCore* core, std::function<void(Status)> reply) {
        const auto listening = weak.lock();
        if (listening == nullptr) return reply(OkStatus());  // cancelled
        listening->done = std::move(reply);
        core->ReadLogs(listening, options);
      },
      [this, key, done = std::move(done)](Status status) {
        if (readers_.erase(key) == 1) done(std::move(status));
      });
  const auto find = [client = std::weak_ptr(client_), weak] {
    return client.lock() == nullptr ? std::shared_ptr<FakeLogReader>() : weak.lock();
  };
  return StreamHandle(
      [this, key, find] {
        const auto cancelled = find();
        if (cancelled == nullptr || readers_.erase(key) == 0) return;
        cancelled->outlet.Close();
        cancelled->End(OkStatus());  // ends the call at the engine
      },
      [find](size_t bytes) {
        if (const auto reading = find()) reading->Taken(bytes);
      });
}

void FakeRuntime::SubscribeEvents(const std::string& cluster_id,
                                  std::function<void(const EngineEvent&)> on_event) {
  CHECK(!client_->on_event);
  client_->cluster_id = cluster_id;
  client_->on_event = std::move(on_event);
  if (const auto core = core_.lock()) core->Subscribe(client_);
}

}  // namespace

std::string_view ToString(FakeCall call) {
  switch (call) {
    case FakeCall::kInfo:
      return "info";
    case FakeCall::kList:
      return "list";
    case FakeCall::kInspect:
      return "inspect";
    case FakeCall::kCreate:
      return "create";
    case FakeCall::kStart:
      return "start";
    case FakeCall::kStop:
      return "stop";
    case FakeCall::kRemove:
      return "remove";
    case FakeCall::kInspectImage:
      return "inspect-image";
    case FakeCall::kPull:
      return "pull";
    case FakeCall::kEnsurePause:
      return "ensure-pause";
    case FakeCall::kReadLogs:
      return "read-logs";
    case FakeCall::kExec:
      return "exec";
    case FakeCall::kListImages:
      return "list-images";
    case FakeCall::kRemoveImage:
      return "remove-image";
    case FakeCall::kMeasure:
      return "measure";
    case FakeCall::kOpenExec:
      return "open-exec";
    case FakeCall::kAttach:
      return "attach";
  }
  return "";
}

FakeEngine::FakeEngine(EventLoop* loop, FakeEngineOptions options)
    : core_(std::make_shared<FakeEngineCore>(loop, std::move(options))) {}
FakeEngine::~FakeEngine() = default;

std::unique_ptr<ContainerRuntime> FakeEngine::Connect() {
  return std::make_unique<FakeRuntime>(core_->loop, core_);
}

void FakeEngine::SetImage(const std::string& reference, FakeImage image) {
  core_->images[NormalizeReference(reference)] = std::move(image);
}

void FakeEngine::RemoveImage(const std::string& reference) {
  const auto found = core_->images.find(NormalizeReference(reference));
  if (found != core_->images.end()) {
    found->second.present = false;
    return;
  }
  for (auto& [name, image] : core_->images) {
    if (core_->FindImage(reference) == &image) image.present = false;
  }
}

void FakeEngine::SetProgramChooser(std::function<FakeProgram(const ContainerConfig&)> choose) {
  core_->choose_program = std::move(choose);
}
void FakeEngine::SetCommandChooser(
    std::function<FakeCommand(const ContainerConfig&, const std::vector<std::string>&)> choose) {
  core_->choose_command = std::move(choose);
}
void FakeEngine::SetObserver(std::function<void(const FakeChange&)> observer) {
  core_->observer = std::move(observer);
}
void FakeEngine::NetworkAttached(int64_t process_id) { core_->NetworkAttached(process_id); }

void FakeEngine::SetFaults(FakeFaults faults) { core_->options.faults = faults; }

void FakeEngine::FailNext(FakeCall call, Status status, int count, bool done_nevertheless) {
  CHECK(!status.ok() && count > 0);
  core_->planned[call].push_back({std::move(status), count, done_nevertheless});
}

void FakeEngine::Crash() { core_->Crash(); }
void FakeEngine::Start() { core_->Restart(); }
bool FakeEngine::up() const { return core_->up; }
void FakeEngine::RebootHost() { core_->RebootHost(); }
void FakeEngine::BreakEventStreams() { core_->BreakEventStreams(); }

bool FakeEngine::KillContainer(const std::string& id, int32_t exit_code, bool oom) {
  return core_->Exit(id, exit_code, oom);
}
bool FakeEngine::DestroyContainer(const std::string& id) { return core_->Destroy(id); }

void FakeEngine::Chatter(const std::string& id, int count) { core_->Chatter(id, count); }

void FakeEngine::BreakInspection(const std::string& id, Status status) {
  core_->indescribable[id] = std::move(status);
}

void FakeEngine::AppendLog(const std::string& id, LogStream stream, const std::string& line) {
  if (FakeEngineCore::Container* container = core_->Find(id)) {
    core_->AppendLog(*container, stream, line);
  }
}

std::vector<ContainerInfo> FakeEngine::Containers(const std::string& cluster_id) const {
  return core_->List(cluster_id);
}

const ContainerConfig* FakeEngine::FindConfig(const std::string& id) const {
  const FakeEngineCore::Container* container = std::as_const(*core_).Find(id);
  return container == nullptr ? nullptr : &container->config;
}

std::vector<HostImage> FakeEngine::Images() const { return core_->ListImages(); }
ContainerUse FakeEngine::Use() const { return core_->UseOfAll(); }

int64_t FakeEngine::CallCount(FakeCall call) const {
  return core_->calls[static_cast<size_t>(call)];
}
int64_t FakeEngine::injected_faults() const { return core_->injected_faults; }

}  // namespace reconcile
