// Any bytes as the body of a write, of each type that clients send, on objects of several kinds and
// as a dry run: patches keep to what they say, what is shown is the object that was meant, and
// nothing changes. The first byte says which write.
#include <cstdint>
#include <string>
#include <string_view>

#include "api/json_patch.h"
#include "api/patched.h"
#include "api/served_kinds.h"
#include "api/user_view.h"
#include "api/write_routes.h"
#include "base/check.h"
#include "base/log.h"
#include "base/utf8.h"
#include "schema/core.h"
#include "sim/virtual_loop.h"
#include "source/fake_source.h"
#include "store/memory_store.h"
#include "tests/support/fake_agent_link.h"

namespace reconcile {
namespace {

constexpr const char* kManifests = R"(apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}, {name: more, port: 81}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {team: a}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers: [{name: first, image: 'test/first:1'}]
      containers:
      - name: app
        image: 'test/app:1'
        env: [{name: A, value: a}, {name: B, value: b}]
        ports: [{containerPort: 8080}]
        volumeMounts: [{name: words, mountPath: /words}]
      volumes: [{name: words, configMap: {name: words}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: words}
data: {a: b}
)";

struct BodyWrite {
  const char* method;
  const char* path;
  const char* content_type;
};
constexpr const char* kJson = "application/json";
constexpr const char* kMerge = "application/merge-patch+json";
constexpr const char* kStrategic = "application/strategic-merge-patch+json";
constexpr const char* kOperations = "application/json-patch+json";
constexpr const char* kApply = "application/apply-patch+yaml";
constexpr const char* kProtobuf = "application/vnd.kubernetes.protobuf";
constexpr const char* kWeb = "/apis/apps/v1/namespaces/default/deployments/web";
constexpr const char* kScale = "/apis/apps/v1/namespaces/default/deployments/web/scale";
constexpr const char* kService = "/api/v1/namespaces/default/services/web";
constexpr const char* kWords = "/api/v1/namespaces/default/configmaps/words";
constexpr const char* kHost = "/api/v1/nodes/host-1";
constexpr const char* kPod = "/api/v1/namespaces/default/pods/alone";
constexpr BodyWrite kWrites[] = {
    {"PATCH", kWeb, kStrategic},
    {"PATCH", kWeb, kMerge},
    {"PATCH", kWeb, kOperations},
    {"PATCH", kWeb, kApply},
    {"PUT", kWeb, kJson},
    {"PUT", kWeb, kProtobuf},
    {"PATCH", kService, kStrategic},
    {"PATCH", kService, kOperations},
    {"PATCH", kWords, kMerge},
    {"PATCH", kHost, kStrategic},
    {"PATCH", kHost, kMerge},
    {"PATCH", kPod, kStrategic},
    {"PATCH", "/api/v1/namespaces/default/configmaps/new", kApply},
    {"POST", "/apis/batch/v1/namespaces/default/cronjobs", kJson},
    {"POST", "/apis/apps/v1/namespaces/default/statefulsets", kJson},
    {"POST", "/api/v1/namespaces/default/configmaps", kProtobuf},
    {"DELETE", kPod, kJson},
    {"DELETE", kPod, kProtobuf},
    {"POST", "/api/v1/namespaces/default/pods/alone/eviction", kJson},
    {"POST", "/api/v1/namespaces/default/pods/alone/eviction", kProtobuf},
    {"PATCH", kScale, kMerge},
    {"PUT", kScale, kJson},
};

// Written once: a dry run leaves it as it is.
class World {
 public:
  World() : controller_(Options(), &loop_, &random_, &store_, &source_, &link_) {
    SetLogLevel(LogLevel::kError);
    FetchedCommit commit;
    commit.id = "c1";
    commit.files = {{"web.yaml", "c1", std::make_shared<std::string>(kManifests)}};
    source_.SetCommit("/repository", commit);
    CHECK(controller_.Start().ok());
    time_.RunFor(1000);
    const auto node = std::make_shared<Node>();
    node->metadata.name = "host-1";
    node->metadata.uid = "node-1";
    Put(node);
    const auto pod = std::make_shared<Pod>();
    pod->metadata.name = "alone";
    pod->metadata.namespace_name = "default";
    pod->metadata.uid = "pod-1";
    pod->spec.containers.Edit().resize(1);
    pod->spec.containers.Edit()[0].name = "app";
    pod->spec.node_name = "host-1";
    pod->status.phase = PodPhase::kRunning;
    Put(pod);
    for (const char* path : {kWeb, kService, kWords, kHost, kPod}) CHECK(Find(path) != nullptr);
  }
  ObjectPtr Find(const std::string& path) const {
    const auto parsed = ParseResourcePath(path);
    CHECK(parsed.has_value());
    return controller_.State()->Find({parsed->kind, parsed->namespace_name, parsed->name});
  }
  ApiResponse Ask(const ApiRequest& request) {
    const Revision before = store_.Snapshot()->revision();
    ApiResponse answer =
        HandleWrite(&controller_, *ParseResourcePath(request.path), request, loop_.now());
    CHECK(store_.Snapshot()->revision() == before);
    return answer;
  }

 private:
  static ControllerOptions Options() {
    ControllerOptions options;
    options.sources = {{"main", {"/repository", "main", ""}}};
    return options;
  }
  void Put(const ObjectPtr& object) {
    Transaction all;
    all.writes.push_back({object->key(), object});
    CHECK(store_.Commit(all, store_.Snapshot()->revision()).ok());
    time_.RunFor(1000);
  }

  VirtualTime time_;
  VirtualLoop loop_{&time_};
  SeededRandom random_{1};
  MemoryStore store_;
  FakeSource source_{&loop_};
  FakeAgentLink link_;
  Controller controller_;
};

// What a patch leaves can be written and read again, and a merge that was done changes nothing
// more.
void CheckPatch(const Object& object, const ApiRequest& request) {
  const Value current = EncodeForReaders(object);
  Refusal refusal;
  const std::optional<Value> patched = Patched(current, request, &refusal);
  if (!patched) {
    CHECK(refusal.code == 400 || refusal.code == 415 || refusal.code == 422);
    CHECK(!refusal.message.empty());
    return;
  }
  CHECK(patched->IsMap());
  CHECK(ParseJson(WriteJson(*patched)).ok());
  if (request.content_type != kMerge) return;
  const std::optional<Value> again = Patched(*patched, request, &refusal);
  CHECK(again && *again == *patched);
}

void CheckAnswer(const ApiRequest& request, const ApiResponse& answer) {
  CHECK(!answer.stream);
  CHECK(answer.code == 200 || answer.code == 201 || (answer.code >= 400 && answer.code < 500));
  CHECK(FindInvalidUtf8(answer.body) == std::string_view::npos);
  const Result<Value> shown = ParseJson(answer.body);
  CHECK(shown.ok() && shown->IsMap());
  if (answer.code >= 400) {
    CHECK(shown->GetString("kind") == "Status" && !shown->GetString("message").empty());
    return;
  }
  if (shown->GetString("kind") == "Status" || request.method == "POST") return;
  CHECK(shown->Find("metadata")->GetString("name") == ParseResourcePath(request.path)->name);
}

}  // namespace
}  // namespace reconcile

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static reconcile::World world;
  if (size == 0) return 0;
  const reconcile::BodyWrite& write = reconcile::kWrites[data[0] % std::size(reconcile::kWrites)];
  reconcile::ApiRequest request;
  request.method = write.method;
  request.path = write.path;
  request.content_type = write.content_type;
  request.query = {{"dryRun", "All"}, {"by", "ada"}, {"fieldManager", "fuzz"}};
  request.body.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
  const reconcile::ObjectPtr object = world.Find(request.path);
  if (object != nullptr && (request.method == "PATCH" || request.method == "PUT")) {
    reconcile::CheckPatch(*object, request);
  }
  reconcile::CheckAnswer(request, world.Ask(request));
  return 0;
}
