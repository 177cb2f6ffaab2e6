#include "api/live_feed.h"

#include <gtest/gtest.h>

#include "base/value.h"
#include "schema/core.h"
#include "schema/pod.h"
#include "sim/virtual_loop.h"
#include "store/memory_store.h"

namespace reconcile {
namespace {

std::shared_ptr<Pod> MakePod(const std::string& name, const std::string& uid,
                             const std::string& namespace_name = "default") {
  auto pod = std::make_shared<Pod>();
  pod->metadata.name = name;
  pod->metadata.namespace_name = namespace_name;
  pod->metadata.uid = uid;
  pod->spec.containers.Edit().resize(1);
  return pod;
}

// A page that keeps what it is told.
struct Page {
  std::string bytes;
  std::optional<Status> end;
  StreamHandle handle;
  bool reads = true;
  size_t taken = 0;

  struct Event {
    std::string name;
    std::string id;
    Value data;
  };
  std::vector<Event> Events() const {
    std::vector<Event> events;
    size_t at = 0;
    for (size_t gap = bytes.find("\n\n"); gap != std::string::npos;
         at = gap + 2, gap = bytes.find("\n\n", at)) {
      Event event;
      const std::string block = bytes.substr(at, gap - at);
      for (size_t line = 0; line < block.size();) {
        const size_t stop = std::min(block.find('\n', line), block.size());
        const std::string text = block.substr(line, stop - line);
        if (text.starts_with("event: ")) event.name = text.substr(7);
        if (text.starts_with("id: ")) event.id = text.substr(4);
        if (text.starts_with("data: ")) {
          const Result<Value> data = ParseJson(text.substr(6));
          CHECK(data.ok());
          event.data = *data;
        }
        line = stop + 1;
      }
      if (!event.name.empty()) events.push_back(std::move(event));
    }
    return events;
  }
  // "begin;+pods a;-pods u1"
  std::string Words() const {
    std::string words;
    for (const Event& event : Events()) {
      if (event.name != "rows") words += event.name + ";";
      if (event.name != "rows") continue;
      for (const Value& gone : event.data.GetList("gone")) {
        words += "-" + gone.AsList()[0].AsString() + " " + gone.AsList()[1].AsString() + ";";
      }
      for (const Value& row : event.data.GetList("rows")) {
        words += "+" + row.GetString("kind") + " " + row.GetString("name") + ";";
      }
    }
    return words;
  }
};

class LiveFeedTest : public testing::Test {
 protected:
  void Put(const std::vector<ObjectPtr>& objects) {
    Transaction transaction;
    for (const ObjectPtr& object : objects) transaction.writes.push_back({object->key(), object});
    CHECK(store_.Commit(transaction, store_.Snapshot()->revision()).ok());
  }
  void Delete(const std::string& pod) {
    const ObjectKey key{Kind::kPod, "default", pod};
    CHECK(store_.Commit({{{key, nullptr}}}, store_.Snapshot()->revision()).ok());
  }
  std::shared_ptr<Page> Open(LiveRequest request = {}, bool reads = true) {
    auto page = std::make_shared<Page>();
    page->reads = reads;
    page->handle = feed_.Open(std::move(request), {[page](std::string_view bytes) {
                                                     page->bytes += bytes;
                                                     if (page->reads)
                                                       page->handle.Taken(bytes.size());
                                                   },
                                                   [page](Status status) { page->end = status; }});
    time_.RunFor(1);
    return page;
  }

  VirtualTime time_;
  VirtualLoop loop_{&time_};
  MemoryStore store_;
  std::string status_ = R"({"pods":0})";
  LiveFeed feed_{&store_, &loop_, [this] { return status_; }};
};

TEST_F(LiveFeedTest, TellsWhatThereIsAndThenWhatChanges) {
  Put({MakePod("a", "u1"), MakePod("b", "u2")});
  const auto page = Open();
  EXPECT_EQ(page->Words(), "begin;status;+pods a;+pods b;");
  EXPECT_FALSE(page->Events()[0].data.GetBool("resumed"));
  EXPECT_EQ(page->Events()[2].id, std::to_string(store_.Snapshot()->revision()));
  page->bytes.clear();
  Put({MakePod("c", "u3")});
  Delete("a");
  time_.RunFor(LiveFeed::kTogetherMs);
  EXPECT_EQ(page->Words(), "-pods u1;+pods c;");
}

TEST_F(LiveFeedTest, APodOfTheSameNameIsAnotherRow) {
  Put({MakePod("a", "u1")});
  const auto page = Open();
  page->bytes.clear();
  Delete("a");
  Put({MakePod("a", "u2")});
  time_.RunFor(LiveFeed::kTogetherMs);
  EXPECT_EQ(page->Words(), "-pods u1;+pods a;");
}

TEST_F(LiveFeedTest, GoesOnWhereAPageHasSeen) {
  Put({MakePod("a", "u1"), MakePod("b", "u2")});
  const Revision seen = store_.Snapshot()->revision();
  Delete("a");
  Put({MakePod("c", "u3")});
  const auto page = Open({.namespace_name = "", .after = seen});
  EXPECT_TRUE(page->Events()[0].data.GetBool("resumed"));
  EXPECT_EQ(page->Words(), "begin;status;-pods u1;+pods c;");
  // What it cannot have seen, and what is forgotten, is told anew.
  const auto ahead = Open({.namespace_name = "", .after = seen + 100});
  EXPECT_FALSE(ahead->Events()[0].data.GetBool("resumed"));
  ASSERT_TRUE(store_.Compact(store_.Snapshot()->revision()).ok());
  const auto late = Open({.namespace_name = "", .after = seen});
  EXPECT_FALSE(late->Events()[0].data.GetBool("resumed"));
  EXPECT_EQ(late->Words(), "begin;status;+pods b;+pods c;");
}

TEST_F(LiveFeedTest, OneNamespaceIsAllThatItsReaderSees) {
  auto node = std::make_shared<Node>();
  node->metadata.name = "host-1";
  node->metadata.uid = "n1";
  Put({MakePod("a", "u1"), MakePod("b", "u2", "shop"), node});
  const auto page = Open({.namespace_name = "shop"});
  EXPECT_EQ(page->Words(), "begin;status;+pods b;");
  EXPECT_EQ(page->bytes.find(status_), std::string::npos) << "it tells of other namespaces";
}

// How they are is said of their host, they themselves may be as they were.
TEST_F(LiveFeedTest, PodsOfAHostThatFallsSilentAreToldAnew) {
  const auto host = [](ConditionStatus ready, std::string_view reason) {
    auto node = std::make_shared<Node>();
    node->metadata.name = "host-1";
    node->status.conditions = {{.type = "Ready", .status = ready, .reason = std::string(reason)}};
    return node;
  };
  const auto crashing = MakePod("a", "u1");
  crashing->spec.node_name = "host-1";
  Put({host(ConditionStatus::kTrue, ""), crashing, MakePod("b", "u2")});
  const auto page = Open();
  page->bytes.clear();
  const Revision seen = store_.Snapshot()->revision();
  Put({host(ConditionStatus::kUnknown, kNodeStatusUnknown)});
  time_.RunFor(LiveFeed::kTogetherMs);
  EXPECT_EQ(page->Words(), "+pods a;+nodes host-1;");
  EXPECT_EQ(page->Events()[0].data.GetList("rows")[0].GetString("health"), "Unknown");
  EXPECT_EQ(Open({.namespace_name = "default", .after = seen})->Words(), "begin;status;+pods a;");
}

TEST_F(LiveFeedTest, TellsTheStatusWhenItIsAnother) {
  const auto page = Open();
  EXPECT_EQ(page->Words(), "begin;status;");
  page->bytes.clear();
  time_.RunFor(10'000);
  EXPECT_EQ(page->Words(), "");
  status_ = R"({"pods":1})";
  Put({MakePod("a", "u1")});
  time_.RunFor(2 * LiveFeed::kStatusMs);
  EXPECT_EQ(page->Words(), "+pods a;status;");
}

TEST_F(LiveFeedTest, WhoReadsSlowlyCostsAWindowAndIsToldTheNewest) {
  std::vector<ObjectPtr> pods;
  for (int i = 0; i < 3'000; ++i) {
    pods.push_back(MakePod("pod-" + std::to_string(i), "u" + std::to_string(i)));
  }
  Put(pods);
  const auto page = Open({}, false);
  time_.RunFor(1'000);
  EXPECT_LE(page->bytes.size(), kStreamWindowBytes);
  for (int i = 0; i < 50; ++i) {
    Delete("pod-" + std::to_string(i));
    time_.RunFor(100);
  }
  EXPECT_LE(page->bytes.size(), kStreamWindowBytes);
  page->reads = true;
  page->handle.Taken(page->bytes.size());
  time_.RunFor(2'000);
  size_t gone = 0;
  size_t events = 0;
  for (const Page::Event& event : page->Events()) {
    gone += event.data.GetList("gone").size();
    events += event.name == "rows" ? 1 : 0;
  }
  EXPECT_EQ(gone, 50U);
  // The event that ends what there was, and one for all that changed meanwhile.
  EXPECT_EQ(events, 3'000U / LiveFeed::kRowsAtOnce + 2);
}

TEST_F(LiveFeedTest, EndsWithItsReaderAndRefusesTooMany) {
  std::weak_ptr<Page> held;
  {
    const auto page = Open();
    held = page;
    page->handle.Cancel();
  }
  EXPECT_TRUE(held.expired());  // though it had the stream's handle
  EXPECT_EQ(feed_.reader_count(), 0U);
  std::vector<std::shared_ptr<Page>> pages;
  for (size_t i = 0; i < LiveFeed::kMaxReaders; ++i) pages.push_back(Open());
  const auto refused = Open();
  ASSERT_TRUE(refused->end.has_value());
  EXPECT_EQ(refused->end->code(), StatusCode::kUnavailable);
}

TEST_F(LiveFeedTest, KeepsAQuietConnectionAlive) {
  const auto page = Open();
  page->bytes.clear();
  time_.RunFor(LiveFeed::kAliveMs + 2 * LiveFeed::kStatusMs);
  EXPECT_NE(page->bytes.find(": still here\n\n"), std::string::npos);
}

}  // namespace
}  // namespace reconcile
