#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/kernel_text.h"
#include "agent/use_counters.h"

namespace reconcile {

// Reads the counters of containers and of the host: cgroup v1 and v2, /proc. Four or five small
// files a container. Blocking but short; one thread at a time.
class UseReader {
 public:
  // `root` is put before every path: "" but for tests.
  explicit UseReader(std::string root = "");
  // Forgets containers that are not among these. One that has ended meanwhile is left out, as is
  // one whose process is by now another's.
  UseCounters Read(const std::vector<CountedContainer>& containers);

 private:
  struct Place {
    CgroupFolders folders;
    bool has_own_network = false;
  };
  // Looked for once, as finding it costs as much as reading it; nullptr: not found.
  const Place* PlaceOf(const CountedContainer& container);
  std::string ReadFile(const std::string& path) const;
  void ReadHost(UseCounters* counters) const;

  const std::string root_;
  std::optional<CgroupMounts> mounts_;   // as this look found them
  std::map<std::string, Place> places_;  // by container id
};

}  // namespace reconcile
