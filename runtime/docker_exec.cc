#include "runtime/docker_exec.h"

#include <algorithm>
#include <utility>

#include "runtime/docker_replies.h"
#include "runtime/docker_requests.h"

namespace reconcile {
namespace {

constexpr int64_t kFirstExecPauseMs = 5;
constexpr int64_t kMaxExecPauseMs = 250;

Status ExecStatusOf(const HttpReply& reply) {
  return reply.transport.ok() ? StatusOfReply(reply.code, reply.body) : reply.transport;
}

}  // namespace

DockerExec::DockerExec(DockerApi* api, int64_t timeout_ms, ContainerRuntime::Done<ExecResult> done)
    : api_(api), timeout_ms_(timeout_ms), done_(std::move(done)), pause_ms_(kFirstExecPauseMs) {}

void DockerExec::Call(HttpCall call, void (DockerExec::*on_reply)(const HttpReply&)) {
  call.done = [self = shared_from_this(), on_reply](const HttpReply& reply) {
    if (self->done_) (self.get()->*on_reply)(reply);
  };
  call_ = api_->Start(std::move(call));
}

void DockerExec::Start(const std::string& container_id, const std::vector<std::string>& command) {
  HttpCall call;
  call.method = "POST";
  call.path = "/containers/" + EscapeUrl(container_id) + "/exec";
  call.body = ExecBody(command, {false, true, true, false});
  call.timeout_ms = api_->options().inspect_timeout_ms;
  Call(std::move(call), &DockerExec::OnCreated);
}

void DockerExec::OnCreated(const HttpReply& reply) {
  if (Status status = ExecStatusOf(reply); !status.ok()) return End(std::move(status));
  Result<std::string> id = ParseCreatedId(reply.body);
  if (!id.ok()) return End(id.status());
  exec_id_ = std::move(id).value();
  HttpCall call;
  call.method = "POST";
  call.path = "/exec/" + EscapeUrl(exec_id_) + "/start";
  call.body = R"({"Detach":false,"Tty":false})";
  call.lane = HttpLane::kStream;
  call.on_open = [self = shared_from_this()] { self->begun_ = true; };
  call.on_data = [self = shared_from_this()](std::string_view bytes) {
    self->TakeOutput(bytes);
    return true;
  };
  api_->After(timeout_ms_, [self = shared_from_this()] { self->OnTimeUp(); });
  Call(std::move(call), &DockerExec::OnOutputEnded);
}

void DockerExec::TakeOutput(std::string_view bytes) {
  if (!damage_.ok()) return;
  damage_ = frames_.Feed(bytes, [this](LogStream, std::string_view text) {
    result_.output += text.substr(0, kMaxExecOutputBytes - result_.output.size());
  });
}

void DockerExec::OnOutputEnded(const HttpReply& reply) {
  Status status = ExecStatusOf(reply);
  if (status.ok()) status = damage_;
  if (!status.ok()) return End(std::move(status));
  Look();
}

void DockerExec::Look() {
  HttpCall call;
  call.method = "GET";
  call.path = "/exec/" + EscapeUrl(exec_id_) + "/json";
  call.timeout_ms = api_->options().inspect_timeout_ms;
  Call(std::move(call), &DockerExec::OnLooked);
}

void DockerExec::OnLooked(const HttpReply& reply) {
  if (Status status = ExecStatusOf(reply); !status.ok()) return End(std::move(status));
  const Result<std::optional<int32_t>> exit_code = ParseExecExitCode(reply.body);
  if (!exit_code.ok()) return End(exit_code.status());
  if (exit_code->has_value()) {
    result_.exit_code = *exit_code;
    return End(std::move(result_));
  }
  // It closed its output and goes on, or the engine has not heard of its end yet.
  api_->After(pause_ms_, [self = shared_from_this()] {
    if (self->done_) self->Look();
  });
  pause_ms_ = std::min(2 * pause_ms_, kMaxExecPauseMs);
}

void DockerExec::OnTimeUp() {
  if (!done_) return;
  api_->Cancel(call_);
  if (begun_) return End(std::move(result_));
  End(UnavailableError("the engine did not begin a command within " + std::to_string(timeout_ms_) +
                       " ms"));
}

void DockerExec::End(Result<ExecResult> result) {
  std::exchange(done_, nullptr)(std::move(result));
}

}  // namespace reconcile
