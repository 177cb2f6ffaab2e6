#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/use_counters.h"

namespace reconcile {

// PURE: what text files of the kernel say (proc(5), cgroups(7)). Nothing where they do not say it.

// The number after `name` in lines of a name and a number, as memory.stat and cpu.stat have them.
std::optional<int64_t> NumberNamed(std::string_view text, std::string_view name);

// Where cgroups are mounted, from /proc/self/mountinfo. Empty: such ones are not.
struct CgroupMount {
  std::string folder;  // "/sys/fs/cgroup/memory"
  std::string root;    // the group that the folder shows: "/", as a rule
};
struct CgroupMounts {
  CgroupMount unified;   // version 2
  CgroupMount memory;    // version 1
  CgroupMount cpu_time;  // version 1: cpuacct
};
CgroupMounts ParseCgroupMounts(std::string_view mountinfo);

// The folders of a process's groups, from its /proc/PID/cgroup. The same one for version 2.
struct CgroupFolders {
  std::string memory;
  std::string cpu_time;
  bool is_v1 = false;
  friend bool operator==(const CgroupFolders&, const CgroupFolders&) = default;
};
CgroupFolders ParseCgroups(std::string_view text, const CgroupMounts& mounts);

// What all processors did for anybody, in microseconds, from /proc/stat.
std::optional<int64_t> ParseBusyTime(std::string_view stat, int64_t ticks_per_second);
// What is neither free nor file pages that were not used lately, from /proc/meminfo.
std::optional<int64_t> ParseHostMemory(std::string_view meminfo);
// Of `interface`, from /proc/net/dev; of all but lo when it is empty.
NetworkBytes ParseNetworkBytes(std::string_view dev, std::string_view interface);
// The interface of the default route in /proc/net/route, or "".
std::string DefaultInterfaceIn(std::string_view route);

}  // namespace reconcile
