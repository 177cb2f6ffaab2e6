// By hand, not by Boost.Process v2: in Boost 1.81 its launcher leaves descriptors between its
// whitelist's entries open in the child, lets the child of a failed exec run the parent's exit
// handlers, and never reaps it.
#include "base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>

#include "base/check.h"
#include "base/epoll_loop.h"
#include "base/unique_fd.h"

namespace reconcile {
namespace {

constexpr size_t kMaxErrorBytes = 64 << 10;
constexpr int kFirstHighFd = 10;  // the parent's ends lie above the child's numbers 0 to 3
constexpr int kReportFd = 3;      // in the child: where a failed start is reported
constexpr int kProgramFd = 4;     // in the child: the program, closed by executing it
constexpr unsigned kMaxFdToClose = 65536;

// Where the start of a child can fail.
enum class StartStep : int { kGroup, kLimits, kDescriptors, kIdentity, kParentGone, kExec };

const char* Describe(StartStep step) {
  switch (step) {
    case StartStep::kGroup:
      return "make its process group";
    case StartStep::kLimits:
      return "set its limits";
    case StartStep::kDescriptors:
      return "place its descriptors";
    case StartStep::kIdentity:
      return "take its user and group";
    case StartStep::kParentGone:
      return "outlive its parent";
    case StartStep::kExec:
      return "execute it";
  }
  return "start it";
}

struct StartFailure {
  StartStep step;
  int error;
};

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

UniqueFd MoveHigh(UniqueFd fd) { return UniqueFd(fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstHighFd)); }

Result<Pipe> MakePipe() {
  std::array<int, 2> fds;
  if (pipe2(fds.data(), O_CLOEXEC) != 0) {
    return UnavailableError(std::string("cannot make a pipe: ") + strerror(errno));
  }
  Pipe pipe{MoveHigh(UniqueFd(fds[0])), MoveHigh(UniqueFd(fds[1]))};
  if (!pipe.read_end.ok() || !pipe.write_end.ok()) {
    return UnavailableError("cannot make a pipe: out of file descriptors");
  }
  return pipe;
}

// The input as a file without a name: a child that does not read it blocks nobody.
Result<UniqueFd> MakeInput(const std::string& bytes) {
  UniqueFd fd = MoveHigh(bytes.empty() ? UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC))
                                       : UniqueFd(memfd_create("standard-input", MFD_CLOEXEC)));
  size_t written = 0;
  while (fd.ok() && written < bytes.size()) {
    const ssize_t size = write(fd.get(), bytes.data() + written, bytes.size() - written);
    if (size < 0 && errno != EINTR) fd.Reset();
    if (size > 0) written += static_cast<size_t>(size);
  }
  if (!fd.ok() || (!bytes.empty() && lseek(fd.get(), 0, SEEK_SET) != 0)) {
    return UnavailableError(std::string("cannot hand over standard input: ") + strerror(errno));
  }
  return fd;
}

bool IsProtected() {
  std::ifstream file("/proc/self/oom_score_adj");
  int score = 0;
  return (file >> score) && score < 0;
}

std::string SearchPath() {
  const char* path = getenv("PATH");
  return path != nullptr && *path != '\0' ? path : "/usr/sbin:/usr/bin:/sbin:/bin";
}

std::optional<std::string> FindExecutable(const std::string& name, const std::string& search_path) {
  if (name.find('/') != std::string::npos) return name;
  for (size_t start = 0; start <= search_path.size();) {
    const size_t end = std::min(search_path.find(':', start), search_path.size());
    const std::string folder = search_path.substr(start, end - start);
    const std::string candidate = folder + "/" + name;
    if (!folder.empty() && access(candidate.c_str(), X_OK) == 0) return candidate;
    start = end + 1;
  }
  return std::nullopt;
}

// Everything the child needs, made before fork: between fork and exec only system calls are safe.
struct LaunchPlan {
  const SubprocessOptions* options = nullptr;
  std::string executable;
  std::vector<std::string> variables;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  int input_fd = -1;
  int output_fd = -1;
  int error_fd = -1;
  int report_fd = -1;
  UniqueFd program;  // opened as the parent; -1 without a change of identity
  pid_t parent = 0;
  bool parent_is_protected = false;  // its OOM score is below 0
};

bool Limit(__rlimit_resource resource, int64_t value) {
  if (value <= 0) return true;
  const rlimit limit = {static_cast<rlim_t>(value), static_cast<rlim_t>(value)};
  return setrlimit(resource, &limit) == 0;
}

bool TakeLimits(const SubprocessOptions& options) {
  const rlimit no_core = {0, 0};
  return Limit(RLIMIT_AS, options.memory_limit_bytes) &&
         Limit(RLIMIT_CPU, options.cpu_limit_seconds) &&
         Limit(RLIMIT_FSIZE, options.file_size_limit_bytes) &&
         setrlimit(RLIMIT_CORE, &no_core) == 0;
}

// A parent that is kept from the OOM killer does not keep its children from it.
void GiveUpProtection(const LaunchPlan& plan) {
  if (!plan.parent_is_protected) return;
  const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  [[maybe_unused]] const ssize_t size = write(fd, "0", 1);
  close(fd);
}

// The raw calls: the C library's wrappers want to tell threads that the child does not have.
bool TakeIdentity(const SubprocessOptions& options) {
  if (options.user_id == 0 && options.group_id == 0) return true;
  return syscall(SYS_setgroups, 0, nullptr) == 0 &&
         syscall(SYS_setresgid, options.group_id, options.group_id, options.group_id) == 0 &&
         syscall(SYS_setresuid, options.user_id, options.user_id, options.user_id) == 0 &&
         prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

void ResetSignals() {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &action, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

void CloseInherited() {
  if (syscall(SYS_close_range, kProgramFd + 1, ~0U, 0) == 0) return;
  for (unsigned fd = kProgramFd + 1; fd < kMaxFdToClose; ++fd) close(static_cast<int>(fd));
}

// In the child. Returns only when the start failed, with the step; errno says why.
StartStep BecomeCommand(const LaunchPlan& plan) {
  if (setpgid(0, 0) != 0) return StartStep::kGroup;
  GiveUpProtection(plan);
  ResetSignals();
  if (dup2(plan.input_fd, STDIN_FILENO) < 0 || dup2(plan.output_fd, STDOUT_FILENO) < 0 ||
      dup2(plan.error_fd, STDERR_FILENO) < 0) {
    return StartStep::kDescriptors;
  }
  if (!TakeLimits(*plan.options)) return StartStep::kLimits;
  if (!TakeIdentity(*plan.options)) return StartStep::kIdentity;
  // After the change of identity, which clears it.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != plan.parent) {
    return StartStep::kParentGone;
  }
  close(kProgramFd);
  if (plan.program.ok() && dup3(plan.program.get(), kProgramFd, O_CLOEXEC) < 0) {
    return StartStep::kDescriptors;
  }
  CloseInherited();
  execve(plan.executable.c_str(), plan.arguments.data(), plan.environment.data());
  if (errno == EACCES && plan.program.ok()) {
    // The program lies in a folder of the parent's (/root, say) that the new identity may not
    // enter.
    syscall(SYS_execveat, kProgramFd, "", plan.arguments.data(), plan.environment.data(),
            AT_EMPTY_PATH);
  }
  return StartStep::kExec;
}

[[noreturn]] void RunChild(const LaunchPlan& plan) {
  const int report_fd = dup3(plan.report_fd, kReportFd, O_CLOEXEC);
  const StartStep step = BecomeCommand(plan);
  const StartFailure failure = {step, errno};
  [[maybe_unused]] const ssize_t size = write(report_fd, &failure, sizeof(failure));
  _exit(127);
}

Result<LaunchPlan> PlanLaunch(const SubprocessOptions& options) {
  LaunchPlan plan;
  plan.options = &options;
  plan.parent = getpid();
  plan.parent_is_protected = IsProtected();
  if (options.command.empty()) return UnavailableError("no command given");
  const std::string search_path = SearchPath();
  const auto executable = FindExecutable(options.command[0], search_path);
  if (!executable) return UnavailableError("no such program in PATH " + search_path);
  plan.executable = *executable;
  if (options.user_id != 0) {
    plan.program = MoveHigh(UniqueFd(open(executable->c_str(), O_PATH | O_CLOEXEC)));
  }
  for (const std::string& argument : options.command) {
    plan.arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  plan.arguments.push_back(nullptr);
  if (options.clear_environment) {
    plan.variables = {"PATH=" + search_path, "LANG=C"};
  } else {
    for (char** variable = environ; *variable != nullptr; ++variable) {
      plan.variables.emplace_back(*variable);
    }
  }
  for (std::string& variable : plan.variables) plan.environment.push_back(variable.data());
  plan.environment.push_back(nullptr);
  return plan;
}

// A started child. The destructor leaves nothing of it: the group is killed, the leader reaped.
class Child {
 public:
  explicit Child(pid_t pid)
      : pid_(pid), exited_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) End();
  }

  int exit_fd() const { return exited_.get(); }
  // Kills what runs of the group (the unreaped leader keeps its number from being used again) and
  // returns the leader's exit code.
  int End() {
    kill(-pid_, SIGKILL);
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_;
  UniqueFd exited_;  // readable when the leader has ended
};

// Reads what there is; false at the end of the stream.
bool ReadSome(const UniqueFd& fd, std::string* into) {
  std::array<char, 64 << 10> buffer;
  while (true) {
    const ssize_t size = read(fd.get(), buffer.data(), buffer.size());
    if (size > 0) {
      into->append(buffer.data(), static_cast<size_t>(size));
      return true;
    }
    if (size == 0) return false;
    if (errno != EINTR) return errno == EAGAIN;
  }
}

void KeepTail(std::string* text) {
  if (text->size() > kMaxErrorBytes) text->erase(0, text->size() - kMaxErrorBytes);
}

// Where a child gets its standard input from: what is left of it, and the socket that takes it.
struct Feed {
  UniqueFd socket;  // none: the input is a file, or was handed over
  std::string_view left;

  // Sends what fits, and closes the socket when that was all of it or nobody reads it.
  void Send() {
    while (!left.empty()) {
      const ssize_t size = send(socket.get(), left.data(), left.size(), MSG_NOSIGNAL);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0 && errno == EAGAIN) return;
      if (size < 0) break;
      left.remove_prefix(static_cast<size_t>(size));
    }
    socket.Reset();
  }
};

// A child and our ends of its streams.
struct Running {
  explicit Running(pid_t pid) : child(pid) {}
  Child child;
  UniqueFd out;
  UniqueFd error;
};

// Feeds the child and collects both streams until the leader ends.
Status Collect(const SubprocessOptions& options, Feed feed, const Running& running,
               SubprocessOutput* output) {
  const MonoTime deadline = ReadSystemClock().mono + options.timeout_ms;
  std::array<pollfd, 5> polls = {
      pollfd{running.out.get(), POLLIN, 0}, pollfd{running.error.get(), POLLIN, 0},
      pollfd{running.child.exit_fd(), POLLIN, 0}, pollfd{options.cancel_fd, POLLIN, 0},
      pollfd{feed.socket.get(), POLLOUT, 0}};
  while (true) {
    const int64_t left_ms = deadline - ReadSystemClock().mono;
    if (left_ms <= 0) {
      return UnavailableError("killed after " + std::to_string(options.timeout_ms) + " ms");
    }
    if (poll(polls.data(), polls.size(), static_cast<int>(std::min<int64_t>(left_ms, 60'000))) <
        0) {
      if (errno != EINTR) return UnavailableError(std::string("poll: ") + strerror(errno));
      continue;
    }
    if (polls[3].revents != 0) return UnavailableError("killed: nobody waits for it any more");
    if (polls[4].revents != 0) feed.Send();
    polls[4].fd = feed.socket.get();
    const bool exited = polls[2].revents != 0;
    const bool had_output = polls[0].revents != 0 || polls[1].revents != 0;
    // poll passes over negative descriptors: a stream at its end is out of the game.
    if (polls[0].revents != 0 && !ReadSome(running.out, &output->out)) polls[0].fd = -1;
    if (polls[1].revents != 0 && !ReadSome(running.error, &output->error)) polls[1].fd = -1;
    KeepTail(&output->error);
    if (output->out.size() > options.max_output_bytes) {
      return InvalidError("wrote more than " + std::to_string(options.max_output_bytes) +
                          " bytes to standard output");
    }
    // What was written before the end lies in the pipes: read them empty first.
    if (exited && !had_output) return OkStatus();
  }
}

// A child that shares this process's memory until it executes the command: a copy of a large
// process costs milliseconds, and faults in every page that is written to afterwards. Not with
// another identity, whose owner must never find our memory in a process of its own.
pid_t StartSharing(const LaunchPlan& plan) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);  // no handler of ours may run in the child
  const pid_t pid = vfork();
  if (pid == 0) RunChild(plan);
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

pid_t StartApart(const LaunchPlan& plan) {
  const pid_t pid = fork();
  if (pid == 0) RunChild(plan);
  return pid;
}

Result<std::unique_ptr<Running>> Launch(const SubprocessOptions& options, const UniqueFd& input) {
  Result<LaunchPlan> plan = PlanLaunch(options);
  if (!plan.ok()) return plan.status();
  Result<Pipe> out = MakePipe();
  if (!out.ok()) return out.status();
  Result<Pipe> error = MakePipe();
  if (!error.ok()) return error.status();
  Result<Pipe> report = MakePipe();
  if (!report.ok()) return report.status();
  plan->input_fd = input.get();
  plan->output_fd = out->write_end.get();
  plan->error_fd = error->write_end.get();
  plan->report_fd = report->write_end.get();

  const bool same_identity = options.user_id == 0 && options.group_id == 0;
  const pid_t pid = same_identity ? StartSharing(*plan) : StartApart(*plan);
  if (pid < 0) return UnavailableError(std::string("fork: ") + strerror(errno));
  auto running = std::make_unique<Running>(pid);
  out->write_end.Reset();
  error->write_end.Reset();
  report->write_end.Reset();
  StartFailure failure = {};
  ssize_t reported = 0;
  do {
    reported = read(report->read_end.get(), &failure, sizeof(failure));
  } while (reported < 0 && errno == EINTR);
  if (reported == sizeof(failure)) {
    return UnavailableError(std::string("cannot ") + Describe(failure.step) + ": " +
                            strerror(failure.error));
  }
  if (running->child.exit_fd() < 0) return UnavailableError("pidfd_open failed");
  fcntl(out->read_end.get(), F_SETFL, O_NONBLOCK);
  fcntl(error->read_end.get(), F_SETFL, O_NONBLOCK);
  running->out = std::move(out->read_end);
  running->error = std::move(error->read_end);
  return running;
}

Result<SubprocessOutput> Finish(const SubprocessOptions& options, Feed feed, Running* running) {
  SubprocessOutput output;
  RETURN_IF_ERROR(Collect(options, std::move(feed), *running, &output));
  output.exit_code = running->child.End();
  return output;
}

Result<SubprocessOutput> Run(const SubprocessOptions& options) {
  const Result<UniqueFd> input = MakeInput(options.standard_input);
  if (!input.ok()) return input.status();
  const auto running = Launch(options, *input);
  if (!running.ok()) return running.status();
  return Finish(options, {}, running->get());
}

Status Named(const SubprocessOptions& options, const Status& status) {
  return status.WithContext(options.command.empty() ? "child process" : options.command[0]);
}

}  // namespace

Result<SubprocessOutput> RunSubprocess(const SubprocessOptions& options) {
  Result<SubprocessOutput> output = Run(options);
  return output.ok() ? std::move(output) : Named(options, output.status());
}

struct WaitingSubprocess::State {
  SubprocessOptions options;
  UniqueFd input;  // our end of its standard input
  std::unique_ptr<Running> running;
};

WaitingSubprocess::WaitingSubprocess(std::unique_ptr<State> state) : state_(std::move(state)) {}
WaitingSubprocess::~WaitingSubprocess() = default;

Result<std::unique_ptr<WaitingSubprocess>> WaitingSubprocess::Start(
    const SubprocessOptions& options) {
  std::array<int, 2> fds;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) {
    return Named(options, UnavailableError(std::string("socketpair: ") + strerror(errno)));
  }
  auto state = std::make_unique<State>();
  state->options = options;
  state->input = MoveHigh(UniqueFd(fds[0]));
  const UniqueFd far_end = MoveHigh(UniqueFd(fds[1]));
  if (!state->input.ok() || !far_end.ok()) {
    return Named(options, UnavailableError("out of file descriptors"));
  }
  fcntl(state->input.get(), F_SETFL, O_NONBLOCK);
  auto running = Launch(options, far_end);
  if (!running.ok()) return Named(options, running.status());
  state->running = std::move(running).value();
  return std::unique_ptr<WaitingSubprocess>(new WaitingSubprocess(std::move(state)));
}

bool WaitingSubprocess::Waits() const {
  pollfd exited = {state_->running->child.exit_fd(), POLLIN, 0};
  return poll(&exited, 1, 0) == 0;
}

Result<SubprocessOutput> WaitingSubprocess::Finish(const std::string& standard_input,
                                                   int cancel_fd) {
  CHECK(state_->input.ok());  // one input, one answer
  state_->options.cancel_fd = cancel_fd;
  Result<SubprocessOutput> output = reconcile::Finish(
      state_->options, {std::move(state_->input), standard_input}, state_->running.get());
  return output.ok() ? std::move(output) : Named(state_->options, output.status());
}

}  // namespace reconcile
