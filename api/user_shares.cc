#include "api/user_shares.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "api/authorization.h"
#include "api/live_feed.h"
#include "api/refusal.h"
#include "api/served_kinds.h"
#include "schema/pod.h"

namespace reconcile {
namespace {

static_assert(kLiveShares.most == LiveFeed::kMaxReaders);

bool IsAdmin(const ApiRequest& request) {
  if (!request.user) return true;
  const std::vector<Grant> grants = GrantsOf(*request.user);
  return std::any_of(grants.begin(), grants.end(), [](const Grant& grant) {
    return grant.role == UserRole::kAdmin && grant.namespace_name.empty();
  });
}

}  // namespace

struct UserShares::Counts {
  struct Pool {
    size_t taken = 0;
    std::map<std::string, size_t> by_user;
  };
  void GiveBack(const std::string& pool, const std::string& user) {
    const std::lock_guard lock(mutex);
    const auto found = pools.find(pool);
    const auto of_user = found->second.by_user.find(user);
    if (--of_user->second == 0) found->second.by_user.erase(of_user);
    if (--found->second.taken == 0) pools.erase(found);
  }

  std::mutex mutex;
  std::map<std::string, Pool> pools;  // those that have something; guarded by mutex
};

UserShares::UserShares(std::string what, const ShareLimits& limits)
    : what_(std::move(what)), limits_(limits), counts_(std::make_shared<Counts>()) {}

Result<UserShares::Place> UserShares::Take(const ApiRequest& request, const std::string& pool) {
  const bool is_admin = IsAdmin(request);
  const std::string user = request.user ? request.user->name : "";
  const std::string what = what_ + (pool.empty() ? "" : " of host " + pool);
  const size_t most = limits_.most - (is_admin ? 0 : limits_.kept_for_admins);
  {
    const std::lock_guard lock(counts_->mutex);
    const auto found = counts_->pools.find(pool);
    const size_t taken = found == counts_->pools.end() ? 0 : found->second.taken;
    if (!is_admin && taken > 0 && found->second.by_user.count(user) > 0 &&
        found->second.by_user.at(user) >= limits_.of_user) {
      return UnavailableError("user " + user + " has " + std::to_string(limits_.of_user) + " " +
                              what + " open, and may have no more at once: end one of them");
    }
    if (taken >= most) {
      return UnavailableError("all users together have " + std::to_string(taken) + " " + what +
                              " open, and may have no more at once" +
                              (is_admin ? "" : " (the rest is kept for administrators)") +
                              ": try again when one of them has ended");
    }
    Counts::Pool& place = counts_->pools[pool];
    ++place.taken;
    ++place.by_user[user];
  }
  return Place(counts_.get(),
               [counts = counts_, pool, user](Counts*) { counts->GiveBack(pool, user); });
}

ApiResponse TooManyResponse(const Status& why) {
  ApiResponse answer = RefusalResponse(429, why.message());
  answer.retry_after_s = 1;
  return answer;
}

ApiResponse StreamShares::Hold(const ApiRequest& request, const ClusterState& state,
                               ApiResponse answer) {
  if (!answer.stream) return answer;
  UserShares* shares = nullptr;
  std::string host;
  const std::optional<ResourcePath> resource = ParseResourcePath(request.path);
  if (resource && resource->kind == Kind::kPod && resource->subresource == "log") {
    const auto pod = state.Find<Pod>(resource->namespace_name, resource->name);
    if (pod == nullptr || pod->spec.node_name.empty()) return answer;  // it ends at once
    shares = &logs_;
    host = pod->spec.node_name;
  } else if (answer.content_type == "text/event-stream") {
    shares = &live_;
  }
  if (shares == nullptr) return answer;
  Result<UserShares::Place> place = shares->Take(request, host);
  if (!place.ok()) return TooManyResponse(place.status());
  // Whoever serves it keeps the answer or the handle, as long as it goes on.
  answer.stream = [place = *place, start = std::move(answer.stream)](ApiSink sink) {
    const StreamHandle inner = start(std::move(sink));
    return StreamHandle(
        [place, inner] {
          const auto keep = inner;  // it may go in its own call
          keep.Cancel();
        },
        [place, inner](size_t bytes) {
          const auto keep = inner;
          keep.Taken(bytes);
        });
  };
  return answer;
}

}  // namespace reconcile
