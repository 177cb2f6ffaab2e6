#include "api/resource_reads.h"

#include <gtest/gtest.h>

#include "schema/core.h"
#include "schema/job.h"
#include "schema/kept.h"
#include "schema/network.h"
#include "sim/virtual_loop.h"
#include "store/memory_store.h"

namespace reconcile {
namespace {

constexpr char kTable[] = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
using Query = std::map<std::string, std::string>;

ObjectPtr MakePod(const std::string& name, const std::string& node, const StringMap& labels = {}) {
  auto pod = std::make_shared<Pod>();
  pod->metadata.name = name;
  pod->metadata.namespace_name = "default";
  pod->metadata.labels = labels;
  pod->spec.node_name = node;
  pod->spec.containers.Edit().resize(1);
  pod->status.phase = PodPhase::kRunning;
  return pod;
}

// What a watch brought, as its client has it.
struct Reader {
  std::string bytes;
  std::optional<Status> end;
  StreamHandle handle;

  std::vector<Value> Events() const {
    std::vector<Value> events;
    if (bytes.empty()) return events;
    const auto parsed = ParseJsonSequence(bytes, {}, 10'000);
    CHECK(parsed.ok());
    return *parsed;
  }
  // "ADDED a;MODIFIED b"
  std::string Words() const {
    std::string words;
    for (const Value& event : Events()) {
      const Value* metadata = event.Find("object")->Find("metadata");
      words += (words.empty() ? "" : ";") + event.GetString("type") + " " +
               (metadata == nullptr ? "" : metadata->GetString("name"));
    }
    return words;
  }
};

class ResourceReadsTest : public testing::Test {
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
  ApiResponse Ask(const std::string& path, const Query& query = {},
                  const std::string& accept = "") {
    ApiRequest request;
    request.method = "GET";
    request.path = path;
    request.query = query;
    request.accept = accept;
    const auto resource = ParseResourcePath(path);
    CHECK(resource.has_value());
    return reads_.Read(*resource, request);
  }
  Value Json(const ApiResponse& response) {
    const Result<Value> value = ParseJson(response.body);
    CHECK(value.ok());
    return *value;
  }
  std::string Names(const std::string& path, const Query& query = {}) {
    std::string names;
    const Value list = Json(Ask(path, query));
    for (const Value& item : list.GetList("items")) {
      names += (names.empty() ? "" : ",") + item.Find("metadata")->GetString("name");
    }
    return names;
  }
  std::string Revision() { return std::to_string(store_.Snapshot()->revision()); }
  // Takes all it gets, unless it is slow.
  std::shared_ptr<Reader> Watch(const std::string& path, Query query = {},
                                const std::string& accept = "", bool slow = false) {
    query["watch"] = "true";
    const ApiResponse response = Ask(path, query, accept);
    CHECK(response.stream);
    auto reader = std::make_shared<Reader>();
    reader->handle =
        response.stream({[reader, slow](std::string_view bytes) {
                           reader->bytes += bytes;
                           if (!slow) reader->handle.Taken(bytes.size());
                         },
                         [reader](Status status) { reader->end = std::move(status); }});
    time_.RunFor(1);
    return reader;
  }

  VirtualTime time_;
  VirtualLoop loop_{&time_};
  MemoryStore store_;
  ResourceReads reads_{
      &store_, &loop_, {.changes = 200, .fresh_ms = 0, .written_out = 50, .coalesce_ms = 0}};
};

TEST_F(ResourceReadsTest, GetsAndRefusesAsKubernetesDoes) {
  Put({MakePod("a", "n1")});
  EXPECT_EQ(Json(Ask("/api/v1/namespaces/default/pods/a")).GetString("kind"), "Pod");
  const ApiResponse none = Ask("/apis/apps/v1/namespaces/default/deployments/web");
  EXPECT_EQ(none.code, 404);
  EXPECT_EQ(none.body,
            R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
            R"("message":"deployments.apps \"web\" not found","reason":"NotFound",)"
            R"("details":{"name":"web","group":"apps","kind":"deployments"},"code":404})");
  EXPECT_EQ(Ask("/api/v1/pods", {}, "application/vnd.kubernetes.protobuf").code, 406);
  EXPECT_EQ(Ask("/api/v1/pods", {{"watch", "maybe"}}).code, 400);
}

TEST_F(ResourceReadsTest, PathsOfTheWrongScopeNameNothing) {
  for (const char* path :
       {"/api/v1/pods/a", "/api/v1/namespaces/default/nodes", "/api/v1/namespaces/default/nodes/a",
        "/api/v1/nothing", "/api/v1/namespaces/default/pods/a/log/b", "/apis/apps/v1/pods"}) {
    EXPECT_FALSE(ParseResourcePath(path).has_value()) << path;
  }
  EXPECT_EQ(ParseResourcePath("/api/v1/namespaces/default")->name, "default");
}

TEST_F(ResourceReadsTest, SelectsByLabelsAndFields) {
  Put({MakePod("a", "n1", {{"app", "web"}}), MakePod("b", "n2", {{"app", "db"}}),
       MakePod("c", "n1")});
  const auto by_label = [&](const std::string& selector) {
    return Names("/api/v1/pods", {{"labelSelector", selector}});
  };
  EXPECT_EQ(by_label("app=web"), "a");
  EXPECT_EQ(by_label("app in (web, db)"), "a,b");
  EXPECT_EQ(by_label("app notin (web)"), "b,c");
  EXPECT_EQ(by_label("!app"), "c");
  const auto by_field = [&](const std::string& selector) {
    return Names("/api/v1/pods", {{"fieldSelector", selector}});
  };
  EXPECT_EQ(by_field("spec.nodeName=n1,status.phase!=Succeeded,status.phase!=Failed"), "a,c");
  EXPECT_EQ(by_field("metadata.name==b"), "b");
  EXPECT_EQ(by_field("metadata.namespace=other"), "");
  EXPECT_EQ(by_field("metadata.name!=b"), "a,c");
  EXPECT_EQ(by_field("metadata.name=a\\,b"), "");
  for (const char* wrong : {"spec.colour=red", "metadata.name", "metadata.name=a\\b", "=a"}) {
    EXPECT_EQ(Ask("/api/v1/pods", {{"fieldSelector", wrong}}).code, 400) << wrong;
  }
  EXPECT_EQ(Ask("/api/v1/nodes", {{"fieldSelector", "metadata.namespace=a"}}).code, 400);
  EXPECT_EQ(Ask("/api/v1/pods", {{"labelSelector", "app in web"}}).code, 400);
  EXPECT_EQ(Ask("/api/v1/pods", {{"labelSelector", "app in web"}, {"watch", "1"}}).code, 400);
}

TEST_F(ResourceReadsTest, TheEventsOfANodeAreFoundByItsUidAndAsOfAKubelet) {
  auto event = std::make_shared<Event>();
  event->metadata.name = "host-1.1";
  event->metadata.namespace_name = "default";
  event->involved_object.kind = "Node";
  event->involved_object.name = "host-1";
  event->involved_object.uid = "6a181adc-4b58-891f-bb69-54bea263de22";
  Put({event});
  const auto by_uid = [&](const std::string& uid) {
    return Names("/api/v1/events", {{"fieldSelector", "involvedObject.uid=" + uid}});
  };
  EXPECT_EQ(by_uid("6a181adc-4b58-891f-bb69-54bea263de22"), "host-1.1");
  EXPECT_EQ(by_uid("host-1"), "host-1.1");
  EXPECT_EQ(by_uid("host-2"), "");
  EXPECT_EQ(by_uid("7a181adc-4b58-891f-bb69-54bea263de22"), "");
}

TEST_F(ResourceReadsTest, AServiceSaysItsAddressInAListToo) {
  auto service = std::make_shared<Service>();
  service->metadata.name = "web";
  service->metadata.namespace_name = "default";
  service->spec.cluster_ip = "10.96.0.7";
  Put({service});
  for (const char* accept : {"", "application/json;as=Table;v=v1;g=meta.k8s.io"}) {
    const std::string body =
        Ask("/api/v1/namespaces/default/services/web", {{"includeObject", "Object"}}, accept).body;
    EXPECT_NE(body.find(R"("clusterIPs":["10.96.0.7"])"), std::string::npos) << body;
    EXPECT_NE(body.find(R"("ipFamilies":["IPv4"])"), std::string::npos) << body;
  }
}

TEST_F(ResourceReadsTest, ANodeSaysTheAddressesOfItsPodsInAListToo) {
  auto node = std::make_shared<Node>();
  node->metadata.name = "n1";
  Put({node});
  EXPECT_EQ(Ask("/api/v1/nodes/n1").body.find("podCIDR"), std::string::npos);
  node = std::make_shared<Node>(*node);
  node->spec.pod_cidr = "10.42.1.0/24";
  Put({node});
  for (const char* path : {"/api/v1/nodes/n1", "/api/v1/nodes"}) {
    const std::string body = Ask(path).body;
    EXPECT_NE(body.find(R"("podCIDR":"10.42.1.0/24")"), std::string::npos) << body;
    EXPECT_NE(body.find(R"("podCIDRs":["10.42.1.0/24"])"), std::string::npos) << body;
  }
}

// kubectl's `debug` and `describe priorityclass` end with a panic where they are not.
TEST_F(ResourceReadsTest, WhatKubernetesFillsInIsThere) {
  const auto pod = std::make_shared<Pod>(*As<Pod>(*MakePod("a", "n1")));
  Value probe = Value::MakeMap();
  probe.Set("periodSeconds", Value::Int(2));
  pod->spec.containers.Edit()[0].others.Set("livenessProbe", probe);
  auto job = std::make_shared<Job>();
  auto priority = std::make_shared<PriorityClass>();
  auto claim = std::make_shared<PersistentVolumeClaim>();
  for (Object* object : {static_cast<Object*>(job.get()), static_cast<Object*>(claim.get())}) {
    object->metadata.namespace_name = "default";
    object->metadata.name = "a";
    object->metadata.uid = "u1";
  }
  priority->metadata.name = "high";
  Put({pod, job, priority, claim});
  const auto expect = [&](const std::string& path, const std::string& part) {
    for (const char* accept : {"", "application/json;as=Table;v=v1;g=meta.k8s.io"}) {
      const std::string body = Ask(path, {{"includeObject", "Object"}}, accept).body;
      EXPECT_NE(body.find(part), std::string::npos) << part << " in " << body;
    }
  };
  expect("/api/v1/namespaces/default/pods/a", R"("securityContext":{})");
  expect("/api/v1/namespaces/default/pods/a",
         R"("livenessProbe":{"periodSeconds":2,"timeoutSeconds":1,)"
         R"("successThreshold":1,"failureThreshold":3})");
  expect("/apis/batch/v1/namespaces/default/jobs/a",
         R"("selector":{"matchLabels":{"batch.kubernetes.io/controller-uid":"u1"}})");
  expect("/apis/scheduling.k8s.io/v1/priorityclasses/high",
         R"("preemptionPolicy":"PreemptLowerPriority")");
  expect("/api/v1/namespaces/default/persistentvolumeclaims/a", R"("phase":"Pending")");
  EXPECT_EQ(pod->spec.containers[0].others.Find("livenessProbe")->Find("timeoutSeconds"), nullptr)
      << "the model's own is as it was";
}

TEST_F(ResourceReadsTest, PagesAreOfOneSnapshot) {
  Put({MakePod("a", "n1"), MakePod("b", "n1"), MakePod("c", "n1"), MakePod("d", "n1")});
  const Value first = Json(Ask("/api/v1/pods", {{"limit", "2"}}));
  const Value* metadata = first.Find("metadata");
  EXPECT_EQ(metadata->GetInt("remainingItemCount"), 2);
  const std::string revision = metadata->GetString("resourceVersion");
  const std::string token = metadata->GetString("continue");
  Put({MakePod("bb", "n1")});
  Delete("c");
  const Value second = Json(Ask("/api/v1/pods", {{"limit", "2"}, {"continue", token}}));
  EXPECT_EQ(second.Find("metadata")->GetString("resourceVersion"), revision);
  EXPECT_EQ(second.Find("metadata")->Find("continue"), nullptr);
  EXPECT_EQ(Names("/api/v1/pods", {{"limit", "2"}, {"continue", token}}), "c,d");
  // What it is kept for, an exact list finds too.
  EXPECT_EQ(
      Names("/api/v1/pods", {{"resourceVersion", revision}, {"resourceVersionMatch", "Exact"}}),
      "a,b,c,d");
  EXPECT_EQ(Ask("/api/v1/configmaps", {{"continue", token}}).code, 400);
  EXPECT_EQ(Ask("/api/v1/pods", {{"continue", "nonsense"}}).code, 400);
  EXPECT_EQ(Ask("/api/v1/pods", {{"continue", token}, {"resourceVersion", "1"}}).code, 400);
  time_.RunFor(ResourceReads::kKeptMs + 1);
  const ApiResponse late = Ask("/api/v1/pods", {{"limit", "2"}, {"continue", token}});
  EXPECT_EQ(late.code, 410);
  EXPECT_EQ(Json(late).GetString("reason"), "Expired");
}

TEST_F(ResourceReadsTest, ResourceVersionsMeanWhatTheyMeanInKubernetes) {
  Put({MakePod("a", "n1")});
  Put({MakePod("b", "n1")});
  const auto code = [&](const Query& query) { return Ask("/api/v1/pods", query).code; };
  EXPECT_EQ(code({{"resourceVersion", "0"}}), 200);
  EXPECT_EQ(code({{"resourceVersion", "1"}}), 200);
  const ApiResponse ahead = Ask("/api/v1/pods", {{"resourceVersion", "99"}});
  EXPECT_EQ(ahead.code, 504);
  // What makes client-go list anew: after a database was put back, say.
  EXPECT_EQ(Json(ahead).Find("details")->GetList("causes")[0].GetString("reason"),
            "ResourceVersionTooLarge");
  EXPECT_EQ(code({{"resourceVersion", "x"}}), 400);
  EXPECT_EQ(code({{"resourceVersion", "1"}, {"limit", "1"}}), 410);
  EXPECT_EQ(code({{"resourceVersion", "1"}, {"resourceVersionMatch", "Exact"}}), 410);
  EXPECT_EQ(code({{"resourceVersion", "1"}, {"resourceVersionMatch", "NotOlderThan"}}), 200);
  EXPECT_EQ(code({{"resourceVersion", Revision()}, {"resourceVersionMatch", "Exact"}}), 200);
  EXPECT_EQ(code({{"resourceVersion", "0"}, {"resourceVersionMatch", "Exact"}}), 400);
  EXPECT_EQ(code({{"resourceVersionMatch", "NotOlderThan"}}), 400);
  EXPECT_EQ(code({{"resourceVersion", "1"}, {"resourceVersionMatch", "Newest"}}), 400);
}

TEST_F(ResourceReadsTest, TablesIncludeWhatIsAskedFor) {
  Put({MakePod("a", "n1", {{"app", "web"}})});
  const auto object = [&](const Query& query) {
    const Value table = Json(Ask("/api/v1/pods", query, kTable));
    EXPECT_EQ(table.Find("metadata")->GetString("resourceVersion"), Revision());
    return *table.GetList("rows").at(0).Find("object");
  };
  const Value metadata = object({});
  EXPECT_EQ(metadata.GetString("kind"), "PartialObjectMetadata");
  EXPECT_EQ(metadata.Find("metadata")->Find("labels")->GetString("app"), "web");
  EXPECT_EQ(metadata.Find("spec"), nullptr);
  EXPECT_NE(object({{"includeObject", "Object"}}).Find("spec"), nullptr);
  EXPECT_TRUE(object({{"includeObject", "None"}}).IsNull());
  EXPECT_EQ(Ask("/api/v1/pods", {{"includeObject", "Some"}}, kTable).code, 400);
  const Value older =
      Json(Ask("/api/v1/pods", {}, "application/json;as=Table;v=v1beta1;g=meta.k8s.io"));
  EXPECT_EQ(older.GetString("apiVersion"), "meta.k8s.io/v1beta1");
}

TEST_F(ResourceReadsTest, AWatchReplaysWhatThereIsAndThenWhatChanges) {
  Put({MakePod("a", "n1")});
  Put({MakePod("b", "n1")});
  const auto all = Watch("/api/v1/pods");
  EXPECT_EQ(all->Words(), "ADDED a;ADDED b");
  const auto later = Watch("/api/v1/namespaces/default/pods", {{"resourceVersion", Revision()}});
  const auto elsewhere = Watch("/api/v1/namespaces/other/pods");
  const auto others = Watch("/api/v1/nodes");
  EXPECT_EQ(later->Words(), "");
  Put({MakePod("a", "n2")});
  Delete("b");
  time_.RunFor(1);
  EXPECT_EQ(all->Words(), "ADDED a;ADDED b;MODIFIED a;DELETED b");
  EXPECT_EQ(later->Words(), "MODIFIED a;DELETED b");
  EXPECT_EQ(elsewhere->Words() + others->Words(), "");
  // What was deleted comes with the revision of its deletion: clients go on from there.
  const Value gone = later->Events().back();
  EXPECT_EQ(gone.Find("object")->Find("metadata")->GetString("resourceVersion"), Revision());
  EXPECT_EQ(all->bytes.back(), '\n');
  const auto named = Watch("/api/v1/namespaces/default/pods/a");
  EXPECT_EQ(named->Words(), "ADDED a");
  EXPECT_FALSE(all->end.has_value());
}

// As a pod that Git declares: it is made anew in the turn that takes it away. kubectl's `delete`
// waits for the end of the one that it saw.
TEST_F(ResourceReadsTest, WhatIsReplacedInOneTurnIsDeletedAndAdded) {
  const auto with_uid = [](const std::string& uid) {
    const auto pod = std::make_shared<Pod>(*As<Pod>(*MakePod("a", "n1")));
    pod->metadata.uid = uid;
    return pod;
  };
  Put({with_uid("u1")});
  const std::string before = Revision();
  const auto plain = Watch("/api/v1/pods", {{"resourceVersion", before}});
  const auto table = Watch("/api/v1/pods", {{"resourceVersion", before}}, kTable);
  Put({with_uid("u2")});
  time_.RunFor(1);
  ASSERT_EQ(plain->Words(), "DELETED a;ADDED a");
  const Value gone = plain->Events()[0];
  EXPECT_EQ(gone.Find("object")->Find("metadata")->GetString("uid"), "u1");
  const std::vector<Value> rows = table->Events();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_FALSE(rows[0].Find("object")->GetList("columnDefinitions").empty());
  EXPECT_TRUE(rows[1].Find("object")->GetList("columnDefinitions").empty());
  // Whoever was cut off between the two misses nothing.
  const std::string cut = gone.Find("object")->Find("metadata")->GetString("resourceVersion");
  EXPECT_EQ(Watch("/api/v1/pods", {{"resourceVersion", cut}})->Words(), "DELETED a;ADDED a");
}

TEST_F(ResourceReadsTest, AWatchSeesWhatItsSelectorsSee) {
  Put({MakePod("a", "n1", {{"app", "web"}}), MakePod("b", "n1")});
  const auto web = Watch("/api/v1/pods", {{"labelSelector", "app=web"}});
  const auto on_n2 = Watch("/api/v1/pods", {{"fieldSelector", "spec.nodeName=n2"}});
  Put({MakePod("a", "n2")});
  Put({MakePod("b", "n1", {{"app", "web"}})});
  Delete("a");
  time_.RunFor(1);
  EXPECT_EQ(web->Words(), "ADDED a;DELETED a;ADDED b");
  EXPECT_EQ(on_n2->Words(), "ADDED a;DELETED a");
}

TEST_F(ResourceReadsTest, ATableWatchNamesItsColumnsOnce) {
  Put({MakePod("a", "n1")});
  const auto watch = Watch("/api/v1/pods", {}, kTable);
  Put({MakePod("a", "n2")});
  time_.RunFor(1);
  const std::vector<Value> events = watch->Events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].Find("object")->GetString("kind"), "Table");
  EXPECT_FALSE(events[0].Find("object")->GetList("columnDefinitions").empty());
  EXPECT_TRUE(events[1].Find("object")->GetList("columnDefinitions").empty());
  EXPECT_EQ(events[1].Find("object")->GetList("rows").size(), 1U);
}

TEST_F(ResourceReadsTest, AWatchFromTooLongAgoIsToldSoAndEnded) {
  for (int i = 0; i < 300; ++i) Put({MakePod("a", "n" + std::to_string(i))});
  const auto too_old = Watch("/api/v1/pods", {{"resourceVersion", "1"}});
  ASSERT_EQ(too_old->Events().size(), 1U);
  const Value event = too_old->Events()[0];
  EXPECT_EQ(event.GetString("type"), "ERROR");
  EXPECT_EQ(event.Find("object")->GetInt("code"), 410);
  EXPECT_EQ(event.Find("object")->GetString("reason"), "Expired");
  EXPECT_EQ(too_old->end, OkStatus());
  // One from a model that was lost, too.
  EXPECT_EQ(Watch("/api/v1/pods", {{"resourceVersion", "9999"}})->end, OkStatus());
  EXPECT_EQ(Watch("/api/v1/pods", {{"resourceVersion", Revision()}})->end, std::nullopt);
  EXPECT_EQ(Watch("/api/v1/pods", {{"resourceVersion", "150"}})->Events().size(), 150U);
  EXPECT_EQ(reads_.watches().watch_count(), 2U);
}

TEST_F(ResourceReadsTest, AReaderThatIsTooSlowIsCutOffInBoundedMemory) {
  const std::string much(4'000, 'x');
  const auto put = [&](int count) {
    for (int i = 0; i < count; ++i) {
      auto map = std::make_shared<ConfigMap>();
      map->metadata.name = "words";
      map->metadata.namespace_name = "default";
      map->data["a"] = much + std::to_string(i);
      Put({map});
      time_.RunFor(1);
    }
  };
  const auto slow = Watch("/api/v1/configmaps", {}, "", true);
  const auto quick = Watch("/api/v1/configmaps");
  put(100);
  EXPECT_EQ(slow->bytes.size(), kStreamWindowBytes);
  EXPECT_EQ(quick->Events().size(), 100U);
  put(200);
  EXPECT_EQ(slow->bytes.size(), kStreamWindowBytes);
  // The line that it was in comes whole; then it learns why there are no more.
  slow->handle.Taken(slow->bytes.size());
  const std::vector<Value> events = slow->Events();
  EXPECT_EQ(events.back().GetString("type"), "ERROR");
  EXPECT_EQ(events.back().Find("object")->GetInt("code"), 410);
  EXPECT_EQ(slow->end, OkStatus());
  EXPECT_EQ(quick->Events().size(), 300U);
}

TEST_F(ResourceReadsTest, AChangeIsWrittenOutOnceForAllWatches) {
  std::vector<std::shared_ptr<Reader>> readers;
  for (int i = 0; i < 20; ++i) readers.push_back(Watch("/api/v1/pods"));
  readers.push_back(Watch("/api/v1/pods", {{"fieldSelector", "metadata.name=a"}}));
  Put({MakePod("a", "n1")});
  time_.RunFor(1);
  EXPECT_EQ(reads_.watches().written_count(), 1U);
  for (const auto& reader : readers) EXPECT_EQ(reader->Words(), "ADDED a");
}

TEST_F(ResourceReadsTest, BookmarksComeInTimeAndBeforeTheEnd) {
  Put({MakePod("a", "n1")});
  const Query query = {{"resourceVersion", Revision()}, {"timeoutSeconds", "90"}};
  Query with_bookmarks = query;
  with_bookmarks["allowWatchBookmarks"] = "true";
  const auto marked = Watch("/api/v1/pods", with_bookmarks);
  const auto plain = Watch("/api/v1/pods", query);
  Put({MakePod("a", "n2")});
  time_.RunFor(89'000);
  EXPECT_EQ(marked->Words(), "MODIFIED a;BOOKMARK ");
  EXPECT_FALSE(marked->end.has_value());
  time_.RunFor(2'000);
  EXPECT_EQ(marked->Words(), "MODIFIED a;BOOKMARK ;BOOKMARK ");
  EXPECT_EQ(plain->Words(), "MODIFIED a");
  const Value mark = *marked->Events().back().Find("object");
  EXPECT_EQ(mark.GetString("kind"), "Pod");
  EXPECT_EQ(mark.Find("metadata")->GetString("resourceVersion"), Revision());
  EXPECT_EQ(marked->end, OkStatus());
  EXPECT_EQ(plain->end, OkStatus());
  EXPECT_EQ(reads_.watches().watch_count(), 0U);
}

TEST_F(ResourceReadsTest, ACancelledWatchIsForgotten) {
  const auto watch = Watch("/api/v1/pods");
  watch->handle.Cancel();
  EXPECT_EQ(reads_.watches().watch_count(), 0U);
  Put({MakePod("a", "n1")});
  time_.RunFor(1);
  EXPECT_EQ(watch->bytes, "");
  EXPECT_FALSE(watch->end.has_value());
}

TEST_F(ResourceReadsTest, EndpointsAreWatchedThoughTheyAreMadeOfServices) {
  const auto watch = Watch("/api/v1/endpoints");
  auto service = std::make_shared<Service>();
  service->metadata.name = "web";
  service->metadata.namespace_name = "default";
  service->metadata.uid = "u1";
  Put({service});
  auto slice = std::make_shared<EndpointSlice>();
  slice->metadata.name = "web-1";
  slice->metadata.namespace_name = "default";
  slice->metadata.labels[kServiceNameLabel] = "web";
  slice->metadata.owner_references = {
      {.api_version = "v1", .kind = "Service", .name = "web", .uid = "u1", .controller = true}};
  slice->endpoints.resize(1);
  slice->endpoints[0].addresses = {"10.42.0.7"};
  slice->endpoints[0].conditions.ready = true;
  Put({slice});
  time_.RunFor(1);
  EXPECT_EQ(watch->Words(), "ADDED web;MODIFIED web");
  EXPECT_NE(watch->bytes.find("10.42.0.7"), std::string::npos);
  ASSERT_TRUE(store_.Commit({{{service->key(), nullptr}}}, store_.Snapshot()->revision()).ok());
  time_.RunFor(1);
  EXPECT_EQ(watch->Words(), "ADDED web;MODIFIED web;DELETED web");
}

}  // namespace
}  // namespace reconcile
