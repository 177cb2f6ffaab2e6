#include "runtime/docker_runtime.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "runtime/docker_api.h"
#include "runtime/docker_events.h"
#include "runtime/docker_exec.h"
#include "runtime/docker_logs.h"
#include "runtime/docker_pod_stream.h"
#include "runtime/docker_replies.h"
#include "runtime/docker_requests.h"
#include "runtime/image_archive.h"
#include "runtime/image_reference.h"

namespace reconcile {
namespace {

constexpr int64_t kMaxGraceSeconds = 24 * 3600;

std::string ContainerPath(const std::string& id, std::string_view rest) {
  return "/containers/" + EscapeUrl(id) + std::string(rest);
}

Status StatusOf(const HttpReply& reply) {
  if (!reply.transport.ok()) return reply.transport;
  return StatusOfReply(reply.code, reply.body);
}

Result<ContainerInfo> InfoOf(const HttpReply& reply) {
  if (Status status = StatusOf(reply); !status.ok()) return status;
  const Result<InspectedContainer> container = ParseContainer(reply.body);
  if (!container.ok()) return container.status();
  return container->info;
}

// The inspections of one listing, as they come in.
struct Listing {
  std::vector<ContainerInfo> containers;  // as listed, then as inspected
  std::set<std::string> vanished;         // meanwhile
  Status broken;                          // the connection: then there is no listing
  size_t missing = 0;
  ContainerRuntime::Done<std::vector<ContainerInfo>> done;

  void Take(size_t index, const HttpReply& reply) {
    ContainerInfo& container = containers[index];
    const Result<ContainerInfo> inspected = InfoOf(reply);
    if (inspected.ok()) {
      container = *inspected;
    } else if (inspected.status().code() == StatusCode::kNotFound) {
      vanished.insert(container.id);
    } else if (!reply.transport.ok() && !reply.timed_out) {
      broken = reply.transport;
    } else {
      LogWarning("the engine does not describe a container",
                 {{"container", container.name}, {"error", inspected.status().message()}});
      // Slow, as when it is just starting it: then it is as the list says, and not dead.
      if (!reply.timed_out) container = WithoutInspection(std::move(container), inspected.status());
      container.awaits_inspection = reply.timed_out;
    }
    if (--missing > 0) return;
    if (!broken.ok()) return done(broken);
    std::erase_if(containers, [&](const ContainerInfo& c) { return vanished.contains(c.id); });
    done(std::move(containers));
  }
};

// Whether what a list lacks is gone.
struct AbsenceCheck {
  size_t left = 0;  // answers to come
  Status doubt;     // why the list is not to be believed
  std::vector<std::string> gone;

  void Take(const std::string& id, const Status& answer) {
    if (answer.code() == StatusCode::kNotFound) return gone.push_back(id);
    if (!doubt.ok()) return;
    doubt = answer.ok() ? UnavailableError("the engine lists its containers without " +
                                           id.substr(0, 12) + ", which it still has")
                        : answer;
  }
};

class DockerRuntime final : public ContainerRuntime {
 public:
  DockerRuntime(EventLoop* loop, DockerOptions options) : api_(loop, std::move(options)) {}
  ~DockerRuntime() override { *alive_ = false; }

  void GetEngineInfo(Done<EngineInfo> done) override;
  void ListContainers(const std::string& cluster_id,
                      Done<std::vector<ContainerInfo>> done) override;
  void InspectContainer(const std::string& id, Done<ContainerInfo> done) override;
  void CreateContainer(const ContainerConfig& config, Done<std::string> done) override;
  void StartContainer(const std::string& id, DoneStatus done) override;
  void StopContainer(const std::string& id, int64_t grace_seconds, DoneStatus done) override;
  void RemoveContainer(const std::string& id, DoneStatus done) override;
  void Exec(const std::string& id, const std::vector<std::string>& command, int64_t timeout_ms,
            Done<ExecResult> done) override;
  std::shared_ptr<PodStream> OpenExec(const std::string& id,
                                      const std::vector<std::string>& command,
                                      const StreamOptions& options, PodStreamSink sink) override;
  std::shared_ptr<PodStream> Attach(const std::string& id, const StreamOptions& options,
                                    PodStreamSink sink) override;
  void InspectImage(const std::string& reference, Done<ImageInfo> done) override;
  void PullImage(const std::string& reference, const std::optional<RegistryLogin>& login,
                 DoneStatus done) override;
  void ListImages(Done<std::vector<HostImage>> done) override;
  void RemoveImage(const std::string& reference, DoneStatus done) override;
  void MeasureContainer(const std::string& id, bool with_disk, Done<ContainerUse> done) override;
  void EnsurePauseImage(Done<std::string> done) override;
  StreamHandle ReadLogs(const std::string& id, const LogOptions& options,
                        std::function<void(LogStream, std::string_view)> on_data,
                        DoneStatus done) override;
  void SubscribeEvents(const std::string& cluster_id,
                       std::function<void(const EngineEvent&)> on_event) override;

 private:
  using OnReply = std::function<void(HttpReply)>;

  HttpCall NewCall(std::string method, std::string path) const;
  void Send(HttpCall call, OnReply on_reply);
  void Inspect(const std::string& id, OnReply on_reply);
  // For arguments that no engine is asked about: `done` still comes later, on the loop.
  template <typename R>
  void Refuse(Status status, std::function<void(R)> done);
  void TakeList(const HttpReply& reply, const std::set<std::string>& known,
                Done<std::vector<ContainerInfo>> done);
  std::vector<std::string> MissingFrom(const std::vector<ContainerInfo>& listed,
                                       const std::set<std::string>& known) const;
  void InspectListed(std::vector<ContainerInfo> listed, Done<std::vector<ContainerInfo>> done);
  void LoadPause(const ImageArchive& archive, Done<std::string> done);
  void FollowProgress(HttpCall call, DoneStatus done);

  SocketThread* Sockets();

  DockerApi api_;
  std::unique_ptr<SocketThread> sockets_;  // made when the first stream wants it
  std::unique_ptr<DockerEvents> events_;
  // Ids that were listed or created here, until they are removed here or found gone.
  std::set<std::string> known_;
  std::string known_cluster_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

HttpCall DockerRuntime::NewCall(std::string method, std::string path) const {
  HttpCall call;
  call.method = std::move(method);
  call.path = std::move(path);
  call.timeout_ms = api_.options().call_timeout_ms;
  return call;
}

void DockerRuntime::Send(HttpCall call, OnReply on_reply) {
  call.done = std::move(on_reply);
  api_.Start(std::move(call));
}

template <typename R>
void DockerRuntime::Refuse(Status status, std::function<void(R)> done) {
  api_.loop()->Post([alive = alive_, status = std::move(status), done = std::move(done)] {
    if (*alive) done(R(status));
  });
}

void DockerRuntime::GetEngineInfo(Done<EngineInfo> done) {
  api_.GetVersion([this, done = std::move(done)](const Result<EngineVersion>& version) {
    if (!version.ok()) return done(version.status());
    Send(NewCall("GET", "/info"), [version = *version, done](const HttpReply& reply) {
      const Status status = StatusOf(reply);
      if (!status.ok()) return done(status);
      done(ParseInfo(version, reply.body));
    });
  });
}

void DockerRuntime::ListContainers(const std::string& cluster_id,
                                   Done<std::vector<ContainerInfo>> done) {
  if (std::exchange(known_cluster_, cluster_id) != cluster_id) known_.clear();
  Send(NewCall("GET", ListPath(cluster_id)),
       [this, known = known_, done = std::move(done)](const HttpReply& reply) {
         TakeList(reply, known, done);
       });
}

// Engines have answered "nothing" for a moment. What is gone from one list to the next is asked for
// by its id: a list without what the engine still has is not believed, or all would be started
// anew. `known` were there when it was asked for: what was made since may be in it or not.
void DockerRuntime::TakeList(const HttpReply& reply, const std::set<std::string>& known,
                             Done<std::vector<ContainerInfo>> done) {
  if (const Status status = StatusOf(reply); !status.ok()) return done(status);
  Result<std::vector<ContainerInfo>> listed = ParseContainerList(reply.body);
  if (!listed.ok()) return done(std::move(listed));
  const std::vector<std::string> missing = MissingFrom(*listed, known);
  if (missing.empty()) return InspectListed(std::move(*listed), std::move(done));
  const auto check = std::make_shared<AbsenceCheck>();
  check->left = missing.size();
  for (const std::string& id : missing) {
    Inspect(id, [this, check, id, listed = *listed, done](const HttpReply& answer) {
      check->Take(id, StatusOf(answer));
      if (--check->left > 0) return;
      if (!check->doubt.ok()) return done(check->doubt);
      for (const std::string& gone : check->gone) known_.erase(gone);
      InspectListed(listed, done);
    });
  }
}

// As many as tell whether the list is to be believed.
std::vector<std::string> DockerRuntime::MissingFrom(const std::vector<ContainerInfo>& listed,
                                                    const std::set<std::string>& known) const {
  constexpr size_t kMostAskedFor = 8;
  std::set<std::string> missing = known;
  for (const ContainerInfo& container : listed) missing.erase(container.id);
  std::vector<std::string> asked;
  for (const std::string& id : missing) {
    if (known_.contains(id)) asked.push_back(id);  // not removed meanwhile
  }
  if (asked.size() > kMostAskedFor) asked.resize(kMostAskedFor);
  return asked;
}

void DockerRuntime::InspectListed(std::vector<ContainerInfo> listed,
                                  Done<std::vector<ContainerInfo>> done) {
  for (const ContainerInfo& container : listed) known_.insert(container.id);
  if (listed.empty()) return done(std::move(listed));
  const auto listing = std::make_shared<Listing>();
  listing->containers = std::move(listed);
  listing->missing = listing->containers.size();
  listing->done = std::move(done);
  for (size_t i = 0; i < listing->containers.size(); ++i) {
    Inspect(listing->containers[i].id,
            [listing, i](const HttpReply& answer) { listing->Take(i, answer); });
  }
}

void DockerRuntime::InspectContainer(const std::string& id, Done<ContainerInfo> done) {
  if (Status status = ValidateContainerName(id); !status.ok()) {
    return Refuse(std::move(status), std::move(done));
  }
  Inspect(id, [done = std::move(done)](const HttpReply& reply) { done(InfoOf(reply)); });
}

void DockerRuntime::Inspect(const std::string& id, OnReply on_reply) {
  HttpCall call = NewCall("GET", ContainerPath(id, "/json"));
  call.timeout_ms = api_.options().inspect_timeout_ms;
  Send(std::move(call), std::move(on_reply));
}

void DockerRuntime::CreateContainer(const ContainerConfig& config, Done<std::string> done) {
  if (Status status = ValidateConfig(config); !status.ok()) {
    return Refuse(std::move(status), std::move(done));
  }
  HttpCall call = NewCall("POST", CreatePath(config));
  ContainerConfig possible = config;
  possible.oom_score_adj = std::max(config.oom_score_adj, api_.options().min_oom_score_adj);
  call.body = CreateBody(possible);
  Send(std::move(call), [this, done = std::move(done)](const HttpReply& reply) {
    if (const Status status = StatusOf(reply); !status.ok()) return done(status);
    Result<std::string> id = ParseCreatedId(reply.body);
    if (id.ok()) known_.insert(*id);
    done(std::move(id));
  });
}

void DockerRuntime::StartContainer(const std::string& id, DoneStatus done) {
  if (Status status = ValidateContainerName(id); !status.ok()) {
    return Refuse(std::move(status), std::move(done));
  }
  Send(NewCall("POST", ContainerPath(id, "/start")),
       [done = std::move(done)](const HttpReply& reply) {
         done(reply.transport.ok() ? StatusOfStart(reply.code, reply.body) : reply.transport);
       });
}

void DockerRuntime::StopContainer(const std::string& id, int64_t grace_seconds, DoneStatus done) {
  if (Status status = ValidateContainerName(id); !status.ok()) {
    return Refuse(std::move(status), std::move(done));
  }
  // A negative time would mean "wait for ever" to the engine.
  const int64_t grace = std::min(std::max<int64_t>(grace_seconds, 0), kMaxGraceSeconds);
  HttpCall call = NewCall("POST", ContainerPath(id, "/stop?t=" + std::to_string(grace)));
  call.timeout_ms += grace * 1000;
  call.lane = HttpLane::kLong;
  Send(std::move(call), [done = std::move(done)](const HttpReply& reply) {
    done(StatusOf(reply));  // 304: it was not running
  });
}

void DockerRuntime::RemoveContainer(const std::string& id, DoneStatus done) {
  if (Status status = ValidateContainerName(id); !status.ok()) {
    return Refuse(std::move(status), std::move(done));
  }
  Send(NewCall("DELETE", ContainerPath(id, "?force=1&v=1")),
       [this, id, done = std::move(done)](const HttpReply& reply) {
         const Status status = StatusOf(reply);
         const bool gone = status.ok() || status.code() == StatusCode::kNotFound;
         if (gone) known_.erase(id);
         done(gone ? OkStatus() : status);
       });
}

void DockerRuntime::Exec(const std::string& id, const std::vector<std::string>& command,
                         int64_t timeout_ms, Done<ExecResult> done) {
  Status status = ValidateContainerName(id);
  if (status.ok() && command.empty()) status = InvalidError("no command is given to be run");
  if (!status.ok()) return Refuse(std::move(status), std::move(done));
  std::make_shared<DockerExec>(&api_, timeout_ms, std::move(done))->Start(id, command);
}

SocketThread* DockerRuntime::Sockets() {
  if (sockets_ == nullptr) sockets_ = std::make_unique<SocketThread>(api_.loop());
  return sockets_.get();
}

std::shared_ptr<PodStream> DockerRuntime::OpenExec(const std::string& id,
                                                   const std::vector<std::string>& command,
                                                   const StreamOptions& options,
                                                   PodStreamSink sink) {
  const auto stream =
      std::make_shared<DockerPodStream>(&api_, Sockets(), alive_, options, std::move(sink));
  stream->Exec(id, command);
  return stream;
}

std::shared_ptr<PodStream> DockerRuntime::Attach(const std::string& id,
                                                 const StreamOptions& options, PodStreamSink sink) {
  const auto stream =
      std::make_shared<DockerPodStream>(&api_, Sockets(), alive_, options, std::move(sink));
  stream->Attach(id);
  return stream;
}

void DockerRuntime::InspectImage(const std::string& reference, Done<ImageInfo> done) {
  if (const auto parsed = ParseImageReference(reference); !parsed.ok()) {
    return Refuse(parsed.status(), std::move(done));
  }
  Send(NewCall("GET", "/images/" + reference + "/json"),
       [done = std::move(done)](const HttpReply& reply) {
         if (const Status status = StatusOf(reply); !status.ok()) return done(status);
         done(ParseImage(reply.body));
       });
}

void DockerRuntime::FollowProgress(HttpCall call, DoneStatus done) {
  const auto progress = std::make_shared<ProgressReader>();
  call.lane = HttpLane::kLong;
  call.timeout_ms = 0;
  call.idle_timeout_ms = api_.options().pull_idle_timeout_ms;
  call.on_data = [progress](std::string_view bytes) {
    progress->Feed(bytes);
    return true;
  };
  Send(std::move(call), [progress, done = std::move(done)](const HttpReply& reply) {
    Status status = StatusOf(reply);
    // The engine says 500 when a registry cannot be reached.
    if (reply.code >= 500) status = UnavailableError(status.message());
    done(status.ok() ? progress->Finish() : status);
  });
}

void DockerRuntime::PullImage(const std::string& reference,
                              const std::optional<RegistryLogin>& login, DoneStatus done) {
  const Result<ImageReference> parsed = ParseImageReference(reference);
  if (!parsed.ok()) return Refuse(parsed.status(), std::move(done));
  HttpCall call = NewCall("POST", PullPath(*parsed));
  if (login) call.headers.push_back("X-Registry-Auth: " + RegistryAuth(*login));
  FollowProgress(std::move(call), std::move(done));
}

// Containers are listed last: one that was made meanwhile shows its image in use.
void DockerRuntime::ListImages(Done<std::vector<HostImage>> done) {
  Send(NewCall("GET", "/images/json"), [this, done = std::move(done)](const HttpReply& reply) {
    if (const Status status = StatusOf(reply); !status.ok()) return done(status);
    Result<std::vector<HostImage>> images = ParseImageList(reply.body);
    if (!images.ok()) return done(images.status());
    Send(NewCall("GET", "/containers/json?all=1"),
         [images = std::move(*images), done](const HttpReply& answer) mutable {
           if (const Status status = StatusOf(answer); !status.ok()) return done(status);
           const Result<std::vector<ContainerInfo>> containers = ParseContainerList(answer.body);
           if (!containers.ok()) return done(containers.status());
           std::set<std::string> used;
           for (const ContainerInfo& container : *containers) used.insert(container.image_id);
           for (HostImage& image : images) image.in_use = used.contains(image.id);
           done(std::move(images));
         });
  });
}

void DockerRuntime::RemoveImage(const std::string& reference, DoneStatus done) {
  if (const auto parsed = ParseImageReference(reference); !parsed.ok()) {
    return Refuse(parsed.status(), std::move(done));
  }
  HttpCall call = NewCall("DELETE", "/images/" + reference);
  call.lane = HttpLane::kLong;
  call.timeout_ms = api_.options().pull_idle_timeout_ms;
  Send(std::move(call), [done = std::move(done)](const HttpReply& reply) {
    const Status status = StatusOf(reply);
    done(status.code() == StatusCode::kNotFound ? OkStatus() : status);
  });
}

void DockerRuntime::MeasureContainer(const std::string& id, bool with_disk,
                                     Done<ContainerUse> done) {
  if (Status status = ValidateContainerName(id); !status.ok()) {
    return Refuse(std::move(status), std::move(done));
  }
  const std::string path = ContainerPath(id, "/stats?stream=false&one-shot=true");
  Send(NewCall("GET", path), [this, id, with_disk, done = std::move(done)](const HttpReply& reply) {
    if (const Status status = StatusOf(reply); !status.ok()) return done(status);
    const Result<ContainerUse> use = ParseContainerStats(reply.body);
    if (!use.ok() || !with_disk) return done(use);
    HttpCall call = NewCall("GET", ContainerPath(id, "/json?size=1"));
    call.lane = HttpLane::kLong;
    Send(std::move(call), [use = *use, done](const HttpReply& answer) mutable {
      if (const Status status = StatusOf(answer); !status.ok()) return done(status);
      const Result<int64_t> bytes = ParseLayerBytes(answer.body);
      if (!bytes.ok()) return done(bytes.status());
      use.disk_bytes = *bytes;
      done(use);
    });
  });
}

void DockerRuntime::EnsurePauseImage(Done<std::string> done) {
  api_.GetVersion([this, done = std::move(done)](const Result<EngineVersion>& version) {
    if (!version.ok()) return done(version.status());
    const auto archive = std::make_shared<const ImageArchive>(
        BuildPauseArchive(PauseProgram(), version->info.architecture));
    InspectImage(archive->reference, [this, archive, done](const Result<ImageInfo>& image) {
      if (image.ok()) return done(image->id);
      if (image.status().code() != StatusCode::kNotFound) return done(image.status());
      LoadPause(*archive, done);
    });
  });
}

void DockerRuntime::LoadPause(const ImageArchive& archive, Done<std::string> done) {
  HttpCall call = NewCall("POST", "/images/load?quiet=1");
  call.body = archive.tar;
  call.content_type = "application/x-tar";
  FollowProgress(std::move(call), [this, reference = archive.reference,
                                   done = std::move(done)](const Status& loaded) {
    if (!loaded.ok()) return done(loaded.WithContext("cannot load the pause image"));
    InspectImage(reference, [done](const Result<ImageInfo>& image) {
      if (!image.ok()) return done(image.status().WithContext("the pause image is not there"));
      done(image->id);
    });
  });
}

StreamHandle DockerRuntime::ReadLogs(const std::string& id, const LogOptions& options,
                                     std::function<void(LogStream, std::string_view)> on_data,
                                     DoneStatus done) {
  if (Status status = ValidateContainerName(id); !status.ok()) {
    const auto cancelled = std::make_shared<bool>(false);
    Refuse<Status>(std::move(status), [cancelled, done = std::move(done)](Status refused) {
      if (!*cancelled) done(std::move(refused));
    });
    return StreamHandle([cancelled] { *cancelled = true; }, nullptr);
  }
  const auto reader =
      std::make_shared<DockerLogReader>(&api_, id, options, std::move(on_data), std::move(done));
  reader->Start();
  // The handle keeps the reader: while it waits for credit, nothing else does.
  const auto find = [alive = alive_, reader] { return *alive ? reader : nullptr; };
  return StreamHandle(
      [find] {
        if (const auto reading = find()) reading->Cancel();
      },
      [find](size_t bytes) {
        if (const auto reading = find()) reading->Taken(bytes);
      });
}

void DockerRuntime::SubscribeEvents(const std::string& cluster_id,
                                    std::function<void(const EngineEvent&)> on_event) {
  CHECK(events_ == nullptr);
  events_ = std::make_unique<DockerEvents>(&api_, cluster_id, std::move(on_event));
  events_->Start();
}

}  // namespace

std::unique_ptr<ContainerRuntime> MakeDockerRuntime(EventLoop* loop, DockerOptions options) {
  return std::make_unique<DockerRuntime>(loop, std::move(options));
}

}  // namespace reconcile
