#include "cmd/plan_offline.h"

#include "cmd/keys_file.h"
#include "controller/plan_manifests.h"
#include "schema/core.h"
#include "store/secret_key.h"
#include "store/sqlite_backup.h"

namespace reconcile {
namespace {

// Of a file with no CA in it, too: planning needs none.
Result<std::string> KeysIn(const std::string& keys_file) {
  if (keys_file.empty()) return std::string();
  const Result<KeyFiles> files = ReadKeysFile(keys_file);
  if (!files.ok()) return files.status();
  const auto keys = files->find("secrets.key");
  if (keys == files->end()) return InvalidError(keys_file + " holds no key for Secrets");
  return ParseKeys(keys->second, "secrets.key in " + keys_file);
}

}  // namespace

Result<OfflineCluster> ClusterOfHosts(const std::string& text, Now now) {
  const Status bad = InvalidError("--hosts: '" + text + "' is not like 3x4cpu,8Gi");
  const size_t times = text.find('x');
  const size_t comma = text.find("cpu,");
  if (times == std::string::npos || comma == std::string::npos || comma < times) return bad;
  const std::string count = text.substr(0, times);
  const bool number = !count.empty() && count.size() <= 4 &&
                      count.find_first_not_of("0123456789") == std::string::npos;
  const Result<Quantity> cpu = Quantity::Parse(text.substr(times + 1, comma - times - 1));
  const Result<Quantity> memory = Quantity::Parse(text.substr(comma + 4));
  if (!number || !cpu.ok() || !memory.ok()) return bad;
  if (std::stoi(count) == 0 || cpu->IsNegative() || memory->IsNegative()) return bad;
  return OfflineCluster{EmptyCluster(std::stoi(count), *cpu, *memory, now), {}};
}

Result<OfflineCluster> ClusterOfBackup(const std::string& file, const std::string& keys_file) {
  const Result<std::string> keys = KeysIn(keys_file);
  if (!keys.ok()) return keys.status().WithContext("--keys");
  const Result<BackupContents> contents = ReadBackup(file, *keys);
  if (!contents.ok()) return contents.status().WithContext("--state");
  OfflineCluster cluster{*contents->state, {}};
  for (const auto& [key, object] : cluster.state.Objects(Kind::kSource)) {
    const Source& source = static_cast<const Source&>(*object);
    cluster.sources.push_back({source.metadata.name, source.spec});
  }
  return cluster;
}

}  // namespace reconcile
