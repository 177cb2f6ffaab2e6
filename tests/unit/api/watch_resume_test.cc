// A client that goes on from any event it has gets all that comes after it, and nothing twice.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "api/endpoints_view.h"
#include "api/watch_cache.h"
#include "schema/codec.h"
#include "schema/core.h"
#include "schema/network.h"
#include "sim/virtual_loop.h"
#include "store/memory_store.h"

namespace reconcile {
namespace {

constexpr char kNamespace[] = "default";

struct SeenEvent {
  std::string type;
  std::string name;
  Revision version = 0;
  std::string text;
  friend bool operator==(const SeenEvent&, const SeenEvent&) = default;
};

struct WatchReader {
  std::string bytes;
  std::vector<SeenEvent> Events() const {
    std::vector<SeenEvent> events;
    if (bytes.empty()) return events;
    const auto parsed = ParseJsonSequence(bytes, {}, 100'000);
    CHECK(parsed.ok());
    for (const Value& event : *parsed) {
      const Value* metadata = event.Find("object")->Find("metadata");
      CHECK(metadata != nullptr && event.GetString("type") != "ERROR");
      events.push_back({event.GetString("type"), metadata->GetString("name"),
                        std::stoll(metadata->GetString("resourceVersion")), WriteJson(event)});
    }
    return events;
  }
};

// A model that changes at random, several objects in each commit.
class WatchResume : public testing::TestWithParam<unsigned> {
 protected:
  int Below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }

  void AddPod(Transaction* transaction) {
    auto pod = std::make_shared<Pod>();
    pod->metadata.name = "p" + std::to_string(Below(8));
    pod->metadata.namespace_name = kNamespace;
    if (Below(2) == 0) pod->metadata.labels["app"] = "web";
    pod->spec.node_name = "n" + std::to_string(Below(100));
    Add(pod, Below(4) == 0, transaction);
  }
  void AddService(Transaction* transaction) {
    auto service = std::make_shared<Service>();
    service->metadata.name = "s" + std::to_string(Below(3));
    service->metadata.namespace_name = kNamespace;
    service->metadata.uid = service->metadata.name + "-uid";
    Add(service, Below(5) == 0, transaction);
  }
  // Slices go over from one Service to another, too.
  void AddSlice(Transaction* transaction) {
    const std::string service = "s" + std::to_string(Below(3));
    auto slice = std::make_shared<EndpointSlice>();
    slice->metadata.name = "slice" + std::to_string(Below(4));
    slice->metadata.namespace_name = kNamespace;
    slice->metadata.labels[kServiceNameLabel] = service;
    slice->metadata.owner_references = {{.api_version = "v1",
                                         .kind = "Service",
                                         .name = service,
                                         .uid = service + "-uid",
                                         .controller = true}};
    slice->endpoints.resize(1);
    slice->endpoints[0].addresses = {"10.0.0." + std::to_string(Below(250))};
    slice->endpoints[0].conditions.ready = true;
    Add(slice, Below(5) == 0, transaction);
  }
  void Add(const ObjectPtr& object, bool remove, Transaction* transaction) {
    for (const Write& write : transaction->writes) {
      if (write.key == object->key()) return;
    }
    transaction->writes.push_back({object->key(), remove ? nullptr : object});
  }
  void Step() {
    Transaction transaction;
    for (int left = 1 + Below(6); left > 0; --left) {
      const int what = Below(4);
      if (what == 0) AddService(&transaction);
      if (what == 1) AddSlice(&transaction);
      if (what >= 2) AddPod(&transaction);
    }
    ASSERT_TRUE(store_.Commit(transaction, store_.Snapshot()->revision()).ok());
  }

  std::shared_ptr<WatchReader> Watch(Kind kind, const std::string& labels, Revision after) {
    WatchRequest request;
    request.kind = kind;
    request.selection = *Selection::Parse(kind, labels, "");
    request.after = after;
    request.timeout_ms = 3'600'000;
    const auto reader = std::make_shared<WatchReader>();
    const auto handle = std::make_shared<StreamHandle>();
    *handle = cache_.Open(request, {[reader, handle](std::string_view bytes) {
                                      reader->bytes += bytes;
                                      handle->Taken(bytes.size());
                                    },
                                    [handle](const Status&) { *handle = {}; }});
    handles_.push_back(handle);
    return reader;
  }

  std::mt19937 random_{GetParam()};
  VirtualTime time_;
  VirtualLoop loop_{&time_};
  MemoryStore store_;
  WatchCache cache_{&store_, &loop_};
  std::vector<std::shared_ptr<StreamHandle>> handles_;
};

// What a client has that took `events`.
std::map<std::string, std::string> StateAfter(const std::vector<SeenEvent>& events) {
  std::map<std::string, std::string> state;
  for (const SeenEvent& event : events) {
    state.erase(event.name);
    if (event.type != "DELETED") state[event.name] = event.text.substr(event.text.find("object"));
  }
  return state;
}

TEST_P(WatchResume, FaultsLine31NeitherRepeatsNorLosesFromAnyEvent) {
  for (const auto& [kind, labels] : std::map<Kind, std::string>{
           {Kind::kPod, ""}, {Kind::kEndpointSlice, ""}, {Kind::kEndpoints, ""}}) {
    const auto reference = Watch(kind, labels, 0);
    time_.RunFor(50);
    const size_t replayed = reference->Events().size();
    for (int i = 0; i < 60; ++i) {
      Step();
      if (Below(3) == 0) time_.RunFor(50);
    }
    time_.RunFor(50);
    const std::vector<SeenEvent> all = reference->Events();
    ASSERT_GT(all.size(), 20U);
    for (size_t i = replayed; i < all.size(); ++i) {
      ASSERT_TRUE(i == 0 || all[i].version > all[i - 1].version) << all[i].text;
      const auto resumed = Watch(kind, labels, all[i].version);
      time_.RunFor(50);
      const std::vector<SeenEvent> rest(all.begin() + static_cast<ptrdiff_t>(i) + 1, all.end());
      ASSERT_EQ(resumed->Events(), rest) << "after " << all[i].text;
    }
  }
}

// From amid the replay of what there is, where the client has not all of it yet.
TEST_P(WatchResume, LosesNothingFromAmidTheReplay) {
  for (int i = 0; i < 40; ++i) Step();
  for (const std::string labels : {"", "app=web"}) {
    const auto whole = Watch(Kind::kPod, labels, 0);
    time_.RunFor(50);
    const std::vector<SeenEvent> replay = whole->Events();
    ASSERT_FALSE(replay.empty());
    for (size_t i = 0; i < replay.size(); ++i) {
      std::vector<SeenEvent> taken(replay.begin(), replay.begin() + static_cast<ptrdiff_t>(i) + 1);
      std::set<Revision> versions;
      for (const SeenEvent& event : taken) versions.insert(event.version);
      const auto resumed = Watch(Kind::kPod, labels, replay[i].version);
      time_.RunFor(50);
      for (const SeenEvent& event : resumed->Events()) {
        EXPECT_TRUE(versions.insert(event.version).second) << "twice: " << event.text;
        taken.push_back(event);
      }
      EXPECT_EQ(StateAfter(taken), StateAfter(replay));
    }
  }
}

// With selectors, a change may be none to the client: it goes on from what it saw.
TEST_P(WatchResume, IsExactForWhatASelectorLetsThrough) {
  const auto reference = Watch(Kind::kPod, "app=web", 0);
  time_.RunFor(50);
  for (int i = 0; i < 60; ++i) Step();
  time_.RunFor(50);
  const std::vector<SeenEvent> all = reference->Events();
  for (size_t i = 0; i < all.size(); ++i) {
    const auto resumed = Watch(Kind::kPod, "app=web", all[i].version);
    time_.RunFor(50);
    const std::vector<SeenEvent> rest(all.begin() + static_cast<ptrdiff_t>(i) + 1, all.end());
    ASSERT_EQ(resumed->Events(), rest);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, WatchResume, testing::Range(1U, 13U));

// Its objects may be gone from the model, and many.
TEST(WatchCache, ForgetsABurstAfterAWhileThoughNothingElseChanges) {
  VirtualTime time;
  VirtualLoop loop(&time);
  MemoryStore store;
  WatchCache cache(&store, &loop, {.changes = 2, .fresh_ms = 1'000});
  Revision first = 0;
  for (int i = 0; i < 5; ++i) {
    auto pod = std::make_shared<Pod>();
    pod->metadata.name = "p" + std::to_string(i);
    pod->metadata.namespace_name = kNamespace;
    const Result<Revision> committed =
        store.Commit({{{pod->key(), pod}}}, store.Snapshot()->revision());
    ASSERT_TRUE(committed.ok());
    if (i == 0) first = *committed;
  }
  const auto watched = [&](Revision after) {
    std::string bytes;
    WatchRequest request;
    request.kind = Kind::kPod;
    request.after = after;
    request.timeout_ms = 60'000;
    StreamHandle handle = cache.Open(
        request, {[&](std::string_view part) { bytes += part; }, [](const Status&) {}, {}});
    time.RunFor(50);
    handle.Cancel();
    return bytes;
  };
  EXPECT_NE(watched(first).find("p4"), std::string::npos) << "fresh ones are kept";
  time.RunFor(2'000);
  EXPECT_NE(watched(first).find("410"), std::string::npos);
  EXPECT_NE(watched(store.Snapshot()->revision() - 2).find("p4"), std::string::npos);
}

}  // namespace
}  // namespace reconcile
