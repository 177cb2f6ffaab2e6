#include <algorithm>

#include "runtime/fake_engine_core.h"

namespace reconcile {
namespace {

constexpr int32_t kKilledWithItsContainer = 137;  // 128 + SIGKILL

}  // namespace

void FakeEngineCore::NoteExecAsked(const std::string& id, const std::vector<std::string>& command) {
  if (const Container* container = Find(id)) Observe("exec-asked", container->info, command);
}

void FakeEngineCore::Exec(const std::string& id, const std::vector<std::string>& command,
                          int64_t timeout_ms, Reply<Result<ExecResult>> reply) {
  const Container* container = Find(id);
  if (container == nullptr) return reply(NotFoundError("No such container: " + id));
  if (command.empty()) return reply(InvalidError("no command is given to be run"));
  if (container->info.state != ContainerRunState::kRunning) {
    return reply(ConflictError("Container " + container->info.id + " is not running"));
  }
  const FakeCommand does =
      choose_command ? choose_command(container->config, command) : FakeCommand();
  ExecResult result;
  result.output = does.output.substr(0, kMaxExecOutputBytes);
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
