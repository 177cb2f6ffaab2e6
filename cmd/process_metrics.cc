#include "cmd/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "base/version.h"
#include "cmd/metric_list.h"

namespace reconcile {
namespace {

// Fields of /proc/self/stat behind the name of the program (proc(5)), from the third on.
std::vector<std::string> StatFields() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  const size_t end = text.rfind(')');
  std::vector<std::string> fields;
  if (end == std::string::npos) return fields;
  std::istringstream words(text.substr(end + 1));
  for (std::string word; words >> word;) fields.push_back(word);
  return fields;
}

// Seconds since 1970 at which the machine began.
double BootTime() {
  std::ifstream file("/proc/stat");
  std::string word;
  double seconds = 0;
  while (file >> word) {
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

}  // namespace

void ReadProcessMetrics(MetricReadings* readings) {
  using namespace process_metric;
  readings->Add(kBuildInfo, {std::string(kVersion)}, 1);
  const std::vector<std::string> fields = StatFields();
  constexpr size_t kUserTime = 14 - 3;
  constexpr size_t kSystemTime = 15 - 3;
  constexpr size_t kThreadCount = 20 - 3;
  constexpr size_t kStarted = 22 - 3;
  constexpr size_t kResidentPages = 24 - 3;
  if (fields.size() > kResidentPages) {
    const auto number = [&](size_t field) { return std::strtod(fields[field].c_str(), nullptr); };
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    const auto page_bytes = static_cast<double>(::sysconf(_SC_PAGESIZE));
    readings->Add(kCpuSeconds, {}, (number(kUserTime) + number(kSystemTime)) / ticks);
    readings->Add(kThreads, {}, number(kThreadCount));
    readings->Add(kStartTime, {}, BootTime() + number(kStarted) / ticks);
    readings->Add(kMemoryBytes, {}, number(kResidentPages) * page_bytes);
  }
  std::error_code error;
  size_t open = 0;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end;
       !error && entry != end; entry.increment(error)) {
    ++open;
  }
  if (!error && open > 0) readings->Add(kOpenFiles, {}, static_cast<double>(open - 1));
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    readings->Add(kMaxFiles, {}, static_cast<double>(limit.rlim_cur));
  }
}

}  // namespace reconcile
