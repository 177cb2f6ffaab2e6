#include "sim/sim_host.h"

#include <algorithm>

#include "sim/controller_process.h"
#include "sim/workload.h"

namespace reconcile {
namespace {

constexpr int64_t kInitMs = 700;
constexpr int64_t kPostStartMs = 900;
constexpr int64_t kPreStopMs = 1'100;
constexpr int64_t kCrashAfterMs = 20'000;
constexpr uint64_t kSandboxesEvery = 3;
constexpr int64_t kMemoryBytes = int64_t{8} << 30;
constexpr int64_t kDiskBytes = int64_t{100} << 30;
constexpr int64_t kMaxProcesses = 32'000;

FakeImage ImageOf(std::string_view reference) {
  FakeImage image;
  image.id = SimImageId(reference);
  image.pull_ms = 1'500;
  if (reference == kImageTwo) image.size_bytes = 600'000'000;
  if (reference == kImageMissing) image.pull_error = "manifest unknown";
  if (reference == kImageInit) {
    image.program.exit_after_ms = kInitMs;
    image.program.exit_code = 0;
  }
  if (reference != kImageCrash) return image;
  image.program.exit_after_ms = kCrashAfterMs;
  image.program.exit_code = kCrashExitCode;
  return image;
}

}  // namespace

SimHost::Process::Process(SimHost* host, uint64_t seed)
    : loop(host->time_, &host->machine_),
      random(seed),
      runtime(host->engine_.Connect()),
      devices(host->devices_.Connect()),
      prober(&loop, [host](const ProbeRequest& request) { return host->Answer(request); }),
      link(host->network_->MakeAgentEnd(host->name_, &loop)),
      agent(host->Options(), &loop, &random, runtime.get(), devices.get(), &host->files_, &prober,
            link.get()) {}

SimHost::SimHost(std::string name, uint64_t seed, bool live_restore, VirtualTime* time,
                 SimNetwork* network)
    : name_(std::move(name)),
      live_restore_(live_restore),
      has_sandboxes_(seed % kSandboxesEvery == 0),
      time_(time),
      network_(network),
      random_(seed),
      machine_(time),
      loop_(time, &machine_),
      engine_(&loop_, {.seed = seed, .live_restore = live_restore}),
      devices_(&loop_, {.seed = seed}) {
  for (const std::string_view image :
       {kImageOne, kImageTwo, kImageCrash, kImageMissing, kImageInit}) {
    engine_.SetImage(std::string(image), ImageOf(image));
  }
  engine_.SetCommandChooser([](const ContainerConfig&, const std::vector<std::string>& command) {
    const bool begins = command.front() == kPostStartCommand;
    return FakeCommand{.takes_ms = begins ? kPostStartMs : kPreStopMs};
  });
  files_.SetSpace([this](const std::string&) { return Space(); });
  engine_.SetObserver([this](const FakeChange& change) { OnEngineChange(change); });
  devices_.SetOnAttached([this](int64_t process_id) { engine_.NetworkAttached(process_id); });
  devices_.SetProcessAlive([this](int64_t process_id) {
    return std::any_of(process_ids_.begin(), process_ids_.end(),
                       [&](const auto& entry) { return entry.second == process_id; });
  });
}

SimHost::~SimHost() { process_.reset(); }

AgentOptions SimHost::Options() const {
  AgentOptions options;
  options.node_name = name_;
  options.host_ip = "192.0.2.1";
  options.boot_id = "boot-" + std::to_string(boots_);
  options.verify = VerifySimSignature;
  options.read_host_use = [this] { return Use(); };
  if (!has_sandboxes_) options.start_program = "start";
  return options;
}

HostUse SimHost::Use() const {
  const ContainerUse taken = engine_.Use();
  return {kMemoryBytes, std::max<int64_t>(free_.memory_bytes - taken.memory_bytes, 0),
          kMaxProcesses, kMaxProcesses - free_.processes + taken.processes};
}

// The engine's and the agent's are one.
FileSystemSpace SimHost::Space() const {
  int64_t available = free_.disk_bytes - engine_.Use().disk_bytes;
  for (const HostImage& image : engine_.Images()) available -= image.size_bytes;
  return {kDiskBytes, std::max<int64_t>(available, 0), 0, 0, 1};
}

bool SimHost::SetFree(const Free& free) {
  const bool is_news = free_ != free;
  free_ = free;
  return is_news;
}

void SimHost::SetObserver(std::function<void(const FakeChange&)> observer) {
  observer_ = std::move(observer);
}

// The kernel's part: a network namespace ends with its process.
void SimHost::OnEngineChange(const FakeChange& change) {
  if (change.what == "start") process_ids_[change.container.id] = change.container.process_id;
  if (change.what == "begin") OnBegin(change.container);
  if (change.what == "begin") programs_.Began(change.container.id, loop_.now().mono);
  if (change.what == "die") {
    programs_.Ended(change.container.id);
    const auto ended = process_ids_.extract(change.container.id);
    if (!ended.empty()) devices_.ProcessEnded(ended.mapped());
  }
  if (observer_) observer_(change);
}

// An application needs its network from its first instruction on.
void SimHost::OnBegin(const ContainerInfo& container) {
  const ContainerConfig* config = engine_.FindConfig(container.id);
  if (config == nullptr || config->is_sandbox) return;
  const std::string& joined = config->network_container;
  const auto owner = process_ids_.find(joined.empty() ? container.id : joined);
  if (owner != process_ids_.end() && devices_.WasAttached(owner->second)) return;
  violations_.Add("at " + std::to_string(loop_.now().mono.ms) + " ms on " + name_ + ": " +
                  container.name + " runs in a network that was never attached");
}

void SimHost::WriteFile(const std::string& path, const std::string& bytes) {
  const Status written = files_.Write(path, bytes, 0666);
  if (!written.ok()) violations_.Add(path + " cannot be written: " + written.message());
}

std::optional<ProbeOutcome> SimHost::Answer(const ProbeRequest& request) const {
  return answers_ ? answers_(request) : programs_.Answer(request, loop_.now().mono);
}

bool SimHost::StartAgent() {
  if (process_ != nullptr || !powered_) return false;
  if (machine_.suspended()) {
    loop_.Post([this] { StartAgent(); });
    return true;
  }
  process_ = std::make_unique<Process>(this, random_.Next());
  process_->agent.Start();
  return true;
}

bool SimHost::KillAgent() {
  if (process_ == nullptr || !awake()) return false;
  process_.reset();
  return true;
}

bool SimHost::CrashEngine() {
  if (!awake() || !engine_.up()) return false;
  engine_.Crash();
  return true;
}

bool SimHost::StartEngine() {
  if (!awake() || engine_.up()) return false;
  engine_.Start();
  return true;
}

bool SimHost::PowerOff() {
  if (!powered_) return false;
  powered_ = false;
  process_.reset();
  machine_.Resume();
  engine_.RebootHost();
  devices_.RebootHost();
  files_.LoseUnsynced();
  return true;
}

void SimHost::PowerOn() {
  if (powered_) return;
  powered_ = true;
  ++boots_;
  engine_.Start();
  StartAgent();
}

bool SimHost::Suspend() {
  if (!awake()) return false;
  machine_.Suspend();
  return true;
}

bool SimHost::Resume() { return machine_.Resume(); }

bool SimHost::JumpWallClock(int64_t by_ms) {
  if (!awake()) return false;
  machine_.JumpWallClock(by_ms);
  return true;
}

}  // namespace reconcile
