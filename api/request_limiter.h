#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/time.h"

namespace reconcile {

// PURE: how many requests a client may make: `burst` at once, and `per_second` on the average. For
// a bounded number of clients.
class RequestLimiter {
 public:
  static constexpr size_t kMaxClients = 4096;  // beyond, whoever was quiet longest is forgotten

  RequestLimiter(int64_t per_second, int64_t burst) : per_second_(per_second), burst_(burst) {}
  // Whether it may make one more now, which then counts.
  bool Take(const std::string& client, MonoTime now);
  size_t size() const { return clients_.size(); }

 private:
  struct Client {
    int64_t thousandths = 0;  // of requests that it may make
    MonoTime at;
  };
  const int64_t per_second_;
  const int64_t burst_;
  std::map<std::string, Client> clients_;
};

}  // namespace reconcile
