// Process 1 of a pod's only container, until the pod has its network:
//
//   start COMMAND [ARGUMENT...]
//
// It waits until this network namespace has a device eth0 that is up and
// running, which is the last thing that attaching a pod does, and becomes
// COMMAND, with the environment that it was given. A name without '/' is looked
// for in PATH, as runc does. When that fails it says so in Docker's words and
// ends with Docker's exit codes: 127 when there is no such program, 126 when it
// cannot be executed. A signal that would end a program ends it too, with 128
// and its number.
//
// Freestanding: no C library, no stack protector, no relocations. Needs no
// privilege.
//
// The kernel drops signals that process 1 neither handles nor blocks, so they
// are blocked and fetched with rt_sigtimedwait(2), which is also what it sleeps
// in: a change of the namespace's devices, told by rtnetlink(7), comes as SIGIO.

#include "call.h"

enum { kInternet = 2, kNetlink = 16, kDatagram = 2, kCloseOnExec = 02000000 };
enum { kGetFlags = 0x8913, kSetOwner = 0x8901, kSetAsync = 0x5452, kLinkGroup = 1, kSigIo = 29 };
enum { kIsUp = 0x1, kIsRunning = 0x40 };
enum { kSetMask = 2, kSetBytes = 8, kStandardError = 2, kPathBytes = 4096 };
enum { kNotFound = 127, kNotExecutable = 126, kUsage = 64, kSignalled = 128 };
enum { kPermission = 1, kNoEntry = 2, kTooBig = 7, kNoFormat = 8, kNoMemory = 12, kNoAccess = 13 };
enum { kNoFolder = 20, kNameTooLong = 36, kLoop = 40 };
// Looks when it is told of a change, and anyway; where nobody can tell it, more
// often, at first.
enum { kAnywayNs = 500000000, kUntoldNs = 5000000, kUntoldLaterNs = 50000000, kSoonLooks = 400 };
// Signals that end no program by themselves: SIGCHLD, SIGCONT, SIGSTOP,
// SIGTSTP, SIGTTIN, SIGTTOU, SIGURG. SIGWINCH would neither, but some images
// are stopped with it (httpd).
#define BIT(signal) (1UL << ((signal)-1))
#define HARMLESS (BIT(17) | BIT(18) | BIT(19) | BIT(20) | BIT(21) | BIT(22) | BIT(23))

// struct ifreq.
struct Request {
  char name[16];
  unsigned short flags;
  char rest[22];
};
// struct sockaddr_nl.
struct Address {
  unsigned short family;
  unsigned short pad;
  unsigned int id;
  unsigned int groups;
};
// struct timespec.
struct Span {
  long seconds;
  long nanoseconds;
};

static unsigned long Length(const char* text) {
  unsigned long length = 0;
  while (text[length] != 0) ++length;
  return length;
}

static void Say(const char* text) {
  Call(kWrite, kStandardError, (long)text, (long)Length(text), 0);
}

__attribute__((noreturn)) static void Exit(long code) {
  for (;;) Call(kExitGroup, code, 0, 0, 0);
}

static const char* WordsOf(long error) {
  switch (error) {
    case kPermission:
      return "operation not permitted";
    case kNoEntry:
      return "no such file or directory";
    case kTooBig:
      return "argument list too long";
    case kNoFormat:
      return "exec format error";
    case kNoMemory:
      return "cannot allocate memory";
    case kNoAccess:
      return "permission denied";
    case kNoFolder:
      return "not a directory";
    case kNameTooLong:
      return "file name too long";
    case kLoop:
      return "too many levels of symbolic links";
    default:
      return "it cannot be executed";
  }
}

__attribute__((noreturn)) static void Fail(const char* command, const char* words, long code) {
  Say("exec: \"");
  Say(command);
  Say("\": ");
  Say(words);
  Say("\n");
  Exit(code);
}

static int IsAttached(long socket) {
  struct Request request = {"eth0", 0, {0}};
  if (Call(kIoctl, socket, kGetFlags, (long)&request, 0) != 0) return 0;
  return (request.flags & (kIsUp | kIsRunning)) == (kIsUp | kIsRunning);
}

// A socket whose news of devices come to this process as SIGIO; negative when
// there is none.
static long Listen(void) {
  const struct Address address = {kNetlink, 0, 0, kLinkGroup};
  const int self = (int)Call(kGetProcessId, 0, 0, 0, 0);
  const int on = 1;
  const long socket = Call(kSocket, kNetlink, kDatagram | kCloseOnExec, 0, 0);
  if (socket < 0) return socket;
  const long bound = Call(kBind, socket, (long)&address, sizeof(address), 0);
  if (bound != 0) return bound;
  const long owned = Call(kIoctl, socket, kSetOwner, (long)&self, 0);
  if (owned != 0) return owned;
  const long tells = Call(kIoctl, socket, kSetAsync, (long)&on, 0);
  return tells != 0 ? tells : socket;
}

// Where COMMAND is not process 1 of its namespace, it would die of a SIGIO that
// is still to come.
static void StopListening(long socket) {
  const int off = 0;
  const unsigned long io = BIT(kSigIo);
  const struct Span no_time = {0, 0};
  Call(kIoctl, socket, kSetAsync, (long)&off, 0);
  Call(kSigtimedwait, (long)&io, 0, (long)&no_time, kSetBytes);
}

static void WaitForNetwork(const char* command) {
  const long news = Listen();
  const long socket = Call(kSocket, kInternet, kDatagram | kCloseOnExec, 0, 0);
  if (socket < 0) Fail(command, "its network cannot be looked at", kNotExecutable);
  const unsigned long ends = ~HARMLESS;
  for (int looks = 0; !IsAttached(socket); ++looks) {
    const long untold = looks < kSoonLooks ? kUntoldNs : kUntoldLaterNs;
    const struct Span pause = {0, news < 0 ? untold : kAnywayNs};
    if (looks > kSoonLooks) looks = kSoonLooks;
    const long signal = Call(kSigtimedwait, (long)&ends, 0, (long)&pause, kSetBytes);
    if (signal > 0 && (signal != kSigIo || news < 0)) Exit(kSignalled + signal);
  }
  if (news >= 0) StopListening(news);
}

static const char* PathOf(char** environment) {
  for (; *environment != 0; ++environment) {
    const char* entry = *environment;
    if (entry[0] == 'P' && entry[1] == 'A' && entry[2] == 'T' && entry[3] == 'H' &&
        entry[4] == '=') {
      return entry + 5;
    }
  }
  return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

// Comes back only when the program is not in this folder, or not for
// everybody's execution.
static void TryFolder(const char* folder, unsigned long folder_length, char** command,
                      char** environment) {
  char path[kPathBytes];
  const unsigned long name_length = Length(command[0]);
  if (folder_length + name_length + 3 > kPathBytes) return;
  unsigned long at = 0;
  if (folder_length == 0) path[at++] = '.';
  for (unsigned long i = 0; i < folder_length; ++i) path[at++] = folder[i];
  path[at++] = '/';
  for (unsigned long i = 0; i <= name_length; ++i) path[at++] = command[0][i];
  const long error = -Call(kExecve, (long)path, (long)command, (long)environment, 0);
  const int goes_on = error == kNoEntry || error == kNoAccess || error == kNoFolder ||
                      error == kLoop || error == kNameTooLong;
  if (!goes_on) Fail(command[0], WordsOf(error), kNotExecutable);
}

__attribute__((noreturn)) static void Become(char** command, char** environment) {
  int has_folder = 0;
  for (const char* c = command[0]; *c != 0; ++c) has_folder |= *c == '/';
  if (has_folder) {
    const long error = -Call(kExecve, (long)command[0], (long)command, (long)environment, 0);
    Fail(command[0], WordsOf(error), error == kNoEntry ? kNotFound : kNotExecutable);
  }
  const char* folder = PathOf(environment);
  while (command[0][0] != 0 && *folder != 0) {
    unsigned long length = 0;
    while (folder[length] != 0 && folder[length] != ':') ++length;
    TryFolder(folder, length, command, environment);
    folder += length + (folder[length] == ':');
  }
  Fail(command[0], "executable file not found in $PATH", kNotFound);
}

__attribute__((noreturn, used)) static void Main(long* stack) {
  char** const arguments = (char**)(stack + 1);
  char** const environment = arguments + stack[0] + 1;
  if (stack[0] < 2) Exit(kUsage);
  const unsigned long all = ~0UL;
  unsigned long before = 0;
  Call(kSigprocmask, kSetMask, (long)&all, (long)&before, kSetBytes);
  WaitForNetwork(arguments[1]);
  Call(kSigprocmask, kSetMask, (long)&before, 0, kSetBytes);
  Become(arguments + 1, environment);
}
