#include "api/request_limiter.h"

#include <algorithm>

namespace reconcile {
namespace {

constexpr int64_t kOne = 1000;  // thousandths

}  // namespace

bool RequestLimiter::Take(const std::string& client, MonoTime now) {
  auto found = clients_.find(client);
  if (found == clients_.end()) {
    if (clients_.size() >= kMaxClients) {
      clients_.erase(
          std::min_element(clients_.begin(), clients_.end(),
                           [](const auto& a, const auto& b) { return a.second.at < b.second.at; }));
    }
    found = clients_.emplace(client, Client{burst_ * kOne, now}).first;
  }
  Client& state = found->second;
  const int64_t waited_ms = std::max<int64_t>(now - state.at, 0);
  // Thousandths a millisecond are requests a second. Who was away for long is full again anyhow.
  const int64_t most_ms = burst_ * kOne / std::max<int64_t>(per_second_, 1) + 1;
  const int64_t gained = std::min(waited_ms, most_ms) * per_second_;
  state.thousandths = std::min(state.thousandths + gained, burst_ * kOne);
  state.at = now;
  if (state.thousandths < kOne) return false;
  state.thousandths -= kOne;
  return true;
}

}  // namespace reconcile
