#include "runtime/fake_exec_stream.h"

namespace reconcile {
namespace {

constexpr int kKilledExit = 137;  // 128 + SIGKILL

}  // namespace

FakeExecStream::FakeExecStream(std::weak_ptr<FakeEngineCore> core, std::weak_ptr<FakeClient> client,
                               const StreamOptions& options, PodStreamSink sink)
    : core_(std::move(core)),
      client_(std::move(client)),
      options_(options),
      sink_(std::move(sink)),
      outlet_([this](LogStream stream, std::string_view bytes) {
        if (over_ || client_.expired()) return;
        const bool err = stream == LogStream::kError && !options_.tty;
        sink_.on_output(err ? PodOutput::kErr : PodOutput::kOut, bytes);
      }) {}

template <typename Task>
void FakeExecStream::AtEngine(Task task) {
  const auto core = core_.lock();
  if (core == nullptr || over_) return;
  core->After(core->options.event_delay_ms,
              [self = shared_from_this(), task] { task(self.get()); });
}

void FakeExecStream::Write(std::string_view bytes) {
  if (!options_.in || over_) return;
  untaken_input_bytes_ += bytes.size();
  const bool too_much =
      bytes.size() > kMaxStreamFrameBytes || untaken_input_bytes_ > kStreamWindowBytes;
  AtEngine([too_much, text = std::string(bytes)](FakeExecStream* self) {
    if (too_much) {
      return self->End({InternalError("more was written into a container than it takes"), {}});
    }
    if (self->input_closed_) return;
    self->input_.push_back(text);
    self->Pump();
  });
}

void FakeExecStream::CloseInput() {
  AtEngine([](FakeExecStream* self) {
    self->input_closed_ = true;
    self->Pump();
  });
}

void FakeExecStream::Resize(uint16_t columns, uint16_t rows) {
  AtEngine([columns, rows](FakeExecStream* self) { self->size_ = {columns, rows}; });
}

void FakeExecStream::Taken(size_t bytes) {
  AtEngine([bytes](FakeExecStream* self) {
    self->outlet_.Taken(bytes);
    self->Pump();
  });
}

void FakeExecStream::Cancel() {
  AtEngine([](FakeExecStream* self) { self->Exit(kKilledExit); });
  over_ = true;
}

void FakeExecStream::Begin(FakeEngineCore* core, const std::string& id,
                           const std::vector<std::string>& command,
                           std::function<void(PodStreamEnd)> reply) {
  const auto container = core->FindToRun(id, command);
  if (!container.ok()) return reply({container.status(), std::nullopt});
  if (over_) return reply({OkStatus(), kKilledExit});
  reply_ = std::move(reply);
  FakeEngineCore::Container* runs_in = *container;
  if (core->choose_command) does_ = core->choose_command(runs_in->config, command);
  runs_in->when_exited.push_back([self = shared_from_this()] { self->Exit(kKilledExit); });
  if (options_.out || options_.tty) outlet_.Push(LogStream::kOut, does_.output);
  if (options_.err || options_.tty) outlet_.Push(LogStream::kError, does_.error_output);
  if (does_.reads_input) return Pump();
  core->After(does_.takes_ms, [self = shared_from_this()] { self->Exit(self->does_.exit_code); });
}

// Gives back what it reads, as fast as that is taken.
void FakeExecStream::Pump() {
  if (!reply_) return;
  while (does_.reads_input && !exit_code_ && outlet_.empty() && !input_.empty()) {
    const std::string bytes = std::move(input_.front());
    input_.pop_front();
    untaken_input_bytes_ -= bytes.size();
    outlet_.Push(LogStream::kOut, bytes);
    if (options_.tty) {
      outlet_.Push(LogStream::kOut,
                   std::to_string(size_.second) + " " + std::to_string(size_.first) + "\r\n");
    }
    if (!over_ && !client_.expired()) sink_.on_input_taken(bytes.size());
  }
  if (does_.reads_input && input_closed_ && input_.empty() && !exit_code_) {
    exit_code_ = does_.exit_code;
  }
  EndWhenGiven();
}

void FakeExecStream::Exit(int code) {
  if (!exit_code_) exit_code_ = code;
  EndWhenGiven();
}

void FakeExecStream::EndWhenGiven() {
  if (!reply_ || !exit_code_ || !(outlet_.empty() || over_)) return;
  std::exchange(reply_, nullptr)({OkStatus(), *exit_code_});
}

void FakeExecStream::End(const PodStreamEnd& end) {
  if (std::exchange(over_, true)) return;
  outlet_.Close();
  if (sink_.on_end) sink_.on_end(end);
}

}  // namespace reconcile
