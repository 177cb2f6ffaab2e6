#include "cmd/config.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>

#include "net/ipam.h"
#include "schema/manifests.h"
#include "schema/names.h"

namespace reconcile {
namespace {

constexpr int kLongestPodCidrPrefix = 24;   // room for one host's subnet
constexpr size_t kLongestSocketPath = 107;  // sockaddr_un
using Check = std::string (*)(const std::string&);

std::string CheckAbsolute(const std::string& text) {
  return text.starts_with("/") ? "" : "must be an absolute path, is '" + text + "'";
}

std::string CheckSourceName(const std::string& text) { return CheckDnsLabel(text); }
std::string CheckAny(const std::string&) { return ""; }

// Reads one map strictly: every key has a reader, every other key is a problem.
class MapReader {
 public:
  using Reader = std::function<void(const Value&)>;

  MapReader(std::string path, std::string file, Problems* problems)
      : path_(std::move(path)), file_(std::move(file)), problems_(problems) {}

  MapReader& On(std::string key, Reader reader) {
    readers_[std::move(key)] = std::move(reader);
    return *this;
  }
  MapReader& Text(std::string key, Check check, std::string* target) {
    return On(key, [this, key, check, target](const Value& value) {
      if (!value.IsString()) return Wrong(value, key, "a string");
      *target = value.AsString();
      const std::string wrong = check(*target);
      if (!wrong.empty()) Add(value.mark, Full(key) + ": " + wrong);
    });
  }
  MapReader& Number(std::string key, int64_t least, int64_t most,
                    const std::function<void(int64_t)>& set) {
    return On(key, [this, key, least, most, set](const Value& value) {
      if (value.IsInt() && value.AsInt() >= least && value.AsInt() <= most) {
        set(value.AsInt());
      } else {
        Wrong(value, key, "a number from " + std::to_string(least) + " to " + std::to_string(most));
      }
    });
  }
  MapReader& Labels(std::string key, StringMap* target) {
    return On(key, [this, key, target](const Value& value) {
      if (!value.IsMap()) return Wrong(value, key, "a map of strings");
      for (const Value::Member& member : value.AsMap()) ReadLabel(member, key, target);
    });
  }

  void Read(const Value& map) {
    if (!map.IsMap()) {
      Add(map.mark, (path_.empty() ? "the file" : path_) + ": must be a map");
      return;
    }
    for (const Value::Member& member : map.AsMap()) {
      const auto reader = readers_.find(member.key);
      if (reader == readers_.end()) {
        Add(member.key_mark, Full(member.key) + ": unknown setting; known here: " + Known());
      } else if (!member.value.IsNull()) {
        reader->second(member.value);
      }
    }
  }

  void Wrong(const Value& value, const std::string& key, const std::string& wanted) {
    Add(value.mark,
        Full(key) + ": must be " + wanted + ", is " + std::string(ToString(value.type())));
  }

 private:
  void ReadLabel(const Value::Member& member, const std::string& key, StringMap* target) {
    const std::string full = key + "." + member.key;
    if (!member.value.IsString()) return Wrong(member.value, full, "a string");
    const std::string wrong_key = CheckQualifiedName(member.key);
    const std::string wrong_value = CheckLabelValue(member.value.AsString());
    if (!wrong_key.empty()) Add(member.key_mark, Full(full) + ": " + wrong_key);
    if (!wrong_value.empty()) Add(member.value.mark, Full(full) + ": " + wrong_value);
    (*target)[member.key] = member.value.AsString();
  }
  std::string Full(const std::string& key) const { return path_.empty() ? key : path_ + "." + key; }
  std::string Known() const {
    std::string names;
    for (const auto& [name, reader] : readers_) names += (names.empty() ? "" : ", ") + name;
    return names;
  }
  void Add(Mark mark, std::string message) {
    problems_->errors.push_back({file_, mark.line, mark.column, std::move(message)});
  }

  std::string path_;
  std::string file_;
  Problems* problems_;
  std::map<std::string, Reader> readers_;
};

SourceConfig ReadSource(const Value& value, const std::string& path, const std::string& file,
                        Problems* problems) {
  SourceConfig source;
  MapReader(path, file, problems)
      .Text("name", CheckSourceName, &source.name)
      .Text("repository", CheckAbsolute, &source.spec.repository)
      .Text("revision", CheckAny, &source.spec.revision)
      .Text("path", CheckAny, &source.spec.path)
      .Read(value);
  if (source.name.empty() || source.spec.repository.empty()) {
    problems->errors.push_back(
        {file, value.mark.line, value.mark.column, path + ": needs a name and a repository"});
  }
  return source;
}

void ReadSources(const Value& value, const std::string& file, Config* config, Problems* problems) {
  if (!value.IsList()) {
    problems->errors.push_back(
        {file, value.mark.line, value.mark.column, "sources: must be a list"});
    return;
  }
  config->sources.clear();
  for (const Value& item : value.AsList()) {
    const std::string path = "sources[" + std::to_string(config->sources.size()) + "]";
    SourceConfig source = ReadSource(item, path, file, problems);
    for (const SourceConfig& other : config->sources) {
      if (other.name != source.name) continue;
      problems->errors.push_back({file, item.mark.line, item.mark.column,
                                  path + ": the name '" + source.name + "' is taken"});
    }
    config->sources.push_back(std::move(source));
  }
}

void ReadBreaker(const Value& value, const std::string& file, BreakerLimits* breaker,
                 Problems* problems) {
  const auto to_int32 = [](int32_t* target) {
    return [target](int64_t number) { *target = static_cast<int32_t>(number); };
  };
  MapReader("deletionBreaker", file, problems)
      .Number("maxObjects", 0, 1'000'000, to_int32(&breaker->max_objects))
      .Number("maxPercent", 0, 100, to_int32(&breaker->max_percent))
      .Number("minForPercent", 0, 1'000'000, to_int32(&breaker->min_for_percent))
      .Number("windowSeconds", 0, 86'400,
              [breaker](int64_t seconds) { breaker->window_ms = seconds * 1000; })
      .Read(value);
}

void ReadNode(const Value& value, const std::string& file, Config* config, Problems* problems) {
  MapReader("node", file, problems)
      .Text("name", CheckNodeName, &config->node_name)
      .Text("address", CheckNodeAddress, &config->node_address)
      .Labels("labels", &config->node_labels)
      .Read(value);
}

Result<std::string> ReadRegularFile(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    return NotFoundError("there is no configuration file " + path);
  }
  if (!error && !std::filesystem::is_regular_file(status)) {
    return InvalidError("the configuration file " + path + " is not a regular file");
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad()) return ErrnoError("read the configuration file", path);
  return text;
}

Result<std::vector<std::string>> ListConfigFiles(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() == ".yaml") files.push_back(entry->path().string());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return UnavailableError("cannot read the configuration in " + folder + ": " + error.message());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Status FromProblems(const Problems& problems) {
  std::string message;
  for (const Problem& problem : problems.errors) {
    message += (message.empty() ? "" : "\n") + problem.ToString();
  }
  return message.empty() ? OkStatus() : InvalidError(message);
}

}  // namespace

std::string CheckPodCidr(const std::string& text) {
  const Result<Cidr> cidr = Cidr::Parse(text);
  if (!cidr.ok()) return cidr.status().message();
  if (cidr->ToString() != text) return "has host bits set; write " + cidr->ToString();
  if (cidr->prefix <= kLongestPodCidrPrefix) return "";
  return text + " is too small: every host takes a /" + std::to_string(kLongestPodCidrPrefix) +
         " of it";
}

std::string CheckLogLevel(const std::string& text) {
  return text == "info" || text == "debug" ? "" : "must be info or debug, is '" + text + "'";
}

std::string CheckNodeName(const std::string& text) { return CheckDnsSubdomain(text); }

std::string CheckNodeAddress(const std::string& text) {
  const Result<uint32_t> address = ParseIpv4(text);
  return address.ok() ? "" : address.status().message();
}

std::string CheckSocketPath(const std::string& text) {
  if (text.size() <= kLongestSocketPath) return CheckAbsolute(text);
  return "is " + std::to_string(text.size()) + " bytes long; a socket's path may have " +
         std::to_string(kLongestSocketPath);
}

void ReadConfig(std::string_view text, const std::string& file, Config* config,
                Problems* problems) {
  YamlDocuments read = ReadYaml(text);
  for (Problem& problem : read.errors) {
    problem.file = file;
    problems->errors.push_back(std::move(problem));
  }
  for (const Value& document : read.documents) {
    MapReader("", file, problems)
        .Text("dataFolder", CheckAbsolute, &config->data_folder)
        .Text("socket", CheckSocketPath, &config->socket_path)
        .Text("dockerSocket", CheckSocketPath, &config->docker_socket)
        .Text("podCIDR", CheckPodCidr, &config->pod_cidr)
        .Text("logLevel", CheckLogLevel, &config->log_level)
        .On("node", [&](const Value& value) { ReadNode(value, file, config, problems); })
        .On("sources", [&](const Value& value) { ReadSources(value, file, config, problems); })
        .On("deletionBreaker",
            [&](const Value& value) { ReadBreaker(value, file, &config->breaker, problems); })
        .Read(document);
  }
}

Status LoadConfigFiles(const std::vector<std::string>& files, Config* config) {
  Problems problems;
  for (const std::string& path : files) {
    const Result<std::string> text = ReadRegularFile(path);
    if (!text.ok()) return text.status();
    ReadConfig(*text, path, config, &problems);
  }
  return FromProblems(problems);
}

Status LoadConfigFolder(const std::string& folder, ConfigReader reader, Config* config) {
  const bool is_client = reader == ConfigReader::kClient;
  const Result<std::vector<std::string>> files = ListConfigFiles(folder);
  if (!files.ok()) return is_client ? OkStatus() : files.status();
  Problems problems;
  for (const std::string& path : *files) {
    const Result<std::string> text = ReadRegularFile(path);
    if (text.ok()) {
      ReadConfig(*text, path, config, &problems);
    } else if (!is_client || text.status().code() == StatusCode::kInvalid) {
      return text.status();
    }
  }
  return FromProblems(problems);
}

Status ApplySourceFlags(const SourceFlags& flags, Config* config) {
  if (!flags.repository.empty()) {
    std::error_code error;
    const auto absolute = std::filesystem::absolute(flags.repository, error);
    config->sources = {{"main", {absolute.string(), flags.revision, flags.folder}}};
    return OkStatus();
  }
  if (config->sources.empty()) {
    return InvalidError(
        "no repository to follow: name one (`reconcile up PATH`) or list it under `sources` in "
        "/etc/reconcile/*.yaml");
  }
  if (flags.revision.empty() && flags.folder.empty()) return OkStatus();
  if (config->sources.size() > 1) {
    return InvalidError("--rev and --path could mean any of the " +
                        std::to_string(config->sources.size()) +
                        " configured sources: name a REPOSITORY, or set them in the configuration");
  }
  SourceSpec& spec = config->sources.front().spec;
  if (!flags.revision.empty()) spec.revision = flags.revision;
  if (!flags.folder.empty()) spec.path = flags.folder;
  return OkStatus();
}

}  // namespace reconcile
