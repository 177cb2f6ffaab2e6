#include "tests/conformance/world.h"

#include <algorithm>

#include "agent/containers.h"
#include "base/ids.h"
#include "runtime/start_program.h"
#include "schema/codec.h"
#include "schema/selector_text.h"
#include "tests/conformance/mounted.h"
#include "tests/conformance/script.h"

namespace reconcile {
namespace {

constexpr int64_t kLookEveryMs = 100;
constexpr int64_t kSettleMs = 20 * 60'000;
constexpr size_t kMostFailures = 10;
constexpr int64_t kDrainMs = 10 * 60'000;
constexpr int64_t kLeastFreeMemoryBytes = 500 << 20;
constexpr int64_t kLeastFreeDiskBytes = int64_t{16} << 30;  // of 100 GiB

std::string LabelOf(const StringMap& labels, std::string_view key) {
  const auto found = labels.find(std::string(key));
  return found == labels.end() ? "" : found->second;
}

std::string KeyOf(const Value& manifest) {
  const Value* metadata = manifest.Find("metadata");
  return manifest.GetString("kind") + "/" +
         (metadata == nullptr ? "" : metadata->GetString("name"));
}

// JSON merge patch (RFC 7386).
void Merge(const Value& patch, Value* target) {
  if (!patch.IsMap()) {
    *target = patch;
    return;
  }
  if (!target->IsMap()) *target = Value::MakeMap();
  for (const Value::Member& member : patch.AsMap()) {
    Value::Map& members = target->AsMap();
    const auto found = std::find_if(members.begin(), members.end(),
                                    [&](const auto& each) { return each.key == member.key; });
    if (member.value.IsNull()) {
      if (found != members.end()) members.erase(found);
    } else if (found != members.end()) {
      Merge(member.value, &found->value);
    } else {
      Value added;
      Merge(member.value, &added);
      target->Set(member.key, std::move(added));
    }
  }
}

// What it was asked to run, without what starts it.
std::vector<std::string> CommandOf(const ContainerConfig& config) {
  std::vector<std::string> command = config.entrypoint;
  command.insert(command.end(), config.cmd.begin(), config.cmd.end());
  if (!command.empty() && command.front() == kStartProgramPath) command.erase(command.begin());
  return command;
}

FakeProgram ProgramOf(const ContainerConfig& config) {
  if (config.is_sandbox) return {};
  Result<Script> script = ReadScript(CommandOf(config));
  if (script.ok()) return std::move(script).value().program;
  FakeProgram program;
  program.start_error = script.status().message();
  return program;
}

std::string_view StateOf(const ContainerInfo& info) {
  if (info.state == ContainerRunState::kRunning) return "running";
  return info.state == ContainerRunState::kCreated ? "created" : "exited";
}

Value ContainerValue(const std::string& host, const ContainerInfo& info,
                     const ContainerConfig& config) {
  Value env = Value::MakeMap();
  for (const std::string& entry : config.env) {
    const size_t equals = entry.find('=');
    env.Set(entry.substr(0, equals),
            Value::String(equals == std::string::npos ? "" : entry.substr(equals + 1)));
  }
  Value command = Value::MakeList();
  for (const std::string& word : CommandOf(config)) command.Append(Value::String(word));
  Value value = Value::MakeMap();
  value.Set("name", Value::String(LabelOf(info.labels, kLabelContainer)));
  value.Set("pod", Value::String(LabelOf(info.labels, kLabelPod)));
  value.Set("host", Value::String(host));
  value.Set("state", Value::String(std::string(StateOf(info))));
  value.Set("exitCode", Value::Int(info.exit_code));
  value.Set("env", std::move(env));
  value.Set("command", std::move(command));
  Value resources = Value::MakeMap();
  resources.Set("cpuShares", Value::Int(config.cpu_shares));
  resources.Set("cpuQuota", Value::Int(config.cpu_quota_us));
  resources.Set("memory", Value::Int(config.memory_bytes));
  resources.Set("oomScoreAdj", Value::Int(config.oom_score_adj));
  value.Set("resources", std::move(resources));
  return value;
}

// What the program has written by then goes into the files that are mounted there; the engine ends
// it, and they stay.
void KeepFiles(const ContainerConfig& config, int64_t age_ms, SimHost* host) {
  const Result<Script> script = ReadScript(CommandOf(config));
  if (!script.ok()) return;
  for (const auto& [path, changes] : script->files) {
    const std::string file = MountedAt(config, path, host->files());
    const std::optional<std::string> content = script->Content(path, age_ms);
    if (!file.empty() && content) host->WriteFile(file, *content);
  }
}

// Every file that the container finds where something is mounted, by its path there.
Value FilesOf(const ContainerConfig& config, int64_t age_ms, const SimHost& host) {
  Value files = Value::MakeMap();
  for (const auto& [path, content] : MountedFiles(config, host.files())) {
    files.Set(path, Value::String(content));
  }
  const Result<Script> script = ReadScript(CommandOf(config));
  if (!script.ok()) return files;
  for (const auto& [path, changes] : script->files) {
    const std::optional<std::string> content = script->Content(path, age_ms);
    if (content) files.Set(path, Value::String(*content));
  }
  return files;
}

}  // namespace

ConformanceWorld::ConformanceWorld(const Value& test_case)
    : case_(test_case), network_(&time_, random_.Next()) {
  Prepare(static_cast<int>(case_.GetInt("hosts", 1)));
}

ConformanceWorld::~ConformanceWorld() = default;

void ConformanceWorld::Prepare(int hosts) {
  std::vector<std::string> names;
  for (int i = 1; i <= hosts; ++i) names.push_back("host-" + std::to_string(i));
  controller_ = std::make_unique<SimController>(random_.Next(), &time_, &network_, names);
  controller_->SetObserver(
      [this](const ClusterState*, const ClusterState& after) { CheckAlways(after); });
  for (const std::string& name : names) {
    hosts_.push_back(std::make_unique<SimHost>(name, random_.Next(), true, &time_, &network_));
    FakeImage image;
    image.present = true;
    image.entrypoint.clear();
    image.cmd = {"sh"};
    for (const char* tag : {"test/busybox:1", "test/busybox:2"}) {
      hosts_.back()->engine().SetImage(tag, image);
    }
    image.present = false;  // it is pulled
    image.size_bytes = 900'000'000;
    hosts_.back()->engine().SetImage("test/large:1", image);
    SimHost* const host = hosts_.back().get();
    host->engine().SetProgramChooser(ProgramOf);
    host->engine().SetCommandChooser(
        [this, host](const ContainerConfig& config, const std::vector<std::string>& command) {
          for (const ContainerInfo& info : host->engine().Containers()) {
            if (info.name == config.name) return RunIn(*host, info, command);
          }
          return FakeCommand{.exit_code = 1};
        });
    host->SetAnswers([this, host](const ProbeRequest& request) { return Answer(*host, request); });
    hosts_.back()->SetObserver([this, host](const FakeChange& change) { OnChange(host, change); });
  }
  Commit();
  controller_->Start();
  for (const auto& host : hosts_) host->StartAgent();
}

int64_t ConformanceWorld::AgeMs(const ContainerInfo& info) const {
  const WallTime now = time_.now().wall;
  return now.ms - info.started_at.value_or(now).ms;
}

FakeCommand ConformanceWorld::RunIn(const SimHost& host, const ContainerInfo& info,
                                    const std::vector<std::string>& command) const {
  const Result<Script> script = ReadScript(CommandOf(*host.engine().FindConfig(info.id)));
  return script.ok() ? RunInScript(*script, command, AgeMs(info)) : FakeCommand{.exit_code = 1};
}

// Only at the pod's own address.
ProbeOutcome ConformanceWorld::Answer(const SimHost& host, const ProbeRequest& request) const {
  const ContainerConfig* config = host.engine().FindConfig(request.container_id);
  if (config == nullptr) return {false, "no route to host"};
  bool is_its_own = false;
  const ContainerInfo* asked = nullptr;
  const std::vector<ContainerInfo> containers = host.engine().Containers();
  for (const ContainerInfo& info : containers) {
    if (info.id == request.container_id) asked = &info;
  }
  for (const ContainerInfo& info : containers) {
    is_its_own |= LabelOf(info.labels, kLabelPodUid) == LabelOf(config->labels, kLabelPodUid) &&
                  LabelOf(info.labels, kLabelAddress) == request.address;
  }
  const Result<Script> script = ReadScript(CommandOf(*config));
  if (!is_its_own || asked == nullptr || !script.ok()) return {false, "no route to host"};
  return AnswerOf(*script, request.probe, AgeMs(*asked));
}

std::vector<std::string> ConformanceWorld::Run() {
  const Status ready = Settle();
  if (!ready.ok()) Fail("before the first step: " + ready.message());
  for (const Value& step : case_.GetList("steps")) {
    if (!failures_.empty()) break;
    step_ = "line " + std::to_string(step.mark.line);
    const Status status = Take(step);
    if (!status.ok()) Fail(status.message());
  }
  return failures_;
}

Status ConformanceWorld::Take(const Value& step) {
  RETURN_IF_ERROR(CheckStep(step));
  if (step.Find("apply") != nullptr || step.Find("patch") != nullptr ||
      step.Find("remove") != nullptr) {
    return TakeManifests(step);
  }
  if (step.Find("mark") != nullptr) {
    marked_ms_ = time_.now().mono.ms;
    starts_.clear();
    return OkStatus();
  }
  if (step.Find("settle") != nullptr) return Settle();
  if (step.Find("starts") != nullptr) return ExpectStarts(*step.Find("starts"));
  if (step.Find("expect") != nullptr) return Expect(step);
  if (step.Find("kill") != nullptr) return Kill(*step.Find("kill"));
  if (step.Find("host") != nullptr) return TakeHost(*step.Find("host"));
  if (const Value* always = step.Find("always")) {
    for (const Value& expectation : always->AsList()) always_.push_back({expectation});
    return OkStatus();
  }
  if (step.Find("wait") != nullptr) {
    const Result<int64_t> duration_ms = ReadDurationMs(step.GetString("wait"));
    if (duration_ms.ok()) RunFor(*duration_ms);
    return duration_ms.status();
  }
  return InvalidError("there is no step like " + WriteJson(step));
}

Status ConformanceWorld::TakeManifests(const Value& step) {
  for (const Value& manifest : step.GetList("apply")) manifests_[KeyOf(manifest)] = manifest;
  if (const Value* patches = step.Find("patch")) {
    for (const Value::Member& patch : patches->AsMap()) {
      const Status status = Patch(patch.key, patch.value);
      if (!status.ok()) return status;
    }
  }
  for (const Value& name : step.GetList("remove")) {
    if (manifests_.erase(name.AsString()) == 0) {
      return InvalidError("there is no " + name.AsString() + " to remove");
    }
  }
  Commit();
  return OkStatus();
}

Status ConformanceWorld::Patch(const std::string& name, const Value& patch) {
  const auto found = manifests_.find(name);
  if (found == manifests_.end()) return InvalidError("there is no " + name + " to patch");
  Merge(patch, &found->second);
  return OkStatus();
}

void ConformanceWorld::Commit() {
  FetchedCommit commit;
  commit.id = Sha256Hex("commit " + std::to_string(++commits_)).substr(0, 40);
  int number = 0;
  for (const auto& [name, manifest] : manifests_) {
    const std::string text = WriteJson(manifest);
    commit.files.push_back({std::to_string(++number) + ".json", Sha256Hex(text).substr(0, 40),
                            std::make_shared<const std::string>(text)});
  }
  controller_->SetCommit(commit);
}

Status ConformanceWorld::TakeHost(const Value& step) {
  for (const Value::Member& member : step.AsMap()) {
    SimHost* host = HostNamed(member.value.AsString());
    if (host == nullptr) return InvalidError("there is no " + member.value.AsString());
    if (member.key == "cut") {
      network_.Cut(host->name());
    } else if (member.key == "mend") {
      network_.Mend(host->name());
    } else if (member.key == "lose") {
      host->PowerOff();
    } else if (member.key == "return") {
      host->PowerOn();
      host->StartAgent();
    } else if (member.key == "short of memory") {
      host->SetFree({.memory_bytes = kLeastFreeMemoryBytes});
    } else if (member.key == "short of disk") {
      host->SetFree({.disk_bytes = kLeastFreeDiskBytes});
    } else if (member.key == "relieve") {
      host->SetFree({});
    } else if (member.key == "restart agent") {
      host->KillAgent();
      host->StartAgent();
    } else if (member.key == "drain" && !controller_->Drain(host->name(), false, kDrainMs)) {
      return InvalidError("the controller refuses to drain " + host->name());
    } else if (member.key == "uncordon" && !controller_->Uncordon(host->name())) {
      return InvalidError("the controller refuses to uncordon " + host->name());
    } else if (member.key != "drain" && member.key != "uncordon") {
      return InvalidError("nothing is known of \"" + member.key + "\" a host");
    }
  }
  return OkStatus();
}

SimHost* ConformanceWorld::HostNamed(const std::string& name) {
  for (const auto& host : hosts_) {
    if (host->name() == name) return host.get();
  }
  return nullptr;
}

bool ConformanceWorld::IsSettled() {
  if (!controller_->runs()) return false;
  const Controller& controller = *controller_->controller();
  return controller.Settled() && controller.Unconverged().empty() && network_.AllConnected() &&
         std::all_of(hosts_.begin(), hosts_.end(),
                     [](const auto& host) { return host->Settled(); });
}

Status ConformanceWorld::Settle() {
  const int64_t end_ms = time_.now().mono.ms + kSettleMs;
  do {
    RunFor(kLookEveryMs);
  } while (!IsSettled() && time_.now().mono.ms < end_ms);
  if (IsSettled()) return OkStatus();
  const std::vector<std::string> unconverged = controller_->controller()->Unconverged();
  return InternalError("it did not settle: " + (unconverged.empty() ? "" : unconverged.front()));
}

Status ConformanceWorld::Expect(const Value& step) {
  const bool since_mark = step.Find("since") != nullptr;
  const int64_t from_ms = since_mark ? marked_ms_ : time_.now().mono.ms;
  const std::string within = step.GetString("within");
  const std::string not_before = step.GetString("notBefore", "0s");
  const Result<int64_t> within_ms = ReadDurationMs(within.empty() ? "60s" : within);
  const Result<int64_t> not_before_ms = ReadDurationMs(not_before);
  if (!within_ms.ok()) return within_ms.status();
  if (!not_before_ms.ok()) return not_before_ms.status();
  const auto find = [this](const Subject& subject) { return Find(subject, *controller_->State()); };
  std::string why;
  const auto holds = [&] {
    why.clear();
    for (const Value& expectation : step.GetList("expect")) {
      if (why.empty()) why = WhyNot(expectation, find);
    }
    return why.empty();
  };
  bool met = controller_->runs() && holds();
  while (!met && time_.now().mono.ms - from_ms < *within_ms) {
    RunFor(kLookEveryMs);
    met = controller_->runs() && holds();
  }
  const int64_t took_ms = time_.now().mono.ms - from_ms;
  if (!met) return InternalError("not within " + FormatAge(*within_ms) + ": " + why);
  if (took_ms < *not_before_ms) {
    return InternalError("it was so after " + std::to_string(took_ms) + " ms, before " +
                         not_before);
  }
  return OkStatus();
}

// The starts of a container since the mark, from the first one on.
Status ConformanceWorld::ExpectStarts(const Value& step) {
  const Subject subject = ReadSubject(step.GetString("of"));
  const Result<int64_t> tolerance_ms = ReadDurationMs(step.GetString("tolerance", "2s"));
  if (!tolerance_ms.ok()) return tolerance_ms.status();
  std::vector<int64_t> times;
  for (const Start& start : starts_) {
    if (NameFits(subject, start.pod + "/" + start.container)) times.push_back(start.at_ms);
  }
  std::string found;
  for (const int64_t time : times) {
    found += " " + std::to_string((time - times.front()) / 1000) + "s";
  }
  const Value::List& wanted = step.GetList("at");
  if (times.size() < wanted.size()) return InternalError("it started only at" + found);
  for (size_t i = 0; i < wanted.size(); ++i) {
    const Result<int64_t> wanted_ms = ReadDurationMs(wanted[i].AsString());
    if (!wanted_ms.ok()) return wanted_ms.status();
    if (std::abs(times[i] - times.front() - *wanted_ms) > *tolerance_ms) {
      return InternalError("start " + std::to_string(i + 1) + " was not at " +
                           wanted[i].AsString() + "; it started at" + found);
    }
  }
  return OkStatus();
}

Status ConformanceWorld::Kill(const Value& step) {
  const Subject subject = ReadSubject(step.GetString("of"));
  int killed = 0;
  for (const auto& host : hosts_) {
    for (const ContainerInfo& info : host->engine().Containers()) {
      const std::string name =
          LabelOf(info.labels, kLabelPod) + "/" + LabelOf(info.labels, kLabelContainer);
      if (!NameFits(subject, name) || info.state != ContainerRunState::kRunning) continue;
      const auto code = static_cast<int32_t>(step.GetInt("code", 137));
      if (host->engine().KillContainer(info.id, code, step.GetBool("oom"))) ++killed;
    }
  }
  return killed > 0 ? OkStatus() : InvalidError("no container runs like " + subject.name);
}

void ConformanceWorld::OnChange(SimHost* host, const FakeChange& change) {
  const ContainerConfig* config = host->engine().FindConfig(change.container.id);
  if (change.what == "die" && config != nullptr && !config->is_sandbox) {
    KeepFiles(*config, AgeMs(change.container), host);
  }
  if (change.what != "begin") return;
  starts_.push_back({LabelOf(change.container.labels, kLabelPod),
                     LabelOf(change.container.labels, kLabelContainer), time_.now().mono.ms});
}

void ConformanceWorld::CheckAlways(const ClusterState& state) {
  const auto find = [&](const Subject& subject) { return Find(subject, state); };
  for (Always& always : always_) {
    const std::string why = always.broken ? "" : WhyNot(always.expectation, find);
    if (why.empty()) continue;
    always.broken = true;
    Fail("always (line " + std::to_string(always.expectation.mark.line) + "): " + why);
  }
}

std::vector<Value> ConformanceWorld::Find(const Subject& subject, const ClusterState& state) const {
  if (subject.kind == "Container") return Containers(subject);
  std::vector<Value> found;
  const std::optional<Kind> kind = FindKindByWord(subject.kind);
  const Result<LabelSelector> selector = ParseLabelSelector(subject.selector);
  if (!kind || !selector.ok()) return found;
  for (const auto& [key, object] : state.Objects(*kind)) {
    if (!NameFits(subject, key.name)) continue;
    if (!subject.selector.empty() && !Matches(*selector, object->metadata.labels)) continue;
    found.push_back(EncodeObject(*object, EncodeFor::kUser));
  }
  return found;
}

std::vector<Value> ConformanceWorld::Containers(const Subject& subject) const {
  std::vector<Value> found;
  for (const auto& host : hosts_) {
    for (const ContainerInfo& info : host->engine().Containers()) {
      const std::string name =
          LabelOf(info.labels, kLabelPod) + "/" + LabelOf(info.labels, kLabelContainer);
      const ContainerConfig* config = host->engine().FindConfig(info.id);
      if (config == nullptr || config->is_sandbox || !NameFits(subject, name)) continue;
      found.push_back(ContainerValue(host->name(), info, *config));
      if (info.state != ContainerRunState::kRunning) continue;
      found.back().Set("files", FilesOf(*config, AgeMs(info), *host));
    }
  }
  return found;
}

void ConformanceWorld::RunFor(int64_t duration_ms) {
  time_.RunFor(duration_ms);
  controller_->ConfirmHolds();
}

void ConformanceWorld::Fail(const std::string& text) {
  if (failures_.size() < kMostFailures) {
    failures_.push_back((step_.empty() ? "" : step_ + ": ") + text + " (" +
                        FormatAge(time_.now().mono.ms - marked_ms_) + " after the mark)");
  }
}

}  // namespace reconcile
