#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/socket_frames.h"
#include "base/status.h"
#include "base/unique_fd.h"

namespace reconcile {

// A session with a pod over the controller's local socket, by the messages of
// api/exec_session.h and api/port_forward_session.h, version 5. One thread.
class PodConnection {
 public:
  using Query = std::vector<std::pair<std::string, std::string>>;  // names may be repeated
  // Blocks. Errors in the controller's own words; Unavailable when nobody answers.
  static Result<PodConnection> Open(const std::string& socket_path, const std::string& path,
                                    const Query& query);

  struct Ends {
    int input = -1;  // is sent on channel 0 as the session takes it, and then closed; -1: none
    int wake = -1;   // when it is readable, on_wake is called; -1: none
    std::function<void()> on_wake;
    // What came, but the output of channel 0 or 1 is it that holds back who sends it: it may block.
    // False: nothing more is wanted.
    std::function<bool(uint8_t channel, std::string_view bytes)> on_message;
  };
  // Carries messages until the session ends, or on_message wants no more. Unavailable when the
  // connection breaks.
  Status Run(const Ends& ends);
  // Queues a message; Run sends it.
  void Send(uint8_t channel, std::string_view bytes);
  int fd() const { return fd_.get(); }

 private:
  explicit PodConnection(UniqueFd fd) : fd_(std::move(fd)) {}
  bool ReadInput(int input);  // false: it has ended
  Status Flush();
  Status ReadMessages(const Ends& ends, bool* over);

  UniqueFd fd_;
  SocketFrameReader frames_;
  std::string out_;  // not sent yet
};

// All of it, blocking; false when it cannot be.
bool WriteAll(int fd, std::string_view bytes);

}  // namespace reconcile
