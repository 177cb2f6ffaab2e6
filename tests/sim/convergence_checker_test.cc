#include "sim/convergence_checker.h"

#include "schema/manifests.h"
#include "sim/virtual_loop.h"

namespace reconcile {
namespace {

constexpr char kAddress[] = "10.42.0.2";

// One host with one bare Pod of one container, all as declared; tests spoil something.
class ConvergenceCheckerTest : public testing::Test {
 protected:
  ConvergenceCheckerTest() {
    for (const std::string_view image : {kImageOne, kImageTwo}) {
      engine_.SetImage(std::string(image), {.present = true, .id = SimImageId(image)});
    }
    Declare(false);
  }

  void Declare(bool has_inits) {
    DeclareOnePod(has_inits);
    pod_ = std::make_shared<Pod>(*state_.Find<Pod>("default", Name()));
    pod_->metadata.uid = "uid-1";
    pod_->spec.node_name = "host-1";
    pod_->status.pod_ip = kAddress;
    SetReady(ConditionStatus::kTrue);
    devices_client_->Prepare({"10.42.0.0/16", "10.42.0.0/24"}, [](const Status&) {});
    const std::string own = "GENERATION=" + std::to_string(Template().generation);
    env_ = {own};
    if (Template().uses_config) env_.insert(env_.begin(), "generation=0");
  }

  // Until the people happen to have a Pod that runs, and nothing else.
  void DeclareOnePod(bool has_inits) {
    state_ = ClusterState();
    for (uint64_t seed = 1;; ++seed) {
      workload_ = Workload(seed);
      workload_.Change();
      const FetchedCommit commit = workload_.Commit();
      if (Applications().begin()->second.kind != "Pod" || Template().is_large) continue;
      if (Template().has_inits != has_inits) continue;
      for (const ObjectPtr& object : ParseManifests(commit.files).objects) state_.Put(object);
      return;
    }
  }

  const std::map<std::string, Application>& Applications() const {
    return workload_.declared().applications;
  }
  const std::string& Name() const { return Applications().begin()->first; }
  const SimTemplate& Template() const { return Applications().begin()->second.pod_template; }

  void SetReady(ConditionStatus ready) {
    SetCondition(&pod_->status.conditions, {.type = "Ready", .status = ready}, {});
  }

  // Starts a container of the pod; its process id.
  int64_t Start(std::string_view name, std::string_view image, std::vector<std::string> env) {
    ContainerConfig config;
    config.name = "c-" + std::string(name);
    config.image = SimImageId(image);
    config.env = std::move(env);
    config.labels = {{std::string(kLabelPodUid), "uid-1"},
                     {std::string(kLabelContainer), std::string(name)},
                     {std::string(kLabelAddress), kAddress}};
    std::string id;
    engine_client_->CreateContainer(config, [&](Result<std::string> created) {
      id = *created;
      engine_client_->StartContainer(id, [](const Status&) {});
    });
    time_.RunFor(1'000);
    for (const ContainerInfo& container : engine_.Containers()) {
      if (container.id == id) return container.process_id;
    }
    return 0;
  }

  void Attach(const std::string& uid, const std::string& address, int64_t process_id) {
    devices_client_->AttachPod({uid, process_id, address}, [](const Status&) {});
    time_.RunFor(1'000);
  }

  // All as it should be but for the container itself.
  void StartSandbox() { Attach("uid-1", kAddress, Start(kSandboxContainer, kImageOne, {})); }

  std::vector<std::string> Declared(const std::vector<std::string>& unconverged = {}) {
    ClusterState state = state_;
    state.Put(pod_);
    return CheckDeclared(state, workload_, model_, {{"host-1", &engine_, &devices_}}, unconverged);
  }
  std::vector<std::string> Network() {
    ClusterState state = state_;
    state.Put(pod_);
    return CheckNetwork(state, {{"host-1", &engine_, &devices_}});
  }

  VirtualTime time_;
  VirtualLoop loop_{&time_};
  FakeEngine engine_{&loop_};
  FakeNetwork devices_{&loop_};
  std::unique_ptr<ContainerRuntime> engine_client_ = engine_.Connect();
  std::unique_ptr<HostNetwork> devices_client_ = devices_.Connect();
  Workload workload_{1};
  ModelChecker model_{&workload_};
  ClusterState state_;
  std::shared_ptr<Pod> pod_;
  std::vector<std::string> env_;
};

TEST_F(ConvergenceCheckerTest, AgreesWhenWhatRunsIsWhatWasDeclared) {
  StartSandbox();
  Start("main", kImageOne, env_);
  EXPECT_EQ(Declared(), std::vector<std::string>());
  EXPECT_EQ(Network(), std::vector<std::string>());
}

TEST_F(ConvergenceCheckerTest, FindsASidecarThatDoesNotRun) {
  Declare(true);
  StartSandbox();
  Start("main", kImageOne, env_);
  EXPECT_EQ(Declared(), std::vector<std::string>{"host-1: does not run uid-1/sidecar"});
}

TEST_F(ConvergenceCheckerTest, FindsAnotherImage) {
  StartSandbox();
  Start("main", kImageTwo, env_);
  EXPECT_EQ(Declared().size(), 1U);
}

TEST_F(ConvergenceCheckerTest, FindsAnotherEnvironment) {
  StartSandbox();
  env_.back() = "GENERATION=99";
  Start("main", kImageOne, env_);
  EXPECT_EQ(Declared().size(), 1U);
}

TEST_F(ConvergenceCheckerTest, FindsAContainerThatDoesNotRunAndAPodThatIsNotReady) {
  StartSandbox();
  SetReady(ConditionStatus::kFalse);
  EXPECT_EQ(Declared().size(), 2U);
}

TEST_F(ConvergenceCheckerTest, FindsWhatNobodyDeclared) {
  StartSandbox();
  Start("main", kImageOne, env_);
  Start("other", kImageOne, env_);
  EXPECT_EQ(Declared().size(), 1U);
}

TEST_F(ConvergenceCheckerTest, FindsAComplaintWithoutCause) {
  StartSandbox();
  Start("main", kImageOne, env_);
  EXPECT_EQ(Declared({"pod default/" + Name() + ": being stopped"}).size(), 1U);
}

// A pod that cannot run owes the right reason.
TEST_F(ConvergenceCheckerTest, WantsTheRightReason) {
  workload_ = Workload(1);
  workload_.MakeUnhealthy();
  state_ = ClusterState();
  for (const ObjectPtr& object : ParseManifests(workload_.Commit().files).objects) {
    state_.Put(object);
  }
  pod_ = std::make_shared<Pod>(*state_.Find<Pod>("default", "bad-size"));
  const auto about_size = [&](const std::vector<std::string>& unconverged) {
    size_t lines = 0;
    for (const std::string& line : Declared(unconverged)) {
      lines += line.find("bad-size") != std::string::npos ? 1 : 0;
    }
    return lines;
  };
  const std::string subject = "pod default/bad-size: ";
  EXPECT_EQ(about_size({}), 1U);
  EXPECT_EQ(about_size({subject + "starting"}), 1U);
  EXPECT_EQ(about_size({subject + "0 of 1 hosts fit: host-1: needs 64 cpu, 4 free"}), 0U);
}

TEST_F(ConvergenceCheckerTest, FindsLastWordsOfAnotherContainer) {
  ContainerStatus status;
  status.last_state.terminated = ContainerStateTerminated();
  status.last_state.terminated->container_id = "docker://c-1";
  const auto found = [&](const std::string& message) {
    status.last_state.terminated->message = message;
    pod_->status.container_statuses = {status};
    state_.Put(std::make_shared<Pod>(*pod_));
    return CheckMessages(state_).size();
  };
  EXPECT_EQ(found(""), 0u);
  EXPECT_EQ(found(LastWordsOf("c-1")), 0u);
  EXPECT_EQ(found("killed: " + LastWordsOf("c-1")), 0u);
  EXPECT_EQ(found(LastWordsOf("c-2")), 1u);
}

TEST_F(ConvergenceCheckerTest, FindsALostRouteAndALeakedAttachment) {
  StartSandbox();
  devices_.DropRoute(kAddress);
  EXPECT_EQ(Network().size(), 1U);
  Attach("uid-of-old", "10.42.0.3", 1);
  EXPECT_EQ(Network().size(), 2U);
}

TEST_F(ConvergenceCheckerTest, FindsAnAttachmentToAnEarlierSandbox) {
  Start(kSandboxContainer, kImageOne, {});
  Attach("uid-1", kAddress, 1);
  EXPECT_EQ(Network().size(), 1U);
}

}  // namespace
}  // namespace reconcile
