#include "api/watch_cache.h"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "api/endpoints_view.h"
#include "schema/codec.h"
#include "schema/network.h"

namespace reconcile {
namespace {

// One change, as watches of its kind see it.
struct Entry {
  Revision revision = 0;
  MonoTime at;
  ObjectPtr before;
  ObjectPtr after;
  std::map<int, SharedBytes> written;  // by WayOf
};

// A number for each way to write a change out.
int WayOf(WatchEventType type, const ObjectEncoding& encoding, bool with_columns) {
  int way = static_cast<int>(type);
  way = way * 3 + static_cast<int>(encoding.shape);
  way = way * 3 + static_cast<int>(encoding.included);
  return way * 2 + (with_columns ? 1 : 0);
}

struct History {
  std::deque<Entry> entries;
  uint64_t first = 0;      // number of the first entry, counted from the beginning
  Revision forgotten = 0;  // what was changed up to here is not in it
  uint64_t end() const { return first + entries.size(); }
};

struct WatchState {
  uint64_t id = 0;
  WatchRequest request;
  ApiSink sink;
  std::vector<ObjectPtr> initial;  // still to be sent, from initial_at on
  size_t initial_at = 0;
  uint64_t next = 0;  // number of the change to look at next
  SharedBytes line;   // that it is at
  size_t line_at = 0;
  size_t in_flight = 0;  // bytes sent and not taken
  MonoTime ends;
  TimerId timer = 0;
  bool named_columns = false;
  bool bookmark_due = false;
  bool timed_out = false;
  bool failed = false;  // the line is the last
  bool sending = false;
  bool ended = false;
};
using WatchPtr = std::shared_ptr<WatchState>;

// The object as it was last, at the revision that took it away.
ObjectPtr LastOf(const ObjectPtr& object, Revision revision) {
  std::unique_ptr<Object> last = object->Clone();
  last->metadata.resource_version = revision;
  return last;
}

// What the change is to a watch; none when it does not see it.
std::optional<WatchEventType> TypeFor(const Entry& entry, const WatchRequest& request) {
  const ObjectPtr& any = entry.after != nullptr ? entry.after : entry.before;
  const bool is_there =
      request.namespace_name.empty() || any->metadata.namespace_name == request.namespace_name;
  if (!is_there) return std::nullopt;
  const bool was = entry.before != nullptr && request.selection.Selects(*entry.before);
  const bool is = entry.after != nullptr && request.selection.Selects(*entry.after);
  if (!was && !is) return std::nullopt;
  if (!is) return WatchEventType::kDeleted;
  return was ? WatchEventType::kModified : WatchEventType::kAdded;
}

// Two lines where one turn took an object away and made another of its name, as a pod that Git
// declares: clients wait for the end of the one. Whoever has the first line alone goes on from
// before the change.
std::string WriteEntry(const Entry& entry, WatchEventType type, const ObjectEncoding& encoding,
                       bool with_columns, WallTime now) {
  if (type == WatchEventType::kDeleted) {
    const ObjectPtr last = LastOf(entry.before, entry.revision);
    return WriteWatchEvent(type, last, encoding, with_columns, now);
  }
  const bool is_replaced =
      type == WatchEventType::kModified && entry.before->metadata.uid != entry.after->metadata.uid;
  if (!is_replaced) return WriteWatchEvent(type, entry.after, encoding, with_columns, now);
  const ObjectPtr last = LastOf(entry.before, entry.revision - 1);
  return WriteWatchEvent(WatchEventType::kDeleted, last, encoding, with_columns, now) +
         WriteWatchEvent(WatchEventType::kAdded, entry.after, encoding, false, now);
}

bool SameContent(const ObjectPtr& a, const ObjectPtr& b) {
  if (a == nullptr || b == nullptr) return a == b;
  return EqualObjects(*a, *b);
}

}  // namespace

class WatchCache::State : public std::enable_shared_from_this<WatchCache::State> {
 public:
  State(Store* store, EventLoop* loop, Limits limits)
      : store_(store), loop_(loop), limits_(limits), state_(store->Snapshot()) {
    for (History& history : histories_) history.forgotten = state_->revision();
    flushed_ = MonoTime{loop->now().mono.ms - limits_.coalesce_ms};
  }

  void Begin() {
    store_watch_ = store_->Watch([this](const std::vector<Change>& changes) { Take(changes); });
  }
  void End();
  StreamHandle Open(WatchRequest request, ApiSink sink);

  size_t watch_count() const { return watches_.size(); }
  uint64_t written_count() const { return written_count_; }

 private:
  History& HistoryOf(Kind kind) { return histories_[static_cast<size_t>(kind)]; }
  void Take(const std::vector<Change>& changes);
  void Add(Kind kind, Entry entry);
  void TakeEndpoints(const std::vector<Change>& changes, const ClusterState& after);
  void Trim(History* history);
  void TrimAll();
  void PostFlush();
  void Flush();

  void Place(WatchState* watch);
  void Send(const WatchPtr& watch);
  void SendShared(const WatchPtr& watch);
  void SendCut(const WatchPtr& watch);
  bool FindLine(WatchState* watch);
  bool FindChange(WatchState* watch);
  void SetLine(WatchState* watch, SharedBytes line) {
    watch->line = std::move(line);
    watch->line_at = 0;
  }
  SharedBytes Written(Entry* entry, bool keep, WatchEventType type, WatchState* watch);
  void Fail(WatchState* watch, const std::string& why);
  void Finish(const WatchPtr& watch, const Status& status);
  void Forget(WatchState* watch);
  void SetTimer(const WatchPtr& watch);
  void OnTimer(const WatchPtr& watch);
  void OnTaken(uint64_t id, size_t bytes);
  void OnCancel(uint64_t id);

  Store* const store_;
  EventLoop* const loop_;
  const Limits limits_;
  Store::WatchId store_watch_ = 0;
  std::shared_ptr<const ClusterState> state_;  // as of the last change that was taken
  std::array<History, kKindCount> histories_;
  std::map<uint64_t, WatchPtr> watches_;
  uint64_t last_id_ = 0;
  uint64_t written_count_ = 0;
  TimerId trim_timer_ = 0;  // while a burst is kept that nobody adds to
  bool flush_posted_ = false;
  TimerId flush_timer_ = 0;
  MonoTime flushed_;  // when watches were last told
};

// ---- Changes ----

void WatchCache::State::Take(const std::vector<Change>& changes) {
  const std::shared_ptr<const ClusterState> after = store_->Snapshot();
  for (const Change& change : changes) {
    if (change.key.kind == Kind::kEndpoints) continue;  // their view is wider
    Add(change.key.kind,
        {change.revision, loop_->now().mono, change.before, change.after, /*written=*/{}});
  }
  TakeEndpoints(changes, *after);
  TrimAll();
  state_ = after;
  PostFlush();
}

void WatchCache::State::TakeEndpoints(const std::vector<Change>& changes,
                                      const ClusterState& after) {
  std::map<Revision, ObjectKey> in_order;
  for (const auto& [key, revision] : TouchedEndpoints(changes)) in_order[revision] = key;
  for (const auto& [revision, key] : in_order) {
    const ObjectPtr old_view = FindInView(key, *state_);
    ObjectPtr new_view = FindInView(key, after);
    if (SameContent(old_view, new_view)) continue;
    if (new_view != nullptr) new_view = LastOf(new_view, revision);
    Add(Kind::kEndpoints, {revision, loop_->now().mono, old_view, new_view, {}});
  }
}

void WatchCache::State::Add(Kind kind, Entry entry) {
  History& history = HistoryOf(kind);
  history.entries.push_back(std::move(entry));
  const size_t count = history.entries.size();
  if (count > limits_.written_out) {
    history.entries[count - limits_.written_out - 1].written.clear();
  }
}

// Also of kinds of which nothing changes any more: objects that are gone stand in their history.
void WatchCache::State::TrimAll() {
  bool is_burst_kept = false;
  for (History& history : histories_) {
    Trim(&history);
    is_burst_kept = is_burst_kept || history.entries.size() > limits_.changes;
  }
  if (!is_burst_kept || trim_timer_ != 0) return;
  trim_timer_ = loop_->After(limits_.fresh_ms, [weak = weak_from_this()] {
    const auto state = weak.lock();
    if (!state) return;
    state->trim_timer_ = 0;
    state->TrimAll();
  });
}

void WatchCache::State::Trim(History* history) {
  const MonoTime now = loop_->now().mono;
  const auto is_one_too_many = [&](const Entry& oldest) {
    const int64_t age_ms = now - oldest.at;
    const size_t count = history->entries.size();
    return age_ms > limits_.age_ms || count > limits_.most ||
           (count > limits_.changes && age_ms >= limits_.fresh_ms);
  };
  while (!history->entries.empty() && is_one_too_many(history->entries.front())) {
    history->forgotten = history->entries.front().revision;
    history->entries.pop_front();
    ++history->first;
  }
}

// Not inside the commit that brought the change, and once for all that come within a while: at once
// after a quiet time, for a burst's rest a little later.
void WatchCache::State::PostFlush() {
  if (flush_posted_ || watches_.empty()) return;
  flush_posted_ = true;
  const auto flush = [weak = weak_from_this()] {
    if (const auto state = weak.lock()) state->Flush();
  };
  const MonoTime due = flushed_ + limits_.coalesce_ms;
  if (due <= loop_->now().mono) {
    loop_->Post(flush);
  } else {
    flush_timer_ = loop_->At(due, flush);
  }
}

void WatchCache::State::Flush() {
  flush_posted_ = false;
  flush_timer_ = 0;
  flushed_ = loop_->now().mono;
  std::vector<WatchPtr> watches;
  watches.reserve(watches_.size());
  for (const auto& [id, watch] : watches_) watches.push_back(watch);
  for (const WatchPtr& watch : watches) Send(watch);
}

// ---- Watches ----

StreamHandle WatchCache::State::Open(WatchRequest request, ApiSink sink) {
  const auto watch = std::make_shared<WatchState>();
  watch->id = ++last_id_;
  watch->request = std::move(request);
  watch->sink = std::move(sink);
  watch->ends = loop_->now().mono + watch->request.timeout_ms;
  Place(watch.get());
  watches_[watch->id] = watch;
  SetTimer(watch);
  const std::weak_ptr<State> weak = weak_from_this();
  loop_->Post([weak, watch] {
    if (const auto state = weak.lock()) state->Send(watch);
  });
  return StreamHandle(
      [weak, id = watch->id] {
        if (const auto state = weak.lock()) state->OnCancel(id);
      },
      [weak, id = watch->id](size_t bytes) {
        if (const auto state = weak.lock()) state->OnTaken(id, bytes);
      });
}

// Finds what the watch begins with.
void WatchCache::State::Place(WatchState* watch) {
  const WatchRequest& request = watch->request;
  const History& history = HistoryOf(request.kind);
  watch->next = history.end();
  if (request.after == 0) {
    for (const auto& [key, object] : ObjectsInView(request.kind, *state_)) {
      const bool is_there =
          request.namespace_name.empty() || key.namespace_name == request.namespace_name;
      if (is_there && request.selection.Selects(*object)) watch->initial.push_back(object);
    }
    // Whoever goes on from one of them has seen all that changed before it.
    std::sort(watch->initial.begin(), watch->initial.end(),
              [](const ObjectPtr& a, const ObjectPtr& b) {
                return a->metadata.resource_version < b->metadata.resource_version;
              });
    return;
  }
  // One ahead of us comes from a model that was lost.
  const bool is_forgotten = request.after < history.forgotten;
  if (is_forgotten || request.after > state_->revision()) {
    return Fail(watch, "too old resource version: " + std::to_string(request.after) + " (" +
                           std::to_string(state_->revision()) + ")");
  }
  const auto is_known = [&](const Entry& entry) { return entry.revision <= request.after; };
  const auto place = std::partition_point(history.entries.begin(), history.entries.end(), is_known);
  watch->next = history.first + static_cast<uint64_t>(place - history.entries.begin());
}

// Sends what there is, as far as the window reaches.
void WatchCache::State::Send(const WatchPtr& watch) {
  if (watch->sending || watch->ended) return;
  watch->sending = true;
  if (watch->sink.on_shared) {
    SendShared(watch);
  } else {
    SendCut(watch);
  }
  watch->sending = false;
}

// Whole lines, which all watches of them have in common.
void WatchCache::State::SendShared(const WatchPtr& watch) {
  for (bool had_some = true; had_some && !watch->ended;) {
    std::vector<SharedBytes> lines;
    while (watch->in_flight < kStreamWindowBytes && FindLine(watch.get())) {
      watch->in_flight += watch->line->size();
      watch->line_at = watch->line->size();
      lines.push_back(watch->line);
    }
    const bool finished =
        (watch->failed || watch->timed_out) && watch->in_flight < kStreamWindowBytes;
    watch->line = nullptr;
    had_some = !lines.empty();
    if (had_some) watch->sink.on_shared(std::move(lines));
    if (finished && !watch->ended) Finish(watch, OkStatus());
  }
}

// In frames, into a string of its own.
void WatchCache::State::SendCut(const WatchPtr& watch) {
  while (!watch->ended) {
    const size_t room = kStreamWindowBytes - std::min(watch->in_flight, kStreamWindowBytes);
    const size_t size = std::min(room, kMaxStreamFrameBytes);
    std::string frame;
    bool finished = false;
    while (frame.size() < size) {
      const bool at_end = watch->line == nullptr || watch->line_at == watch->line->size();
      if (at_end && !FindLine(watch.get())) {
        finished = watch->failed || watch->timed_out;
        break;
      }
      const size_t part = std::min(size - frame.size(), watch->line->size() - watch->line_at);
      frame.append(*watch->line, watch->line_at, part);
      watch->line_at += part;
    }
    if (frame.empty() && !finished) break;
    watch->in_flight += frame.size();
    if (!frame.empty()) watch->sink.on_data(frame);
    if (finished && !watch->ended) Finish(watch, OkStatus());
  }
}

// Makes `line` the next one; false when there is none for now.
bool WatchCache::State::FindLine(WatchState* watch) {
  if (watch->failed && watch->line_at > 0) return false;  // it has been sent
  if (watch->failed) return true;
  if (watch->initial_at < watch->initial.size()) {
    const ObjectPtr object = std::exchange(watch->initial[watch->initial_at++], nullptr);
    const bool with_columns = !std::exchange(watch->named_columns, true);
    SetLine(watch, std::make_shared<const std::string>(
                       WriteWatchEvent(WatchEventType::kAdded, object, watch->request.encoding,
                                       with_columns, loop_->now().wall)));
    return true;
  }
  if (FindChange(watch)) return true;
  if (!std::exchange(watch->bookmark_due, false)) return false;
  SetLine(watch, std::make_shared<const std::string>(WriteBookmark(
                     watch->request.kind, state_->revision(), watch->request.encoding)));
  return true;
}

bool WatchCache::State::FindChange(WatchState* watch) {
  History& history = HistoryOf(watch->request.kind);
  if (watch->next < history.first) {
    Fail(watch, "the watch is read too slowly: its place in the history is forgotten");
    return true;
  }
  const WatchRequest& request = watch->request;
  while (watch->next < history.end()) {
    const size_t index = watch->next++ - history.first;
    Entry& entry = history.entries[index];
    const std::optional<WatchEventType> type = TypeFor(entry, request);
    if (!type) continue;
    const bool keep = history.entries.size() - index <= limits_.written_out;
    SetLine(watch, Written(&entry, keep, *type, watch));
    return true;
  }
  return false;
}

SharedBytes WatchCache::State::Written(Entry* entry, bool keep, WatchEventType type,
                                       WatchState* watch) {
  const ObjectEncoding& encoding = watch->request.encoding;
  const bool with_columns = !std::exchange(watch->named_columns, true);
  const int way = WayOf(type, encoding, with_columns);
  const auto found = entry->written.find(way);
  if (found != entry->written.end()) return found->second;
  ++written_count_;
  auto text = std::make_shared<const std::string>(
      WriteEntry(*entry, type, encoding, with_columns, loop_->now().wall));
  if (keep) entry->written[way] = text;
  return text;
}

// ---- Ends ----

void WatchCache::State::Fail(WatchState* watch, const std::string& why) {
  watch->failed = true;
  watch->initial.clear();
  SetLine(watch, std::make_shared<const std::string>(WriteErrorEvent(Expired(why))));
}

void WatchCache::State::Forget(WatchState* watch) {
  watch->ended = true;
  if (watch->timer != 0) loop_->Cancel(watch->timer);
  watches_.erase(watch->id);
}

void WatchCache::State::Finish(const WatchPtr& watch, const Status& status) {
  Forget(watch.get());
  watch->sink.on_end(status);
}

void WatchCache::State::SetTimer(const WatchPtr& watch) {
  MonoTime due = watch->ends;
  if (watch->request.bookmarks) {
    due = std::min(due, loop_->now().mono + limits_.bookmark_ms);
  }
  watch->timer = loop_->At(due, [weak = weak_from_this(), watch_weak = std::weak_ptr(watch)] {
    const auto state = weak.lock();
    const auto due_watch = watch_weak.lock();
    if (state != nullptr && due_watch != nullptr) state->OnTimer(due_watch);
  });
}

void WatchCache::State::OnTimer(const WatchPtr& watch) {
  watch->timer = 0;
  if (watch->ended) return;
  watch->bookmark_due = watch->request.bookmarks;
  watch->timed_out = loop_->now().mono >= watch->ends;
  if (!watch->timed_out) SetTimer(watch);
  Send(watch);
}

void WatchCache::State::OnTaken(uint64_t id, size_t bytes) {
  const auto found = watches_.find(id);
  if (found == watches_.end()) return;
  const WatchPtr watch = found->second;
  watch->in_flight -= std::min(bytes, watch->in_flight);
  Send(watch);
}

void WatchCache::State::OnCancel(uint64_t id) {
  const auto found = watches_.find(id);
  if (found != watches_.end()) Forget(WatchPtr(found->second).get());
}

void WatchCache::State::End() {
  if (flush_timer_ != 0) loop_->Cancel(flush_timer_);
  if (trim_timer_ != 0) loop_->Cancel(trim_timer_);
  store_->Unwatch(store_watch_);
  while (!watches_.empty()) {
    Finish(WatchPtr(watches_.begin()->second), UnavailableError("the controller is ending"));
  }
}

WatchCache::WatchCache(Store* store, EventLoop* loop, Limits limits)
    : state_(std::make_shared<State>(store, loop, limits)) {
  state_->Begin();
}
WatchCache::~WatchCache() { state_->End(); }

StreamHandle WatchCache::Open(WatchRequest request, ApiSink sink) {
  return state_->Open(std::move(request), std::move(sink));
}
size_t WatchCache::watch_count() const { return state_->watch_count(); }
uint64_t WatchCache::written_count() const { return state_->written_count(); }

}  // namespace reconcile
