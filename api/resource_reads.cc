#include "api/resource_reads.h"

#include <algorithm>

#include "api/endpoints_view.h"
#include "api/git_refusals.h"
#include "api/list_stream.h"
#include "base/digest.h"
#include "schema/core.h"
#include "schema/text.h"

namespace reconcile {
namespace {

// Watches without a time of their own end after this and up to as much again, not all at once.
constexpr int64_t kWatchMs = 1'800'000;
constexpr int64_t kMaxWatchMs = 24LL * 3'600'000;

// As Go's strconv.ParseBool; false when it is absent.
std::optional<bool> BoolOf(const ApiRequest& request, const std::string& name) {
  const std::string text = request.Query(name);
  for (const char* word : {"1", "t", "T", "true", "True", "TRUE"}) {
    if (text == word) return true;
  }
  for (const char* word : {"", "0", "f", "F", "false", "False", "FALSE"}) {
    if (text == word) return false;
  }
  return std::nullopt;
}

// `fallback` when it is absent.
std::optional<int64_t> NumberOf(const std::string& text, int64_t fallback) {
  if (text.empty()) return fallback;
  const bool is_number =
      text.size() <= 18 && text.find_first_not_of("0123456789") == std::string::npos;
  if (!is_number) return std::nullopt;
  return std::stoll(text);
}

// What a request selects, as a few characters: a token goes on with the same list alone.
std::string SelectionMark(const ResourcePath& path, const ApiRequest& request) {
  std::string text(InfoOf(path.kind).plural);
  for (const std::string& part :
       {path.namespace_name, request.Query("labelSelector"), request.Query("fieldSelector")}) {
    text += '\n' + part;
  }
  return ToHex(Sha256(text)).substr(0, 16);
}

std::string ContinueToken(Revision revision, size_t offset, const std::string& mark) {
  return EncodeBase64(std::to_string(revision) + " " + std::to_string(offset) + " " + mark);
}

Refusal TooNew(Revision wanted, Revision newest) {
  // client-go lists without a version when it reads this cause: after a database was restored, say.
  Refusal refusal = {504, "Timeout",
                     "Too large resource version: " + std::to_string(wanted) +
                         ", current: " + std::to_string(newest)};
  refusal.causes = {{"ResourceVersionTooLarge", "Too large resource version"}};
  return refusal;
}

Refusal TooOld() {
  return Expired(
      "the resource version, or the list that the continue parameter goes on with, is no longer "
      "kept; list again without it");
}

void SortEvents(std::vector<ObjectPtr>* objects) {
  std::stable_sort(objects->begin(), objects->end(), [](const ObjectPtr& a, const ObjectPtr& b) {
    return As<Event>(*a)->last_timestamp < As<Event>(*b)->last_timestamp;
  });
}

// What resourceVersionMatch may stand beside.
Status CheckMatch(const ApiRequest& request) {
  const std::string match = request.Query("resourceVersionMatch");
  if (match.empty()) return OkStatus();
  const std::string version = request.Query("resourceVersion");
  if (match != "Exact" && match != "NotOlderThan") {
    return InvalidError("resourceVersionMatch: is Exact or NotOlderThan");
  }
  if (!request.Query("continue").empty()) {
    return InvalidError("resourceVersionMatch is forbidden with continue");
  }
  if (version.empty()) {
    return InvalidError("resourceVersionMatch is forbidden unless resourceVersion is provided");
  }
  if (match == "Exact" && version == "0") {
    return InvalidError("resourceVersionMatch Exact is forbidden for resourceVersion 0");
  }
  return OkStatus();
}

ApiResponse Answer(std::string body) {
  ApiResponse response;
  response.body = std::move(body);
  return response;
}

}  // namespace

ResourceReads::ResourceReads(Store* store, EventLoop* loop, WatchCache::Limits limits)
    : store_(store), loop_(loop), watches_(store, loop, limits) {}

// The hosts' own come last: what the model has by such a name is hidden.
std::vector<ObjectPtr> ResourceReads::Select(const ResourcePath& path, const Selection& selection,
                                             const ClusterState& state) const {
  ObjectMap all = ObjectsInView(path.kind, state);
  if (heartbeats_ && path.kind == Kind::kLease) AddNodeLeases(heartbeats_(), state, &all);
  std::vector<ObjectPtr> objects;
  for (const auto& [key, object] : all) {
    const bool is_there = path.namespace_name.empty() || key.namespace_name == path.namespace_name;
    if (is_there && selection.Selects(*object)) objects.push_back(object);
  }
  if (path.kind == Kind::kEvent) SortEvents(&objects);
  return objects;
}

ObjectPtr ResourceReads::Find(const ResourcePath& path, const ClusterState& state) const {
  const bool is_lease = path.kind == Kind::kLease && path.namespace_name == kNodeLeaseNamespace;
  if (heartbeats_ && is_lease) {
    if (ObjectPtr lease = NodeLease(path.name, heartbeats_(), state)) return lease;
  }
  return FindInView({path.kind, path.namespace_name, path.name}, state);
}

ApiResponse ResourceReads::Read(const ResourcePath& path, const ApiRequest& request) {
  Refusal refusal;
  const std::optional<ObjectEncoding> encoding = ChooseEncoding(request, &refusal);
  if (!encoding) return RefusalResponse(refusal);
  const std::optional<bool> is_watch = BoolOf(request, "watch");
  if (!is_watch) return RefusalResponse(BadRequest("watch: is true or false"));
  if (*is_watch) return Watch(path, request, *encoding);
  ApiResponse answer =
      path.name.empty() ? List(path, request, *encoding) : Get(path, request, *encoding);
  const bool is_node = path.kind == Kind::kNode && encoding->shape == ObjectShape::kJson;
  if (heartbeats_ && is_node && answer.code == 200) {
    answer.body = WithHeartbeats(answer.body, heartbeats_());
  }
  return answer;
}

ApiResponse ResourceReads::Get(const ResourcePath& path, const ApiRequest& request,
                               const ObjectEncoding& encoding) {
  const std::optional<int64_t> version = NumberOf(request.Query("resourceVersion"), 0);
  if (!version) return RefusalResponse(BadRequest("resourceVersion: is not one"));
  const auto state = store_->Snapshot();
  if (*version > state->revision()) return RefusalResponse(TooNew(*version, state->revision()));
  const ObjectPtr object = Find(path, *state);
  if (object == nullptr) {
    return RefusalResponse(NotFoundObject({path.kind, path.namespace_name, path.name}));
  }
  return Answer(WriteObject(object, encoding, loop_->now().wall));
}

std::shared_ptr<const ClusterState> ResourceReads::StateFor(const ApiRequest& request,
                                                            const Page& page, Refusal* refusal) {
  auto state = store_->Snapshot();
  Revision exact = page.revision;
  if (exact == 0) {
    const std::optional<int64_t> version = NumberOf(request.Query("resourceVersion"), 0);
    const Status status =
        version ? CheckMatch(request) : InvalidError("resourceVersion: is not one");
    if (!status.ok()) {
      *refusal = BadRequest(status.message());
      return nullptr;
    }
    if (*version > state->revision()) {
      *refusal = TooNew(*version, state->revision());
      return nullptr;
    }
    const std::string match = request.Query("resourceVersionMatch");
    const bool has_limit = NumberOf(request.Query("limit"), 0).value_or(0) > 0;
    if (match == "Exact" || (match.empty() && has_limit)) exact = *version;
  }
  if (exact == 0 || exact == state->revision()) return state;
  state = FindKept(exact);
  if (state == nullptr) *refusal = TooOld();
  return state;
}

ApiResponse ResourceReads::List(const ResourcePath& path, const ApiRequest& request,
                                const ObjectEncoding& encoding) {
  const Result<Selection> selection =
      Selection::Parse(path.kind, request.Query("labelSelector"), request.Query("fieldSelector"));
  if (!selection.ok()) return RefusalResponse(BadRequest(selection.status().message()));
  const std::optional<int64_t> limit = NumberOf(request.Query("limit"), 0);
  if (!limit) return RefusalResponse(BadRequest("limit: is not a number of objects"));
  const std::string mark = SelectionMark(path, request);
  Page page;
  if (const std::string token = request.Query("continue"); !token.empty()) {
    const bool has_version = NumberOf(request.Query("resourceVersion"), 0) != 0;
    std::string text;
    if (has_version || !DecodeBase64(token, &text)) {
      return RefusalResponse(
          BadRequest("continue: is no token of this server, or one beside a "
                     "resourceVersion"));
    }
    const size_t first = std::min(text.find(' '), text.size());
    const size_t second = std::min(text.find(' ', first + 1), text.size());
    const auto revision = NumberOf(text.substr(0, first), 0);
    const auto offset = first < second ? NumberOf(text.substr(first + 1, second - first - 1), 0)
                                       : std::optional<int64_t>();
    const bool is_ours = revision && *revision > 0 && offset && second < text.size() &&
                         text.substr(second + 1) == mark;
    if (!is_ours) {
      return RefusalResponse(BadRequest("continue: is no token of this list"));
    }
    page = {*revision, static_cast<size_t>(*offset)};
  }
  Refusal refusal;
  const auto state = StateFor(request, page, &refusal);
  if (state == nullptr) return RefusalResponse(refusal);
  std::vector<ObjectPtr> objects = Select(path, *selection, *state);
  objects.erase(objects.begin(),
                objects.begin() + static_cast<ptrdiff_t>(std::min(page.offset, objects.size())));
  ListMetadata metadata{.revision = state->revision()};
  if (*limit > 0 && objects.size() > static_cast<size_t>(*limit)) {
    metadata.remaining = static_cast<int64_t>(objects.size()) - *limit;
    metadata.continue_token =
        ContinueToken(state->revision(), page.offset + static_cast<size_t>(*limit), mark);
    objects.resize(static_cast<size_t>(*limit));
    Keep(state);
  }
  ListWriter writer(path.kind, std::move(metadata), encoding, loop_->now().wall);
  // The local socket's streams have their own ends; its client takes lists whole. Hosts are few,
  // and their heartbeats are put into the text.
  const bool is_small = objects.size() <= kMostObjectsAtOnce || path.kind == Kind::kNode;
  if (request.user && !is_small) {
    ApiResponse response;
    response.begins_at_once = true;
    response.stream = StreamOfList(loop_, std::move(writer), std::move(objects));
    return response;
  }
  return Answer(WriteList(std::move(writer), objects));
}

ApiResponse ResourceReads::Watch(const ResourcePath& path, const ApiRequest& request,
                                 const ObjectEncoding& encoding) {
  WatchRequest watch;
  watch.kind = path.kind;
  watch.namespace_name = path.namespace_name;
  watch.encoding = encoding;
  Result<Selection> selection =
      Selection::Parse(path.kind, request.Query("labelSelector"), request.Query("fieldSelector"));
  if (!selection.ok()) return RefusalResponse(BadRequest(selection.status().message()));
  watch.selection = std::move(selection).value();
  if (!path.name.empty()) watch.selection.RequireName(path.name);
  const std::optional<int64_t> after = NumberOf(request.Query("resourceVersion"), 0);
  const std::optional<int64_t> timeout_s = NumberOf(request.Query("timeoutSeconds"), 0);
  const std::optional<bool> bookmarks = BoolOf(request, "allowWatchBookmarks");
  const std::optional<bool> initial = BoolOf(request, "sendInitialEvents");
  if (!after || !timeout_s || !bookmarks || !initial) {
    return RefusalResponse(BadRequest(
        "a watch takes resourceVersion and timeoutSeconds as numbers, allowWatchBookmarks as true "
        "or false"));
  }
  // Clients that ask for a list by a watch then list.
  if (!request.Query("sendInitialEvents").empty()) {
    return RefusalResponse({422, "Invalid", "sendInitialEvents: is not served; list, then watch"});
  }
  watch.after = *after;
  watch.bookmarks = *bookmarks;
  watch.timeout_ms = *timeout_s > 0
                         ? std::min(*timeout_s, kMaxWatchMs / 1000) * 1000
                         : kWatchMs + static_cast<int64_t>(++watch_count_ * 7'919'000 % kWatchMs);
  ApiResponse response;
  response.begins_at_once = true;
  response.too_slow = WriteErrorEvent(Expired("this watch is read more slowly than things change"));
  response.stream = [this, watch = std::move(watch)](const ApiSink& sink) {
    return watches_.Open(watch, sink);
  };
  return response;
}

std::shared_ptr<const ClusterState> ResourceReads::FindKept(Revision revision) {
  const MonoTime now = loop_->now().mono;
  while (!kept_.empty() && kept_.front().until <= now) kept_.pop_front();
  for (const KeptSnapshot& kept : kept_) {
    if (kept.state->revision() == revision) return kept.state;
  }
  return nullptr;
}

void ResourceReads::Keep(const std::shared_ptr<const ClusterState>& state) {
  if (FindKept(state->revision()) != nullptr) return;
  kept_.push_back({state, loop_->now().mono + kKeptMs});
  if (kept_.size() > kMaxKeptSnapshots) kept_.pop_front();
}

}  // namespace reconcile
