#include "tests/unit/schema/bounded_run.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace reconcile {
namespace {

constexpr rlim_t kCpuLimitSeconds = 60;

long PeakKib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

void WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written <= 0) _exit(2);
    text.remove_prefix(static_cast<size_t>(written));
  }
}

[[noreturn]] void RunChild(int descriptor, const std::function<std::string()>& function) {
  const rlimit cpu_limit{kCpuLimitSeconds, kCpuLimitSeconds};
  setrlimit(RLIMIT_CPU, &cpu_limit);
  const long before = PeakKib();
  const std::string output = function();
  WriteAll(descriptor, std::to_string(PeakKib() - before) + " " + output);
  _exit(0);
}

}  // namespace

BoundedRun RunBounded(const std::function<std::string()>& function) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return {};
  const pid_t child = fork();
  if (child == 0) RunChild(ends[1], function);
  close(ends[1]);
  std::string text;
  std::array<char, 4096> piece{};
  for (ssize_t got = 0; (got = read(ends[0], piece.data(), piece.size())) > 0;) {
    text.append(piece.data(), static_cast<size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  const size_t space = text.find(' ');
  if (child < 0 || status != 0 || space == std::string::npos) return {};
  return {true, text.substr(space + 1), std::stol(text.substr(0, space))};
}

}  // namespace reconcile
