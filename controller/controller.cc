#include "controller/controller.h"

#include "controller/core.h"

namespace reconcile {

Controller::Controller(ControllerOptions options, EventLoop* loop, Random* random, Store* store,
                       ManifestSource* source, AgentLink* link)
    : core_(std::make_shared<Core>(std::move(options), loop, random, store, source, link)) {}

Controller::~Controller() { core_->Stop(); }

Status Controller::Start() { return core_->Start(); }
std::shared_ptr<const ClusterState> Controller::State() const { return core_->State(); }
Status Controller::Sync(const std::string& source) { return core_->Sync(source); }
Status Controller::AcceptHostKey(const std::string& source, const std::string& fingerprint) {
  return core_->AcceptHostKey(source, fingerprint);
}
WebhookAnswer Controller::TakeWebhook(const std::string& source, const StringMap& headers,
                                      const std::string& body) {
  return core_->TakeWebhook(source, headers, body);
}
Status Controller::Confirm(const std::string& plan_hash) { return core_->Confirm(plan_hash); }
Status Controller::Suspend(const std::string& source, const Told& told) {
  return core_->Suspend(source, told);
}
Status Controller::Resume(const std::string& source, const Told& told) {
  return core_->Resume(source, told);
}
Result<SourcePin> Controller::RollBack(const std::string& source, const std::string& to,
                                       const Told& told) {
  return core_->RollBack(source, to, told);
}
Result<SourcePin> Controller::FindRollBack(const std::string& source, const std::string& to) const {
  return core_->FindRollBack(source, to);
}
Result<Controller::PlanAnswer> Controller::PlanNewest(const std::string& source,
                                                      std::string* commit) const {
  return core_->PlanNewest(source, commit);
}
Status Controller::MayAccept(const std::string& source, const std::string& commit) const {
  return core_->MayAccept(source, commit);
}
Status Controller::Accept(const std::string& source, const std::string& commit, const Told& told) {
  return core_->Accept(source, commit, told);
}
Status Controller::Cordon(const std::string& node, const Told& told) {
  return core_->Cordon(node, told);
}
Status Controller::Uncordon(const std::string& node, const Told& told) {
  return core_->Uncordon(node, told);
}
Status Controller::Drain(const std::string& node, NodeDrain drain, const Told& told) {
  return core_->Drain(node, std::move(drain), told);
}
Status Controller::RemovePods(const std::vector<ObjectKey>& pods, const PodRemoval& removal,
                              const Told& told) {
  return core_->RemovePods(pods, removal, told);
}
Status Controller::Restart(const std::string& namespace_name, const std::string& deployment,
                           const Told& told) {
  return core_->Restart({Kind::kDeployment, namespace_name, deployment}, told);
}
void Controller::NoteRevocations() { core_->NoteRevocations(); }
Status Controller::RemoveNode(const std::string& name) { return core_->RemoveNode(name); }
Result<int64_t> Controller::RotateSecretKey() { return core_->RotateSecretKey(); }

Result<Controller::PlanAnswer> Controller::PlanManifests(const std::string& source,
                                                         const PlanInput& input,
                                                         const PlanInput* base) {
  return core_->PlanManifests(source, input, base);
}

Result<Controller::PlanWork> Controller::PrepareManifests(const std::string& source,
                                                          PlanInput input,
                                                          std::optional<PlanInput> base) const {
  return core_->PrepareManifests(source, std::move(input), std::move(base));
}

Result<Controller::PlanWork> Controller::PrepareNewest(const std::string& source) const {
  return core_->PrepareNewest(source);
}

void Controller::PrepareRevision(const std::string& source, const std::string& revision,
                                 SecretsInPlan secrets,
                                 std::function<void(Result<PlanWork>)> done) {
  core_->PrepareRevision(source, revision, secrets, std::move(done));
}

Result<Controller::PlanWork> Controller::PrepareAddition(const std::string& source,
                                                         std::string manifests,
                                                         SecretsInPlan secrets) const {
  return core_->PrepareAddition(source, std::move(manifests), secrets);
}

Result<std::vector<size_t>> Controller::FilesToSend(const std::string& source,
                                                    const std::vector<ManifestFile>& files) const {
  return core_->FilesToSend(source, files);
}

Result<StreamHandle> Controller::OpenLogs(const std::string& namespace_name, const std::string& pod,
                                          LogRequest request, LogSink sink) {
  return core_->OpenLogs(namespace_name, pod, std::move(request), std::move(sink));
}

Result<std::shared_ptr<PodStream>> Controller::OpenPodStream(const std::string& namespace_name,
                                                             const std::string& pod,
                                                             PodStreamRequest request,
                                                             PodStreamSink sink) {
  return core_->OpenPodStream(namespace_name, pod, std::move(request), std::move(sink));
}

Result<std::vector<Controller::HistoryEntry>> Controller::History(const std::string& source) const {
  return core_->History(source);
}

std::vector<Controller::HostNetwork> Controller::Networks() const { return core_->Networks(); }
const UsageHistory& Controller::Usage() const { return core_->Usage(); }
Controller::Heartbeats Controller::LastHeartbeats() const { return core_->LastHeartbeats(); }
std::vector<std::string> Controller::Notes() const { return core_->Notes(); }
std::vector<std::string> Controller::Unconverged() const { return core_->Unconverged(); }
std::vector<std::string> Controller::UnderWay() const { return core_->UnderWay(); }

}  // namespace reconcile
