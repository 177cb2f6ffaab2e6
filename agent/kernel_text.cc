#include "agent/kernel_text.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace reconcile {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kKibibyteOfMeminfo = 1024;

std::vector<std::string_view> Split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> words;
  for (size_t at = text.find_first_not_of(separators); at < text.size();) {
    const size_t end = std::min(text.find_first_of(separators, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(separators, end);
  }
  return words;
}

std::vector<std::string_view> Lines(std::string_view text) { return Split(text, "\n"); }
std::vector<std::string_view> Words(std::string_view line) { return Split(line, " \t"); }

std::optional<int64_t> Number(std::string_view word) {
  int64_t number = 0;
  const char* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

bool HasWord(std::string_view list, std::string_view word) {
  const auto words = Split(list, ",");
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Of several mounts the one where everybody looks counts.
void TakeMount(std::string_view root, std::string_view folder, CgroupMount* mount) {
  const bool better =
      folder.starts_with("/sys/fs/cgroup") &&
      (!mount->folder.starts_with("/sys/fs/cgroup") || folder.size() < mount->folder.size());
  if (!mount->folder.empty() && !better) return;
  mount->folder = folder;
  mount->root = root;
}

std::string FolderIn(const CgroupMount& mount, std::string_view group) {
  if (mount.folder.empty()) return "";
  if (mount.root != "/" && group.starts_with(mount.root)) group.remove_prefix(mount.root.size());
  return mount.folder + std::string(group);
}

}  // namespace

std::optional<int64_t> NumberNamed(std::string_view text, std::string_view name) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ' ') {
      return Number(line.substr(name.size() + 1));
    }
    at = end + 1;
  }
  return std::nullopt;
}

CgroupMounts ParseCgroupMounts(std::string_view mountinfo) {
  CgroupMounts mounts;
  for (const std::string_view line : Lines(mountinfo)) {
    const size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto place = Words(line.substr(0, dash));
    const auto type = Words(line.substr(dash + 3));
    if (place.size() < 5 || type.size() < 3) continue;
    if (type[0] == "cgroup2") TakeMount(place[3], place[4], &mounts.unified);
    if (type[0] != "cgroup") continue;
    if (HasWord(type[2], "memory")) TakeMount(place[3], place[4], &mounts.memory);
    if (HasWord(type[2], "cpuacct")) TakeMount(place[3], place[4], &mounts.cpu_time);
  }
  return mounts;
}

CgroupFolders ParseCgroups(std::string_view text, const CgroupMounts& mounts) {
  CgroupFolders v1{.is_v1 = true};
  CgroupFolders v2;
  for (const std::string_view line : Lines(text)) {
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string_view group = line.substr(second + 1);
    if (controllers.empty()) v2.memory = v2.cpu_time = FolderIn(mounts.unified, group);
    if (HasWord(controllers, "memory")) v1.memory = FolderIn(mounts.memory, group);
    if (HasWord(controllers, "cpuacct")) v1.cpu_time = FolderIn(mounts.cpu_time, group);
  }
  return v1.memory.empty() || v1.cpu_time.empty() ? v2 : v1;
}

std::optional<int64_t> ParseBusyTime(std::string_view stat, int64_t ticks_per_second) {
  const auto words = Words(stat.substr(0, stat.find('\n')));
  // cpu user nice system idle iowait irq softirq steal; what guests have is in user's.
  if (words.size() < 9 || words[0] != "cpu" || ticks_per_second <= 0) return std::nullopt;
  int64_t ticks = 0;
  for (const size_t i : {1U, 2U, 3U, 6U, 7U, 8U}) ticks += Number(words[i]).value_or(0);
  return ticks * kMicrosPerSecond / ticks_per_second;
}

std::optional<int64_t> ParseHostMemory(std::string_view meminfo) {
  std::optional<int64_t> total;
  int64_t rest = 0;
  for (const std::string_view line : Lines(meminfo)) {
    const auto words = Words(line);
    if (words.size() < 2) continue;
    const int64_t bytes = Number(words[1]).value_or(0) * kKibibyteOfMeminfo;
    if (words[0] == "MemTotal:") total = bytes;
    if (words[0] == "MemFree:" || words[0] == "Inactive(file):") rest += bytes;
  }
  if (!total) return std::nullopt;
  return std::max<int64_t>(*total - rest, 0);
}

NetworkBytes ParseNetworkBytes(std::string_view dev, std::string_view interface) {
  NetworkBytes bytes;
  for (const std::string_view line : Lines(dev)) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;  // a headline
    const auto name = Words(line.substr(0, colon));
    const auto numbers = Words(line.substr(colon + 1));
    if (name.size() != 1 || numbers.size() < 9) continue;
    if (interface.empty() ? name[0] == "lo" : name[0] != interface) continue;
    bytes.received += Number(numbers[0]).value_or(0);
    bytes.sent += Number(numbers[8]).value_or(0);
  }
  return bytes;
}

std::string DefaultInterfaceIn(std::string_view route) {
  for (const std::string_view line : Lines(route)) {
    const auto words = Words(line);
    if (words.size() > 1 && words[1] == "00000000") return std::string(words[0]);
  }
  return "";
}

}  // namespace reconcile
