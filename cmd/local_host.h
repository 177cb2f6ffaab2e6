#pragma once

#include <string>

#include "agent/host_sample.h"

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

// Address and MTU of the interface with the default route; an empty address when it has none.
struct Underlay {
  std::string address;
  int mtu = 0;
};
Underlay ReadUnderlay();

inline constexpr char kResolvConf[] = "/etc/resolv.conf";
inline constexpr char kSystemdResolvConf[] = "/run/systemd/resolve/resolv.conf";
// The host's resolver file as pods can use it: where `path` names only resolvers on the loopback,
// as systemd's stub does, that one's own upstream servers.
std::string ReadResolvConf(const std::string& path = kResolvConf,
                           const std::string& systemd_path = kSystemdResolvConf);

// Of a text file of the host's; "" when it cannot be read.
std::string ReadTextFile(const std::string& path);

// Memory and processes of the host as they are now.
HostUse ReadHostUse();
// PURE, of /proc/meminfo, /proc/loadavg, and of kernel.pid_max and kernel.threads-max, whose lower
// one counts. What cannot be read stays 0.
HostUse HostUseOf(const std::string& meminfo, const std::string& loadavg,
                  const std::string& pid_max, const std::string& threads_max);

// Lets the kernel's OOM killer take almost anything before this process (SEMANTICS 18.2); programs
// that it starts (base/subprocess.h) are not spared. False where this process may not.
bool ProtectFromOomKiller();

}  // namespace reconcile
