#include "reconciler/events.h"

#include <algorithm>

#include "base/ids.h"

namespace reconcile {
namespace {

constexpr size_t kMaxNameLength = 253;
constexpr size_t kEventHashLength = 16;

std::string Hex(uint64_t value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(kEventHashLength, '0');
  for (size_t i = kEventHashLength; i > 0; --i, value >>= 4) text[i - 1] = kDigits[value & 15];
  return text;
}

ObjectReference ReferenceTo(const Reason& reason, const ClusterState& state,
                            const ClusterState& before) {
  const ObjectKey& key = reason.key;
  ObjectPtr object = state.Find(key);
  if (object == nullptr) object = before.Find(key);
  std::string uid = reason.uid;
  if (uid.empty() && object != nullptr) uid = object->metadata.uid;
  return {.api_version = std::string(InfoOf(key.kind).api_version),
          .kind = std::string(ToString(key.kind)),
          .namespace_name = key.namespace_name,
          .name = key.name,
          .uid = std::move(uid)};
}

std::string HostOf(const Reason& reason, const ClusterState& state) {
  if (reason.key.kind == Kind::kNode) return reason.key.name;
  const auto pod = As<Pod>(state.Find(reason.key));
  const bool meant = pod != nullptr && (reason.uid.empty() || reason.uid == pod->metadata.uid);
  return meant ? pod->spec.node_name : "";
}

std::shared_ptr<Event> MakeEvent(const Reason& reason, const ObjectReference& involved) {
  auto event = std::make_shared<Event>();
  const std::string identity =
      DeriveUid({involved.kind, involved.namespace_name, involved.name, involved.uid,
                 ToString(reason.type), reason.reason, reason.message, reason.component});
  event->metadata.namespace_name =
      involved.namespace_name.empty() ? "default" : involved.namespace_name;
  event->metadata.name =
      involved.name.substr(0, kMaxNameLength - kEventHashLength - 1) + "." + Hex(Fnv1a64(identity));
  event->metadata.uid = identity;
  event->involved_object = involved;
  event->reason = reason.reason;
  event->message = reason.message;
  event->type = reason.type;
  event->component = reason.component;
  event->count = 0;
  return event;
}

int64_t StampMs(const Object& event) {
  return As<Event>(event)->last_timestamp.value_or(WallTime()).ms;
}

struct Age {
  int64_t last_ms = 0;
  const ObjectKey* key = nullptr;
};

}  // namespace

std::vector<Write> EventWrites(const ClusterState& state, const ClusterState& before,
                               const std::vector<Reason>& reasons, WallTime now) {
  std::map<ObjectKey, std::shared_ptr<Event>> events;
  for (const Reason& reason : reasons) {
    std::shared_ptr<Event> event = MakeEvent(reason, ReferenceTo(reason, state, before));
    const ObjectKey key = event->key();
    if (state.Find<Namespace>("", key.namespace_name) == nullptr) continue;
    auto found = events.find(key);
    if (found == events.end()) {
      if (const auto stored = As<Event>(state.Find(key))) {
        event = Mutable(*stored);
      } else {
        event->metadata.creation_timestamp = now;
        event->first_timestamp = now;
        event->host = HostOf(reason, state);
      }
      found = events.emplace(key, event).first;
    }
    ++found->second->count;
    found->second->last_timestamp = now;
  }
  std::vector<Write> writes;
  for (const auto& [key, event] : events) writes.push_back({key, event});
  return writes;
}

std::vector<ObjectKey> ExpireEvents(const ClusterState& state, WallTime now,
                                    std::optional<int64_t>* next_in_ms) {
  std::vector<ObjectKey> expired;
  std::vector<Age> kept;
  const ObjectMap& events = state.Objects(Kind::kEvent);
  int64_t oldest_ms = now.ms;
  for (const auto& [key, object] : events) {
    const int64_t last_ms = StampMs(*object);
    if (last_ms + kEventTtlMs <= now.ms) {
      expired.push_back(key);
      continue;
    }
    oldest_ms = std::min(oldest_ms, last_ms);
    kept.push_back({last_ms, &key});
  }
  if (kept.size() > kMaxEvents) {
    // Some more than the surplus, or every further event would look at all of them again.
    const auto surplus = static_cast<ptrdiff_t>(kept.size() - kMaxEvents + kEventsRoom);
    std::nth_element(kept.begin(), kept.begin() + surplus, kept.end(),
                     [](const Age& a, const Age& b) {
                       return a.last_ms != b.last_ms ? a.last_ms < b.last_ms : *a.key < *b.key;
                     });
    for (auto age = kept.begin(); age != kept.begin() + surplus; ++age) {
      expired.push_back(*age->key);
    }
  }
  // A stamp from the future (a clock set back) waits no longer than the whole time to live.
  if (!kept.empty()) *next_in_ms = oldest_ms + kEventTtlMs - now.ms + kEventExpirySlackMs;
  return expired;
}

bool NoneExpires(const ClusterState& state, WallTime now, Settled* settled,
                 std::optional<int64_t>* next_in_ms) {
  std::multiset<int64_t>& stamps = settled->event_stamps_ms;
  const ObjectMap& events = state.Objects(Kind::kEvent);
  ObjectMap::ForEachDifference(
      settled->events, events,
      [&](const ObjectKey&, const ObjectPtr* before, const ObjectPtr* after) {
        if (before != nullptr) stamps.erase(stamps.find(StampMs(**before)));
        if (after != nullptr) stamps.insert(StampMs(**after));
      });
  settled->events = events;
  if (stamps.empty()) return true;
  if (stamps.size() > kMaxEvents || *stamps.begin() + kEventTtlMs <= now.ms) return false;
  *next_in_ms = std::min(*stamps.begin(), now.ms) + kEventTtlMs - now.ms + kEventExpirySlackMs;
  return true;
}

}  // namespace reconcile
