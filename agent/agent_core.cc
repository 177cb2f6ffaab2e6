#include "agent/agent_core.h"

#include <algorithm>

#include "agent/pod_files.h"

namespace reconcile {
namespace {

constexpr int kStartProgramMode = 0755;

std::string RandomHex(Random* random) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (uint64_t bits = random->Next(), i = 0; i < 16; ++i, bits >>= 4) text += kDigits[bits & 15];
  return text;
}

bool IsStart(const Operation& operation) {
  return std::holds_alternative<RunContainer>(operation.action) ||
         std::holds_alternative<RunSandbox>(operation.action);
}

}  // namespace

Agent::Agent(AgentOptions options, EventLoop* loop, Random* random, ContainerRuntime* runtime,
             HostNetwork* network, HostFiles* files, Prober* prober, ControllerLink* link)
    : core_(std::make_shared<Core>(std::move(options), loop, random, runtime, network, files,
                                   prober, link)) {}
Agent::~Agent() { core_->Stop(); }
void Agent::Start() { core_->Start(); }
bool Agent::Settled() const { return core_->Settled(); }

Agent::Core::Core(AgentOptions options, EventLoop* loop, Random* random, ContainerRuntime* runtime,
                  HostNetwork* network, HostFiles* files, Prober* prober, ControllerLink* link)
    : options_(std::move(options)),
      loop_(loop),
      random_(random),
      runtime_(runtime),
      network_(network),
      files_(files),
      prober_(prober),
      link_(link) {}

void Agent::Core::Start() {
  agent_start_ = RandomHex(random_);
  KeepStartProgram();
  Restore();
  link_->SetHandler(
      {Guarded([this] {
         refused_.clear();  // it was said of another connection's controller
         newest_spoke_ = false;
         SendReport();
       }),
       Guarded([this](const Assignment& assignment) { OnAssignment(assignment); }),
       [weak = weak_from_this()](const LogRequest& request, LogSink sink) {
         const auto self = weak.lock();
         return self ? self->OpenLogs(request, std::move(sink)) : StreamHandle();
       },
       Guarded([this] { SendInventory(); }),
       [weak = weak_from_this()](const PodStreamRequest& request, PodStreamSink sink) {
         const auto self = weak.lock();
         return self ? self->OpenPodStream(request, std::move(sink)) : nullptr;
       }});
  AskEngineInfo();
  RequestNetworkList();
  network_->SetOnDisturbed(Guarded([this](Disturbance what) { OnNetworkDisturbed(what); }));
  After(options_.resync_ms, [this] { Resync(); });
  PlanHeartbeat();
  After(kFirstProbeMs, [this] { ProbePeers(); });
  After(kMeasureMs, [this] { MeasureVolumes(); });
  began_at_ = loop_->now().mono;
  LookAtHost();
  RequestTurn();
}

void Agent::Core::Stop() {
  if (wake_timer_ != 0) loop_->Cancel(wake_timer_);
  if (probes_timer_ != 0) loop_->Cancel(probes_timer_);
  if (heartbeat_timer_ != 0) loop_->Cancel(heartbeat_timer_);
}

bool Agent::Core::Settled() const {
  const bool waits = pending_ && pending_held_.empty();
  // Probes never end.
  const auto probes = static_cast<size_t>(in_lane_[static_cast<size_t>(Lane::kProbe)]);
  return running_.size() == probes && wait_for_list_.empty() && wait_for_this_list_.empty() &&
         looking_.empty() && !listing_ && !turn_posted_ && !more_to_do_ && !waits &&
         seen_.engine_up && seen_.network_listed && !network_listing_;
}

void Agent::Core::RequestTurn() {
  if (turn_posted_) return;
  turn_posted_ = true;
  loop_->Post(Guarded([this] { Turn(); }));
}

void Agent::Core::Turn() {
  turn_posted_ = false;
  ConsiderPending();
  if (applied_) TakeStep();
  SaveNetwork();
  ReportIfChanged();
}

void Agent::Core::TakeStep() {
  ForgetEnds();
  TellCorrected();
  const Removable removable = FindRemovable(*applied_, seen_);
  orphans_held_ = removable.held;
  StepResult result = Step(*applied_, seen_, removable.pod_uids, Facts(), loop_->now());
  seen_.pods = std::move(result.pod_memory);
  seen_.last_address = std::move(result.last_address);
  NoteReads(result.reads_ends);
  if (seen_.engine_up) pods_ = std::move(result.pods);
  for (AgentEvent& event : result.events) {
    if (events_.size() < kMaxPendingEvents) events_.push_back(std::move(event));
  }
  KeepStarts(std::move(result.starts), &starts_);
  const bool ends_were_saved = seen_.ends_saved;
  SaveTerminalPods();
  SaveProbes();
  // Operations of this step may take away what else tells of an end: the next keeps it.
  if (ends_were_saved && !seen_.ends_saved) return RequestTurn();
  SaveHooks();
  StartAllowed(result.operations);
  ConsiderNetwork();
  if (result.wake_at) WakeAt(*result.wake_at);
  if (result.probes_at) ProbesAt(*result.probes_at);
}

Agent::Core::Lane Agent::Core::LaneOf(const Operation& operation) {
  if (std::holds_alternative<StopContainerOp>(operation.action)) return Lane::kStop;
  if (std::holds_alternative<PullImageOp>(operation.action)) return Lane::kPull;
  if (std::holds_alternative<ProbeContainer>(operation.action)) return Lane::kProbe;
  const auto* removal = std::get_if<RemoveContainerOp>(&operation.action);
  if (removal != nullptr && removal->may_wait) return Lane::kRemove;
  if (std::holds_alternative<ReadEndMessage>(operation.action)) return Lane::kRead;
  const auto* hook = std::get_if<RunHook>(&operation.action);
  if (hook == nullptr) return Lane::kStart;
  if (!std::holds_alternative<ExecProbe>(hook->hook.action)) return Lane::kOtherHook;
  return hook->kind == HookKind::kPreStop ? Lane::kPreStopCommand : Lane::kPostStartCommand;
}

int Agent::Core::LimitOf(Lane lane) const {
  switch (lane) {
    case Lane::kStart:
    case Lane::kRemove:
      return options_.max_parallel_operations;
    case Lane::kStop:
      return kMaxParallelStops;
    case Lane::kPull:
      return kMaxParallelPulls;
    case Lane::kProbe:
      return static_cast<int>(kMaxProbesWaiting);
    case Lane::kRead:
      return kMaxParallelReads;
    case Lane::kPostStartCommand:
      return kMaxParallelPostStarts;
    case Lane::kPreStopCommand:
      return kMaxParallelPreStops;
    case Lane::kOtherHook:
      return kMaxOtherHooks;
  }
  return 0;
}

bool Agent::Core::RemovalsWait(const std::vector<Operation>& wanted) {
  const bool starts = std::any_of(running_.begin(), running_.end(),
                                  [](const auto& running) { return IsStart(running.second); }) ||
                      std::any_of(wanted.begin(), wanted.end(), IsStart);
  const bool removals = std::any_of(wanted.begin(), wanted.end(), [](const Operation& operation) {
    return LaneOf(operation) == Lane::kRemove;
  });
  const MonoTime now = loop_->now().mono;
  // Then as long they do not: what follows a removal, as the sandbox's, does not wait anew.
  const bool is_over = removals_wait_since_ && now - *removals_wait_since_ >= 2 * kMaxRemovalWaitMs;
  if (!starts || !removals || is_over) removals_wait_since_.reset();
  if (!starts || !removals) return false;
  if (!removals_wait_since_) removals_wait_since_ = now;
  const MonoTime until = *removals_wait_since_ + kMaxRemovalWaitMs;
  if (until <= now) return false;
  WakeAt(until);
  return true;
}

void Agent::Core::StartAllowed(const std::vector<Operation>& operations) {
  more_to_do_ = false;
  const bool removals_wait = RemovalsWait(operations);
  for (const Operation& operation : operations) {
    const Lane lane = LaneOf(operation);
    const bool waits = lane == Lane::kRemove && removals_wait;
    if (!waits && in_lane_[static_cast<size_t>(lane)] < LimitOf(lane)) {
      Begin(operation);
    } else if (lane != Lane::kProbe) {  // a probe comes again a period later
      more_to_do_ = true;               // the end of another takes the next turn
    }
  }
}

void Agent::Core::WakeAt(MonoTime due) {
  if (wake_timer_ != 0 && wake_due_ <= due) return;
  if (wake_timer_ != 0) loop_->Cancel(wake_timer_);
  wake_due_ = due;
  wake_timer_ = loop_->At(due, Guarded([this] {
                            wake_timer_ = 0;
                            RequestTurn();
                          }));
}

void Agent::Core::KeepStartProgram() {
  if (options_.start_program.empty()) {
    no_start_program_ = "this agent has no program that waits for the network";
    return;
  }
  Status status =
      files_->Write(std::string(kStartProgramFile), options_.start_program, kStartProgramMode);
  if (status.ok()) status = files_->CheckExecutable(std::string(kStartProgramFile));
  no_start_program_ = status.message();
}

std::string Agent::Core::WhySandboxes() const {
  if (!no_start_program_.empty()) return no_start_program_;
  return health_.engine ? health_.engine->no_start_program : "the engine has not answered yet";
}

HostFacts Agent::Core::Facts() const {
  HostFacts facts;
  facts.node_name = options_.node_name;
  facts.host_ip = options_.host_ip;
  facts.memory_bytes = health_.engine ? health_.engine->memory_bytes : 0;
  facts.mtu = options_.mtu;
  facts.has_apparmor = health_.engine && health_.engine->has_apparmor;
  facts.allocatable = AllocatableOf(health_);
  facts.is_short_of_disk = IsShortOf(Pressure::kDisk);
  if (WhySandboxes().empty()) {
    facts.start_program_path = files_->AbsolutePath(std::string(kStartProgramFile));
  }
  facts.pods_path = files_->AbsolutePath(std::string(kPodsFolder));
  return facts;
}

}  // namespace reconcile
