#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace reconcile {

inline constexpr const char* kTestImage = "reconcile.test/busybox:1";

struct TestDockerdOptions {
  bool live_restore = true;
  // A network namespace (as /run/netns/NAME) to run the daemon in; empty: this process's.
  std::string network_namespace;
};

// A Docker daemon of this test's own, under a folder of its own in the system's temporary folder,
// without bridge and firewall rules; with the image kTestImage made from the host's static busybox.
// The destructor ends daemon, containerd, shims and containers, and removes the folder. Needs root.
// Blocks; for tests only.
class TestDockerd {
 public:
  // Starts a daemon and waits until it answers. Internal with the end of its log when it does not.
  static Result<std::unique_ptr<TestDockerd>> Start(TestDockerdOptions options = {});
  ~TestDockerd();
  TestDockerd(const TestDockerd&) = delete;
  TestDockerd& operator=(const TestDockerd&) = delete;

  const std::string& socket_path() const { return socket_path_; }
  const std::string& folder() const { return folder_; }
  pid_t process_id() const { return process_; }

  // kill -9 of dockerd, which takes its containerd along; shims and containers stay.
  void Kill();
  // Starts it again on the same folders, after Kill or Shutdown, and waits until it answers.
  Status StartAgain();
  // SIGTERM, and waits for its end.
  void Shutdown();
  // Makes an image of the host's static busybox under this name ("name:tag").
  Status ImportBusybox(const std::string& reference);
  // The last lines of the daemon's log.
  std::string LogTail() const;
  // One raw call of the Engine API: to look, or to do what a person would do by hand.
  struct Reply {
    int code = 0;
    std::string body;
  };
  Result<Reply> Request(const std::string& method, const std::string& path,
                        const std::string& content_type = "", const std::string& body = "") const;

 private:
  explicit TestDockerd(TestDockerdOptions options);
  Status Launch();
  Status WaitUntilItAnswers();
  void RemoveContainers();
  void EndLeftovers();

  const TestDockerdOptions options_;
  std::string folder_;
  std::string socket_path_;
  pid_t process_ = -1;
};

}  // namespace reconcile
