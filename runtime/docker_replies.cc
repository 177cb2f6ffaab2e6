#include "runtime/docker_replies.h"

#include <algorithm>
#include <charconv>

#include "base/value.h"

namespace reconcile {
namespace {

constexpr int kOldestApiMinor = 41;
// The newest whose changes were looked at; newer engines still speak it unless their floor is
// higher, and then their floor is spoken.
constexpr int kNewestApiMinor = 44;
constexpr int32_t kUnknownExitCode = -1;

std::string Cut(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  if (text.size() <= kMaxErrorBytes) return std::string(text);
  return std::string(text.substr(0, kMaxErrorBytes)) + "...";
}

Result<Value> Parse(std::string_view what, std::string_view body) {
  JsonLimits limits;
  limits.max_bytes = body.size();  // bounded by the transport already
  limits.max_depth = kMaxReplyDepth;
  Result<Value> parsed = ParseJson(body, limits);
  if (parsed.ok()) return parsed;
  return InternalError("the engine's " + std::string(what) +
                       " cannot be read: " + parsed.status().message());
}

Result<Value> ParseMap(std::string_view what, std::string_view body) {
  Result<Value> parsed = Parse(what, body);
  if (!parsed.ok() || parsed->IsMap()) return parsed;
  return InternalError("the engine's " + std::string(what) + " is not a JSON object");
}

std::string EngineWords(std::string_view body) {
  const Result<Value> parsed = ParseJson(body);
  if (parsed.ok()) {
    std::string message = parsed->GetString("message");
    if (!message.empty()) return Cut(message);
  }
  return Cut(body);
}

// "1.41" -> 41; -1 when it is not of that form.
int MinorOf(std::string_view api) {
  constexpr std::string_view kMajor = "1.";
  if (api.substr(0, kMajor.size()) != kMajor) return -1;
  api.remove_prefix(kMajor.size());
  int minor = -1;
  const auto [end, error] = std::from_chars(api.data(), api.data() + api.size(), minor);
  return error == std::errc() && end == api.data() + api.size() && minor <= 10'000 ? minor : -1;
}

// The engine writes Go's zero time for "never".
std::optional<WallTime> TimeOf(const Value& map, std::string_view key) {
  const std::string text = map.GetString(key);
  if (text.empty() || text.starts_with("0001-")) return std::nullopt;
  const Result<WallTime> time = ParseRfc3339(text);
  if (!time.ok()) return std::nullopt;
  return *time;
}

StringMap StringsOf(const Value* map) {
  StringMap strings;
  if (map == nullptr || !map->IsMap()) return strings;
  for (const Value::Member& member : map->AsMap()) {
    if (member.value.IsString()) strings[member.key] = member.value.AsString();
  }
  return strings;
}

ContainerRunState RunStateOf(std::string_view status) {
  if (status == "running") return ContainerRunState::kRunning;
  if (status == "paused") return ContainerRunState::kPaused;
  if (status == "created") return ContainerRunState::kCreated;
  if (status == "removing" || status == "dead") return ContainerRunState::kDead;
  return ContainerRunState::kExited;  // "exited", "restarting"
}

// "Exited (137) 3 minutes ago" -> 137.
std::optional<int32_t> ListedExitCode(std::string_view status) {
  constexpr std::string_view kExited = "Exited (";
  if (!status.starts_with(kExited)) return std::nullopt;
  status.remove_prefix(kExited.size());
  int32_t code = 0;
  const auto [end, error] = std::from_chars(status.data(), status.data() + status.size(), code);
  const bool whole = error == std::errc() && end != status.data() + status.size() && *end == ')';
  return whole ? std::optional(code) : std::nullopt;
}

int32_t Int32Of(const Value& map, std::string_view key) {
  return static_cast<int32_t>(map.GetInt(key));
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

const Value& EmptyMap() {
  static const Value kEmpty = Value::MakeMap();
  return kEmpty;
}

const Value& MapIn(const Value& map, std::string_view key) {
  const Value* found = map.Find(key);
  return found != nullptr && found->IsMap() ? *found : EmptyMap();
}

std::vector<std::string> WordsIn(const Value& map, std::string_view key) {
  std::vector<std::string> words;
  for (const Value& word : map.GetList(key)) {
    if (word.IsString()) words.push_back(word.AsString());
  }
  return words;
}

// Of an image; engines list what has none as "<none>:<none>".
std::vector<std::string> NamesIn(const Value& map, std::string_view key) {
  std::vector<std::string> names = WordsIn(map, key);
  std::erase_if(names, [](const std::string& name) { return Contains(name, "<none>"); });
  return names;
}

// The file name of the program that is the engine's default runtime: an engine may have it under
// any name.
std::string DefaultRuntimeProgram(const Value& info) {
  const std::string name = info.GetString("DefaultRuntime");
  const std::string path = MapIn(MapIn(info, "Runtimes"), name).GetString("path");
  if (path.empty()) return name;
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

std::string WhyNoStartProgram(const Value& info) {
  const std::string runtime = DefaultRuntimeProgram(info);
  if (runtime != "runc" && runtime != "crun") {
    return "its default runtime is \"" + Cut(runtime) + "\", neither runc nor crun";
  }
  for (const std::string& option : WordsIn(info, "SecurityOptions")) {
    for (const std::string_view obstacle : {"name=userns", "name=rootless", "name=selinux"}) {
      if (option.starts_with(obstacle)) return "it runs with " + std::string(obstacle);
    }
  }
  return "";
}

}  // namespace

Status StatusOfReply(int http_code, std::string_view body) {
  if ((http_code >= 200 && http_code < 300) || http_code == 304) return OkStatus();
  std::string words = EngineWords(body);
  if (words.empty()) words = "the engine answered " + std::to_string(http_code);
  if (http_code == 404) return NotFoundError(std::move(words));
  if (http_code == 409) return ConflictError(std::move(words));
  if (http_code == 400 || http_code == 501) return InvalidError(std::move(words));
  if (http_code == 503) return UnavailableError(std::move(words));
  return InternalError(std::move(words));
}

Status StatusOfStart(int http_code, std::string_view body) {
  Status status = StatusOfReply(http_code, body);
  const std::string& words = status.message();
  const bool not_executable = Contains(words, "OCI runtime") ||
                              Contains(words, "executable file not found") ||
                              Contains(words, "no such file or directory");
  if (status.ok() || status.code() == StatusCode::kConflict || !not_executable) return status;
  return InvalidError(words);
}

Result<EngineVersion> ParseEngineVersion(std::string_view body) {
  const Result<Value> parsed = ParseMap("version", body);
  if (!parsed.ok()) return parsed.status();
  EngineVersion version;
  version.newest_api = parsed->GetString("ApiVersion");
  version.oldest_api = parsed->GetString("MinAPIVersion");
  version.info.version = parsed->GetString("Version");
  version.info.architecture = parsed->GetString("Arch");
  version.info.kernel_version = parsed->GetString("KernelVersion");
  version.info.operating_system = parsed->GetString("Os");
  return version;
}

Result<std::string> NegotiateApi(const EngineVersion& version) {
  const int newest = MinorOf(version.newest_api);
  if (newest < 0) {
    return InternalError("the engine's API version \"" + Cut(version.newest_api) +
                         "\" cannot be read");
  }
  if (newest < kOldestApiMinor) {
    return InvalidError("Docker Engine " + Cut(version.info.version) + " speaks API " +
                        version.newest_api + "; 1." + std::to_string(kOldestApiMinor) +
                        " (Docker 20.10) or newer is needed");
  }
  const int minor = std::max(std::min(newest, kNewestApiMinor), MinorOf(version.oldest_api));
  return "1." + std::to_string(minor);
}

Result<EngineInfo> ParseInfo(const EngineVersion& version, std::string_view body) {
  const Result<Value> parsed = ParseMap("info", body);
  if (!parsed.ok()) return parsed.status();
  EngineInfo info = version.info;
  info.operating_system = parsed->GetString("OperatingSystem", info.operating_system);
  info.kernel_version = parsed->GetString("KernelVersion", info.kernel_version);
  info.cpus = parsed->GetInt("NCPU");
  info.memory_bytes = parsed->GetInt("MemTotal");
  info.live_restore = parsed->GetBool("LiveRestoreEnabled");
  info.cgroup_driver = parsed->GetString("CgroupDriver");
  for (const std::string& option : WordsIn(*parsed, "SecurityOptions")) {
    if (option.starts_with("name=apparmor")) info.has_apparmor = true;
  }
  info.no_start_program = WhyNoStartProgram(*parsed);
  info.root_folder = parsed->GetString("DockerRootDir");
  return info;
}

Result<std::vector<ContainerInfo>> ParseContainerList(std::string_view body) {
  const Result<Value> parsed = Parse("list of containers", body);
  if (!parsed.ok()) return parsed.status();
  if (!parsed->IsList()) return InternalError("the engine's list of containers is not a list");
  if (parsed->AsList().size() > kMaxListedContainers) {
    return InternalError("the engine has " + std::to_string(parsed->AsList().size()) +
                         " containers of ours, more than " + std::to_string(kMaxListedContainers));
  }
  std::vector<ContainerInfo> containers;
  for (const Value& item : parsed->AsList()) {
    ContainerInfo info;
    info.from_list_alone = true;
    info.id = item.GetString("Id");
    if (info.id.empty()) return InternalError("the engine listed a container without an id");
    for (const Value& name : item.GetList("Names")) {
      if (name.IsString() && info.name.empty()) info.name = name.AsString();
    }
    if (info.name.starts_with('/')) info.name.erase(0, 1);
    info.image_id = item.GetString("ImageID");
    info.labels = StringsOf(item.Find("Labels"));
    info.state = RunStateOf(item.GetString("State"));
    info.exit_code = ListedExitCode(item.GetString("Status")).value_or(kUnknownExitCode);
    const int64_t created_seconds = item.GetInt("Created");
    if (created_seconds > 0) info.created_at = WallTime{created_seconds * 1000};
    containers.push_back(std::move(info));
  }
  return containers;
}

ContainerInfo WithoutInspection(ContainerInfo listed, const Status& why) {
  const bool runs =
      listed.state == ContainerRunState::kRunning || listed.state == ContainerRunState::kPaused;
  const bool end_is_known =
      listed.state == ContainerRunState::kExited && listed.exit_code != kUnknownExitCode;
  if (runs) {
    listed.exit_code = 0;
  } else if (!end_is_known) {
    listed.state = ContainerRunState::kDead;
    listed.exit_code = 0;
    listed.error = "the engine cannot describe it: " + Cut(why.message());
  }
  return listed;
}

Result<InspectedContainer> ParseContainer(std::string_view body) {
  const Result<Value> parsed = ParseMap("container", body);
  if (!parsed.ok()) return parsed.status();
  InspectedContainer container;
  ContainerInfo& info = container.info;
  info.id = parsed->GetString("Id");
  if (info.id.empty()) return InternalError("the engine described a container without an id");
  info.name = parsed->GetString("Name");
  if (info.name.starts_with('/')) info.name.erase(0, 1);
  info.image_id = parsed->GetString("Image");
  info.created_at = TimeOf(*parsed, "Created");
  const Value& config = MapIn(*parsed, "Config");
  info.labels = StringsOf(config.Find("Labels"));
  container.terminal = config.GetBool("Tty");
  container.has_input = config.GetBool("OpenStdin");
  const Value& state = MapIn(*parsed, "State");
  info.state = RunStateOf(state.GetString("Status"));
  info.process_id = state.GetInt("Pid");
  info.exit_code = Int32Of(state, "ExitCode");
  info.oom_killed = state.GetBool("OOMKilled");
  info.error = Cut(state.GetString("Error"));
  info.started_at = TimeOf(state, "StartedAt");
  info.finished_at = TimeOf(state, "FinishedAt");
  return container;
}

Result<std::string> ParseCreatedId(std::string_view body) {
  const Result<Value> parsed = ParseMap("answer", body);
  if (!parsed.ok()) return parsed.status();
  std::string id = parsed->GetString("Id");
  if (id.empty()) return InternalError("the engine gave no id for the new container");
  return id;
}

Result<std::optional<int32_t>> ParseExecExitCode(std::string_view body) {
  const Result<Value> parsed = ParseMap("command's state", body);
  if (!parsed.ok()) return parsed.status();
  const Value* running = parsed->Find("Running");
  if (running == nullptr || running->type() != Value::Type::kBool) {
    return InternalError("the engine does not say whether a command still runs");
  }
  const Value* code = parsed->Find("ExitCode");
  if (running->AsBool() || code == nullptr || !code->IsInt()) return std::optional<int32_t>();
  return std::optional<int32_t>(static_cast<int32_t>(code->AsInt()));
}

Result<ExecProcess> ParseExecProcess(std::string_view body) {
  const Result<std::optional<int32_t>> exit_code = ParseExecExitCode(body);
  if (!exit_code.ok()) return exit_code.status();
  const Result<Value> parsed = ParseMap("command's state", body);
  if (!parsed.ok()) return parsed.status();
  return ExecProcess{exit_code->has_value(), parsed->GetInt("Pid"),
                     parsed->GetString("ContainerID")};
}

Result<ImageInfo> ParseImage(std::string_view body) {
  const Result<Value> parsed = ParseMap("image", body);
  if (!parsed.ok()) return parsed.status();
  ImageInfo image;
  image.id = parsed->GetString("Id");
  if (image.id.empty()) return InternalError("the engine described an image without an id");
  image.size_bytes = parsed->GetInt("Size");
  for (const Value& tag : parsed->GetList("RepoTags")) {
    if (tag.IsString()) image.tags.push_back(tag.AsString());
  }
  const Value& config = MapIn(*parsed, "Config");
  image.stop_signal = config.GetString("StopSignal");
  image.user = config.GetString("User");
  image.entrypoint = WordsIn(config, "Entrypoint");
  image.cmd = WordsIn(config, "Cmd");
  return image;
}

Result<std::vector<HostImage>> ParseImageList(std::string_view body) {
  const Result<Value> parsed = Parse("list of images", body);
  if (!parsed.ok()) return parsed.status();
  if (!parsed->IsList()) return InternalError("the engine's list of images is not a list");
  std::vector<HostImage> images;
  for (const Value& item : parsed->AsList()) {
    HostImage image;
    image.id = item.GetString("Id");
    if (image.id.empty()) return InternalError("the engine listed an image without an id");
    image.size_bytes = std::max<int64_t>(item.GetInt("Size"), 0);
    image.references = NamesIn(item, "RepoTags");
    image.digests = NamesIn(item, "RepoDigests");
    images.push_back(std::move(image));
  }
  if (images.size() <= kMaxListedImages) return images;
  std::stable_sort(images.begin(), images.end(), [](const HostImage& a, const HostImage& b) {
    return a.size_bytes > b.size_bytes;
  });
  images.resize(kMaxListedImages);
  return images;
}

Result<ContainerUse> ParseContainerStats(std::string_view body) {
  const Result<Value> parsed = ParseMap("statistics of a container", body);
  if (!parsed.ok()) return parsed.status();
  const Value& memory = MapIn(*parsed, "memory_stats");
  const Value& details = MapIn(memory, "stats");
  // cgroup v1 counts those below it under names of their own.
  const bool is_v1 = details.Find("total_inactive_file") != nullptr;
  const int64_t inactive = details.GetInt(is_v1 ? "total_inactive_file" : "inactive_file");
  ContainerUse use;
  use.memory_bytes = std::max<int64_t>(memory.GetInt("usage") - std::max<int64_t>(inactive, 0), 0);
  use.processes = std::max<int64_t>(MapIn(*parsed, "pids_stats").GetInt("current"), 0);
  return use;
}

Result<int64_t> ParseLayerBytes(std::string_view body) {
  const Result<Value> parsed = ParseMap("container", body);
  if (!parsed.ok()) return parsed.status();
  return std::max<int64_t>(parsed->GetInt("SizeRw"), 0);
}

Result<std::optional<EngineEvent>> ParseEvent(std::string_view line) {
  const Result<Value> parsed = ParseMap("event", line);
  if (!parsed.ok()) return parsed.status();
  if (parsed->GetString("Type") != "container") return std::optional<EngineEvent>();
  EngineEvent event;
  event.container_id = MapIn(*parsed, "Actor").GetString("ID");
  event.action = parsed->GetString("Action");
  // An empty id would mean "look at everything".
  if (event.container_id.empty() || event.action.empty()) return std::optional<EngineEvent>();
  return std::optional<EngineEvent>(std::move(event));
}

Status ParseProgressLine(std::string_view line) {
  const Result<Value> parsed = ParseMap("progress", line);
  if (!parsed.ok()) return parsed.status();
  std::string words = MapIn(*parsed, "errorDetail").GetString("message");
  if (words.empty()) words = parsed->GetString("error");
  if (words.empty()) return OkStatus();
  words = Cut(words);
  const bool absent = Contains(words, "not found") || Contains(words, "manifest unknown") ||
                      Contains(words, "no matching manifest") || Contains(words, "denied");
  return absent ? NotFoundError(std::move(words)) : UnavailableError(std::move(words));
}

}  // namespace reconcile
