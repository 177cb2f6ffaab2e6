#include "tests/contract/net/namespaces.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <thread>

#include "base/subprocess.h"

namespace reconcile {
namespace {

constexpr int kPatienceMs = 5'000;

sockaddr_in AddressOf(const std::string& address, uint16_t port) {
  sockaddr_in out = {};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  EXPECT_EQ(::inet_pton(AF_INET, address.c_str(), &out.sin_addr), 1) << address;
  return out;
}

const sockaddr* Generic(const sockaddr_in* address) {
  return reinterpret_cast<const sockaddr*>(address);
}

}  // namespace

IdleProcess::IdleProcess() {
  std::array<int, 2> ready;
  if (::pipe2(ready.data(), O_CLOEXEC) != 0) {
    ADD_FAILURE() << "pipe";
    return;
  }
  const UniqueFd read_end(ready[0]);
  const UniqueFd write_end(ready[1]);
  const pid_t parent = ::getpid();
  id_ = ::fork();
  if (id_ == 0) {
    // Between fork and the end only system calls: the parent may have threads.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent || ::unshare(CLONE_NEWNET) != 0) ::_exit(1);
    if (::write(ready[1], "r", 1) != 1) ::_exit(1);
    // Other threads' pipes, whose ends their readers wait for.
    ::syscall(SYS_close_range, 3, ~0U, 0);
    while (true) ::pause();
  }
  pollfd poll_fd = {read_end.get(), POLLIN, 0};
  char byte = 0;
  const bool started =
      id_ > 0 && ::poll(&poll_fd, 1, kPatienceMs) == 1 && ::read(read_end.get(), &byte, 1) == 1;
  EXPECT_TRUE(started) << "no network namespace: these tests need root";
}

std::string IdleProcess::NamespacePath() const {
  return "/proc/" + std::to_string(id_) + "/ns/net";
}

void IdleProcess::End() {
  if (id_ <= 0) return;
  ::kill(id_, SIGKILL);
  ::waitpid(id_, nullptr, 0);
  id_ = 0;
}

void IdleProcess::Do(const std::function<void()>& task) const {
  std::thread thread([&] {
    const UniqueFd space(::open(NamespacePath().c_str(), O_RDONLY | O_CLOEXEC));
    const bool moved = space.ok() && ::setns(space.get(), CLONE_NEWNET) == 0;
    EXPECT_TRUE(moved) << NamespacePath();
    if (moved) task();
  });
  thread.join();
}

std::string IdleProcess::Run(const std::string& command, const std::string& input) const {
  SubprocessOptions options;
  options.command = {"nsenter", "--net=" + NamespacePath(), "--", "/bin/sh", "-ec", command};
  options.standard_input = input;
  const Result<SubprocessOutput> output = RunSubprocess(options);
  EXPECT_TRUE(output.ok()) << command << ": " << output.status().ToString();
  if (!output.ok()) return "";
  EXPECT_EQ(output->exit_code, 0) << command << ": " << output->error;
  return output->out;
}

UniqueFd IdleProcess::Listen(const std::string& address, uint16_t port) const {
  UniqueFd listener;
  Do([&] {
    listener.Reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in at = AddressOf(address, port);
    const int yes = 1;  // a server of a moment ago may linger
    ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    EXPECT_EQ(::bind(listener.get(), Generic(&at), sizeof(at)), 0) << address;
    EXPECT_EQ(::listen(listener.get(), 8), 0);
  });
  return listener;
}

UniqueFd IdleProcess::Connect(const std::string& address, uint16_t port) const {
  UniqueFd connection;
  Do([&] {
    connection.Reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience = {kPatienceMs / 1000, 0};
    ::setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    const sockaddr_in to = AddressOf(address, port);
    if (::connect(connection.get(), Generic(&to), sizeof(to)) != 0) connection.Reset();
  });
  return connection;
}

std::string AcceptPeer(const UniqueFd& listener) {
  pollfd poll_fd = {listener.get(), POLLIN, 0};
  if (::poll(&poll_fd, 1, kPatienceMs) != 1) return "";
  sockaddr_in peer = {};
  socklen_t size = sizeof(peer);
  const UniqueFd connection(
      ::accept4(listener.get(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC));
  std::array<char, INET_ADDRSTRLEN> text = {};
  if (!connection.ok() || ::inet_ntop(AF_INET, &peer.sin_addr, text.data(), text.size()) == nullptr)
    return "";
  return text.data();
}

}  // namespace reconcile
