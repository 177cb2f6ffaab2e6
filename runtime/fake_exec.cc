#include <algorithm>

#include "runtime/fake_engine_core.h"

namespace reconcile {
namespace {

constexpr int32_t kKilledWithItsContainer = 137;  // 128 + SIGKILL

}  // namespace

void FakeEngineCore::NoteExecAsked(const std::string& id, const std::vector<std::string>& command) {
  if (const Container* container = Find(id)) Observe("exec-asked", container->info, command);
}

Result<FakeEngineCore::Container*> FakeEngineCore::FindToRun(
    const std::string& id, const std::vector<std::string>& command) {
  Container* container = Find(id);
  if (container == nullptr) return NotFoundError("No such container: " + id);
  if (command.empty()) return InvalidError("no command is given to be run");
  if (container->info.state == ContainerRunState::kRunning) return container;
  return ConflictError("Container " + container->info.id + " is not running");
}

Status FakeEngineCore::CheckAttach(const std::string& id, const StreamOptions& wanted) const {
  const Container* container = Find(id);
  if (container == nullptr) return NotFoundError("No such container: " + id);
  if (container->info.state != ContainerRunState::kRunning) {
    return ConflictError("Container " + container->info.id + " is not running");
  }
  if (wanted.in && !container->config.has_input) {
    return InvalidError("the container reads no standard input: it was made without stdin");
  }
  if (!wanted.tty || container->config.has_terminal) return OkStatus();
  return InvalidError("the container has no terminal: it was made without tty");
}

void FakeEngineCore::TakeInput(const std::string& id, const std::string& bytes) {
  Container* container = Find(id);
  if (container == nullptr || container->info.state != ContainerRunState::kRunning) return;
  if (container->program.reads_input) AppendLog(*container, LogStream::kOut, bytes);
}

void FakeEngineCore::EndInput(const std::string& id) {
  const Container* container = Find(id);
  if (container == nullptr || container->info.state != ContainerRunState::kRunning) return;
  if (container->program.reads_input && container->config.input_once) Exit(id, 0, false);
}

void FakeEngineCore::Exec(const std::string& id, const std::vector<std::string>& command,
                          int64_t timeout_ms, Reply<Result<ExecResult>> reply) {
  const Result<Container*> found = FindToRun(id, command);
  if (!found.ok()) return reply(found.status());
  const Container* container = *found;
  const FakeCommand does =
      choose_command ? choose_command(container->config, command) : FakeCommand();
  ExecResult result;
  result.output = (does.output + does.error_output).substr(0, kMaxExecOutputBytes);
  if (does.takes_ms < timeout_ms) result.exit_code = does.exit_code;
  After(std::min(does.takes_ms, timeout_ms),
        [this, key = container->info.id, run = container->run, result, command, reply]() mutable {
          const Container* still = Find(key);
          const bool goes_on = still != nullptr && still->run == run &&
                               still->info.state != ContainerRunState::kExited;
          if (!goes_on) result.exit_code = kKilledWithItsContainer;
          if (result.exit_code == 0) Observe("exec-ended", still->info, command);
          reply(std::move(result));
        });
}

}  // namespace reconcile
