#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace reconcile {

// An HTTP server on a Unix socket that says what a test wants it to, malformed or not: one request
// per connection, one connection after the other or, for answers that hang, side by side.
class CannedServer {
 public:
  // Gets "METHOD PATH"; the bytes of the whole reply. With kHang no more is sent and the connection
  // stays open until the end; else it is closed.
  static constexpr const char* kHang = "<hang>";
  using Answer = std::function<std::string(const std::string& request)>;

  explicit CannedServer(Answer answer);
  ~CannedServer();
  CannedServer(const CannedServer&) = delete;
  CannedServer& operator=(const CannedServer&) = delete;

  const std::string& socket_path() const { return socket_path_; }
  std::vector<std::string> requests() const;

  static std::string Ok(const std::string& body) { return Reply("200 OK", body); }
  static std::string Reply(const std::string& status, const std::string& body);
  static std::string Version(const std::string& api);

 private:
  void Run();
  void Serve(int fd);
  static void ReadBody(int fd, std::string* request);

  const Answer answer_;
  std::string folder_;
  std::string socket_path_;
  int listener_ = -1;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;  // guarded by mutex_
  std::vector<int> hanging_;           // the thread's
  std::thread thread_;
};

}  // namespace reconcile
