#pragma once

#include <string>

namespace reconcile {

// What the agent tells of this host. Read once at start; empty where the host does not say.
struct LocalHost {
  std::string name;  // host name, lower case
  std::string
      address;  // IPv4 of the interface with the default route, else the first that is not loopback
  std::string machine_id;  // /etc/machine-id
  std::string boot_id;
  int mtu = 1500;  // of that interface
  // Lowest oom score that this process may give: its own without CAP_SYS_RESOURCE.
  int min_oom_score_adj = -1000;
};
LocalHost ReadLocalHost();

}  // namespace reconcile
