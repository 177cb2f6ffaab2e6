#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace reconcile {

// A process that lives in a network namespace of its own and does nothing: a sandbox, or a host. It
// dies with the test, and the namespace with it.
class IdleProcess {
 public:
  IdleProcess();
  ~IdleProcess() { End(); }
  IdleProcess(const IdleProcess&) = delete;
  IdleProcess& operator=(const IdleProcess&) = delete;

  int64_t id() const { return id_; }
  std::string NamespacePath() const;
  void End();  // kills it and waits; no effect when it has ended

  // Runs `task` on a thread in this namespace, and waits.
  void Do(const std::function<void()>& task) const;
  // Runs a command in this namespace; what it printed. A failure fails the test.
  std::string Run(const std::string& command, const std::string& input = "") const;

  // A TCP server's socket here; any thread may accept from it.
  UniqueFd Listen(const std::string& address, uint16_t port) const;
  // A connection from here; not ok() when none comes about.
  UniqueFd Connect(const std::string& address, uint16_t port) const;

 private:
  pid_t id_ = 0;
};

// Whose address an accepted connection shows; empty when none comes within five seconds.
std::string AcceptPeer(const UniqueFd& listener);

}  // namespace reconcile
