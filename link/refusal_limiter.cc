#include "link/refusal_limiter.h"

#include <algorithm>

namespace reconcile {

void RefusalLimiter::Refused(const std::string& address, MonoTime now) {
  if (!windows_.contains(address)) MakeRoom(now);
  Window& window = windows_[address];
  if (window.refusals == 0 || now - window.began >= kWindowMs) window = {now, 0};
  ++window.refusals;
}

bool RefusalLimiter::Blocked(const std::string& address, MonoTime now) const {
  const auto found = windows_.find(address);
  return found != windows_.end() && now - found->second.began < kWindowMs &&
         found->second.refusals >= max_per_window_;
}

void RefusalLimiter::MakeRoom(MonoTime now) {
  if (windows_.size() < kMaxAddresses) return;
  std::erase_if(windows_, [&](const auto& entry) { return now - entry.second.began >= kWindowMs; });
  if (windows_.size() < kMaxAddresses) return;
  windows_.erase(std::min_element(
      windows_.begin(), windows_.end(),
      [](const auto& a, const auto& b) { return a.second.began < b.second.began; }));
}

}  // namespace reconcile
