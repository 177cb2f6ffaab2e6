#include "runtime/docker_pod_stream.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "runtime/container_process.h"
#include "runtime/docker_replies.h"
#include "runtime/docker_requests.h"

namespace reconcile {
namespace {

constexpr int64_t kFirstStreamPauseMs = 5;
constexpr int64_t kMaxStreamPauseMs = 250;
// A size is refused while the command's process is not there yet.
constexpr int64_t kSizePauseMs = 50;
constexpr int kMaxSizeFailures = 20;
constexpr int64_t kKillPauseMs = 100;
constexpr int kMaxKillTries = 20;

Status StreamStatusOf(const HttpReply& reply) {
  return reply.transport.ok() ? StatusOfReply(reply.code, reply.body) : reply.transport;
}

}  // namespace

DockerPodStream::DockerPodStream(DockerApi* api, SocketThread* sockets,
                                 std::shared_ptr<const bool> alive, const StreamOptions& options,
                                 PodStreamSink sink)
    : api_(api),
      sockets_(sockets),
      alive_(std::move(alive)),
      options_(options),
      sink_(std::move(sink)),
      outlet_([this](LogStream stream, std::string_view bytes) {
        const bool err = stream == LogStream::kError && !terminal_;
        sink_.on_output(err ? PodOutput::kErr : PodOutput::kOut, bytes);
      }),
      pause_ms_(kFirstStreamPauseMs) {}

void DockerPodStream::Call(HttpCall call, void (DockerPodStream::*on_reply)(const HttpReply&)) {
  call.timeout_ms = api_->options().inspect_timeout_ms;
  call.done = [self = shared_from_this(), on_reply](const HttpReply& reply) {
    if (!self->ended_) (self.get()->*on_reply)(reply);
  };
  call_ = api_->Start(std::move(call));
}

// ---- opening ----

void DockerPodStream::Exec(const std::string& container_id,
                           const std::vector<std::string>& command) {
  container_id_ = container_id;
  terminal_ = options_.tty;
  HttpCall call;
  call.method = "POST";
  call.path = "/containers/" + EscapeUrl(container_id) + "/exec";
  call.body = ExecBody(command, options_);
  Call(std::move(call), &DockerPodStream::OnExecCreated);
}

void DockerPodStream::OnExecCreated(const HttpReply& reply) {
  if (const Status status = StreamStatusOf(reply); !status.ok()) return End(status);
  Result<std::string> id = ParseCreatedId(reply.body);
  if (!id.ok()) return End(id.status());
  exec_id_ = std::move(id).value();
  TakeOver("/exec/" + EscapeUrl(exec_id_) + "/start",
           std::string(R"({"Detach":false,"Tty":)") + (terminal_ ? "true}" : "false}"));
}

void DockerPodStream::Attach(const std::string& container_id) {
  container_id_ = container_id;
  HttpCall call;
  call.method = "GET";
  call.path = "/containers/" + EscapeUrl(container_id) + "/json";
  Call(std::move(call), &DockerPodStream::OnInspected);
}

void DockerPodStream::OnInspected(const HttpReply& reply) {
  if (const Status status = StreamStatusOf(reply); !status.ok()) return End(status);
  const Result<InspectedContainer> container = ParseContainer(reply.body);
  if (!container.ok()) return End(container.status());
  if (container->info.state != ContainerRunState::kRunning) {
    return End(ConflictError("Container " + container_id_ + " is not running"));
  }
  if (options_.in && !container->has_input) {
    return End(InvalidError("the container reads no standard input: it was made without stdin"));
  }
  if (options_.tty && !container->terminal) {
    return End(InvalidError("the container has no terminal: it was made without tty"));
  }
  terminal_ = container->terminal;
  TakeOver(AttachPath(container_id_, options_, terminal_), "");
}

void DockerPodStream::TakeOver(const std::string& path, const std::string& body) {
  const std::string request = UpgradeRequest(api_->prefix() + path, body);
  request_bytes_ = request.size();
  SocketThread::Events events;
  const auto self = shared_from_this();
  events.on_bytes = [self](const std::string& bytes) { self->OnBytes(bytes); };
  events.on_written = [self](size_t bytes) { self->OnWritten(bytes); };
  events.on_end = [self](const Status& why) { self->OnSocketEnd(why); };
  socket_ = sockets_->Open([path = api_->options().socket_path] { return ConnectUnix(path); },
                           std::move(events));
  sockets_->Write(socket_, request);
  api_->After(api_->options().inspect_timeout_ms, [self] {
    if (self->open_ || self->ended_) return;
    self->End(UnavailableError("the Docker daemon did not open a stream in time"));
  });
}

// ---- output ----

void DockerPodStream::OnBytes(const std::string& bytes) {
  if (ended_) return;
  if (open_) {
    received_.push_back(bytes);
    return Work();
  }
  std::string rest;
  const UpgradeReader::State state = upgrade_.Feed(bytes, &rest);
  sockets_->Taken(socket_, bytes.size() - rest.size());
  switch (state) {
    case UpgradeReader::State::kMore:
      return;
    case UpgradeReader::State::kRefused:
      return End(upgrade_.refusal());
    case UpgradeReader::State::kOpen:
      break;
  }
  if (!rest.empty()) received_.push_back(std::move(rest));
  OnOpen();
  Work();
}

void DockerPodStream::OnSocketEnd(const Status& why) {
  if (ended_) return;
  socket_ = 0;
  if (!open_) {
    return End(why.ok() ? UnavailableError("the Docker daemon closed a stream as it was opened")
                        : why);
  }
  socket_end_ = why;
  Work();
}

void DockerPodStream::Taken(size_t bytes) {
  if (is_over()) return;
  Later([bytes](DockerPodStream* self) {
    self->outlet_.Taken(bytes);
    self->Work();
  });
}

// Moves what was received on to the outlet while that has room, then ends.
void DockerPodStream::Work() {
  if (working_) return;
  working_ = true;
  while (!ended_ && outlet_.empty() && !received_.empty()) {
    const std::string bytes = std::move(received_.front());
    received_.pop_front();
    const Status taken = TakeBytes(bytes);
    if (!taken.ok()) End(taken);
    if (!ended_ && socket_ != 0) sockets_->Taken(socket_, bytes.size());
  }
  working_ = false;
  if (ended_ || !outlet_.empty() || !received_.empty() || !socket_end_) return;
  const Status end = *std::exchange(socket_end_, std::nullopt);
  if (!end.ok()) return End(end);
  if (const Status whole = frames_.Finish(); !whole.ok()) return End(whole);
  OnOutputEnded();
}

Status DockerPodStream::TakeBytes(std::string_view bytes) {
  if (terminal_) {
    outlet_.Push(LogStream::kOut, bytes);
    return OkStatus();
  }
  return frames_.Feed(bytes, [this](LogStream stream, std::string_view payload) {
    if (!ended_) outlet_.Push(stream, payload);
  });
}

void DockerPodStream::OnOutputEnded() {
  if (!exec_id_.empty()) return LookAtExec();
  HttpCall call;
  call.method = "GET";
  call.path = "/containers/" + EscapeUrl(container_id_) + "/json";
  Call(std::move(call), &DockerPodStream::OnContainerLooked);
}

void DockerPodStream::OnContainerLooked(const HttpReply& reply) {
  const Status status = StreamStatusOf(reply);
  // Removed meanwhile: it ended before.
  End(status.code() == StatusCode::kNotFound ? OkStatus() : status);
}

void DockerPodStream::LookAtExec() {
  HttpCall call;
  call.method = "GET";
  call.path = "/exec/" + EscapeUrl(exec_id_) + "/json";
  Call(std::move(call), &DockerPodStream::OnLooked);
}

void DockerPodStream::OnLooked(const HttpReply& reply) {
  if (const Status status = StreamStatusOf(reply); !status.ok()) return End(status);
  const Result<std::optional<int32_t>> exit_code = ParseExecExitCode(reply.body);
  if (!exit_code.ok()) return End(exit_code.status());
  if (exit_code->has_value()) return End(PodStreamEnd{OkStatus(), **exit_code & 0xff});
  // It closed its output and goes on, or the engine has not heard of its end yet.
  api_->After(pause_ms_, [self = shared_from_this()] {
    if (!self->ended_) self->LookAtExec();
  });
  pause_ms_ = std::min(2 * pause_ms_, kMaxStreamPauseMs);
}

// ---- input ----

void DockerPodStream::OnOpen() {
  open_ = true;
  if (!waiting_input_.empty()) sockets_->Write(socket_, std::exchange(waiting_input_, {}));
  if (input_closed_) sockets_->CloseWriting(socket_);
  SendSize();
}

void DockerPodStream::Write(std::string_view bytes) {
  if (is_over() || input_closed_ || !options_.in) return;
  unwritten_bytes_ += bytes.size();
  if (bytes.size() > kMaxStreamFrameBytes || unwritten_bytes_ > kStreamWindowBytes) {
    input_closed_ = true;
    return Later([](DockerPodStream* self) {
      self->End(InternalError("more was written into a container than it takes"));
    });
  }
  if (!open_) {
    waiting_input_ += bytes;
  } else if (socket_ != 0) {
    sockets_->Write(socket_, std::string(bytes));
  }
}

void DockerPodStream::OnWritten(size_t bytes) {
  if (ended_) return;
  const size_t of_request = std::min(bytes, request_bytes_);
  request_bytes_ -= of_request;
  const size_t of_input = std::min(bytes - of_request, unwritten_bytes_);
  if (of_input == 0) return;
  unwritten_bytes_ -= of_input;
  sink_.on_input_taken(of_input);
}

void DockerPodStream::CloseInput() {
  if (is_over() || !options_.in || std::exchange(input_closed_, true)) return;
  if (open_ && socket_ != 0) sockets_->CloseWriting(socket_);
}

// ---- the terminal ----

void DockerPodStream::Resize(uint16_t columns, uint16_t rows) {
  if (is_over()) return;
  size_ = {columns, rows};
  size_failures_ = 0;
  SendSize();
}

void DockerPodStream::SendSize() {
  if (!open_ || !terminal_ || size_under_way_ || !size_) return;
  size_under_way_ = true;
  HttpCall call;
  call.method = "POST";
  call.path = (exec_id_.empty() ? "/containers/" + EscapeUrl(container_id_)
                                : "/exec/" + EscapeUrl(exec_id_)) +
              "/resize?h=" + std::to_string(size_->second) + "&w=" + std::to_string(size_->first);
  call.timeout_ms = api_->options().inspect_timeout_ms;
  call.done = [self = shared_from_this(), sent = *size_](const HttpReply& reply) {
    self->size_under_way_ = false;
    if (self->ended_) return;
    if (StreamStatusOf(reply).ok() && self->size_ == sent) self->size_.reset();
    self->OnResized(reply);
  };
  (void)api_->Start(std::move(call));
}

void DockerPodStream::OnResized(const HttpReply& reply) {
  if (StreamStatusOf(reply).ok()) return SendSize();  // a newer one
  if (++size_failures_ > kMaxSizeFailures) return;
  api_->After(kSizePauseMs, [self = shared_from_this()] {
    if (!self->ended_) self->SendSize();
  });
}

// ---- its end ----

void DockerPodStream::End(const PodStreamEnd& end) {
  if (std::exchange(ended_, true)) return;
  outlet_.Close();
  received_.clear();
  api_->Cancel(call_);
  if (socket_ != 0) sockets_->Close(std::exchange(socket_, 0));
  // Cut: what runs has nobody any more.
  if (!end.status.ok()) Kill(0);
  const auto on_end = std::move(sink_.on_end);
  if (on_end) on_end(end);
}

void DockerPodStream::Cancel() {
  if (is_over()) return;
  ended_ = true;
  outlet_.Close();
  received_.clear();
  api_->Cancel(call_);
  if (socket_ != 0) sockets_->Close(std::exchange(socket_, 0));
  Kill(0);
}

// The engine has no call that ends a command.
void DockerPodStream::Kill(int tries) {
  if (exec_id_.empty() || tries > kMaxKillTries) return;
  HttpCall call;
  call.method = "GET";
  call.path = "/exec/" + EscapeUrl(exec_id_) + "/json";
  call.timeout_ms = api_->options().inspect_timeout_ms;
  call.done = [self = shared_from_this(), tries](const HttpReply& reply) {
    if (!StreamStatusOf(reply).ok()) return;
    const Result<ExecProcess> process = ParseExecProcess(reply.body);
    if (!process.ok() || process->has_ended) return;
    if (process->process_id > 0) {
      const Status killed = KillInContainer(process->process_id, process->container_id);
      if (!killed.ok()) LogWarning("a command goes on in a container", {{"why", killed.message()}});
      return;
    }
    // It is being begun.
    self->api_->After(kKillPauseMs, [self, tries] { self->Kill(tries + 1); });
  };
  (void)api_->Start(std::move(call));
}

}  // namespace reconcile
