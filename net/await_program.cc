#include "net/await_program.h"

#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>

namespace reconcile {
namespace {

constexpr std::chrono::microseconds kEvery{300};

}  // namespace

Status AwaitProgram(int64_t process_id, const std::string& waits_as, int64_t limit_ms) {
  const std::filesystem::path link = "/proc/" + std::to_string(process_id) + "/exe";
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(limit_ms);
  while (true) {
    std::error_code error;
    const std::string program = std::filesystem::read_symlink(link, error).string();
    if (error) {
      return NotFoundError("its program ended, or could not be executed, as soon as it was to run");
    }
    // " (deleted)" may follow.
    if (!program.starts_with(waits_as) || std::chrono::steady_clock::now() >= until) {
      return OkStatus();
    }
    std::this_thread::sleep_for(kEvery);
  }
}

}  // namespace reconcile
