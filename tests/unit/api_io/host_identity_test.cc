// What an agent gets at the API's port with its host's certificate, from the real routes, when it
// goes for what is another host's. Named for FAULTS 15.
#include "schema/core.h"
#include "store/memory_store.h"
#include "tests/support/fake_agent_link.h"
#include "tests/unit/api_io/api_server_fixture.h"

namespace reconcile {
namespace {

struct Attempt {
  const char* method;
  const char* target;
  const char* body = "";
};

// Host n1 asks for what is of n2, where the pod "theirs" runs.
class HostIdentity : public ApiServerTest {
 protected:
  HostIdentity() {
    loop_.Do([this] {
      ControllerOptions options;
      options.sources = {{"main", {"/repository", "", ""}}};
      source_.SetFiles("c1", {});
      controller_ = std::make_unique<Controller>(options, loop_.loop(), &random_of_controller_,
                                                 &store_, &source_, &link_);
      reads_ = std::make_unique<ResourceReads>(&store_, loop_.loop());
      CHECK(controller_->Start().ok());
      for (const char* name : {"n1", "n2"}) {
        auto node = std::make_shared<Node>();
        node->metadata.name = name;
        Put(node);
      }
      auto pod = std::make_shared<Pod>();
      pod->metadata.name = "theirs";
      pod->metadata.namespace_name = "default";
      pod->spec.node_name = "n2";
      pod->spec.containers.Edit().resize(1);
      Put(pod);
    });
    Serve([this](const ApiRequest& request) {
      return HandleApi(controller_.get(), reads_.get(), request, ReadSystemClock());
    });
  }
  void TearDown() override {
    server_.reset();
    loop_.Do([this] {
      reads_.reset();
      controller_.reset();
    });
    ApiServerTest::TearDown();
  }
  void Put(const ObjectPtr& object) {
    Transaction all;
    all.writes.push_back({object->key(), object});
    CHECK(store_.Commit(all, store_.Snapshot()->revision()).ok());
  }
  KeyPair Host(const std::string& name) {
    const KeyAndRequest request = *MakeNodeRequest(name);
    return {
        *enrollment_->Join(*enrollment_->CreateToken({}, now()), request.request_pem, name, now()),
        request.private_key_pem};
  }
  RawAnswer Try(const Attempt& attempt, const KeyPair& identity) {
    const std::string body = attempt.body;
    std::string text = std::string(attempt.method) + " " + attempt.target +
                       " HTTP/1.1\r\nHost: c\r\nConnection: close\r\n";
    if (!body.empty()) {
      text += "Content-Type: application/merge-patch+json\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n";
    }
    return AskRaw(server_->port(), text + "\r\n" + body, &identity);
  }
  // What the log says meanwhile.
  std::string LogOf(const std::function<void()>& what) {
    testing::internal::CaptureStderr();
    what();
    return testing::internal::GetCapturedStderr();
  }
  std::shared_ptr<const Node> Find(const std::string& node) {
    std::shared_ptr<const Node> found;
    loop_.Do([&] { found = controller_->State()->Find<Node>("", node); });
    return found;
  }

  SeededRandom random_of_controller_{1};
  MemoryStore store_;
  InstantSource source_;
  FakeAgentLink link_;
  std::unique_ptr<Controller> controller_;
  std::unique_ptr<ResourceReads> reads_;
};

constexpr Attempt kReads[] = {
    {"GET", "/api/v1/nodes/n2"},
    {"GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn2"},
    {"GET", "/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3Dn2"},
    {"GET", "/api/v1/namespaces/default/pods/theirs"},
    {"GET", "/api/v1/namespaces/default/pods/theirs/log"},
    {"GET", "/api/v1/namespaces/default/pods/theirs/exec?command=id"},
    {"GET", "/api/v1/namespaces/default/secrets"},
    {"GET", "/apis/metrics.k8s.io/v1beta1/nodes/n2"},
    {"GET", "/apis/reconcile.dev/v1/status"},
    {"GET", "/metrics"},
};
constexpr const char* kCordon = R"({"spec":{"unschedulable":true}})";
constexpr Attempt kWrites[] = {
    {"PATCH", "/api/v1/nodes/n2", kCordon},
    {"PATCH", "/api/v1/nodes/n2/status", R"({"status":{}})"},
    {"PATCH", "/api/v1/namespaces/default/pods/theirs/status", R"({"status":{}})"},
    {"DELETE", "/api/v1/namespaces/default/pods/theirs"},
    {"POST", "/api/v1/namespaces/default/pods/theirs/eviction"},
    {"POST", "/apis/reconcile.dev/v1/drain?node=n2"},
    {"POST", "/apis/reconcile.dev/v1/remove-node?node=n2"},
    {"POST", "/apis/reconcile.dev/v1/nodecertificates/n2/revoke"},
    {"POST", "/apis/reconcile.dev/v1/users/token?user=n1&role=admin"},
};

TEST_F(HostIdentity, Faults15ReadsAndWritesNothingOfAnotherHostAndIsAudited) {
  const KeyPair host = Host("n1");
  std::vector<Attempt> all(std::begin(kReads), std::end(kReads));
  all.insert(all.end(), std::begin(kWrites), std::end(kWrites));
  for (const Attempt& attempt : all) {
    const std::string what = std::string(attempt.method) + " " + attempt.target;
    RawAnswer answer;
    const std::string log = LogOf([&] { answer = Try(attempt, host); });
    EXPECT_EQ(answer.code(), 403) << what << answer.text;
    EXPECT_NE(answer.text.find("User \\\"system:node:n1\\\" cannot "), std::string::npos)
        << what << answer.text;
    EXPECT_EQ(answer.text.find("theirs\",\"namespace"), std::string::npos) << answer.text;
    const std::string path = what.substr(0, what.find('?'));
    EXPECT_NE(log.find(" audit event=\"" + path + "\" user=\"system:node:n1\""), std::string::npos)
        << what << log;
    EXPECT_NE(log.find("code=\"403\""), std::string::npos) << what << log;
  }
  ASSERT_NE(Find("n2"), nullptr);
  EXPECT_FALSE(Find("n2")->status.cordon.has_value());
  EXPECT_TRUE(link_.log_requests.empty() && link_.stream_requests.empty());
}

// The routes are there: who may gets them.
TEST_F(HostIdentity, Faults15IsNoMatterOfWhatIsThere) {
  const KeyPair admin = Admin();
  EXPECT_EQ(Try(kReads[0], admin).code(), 200);
  EXPECT_NE(Try(kReads[1], admin).text.find("theirs"), std::string::npos);
  EXPECT_EQ(Try(kWrites[0], admin).code(), 200);
  EXPECT_TRUE(Find("n2")->status.cordon.has_value());
}

// A host has its link for what is its own; here it is told who it is, and no more.
TEST_F(HostIdentity, Faults15HasNoRoleForItsOwnHostEither) {
  const KeyPair host = Host("n1");
  EXPECT_EQ(Try({"PATCH", "/api/v1/nodes/n1", kCordon}, host).code(), 403);
  EXPECT_EQ(Try({"GET", "/api/v1/nodes/n1"}, host).code(), 403);
  EXPECT_EQ(Try({"GET", "/version"}, host).code(), 200);
}

TEST_F(HostIdentity, Faults15TakesNoUserForAHost) {
  EXPECT_FALSE(ReadPeerCertificate(Admin().certificate_pem).ok());
  EXPECT_FALSE(IsHost(*users_->OfCertificate(Admin().certificate_pem, now())));
}

TEST_F(HostIdentity, Faults14RefusesAHostThatWasRevokedOrIsOfAForeignCa) {
  const KeyPair host = Host("n1");
  EXPECT_EQ(Try(kReads[0], host).code(), 403);
  ASSERT_TRUE(enrollment_->RevokeNode("n1", now()).ok());
  EXPECT_EQ(Try(kReads[0], host).code(), 401);
  auto other = std::move(Enrollment::Open(folder_.path() + "/other", &random_, now())).value();
  const KeyAndRequest request = *MakeNodeRequest("n1");
  const KeyPair foreign{
      *other->Join(*other->CreateToken({}, now()), request.request_pem, "n1", now()),
      request.private_key_pem};
  EXPECT_EQ(Try(kReads[0], foreign).code(), 401);
}

}  // namespace
}  // namespace reconcile
