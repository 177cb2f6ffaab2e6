#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/time.h"

namespace reconcile {

// PURE: how often an address was refused within a minute, for a bounded number of addresses.
class RefusalLimiter {
 public:
  static constexpr size_t kMaxAddresses = 4096;  // beyond, who was refused first is forgotten
  static constexpr int64_t kWindowMs = 60'000;

  explicit RefusalLimiter(int max_per_window) : max_per_window_(max_per_window) {}
  void Refused(const std::string& address, MonoTime now);
  // Whether it has used up its refusals: it is not listened to until the window ends.
  bool Blocked(const std::string& address, MonoTime now) const;
  size_t size() const { return windows_.size(); }

 private:
  struct Window {
    MonoTime began;
    int refusals = 0;
  };
  void MakeRoom(MonoTime now);

  const int max_per_window_;
  std::map<std::string, Window> windows_;
};

}  // namespace reconcile
