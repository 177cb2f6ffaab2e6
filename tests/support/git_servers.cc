#include "tests/support/git_servers.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/check.h"

namespace reconcile {

GitServers::GitServers(const std::string& repositories) {
  std::array<int, 2> in;
  std::array<int, 2> out;
  CHECK(pipe2(in.data(), O_CLOEXEC) == 0 && pipe2(out.data(), O_CLOEXEC) == 0);
  pid_ = fork();
  CHECK(pid_ >= 0);
  if (pid_ == 0) {
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    execlp("python3", "python3", GIT_SERVERS_SCRIPT, repositories.c_str(), nullptr);
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  to_.Reset(in[1]);
  from_.Reset(out[0]);
  info_ = ReadLine();
}

GitServers::~GitServers() {
  to_.Reset();  // the end of its input ends it
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::string GitServers::File(const std::string& name) const {
  const Value* files = info_.Find("files");
  CHECK(files != nullptr);
  return files->GetString(name);
}

Value GitServers::Command(const std::string& command) {
  const std::string line = command + "\n";
  CHECK(write(to_.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  return ReadLine();
}

std::string GitServers::ChangeHostKey() {
  const std::string fingerprint = Command("new_host_key").AsString();
  info_ = Command("info");
  return fingerprint;
}

Value GitServers::ReadLine() {
  size_t end = unread_.find('\n');
  while (end == std::string::npos) {
    std::array<char, 4096> buffer;
    const ssize_t size = read(from_.get(), buffer.data(), buffer.size());
    CHECK(size > 0);  // the script says on standard error why it ended
    unread_.append(buffer.data(), static_cast<size_t>(size));
    end = unread_.find('\n');
  }
  const Result<Value> value = ParseJson(unread_.substr(0, end));
  CHECK(value.ok());
  unread_.erase(0, end + 1);
  return *value;
}

}  // namespace reconcile
