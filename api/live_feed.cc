#include "api/live_feed.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "api/live_rows.h"
#include "api/paced_output.h"
#include "reconciler/eviction.h"
#include "schema/codec.h"
#include "schema/core.h"

namespace reconcile {
namespace {

const std::string kNoStatus = "{}";

using StatePtr = std::shared_ptr<const ClusterState>;

struct Reader {
  LiveRequest request;
  std::shared_ptr<PacedOutput> output;
  StatePtr seen;  // what was written brings it to
  bool begun = false;
  std::string status;  // written last
  MonoTime said_at;
};
using ReaderPtr = std::shared_ptr<Reader>;

std::string EventText(const char* name, const std::string& id, const std::string& json) {
  std::string text;
  if (!id.empty()) text += "id: " + id + "\n";
  return text + "event: " + name + "\ndata: " + json + "\n\n";
}

bool IsSilentNode(const ObjectPtr& object) {
  const Node* node = object == nullptr ? nullptr : As<Node>(*object);
  return node != nullptr && IsSilent(*node);
}

// What changed, as events of bounded size.
class RowWriter {
 public:
  // Rows are of what `now` holds; of one namespace, unless that is empty.
  RowWriter(const ClusterState& now, std::string namespace_name)
      : now_(now), namespace_name_(std::move(namespace_name)) {}

  bool IsShown(const Object& object) const {
    return namespace_name_.empty() || object.metadata.namespace_name == namespace_name_;
  }
  void Add(const Object& object) {
    rows_.Append(LiveRow(object, now_));
    FlushWhenFull();
  }
  // A host's silence says something of its pods, which may be as they were.
  void AddPodsOf(const Object& node) {
    now_.pods_by_node().ForEach(node.metadata.name, [&](const ObjectKey& key) {
      const ObjectPtr pod = now_.Find(key);
      if (IsShown(*pod)) Add(*pod);
    });
  }
  void AddGone(const Object& object) {
    Value gone = Value::MakeList();
    gone.Append(Value::String(std::string(InfoOf(object.kind).plural)));
    gone.Append(Value::String(LiveId(object)));
    gone_.Append(std::move(gone));
    FlushWhenFull();
  }
  // The last event says that the page has seen all up to `revision`.
  std::string Take() {
    const bool is_empty = rows_.AsList().empty() && gone_.AsList().empty() && text_.empty();
    if (!is_empty) Flush(std::to_string(now_.revision()));
    return std::move(text_);
  }

 private:
  void FlushWhenFull() {
    if (rows_.AsList().size() + gone_.AsList().size() >= LiveFeed::kRowsAtOnce) Flush("");
  }
  void Flush(const std::string& id) {
    Value value = Value::MakeMap();
    value.Set("rows", std::exchange(rows_, Value::MakeList()));
    value.Set("gone", std::exchange(gone_, Value::MakeList()));
    text_ += EventText("rows", id, WriteJson(value));
  }
  const ClusterState& now_;
  const std::string namespace_name_;
  Value rows_ = Value::MakeList();
  Value gone_ = Value::MakeList();
  std::string text_;
};

std::string WriteDifference(const ClusterState& before, const ClusterState& after,
                            const std::string& namespace_name) {
  RowWriter writer(after, namespace_name);
  for (const Kind kind : kLiveKinds) {
    ClusterState::ForEachDifference(
        before, after, kind, [&](const ObjectPtr& was, const ObjectPtr& is) {
          const Object& any = is != nullptr ? *is : *was;
          if (was != nullptr && is != nullptr && IsSilentNode(was) != IsSilentNode(is)) {
            writer.AddPodsOf(any);
          }
          if (!writer.IsShown(any)) return;
          const bool is_another = was != nullptr && (is == nullptr || LiveId(*is) != LiveId(*was));
          if (is_another) writer.AddGone(*was);
          if (is != nullptr) writer.Add(*is);
        });
  }
  return writer.Take();
}

}  // namespace

class LiveFeed::State : public std::enable_shared_from_this<LiveFeed::State> {
 public:
  State(Store* store, EventLoop* loop, std::function<std::string()> status)
      : store_(store), loop_(loop), write_status_(std::move(status)) {}

  void Begin() {
    watch_ = store_->Watch([this](const std::vector<Change>&) {
      changed_ = true;
      if (!readers_.empty()) Arm(kTogetherMs);
    });
  }
  void End();
  StreamHandle Open(LiveRequest request, LogSink sink);
  size_t reader_count() const { return readers_.size(); }

 private:
  void Arm(int64_t delay_ms);
  void Turn();
  SharedBytes DifferenceFor(const Reader& reader, const StatePtr& now);
  void Begin(Reader* reader, const StatePtr& now);
  std::optional<std::string> Resume(const LiveRequest& request, const StatePtr& now) const;
  void Write(Reader* reader, SharedBytes text);
  void WriteStatus(Reader* reader);
  void Drop(const ReaderPtr& reader);

  // Written once for all that have seen the same.
  struct Written {
    StatePtr before;
    StatePtr after;
    std::string namespace_name;
    SharedBytes text;
  };
  static constexpr size_t kKeptWritten = 4;

  Store* const store_;
  EventLoop* const loop_;
  const std::function<std::string()> write_status_;
  Store::WatchId watch_ = 0;
  std::vector<ReaderPtr> readers_;
  std::vector<Written> written_;
  bool changed_ = true;  // since the status was written
  std::string status_;
  MonoTime status_at_;
  bool status_known_ = false;
  TimerId timer_ = 0;
  MonoTime due_;
};

void LiveFeed::State::End() {
  store_->Unwatch(watch_);
  loop_->Cancel(timer_);
  for (const ReaderPtr& reader : std::exchange(readers_, {})) {
    reader->output->EndNow(UnavailableError("the controller is ending"));
  }
}

StreamHandle LiveFeed::State::Open(LiveRequest request, LogSink sink) {
  if (readers_.size() >= kMaxReaders) {
    loop_->Post([end = sink.on_end] {
      end(UnavailableError("too many pages are open: close some of them"));
    });
    return {};
  }
  const auto reader = std::make_shared<Reader>();
  reader->request = std::move(request);
  reader->output = std::make_shared<PacedOutput>(std::move(sink));
  readers_.push_back(reader);
  Arm(0);
  const std::weak_ptr<State> weak = weak_from_this();
  // The handle may go with the sink, from inside its own call.
  return {[weak, reader] {
            const ReaderPtr keep = reader;
            if (const auto self = weak.lock()) self->Drop(keep);
            keep->output->Cancel();
          },
          [weak, reader](size_t bytes) {
            const ReaderPtr keep = reader;
            const auto self = weak.lock();
            keep->output->Taken(bytes);
            if (self && !keep->output->ended() && keep->output->is_sent()) self->Arm(kTogetherMs);
          }};
}

// The earliest of what is asked for.
void LiveFeed::State::Arm(int64_t delay_ms) {
  const MonoTime due = loop_->now().mono + delay_ms;
  if (timer_ != 0 && due_ <= due) return;
  loop_->Cancel(timer_);
  due_ = due;
  timer_ = loop_->At(due, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Turn();
  });
}

void LiveFeed::State::Turn() {
  timer_ = 0;
  if (readers_.empty()) {
    written_.clear();
    return;
  }
  const StatePtr now = store_->Snapshot();
  const MonoTime time = loop_->now().mono;
  if (!status_known_ ||
      (time - status_at_ >= kStatusMs && (changed_ || time - status_at_ >= kAliveMs / 3))) {
    status_ = write_status_();
    status_at_ = time;
    status_known_ = true;
    changed_ = false;
  }
  const std::vector<ReaderPtr> readers = readers_;
  for (const ReaderPtr& reader : readers) {
    const PacedOutput& output = *reader->output;
    if (output.ended() || !output.is_sent()) continue;  // it has enough to read
    const MonoTime said_at = reader->said_at;
    if (!reader->begun) Begin(reader.get(), now);
    if (reader->seen != now) {
      Write(reader.get(), DifferenceFor(*reader, now));
      reader->seen = now;
    }
    WriteStatus(reader.get());
    if (reader->said_at == said_at && time - said_at >= kAliveMs) {
      Write(reader.get(), std::make_shared<const std::string>(": still here\n\n"));
    }
  }
  if (!readers_.empty()) Arm(kStatusMs);
}

void LiveFeed::State::Begin(Reader* reader, const StatePtr& now) {
  static const StatePtr kNothing = std::make_shared<const ClusterState>();
  reader->begun = true;
  const auto since = Resume(reader->request, now);
  Value value = Value::MakeMap();
  value.Set("revision", Value::Int(now->revision()));
  value.Set("resumed", Value::Bool(since.has_value()));
  Write(reader, std::make_shared<const std::string>("retry: 1000\n" +
                                                    EventText("begin", "", WriteJson(value))));
  WriteStatus(reader);  // what is looked for first, before all rows
  if (since) Write(reader, std::make_shared<const std::string>(*since));
  reader->seen = since ? now : kNothing;
}

// What changed since, when it is still known and not more than all there is.
std::optional<std::string> LiveFeed::State::Resume(const LiveRequest& request,
                                                   const StatePtr& now) const {
  if (request.after == 0 || request.after > now->revision()) return std::nullopt;
  const auto changes = store_->ChangesSince(request.after);
  if (!changes.ok() || changes->size() > now->size()) return std::nullopt;
  RowWriter writer(*now, request.namespace_name);
  std::set<ObjectKey> seen;
  for (const Change& change : *changes) {
    const bool is_live =
        std::find(kLiveKinds.begin(), kLiveKinds.end(), change.key.kind) != kLiveKinds.end();
    if (!is_live) continue;
    const Object& any = change.after != nullptr ? *change.after : *change.before;
    if (IsSilentNode(change.before) != IsSilentNode(change.after)) writer.AddPodsOf(any);
    if (!writer.IsShown(any)) continue;
    const ObjectPtr is = now->Find(change.key);
    for (const ObjectPtr& was : {change.before, change.after}) {
      if (was != nullptr && (is == nullptr || LiveId(*is) != LiveId(*was))) {
        writer.AddGone(*was);
      }
    }
    if (is != nullptr && seen.insert(change.key).second) writer.Add(*is);
  }
  return writer.Take();
}

SharedBytes LiveFeed::State::DifferenceFor(const Reader& reader, const StatePtr& now) {
  for (const Written& written : written_) {
    if (written.before == reader.seen && written.after == now &&
        written.namespace_name == reader.request.namespace_name) {
      return written.text;
    }
  }
  auto text = std::make_shared<const std::string>(
      WriteDifference(*reader.seen, *now, reader.request.namespace_name));
  if (written_.size() >= kKeptWritten) written_.erase(written_.begin());
  written_.push_back({reader.seen, now, reader.request.namespace_name, text});
  return text;
}

void LiveFeed::State::Write(Reader* reader, SharedBytes text) {
  if (text->empty()) return;
  reader->said_at = loop_->now().mono;
  reader->output->Write(std::move(text));
}

void LiveFeed::State::WriteStatus(Reader* reader) {
  // Whose one namespace it is may know nothing of the others, the hosts and the repositories.
  const std::string& status = reader->request.namespace_name.empty() ? status_ : kNoStatus;
  if (reader->status == status) return;
  reader->status = status;
  Write(reader, std::make_shared<const std::string>(EventText("status", "", status)));
}

void LiveFeed::State::Drop(const ReaderPtr& reader) {
  readers_.erase(std::remove(readers_.begin(), readers_.end(), reader), readers_.end());
}

LiveFeed::LiveFeed(Store* store, EventLoop* loop, std::function<std::string()> status)
    : state_(std::make_shared<State>(store, loop, std::move(status))) {
  state_->Begin();
}

LiveFeed::~LiveFeed() { state_->End(); }

StreamHandle LiveFeed::Open(LiveRequest request, LogSink sink) {
  return state_->Open(std::move(request), std::move(sink));
}

size_t LiveFeed::reader_count() const { return state_->reader_count(); }

}  // namespace reconcile
