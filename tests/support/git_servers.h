#pragma once

#include <sys/types.h>

#include <string>

#include "base/unique_fd.h"
#include "base/value.h"

namespace reconcile {

// tests/support/git_servers.py for C++ tests: real ssh and https servers on loopback, and ones that
// misbehave. They end with this object, and with the test however it ends.
class GitServers {
 public:
  // Serves the repositories below `repositories`. CHECKs that the servers start.
  explicit GitServers(const std::string& repositories);
  ~GitServers();
  GitServers(const GitServers&) = delete;
  GitServers& operator=(const GitServers&) = delete;

  // A port or text of what the script printed at its start.
  std::string Port(const std::string& name) const { return std::to_string(info_.GetInt(name)); }
  std::string Text(const std::string& name) const { return info_.GetString(name); }
  std::string File(const std::string& name) const;
  // Its answer to a command.
  Value Command(const std::string& command);
  // The ssh server comes back with another host key; its fingerprint.
  std::string ChangeHostKey();

 private:
  Value ReadLine();

  pid_t pid_ = 0;
  UniqueFd to_;
  UniqueFd from_;
  std::string unread_;
  Value info_;
};

}  // namespace reconcile
