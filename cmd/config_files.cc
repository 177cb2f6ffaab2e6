#include "cmd/config_files.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "source/repository_url.h"
#include "source/source_settings.h"

namespace reconcile {
namespace {

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
    std::string repository = flags.repository;
    if (IsRemoteRepository(repository)) {
      const auto url = ParseRepositoryUrl(repository);
      if (!url.ok()) return url.status();
    } else {
      std::error_code error;
      repository = std::filesystem::absolute(repository, error).string();
    }
    SourceSpec spec{repository, flags.revision, flags.folder};
    // What the configuration says of the same repository, its credentials say, stays.
    for (const SourceConfig& configured : config->sources) {
      if (configured.spec.repository == repository) spec.credentials = configured.spec.credentials;
    }
    const std::string wrong = CheckSourceSpec(spec);
    if (!wrong.empty()) {
      return InvalidError(wrong + " (list the repository under `sources` in the configuration)");
    }
    config->sources = {{"main", spec}};
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
  if (!flags.revision.empty()) {
    spec.revision = flags.revision;
    spec.semver.clear();
  }
  if (!flags.folder.empty()) spec.path = flags.folder;
  return OkStatus();
}

}  // namespace reconcile
