#pragma once

#include <cstdint>
#include <string>

namespace reconcile {

struct HostsOptions {
  int agents = 300;
  uint16_t port = 0;
  std::string token;
  std::string folder;  // for the agents' identities
  int changes = 0;     // a second, from the first byte of standard input on
};

// The other process: agents with real links that run whatever they are told to, at once. Writes
// to standard output, one line each:
//   joined N                   how many are connected, whenever that is all of them
//   have VALUE N MS            N hosts have the ConfigMap's value VALUE, the last since MS
//                              (CLOCK_BOOTTIME), when those are all that have pods
// A change is a pod that is no more ready, or is so again after a restart; a few are not at a time.
// Hosts that change also tell what their pods use.
// Ends when standard input does.
int RunHosts(const HostsOptions& options);

}  // namespace reconcile
