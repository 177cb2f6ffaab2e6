#include "agent/use_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <set>

#include "base/unique_fd.h"

namespace reconcile {
namespace {

constexpr size_t kMaxKernelFileBytes = 256 * 1024;  // /proc/net/dev of a thousand interfaces
constexpr int64_t kMicros = 1'000'000;
constexpr int64_t kNanosPerMicro = 1'000;

int64_t BootMicros() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return int64_t{time.tv_sec} * kMicros + time.tv_nsec / kNanosPerMicro;
}

std::string LinkAt(const std::string& path) {
  std::array<char, 64> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  return size > 0 ? std::string(target.data(), static_cast<size_t>(size)) : "";
}

// A file that is one number.
std::optional<int64_t> OnlyNumber(const std::string& text) {
  return NumberNamed("n " + text.substr(0, text.find('\n')), "n");
}

}  // namespace

UseReader::UseReader(std::string root) : root_(std::move(root)) {}

std::string UseReader::ReadFile(const std::string& path) const {
  const UniqueFd fd(::open((root_ + path).c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 8192> buffer;
  while (fd.ok() && text.size() < kMaxKernelFileBytes) {
    const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
    if (size <= 0) break;
    text.append(buffer.data(), static_cast<size_t>(size));
  }
  return text;
}

const UseReader::Place* UseReader::PlaceOf(const CountedContainer& container) {
  const auto known = places_.find(container.id);
  if (known != places_.end()) return &known->second;
  // Of this thread: it may have gone where the engine's mounts are.
  if (!mounts_) mounts_ = ParseCgroupMounts(ReadFile("/proc/thread-self/mountinfo"));
  const std::string process = "/proc/" + std::to_string(container.process_id);
  Place place{.folders = ParseCgroups(ReadFile(process + "/cgroup"), *mounts_)};
  // Engines name a container's group by its id: another process with this number is not taken.
  if (place.folders.memory.find(container.id) == std::string::npos) return nullptr;
  place.has_own_network = container.owns_network && LinkAt(root_ + process + "/ns/net") !=
                                                        LinkAt(root_ + "/proc/self/ns/net");
  return &places_.emplace(container.id, std::move(place)).first->second;
}

void UseReader::ReadHost(UseCounters* counters) const {
  counters->cpu_us = ParseBusyTime(ReadFile("/proc/stat"), ::sysconf(_SC_CLK_TCK)).value_or(0);
  counters->memory_bytes = ParseHostMemory(ReadFile("/proc/meminfo")).value_or(0);
  counters->network =
      ParseNetworkBytes(ReadFile("/proc/net/dev"), DefaultInterfaceIn(ReadFile("/proc/net/route")));
}

UseCounters UseReader::Read(const std::vector<CountedContainer>& containers) {
  std::set<std::string_view> wanted;
  for (const CountedContainer& container : containers) wanted.insert(container.id);
  std::erase_if(places_, [&](const auto& entry) { return !wanted.contains(entry.first); });
  mounts_.reset();
  UseCounters counters;
  counters.at_us = BootMicros();
  ReadHost(&counters);
  for (const CountedContainer& container : containers) {
    const Place* place = PlaceOf(container);
    if (place == nullptr) continue;
    const CgroupFolders& folders = place->folders;
    const auto usage = OnlyNumber(
        ReadFile(folders.memory + (folders.is_v1 ? "/memory.usage_in_bytes" : "/memory.current")));
    const auto inactive = NumberNamed(ReadFile(folders.memory + "/memory.stat"),
                                      folders.is_v1 ? "total_inactive_file" : "inactive_file");
    const auto cpu = folders.is_v1
                         ? OnlyNumber(ReadFile(folders.cpu_time + "/cpuacct.usage"))
                         : NumberNamed(ReadFile(folders.cpu_time + "/cpu.stat"), "usage_usec");
    if (!usage || !inactive || !cpu) continue;
    ContainerCounters found;
    found.memory_bytes = std::max<int64_t>(*usage - *inactive, 0);
    found.cpu_us = folders.is_v1 ? *cpu / kNanosPerMicro : *cpu;
    if (place->has_own_network) {
      const std::string dev =
          ReadFile("/proc/" + std::to_string(container.process_id) + "/net/dev");
      if (!dev.empty()) found.network = ParseNetworkBytes(dev, "");
    }
    counters.containers.emplace(container.id, found);
  }
  return counters;
}

}  // namespace reconcile
