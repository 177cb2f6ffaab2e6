#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace reconcile {

// A program that is probed: an HTTP server on a port of 127.0.0.1 that says what a test wants it
// to, one request per connection. Of a request in HTTP/2 its head is all of its bytes.
class ProbedServer {
 public:
  // Gets the whole head of the request, gives the whole reply; "" never answers.
  using Answer = std::function<std::string(const std::string& head)>;
  explicit ProbedServer(Answer answer);
  ~ProbedServer();
  ProbedServer(const ProbedServer&) = delete;
  ProbedServer& operator=(const ProbedServer&) = delete;

  int port() const { return port_; }
  std::vector<std::string> heads() const;  // of all requests so far

 private:
  void Run();
  void Serve(int fd);

  const Answer answer_;
  UniqueFd listener_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> heads_;  // guarded by mutex_
  std::vector<UniqueFd> hanging_;   // the thread's alone
  std::thread thread_;              // last: it uses all of the above
};

}  // namespace reconcile
