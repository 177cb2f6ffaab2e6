#include "sim/sim_host.h"

#include "sim/workload.h"

namespace reconcile {
namespace {

constexpr int64_t kCrashAfterMs = 20'000;

AgentOptions OptionsFor(const std::string& name) {
  AgentOptions options;
  options.node_name = name;
  options.host_ip = "192.0.2.1";
  options.boot_id = "boot";
  return options;
}

}  // namespace

SimHost::Process::Process(SimHost* host, uint64_t seed)
    : loop(host->time_),
      random(seed),
      runtime(host->engine_.Connect()),
      devices(host->devices_.Connect()),
      link(host->network_->MakeAgentEnd(host->name_, &loop)),
      agent(OptionsFor(host->name_), &loop, &random, runtime.get(), devices.get(), &host->files_,
            link.get()) {}

SimHost::SimHost(std::string name, uint64_t seed, VirtualTime* time, SimNetwork* network)
    : name_(std::move(name)),
      time_(time),
      network_(network),
      random_(seed),
      loop_(time),
      engine_(&loop_, {.seed = seed}),
      devices_(&loop_, {.seed = seed}) {
  FakeImage runs;
  runs.pull_ms = 1'500;
  engine_.SetImage(std::string(kImageOne), runs);
  engine_.SetImage(std::string(kImageTwo), runs);
  FakeImage crashes;
  crashes.program.exit_after_ms = kCrashAfterMs;
  crashes.program.exit_code = 1;
  engine_.SetImage(std::string(kImageCrash), crashes);
  FakeImage missing;
  missing.pull_error = "manifest unknown";
  engine_.SetImage(std::string(kImageMissing), missing);
}

SimHost::~SimHost() { process_.reset(); }

void SimHost::StartAgent() {
  if (process_ != nullptr || !powered_) return;
  process_ = std::make_unique<Process>(this, random_.Next());
  process_->agent.Start();
}

void SimHost::KillAgent() { process_.reset(); }

void SimHost::CrashEngine() {
  if (powered_) engine_.Crash();
}

void SimHost::StartEngine() {
  if (powered_) engine_.Start();
}

void SimHost::PowerOff() {
  if (!powered_) return;
  powered_ = false;
  process_.reset();
  engine_.RebootHost();
  devices_.RebootHost();
  files_.LoseUnsynced();
}

void SimHost::PowerOn() {
  if (powered_) return;
  powered_ = true;
  engine_.Start();
  StartAgent();
}

}  // namespace reconcile
