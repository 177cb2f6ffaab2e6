#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/host_views.h"
#include "api/served_kinds.h"
#include "api/watch_cache.h"

namespace reconcile {

// get, list and watch of every kind, as Kubernetes has them: JSON or Table, selectors, pages of one
// snapshot, resourceVersion, watches. Loop thread only.
//
// Revisions of the store are the resource versions. An answer is of the newest one, unless the
// client asks for an exact one: that is served while it is kept for somebody's pages.
class ResourceReads {
 public:
  static constexpr size_t kMaxKeptSnapshots = 64;  // of lists that are being paged through
  static constexpr int64_t kKeptMs = 300'000;

  // `store` and `loop` outlive it.
  ResourceReads(Store* store, EventLoop* loop, WatchCache::Limits limits = {});

  // GET of `path`, which names no subresource.
  ApiResponse Read(const ResourcePath& path, const ApiRequest& request);
  // From then on Nodes and Leases are shown with what it tells.
  void ShowHeartbeats(HeartbeatReader read) { heartbeats_ = std::move(read); }
  const WatchCache& watches() const { return watches_; }

 private:
  struct KeptSnapshot {
    std::shared_ptr<const ClusterState> state;
    MonoTime until;
  };
  struct Page {
    Revision revision = 0;
    size_t offset = 0;
  };
  ApiResponse Get(const ResourcePath& path, const ApiRequest& request,
                  const ObjectEncoding& encoding);
  ApiResponse List(const ResourcePath& path, const ApiRequest& request,
                   const ObjectEncoding& encoding);
  ApiResponse Watch(const ResourcePath& path, const ApiRequest& request,
                    const ObjectEncoding& encoding);
  // The state that a list is to be of; null with a refusal.
  std::shared_ptr<const ClusterState> StateFor(const ApiRequest& request, const Page& page,
                                               Refusal* refusal);
  std::vector<ObjectPtr> Select(const ResourcePath& path, const Selection& selection,
                                const ClusterState& state) const;
  ObjectPtr Find(const ResourcePath& path, const ClusterState& state) const;
  std::shared_ptr<const ClusterState> FindKept(Revision revision);
  void Keep(const std::shared_ptr<const ClusterState>& state);

  Store* const store_;
  EventLoop* const loop_;
  WatchCache watches_;
  HeartbeatReader heartbeats_;
  std::deque<KeptSnapshot> kept_;  // sorted by `until`
  uint64_t watch_count_ = 0;       // ever begun
};

}  // namespace reconcile
