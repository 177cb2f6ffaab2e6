#include "tests/contract/source/servers.h"

#include <gtest/gtest.h>

#include <optional>

namespace reconcile {
namespace {

struct Started {
  TemporaryFolder folder;
  GitServers servers{folder.path()};
  int repositories = 0;
};
std::optional<Started> started;

// Ends them before the program's statics go.
class EndServers final : public testing::Environment {
 public:
  void TearDown() override { started.reset(); }
};
[[maybe_unused]] testing::Environment* const kEndServers =
    testing::AddGlobalTestEnvironment(new EndServers);

Started& Start() {
  if (!started) started.emplace();
  return *started;
}

// "NAME/.git" of a work tree below the served folder.
std::string Served(const std::string& path) {
  return path.substr(SharedServers::Folder().size() + 1) + "/.git";
}

}  // namespace

GitServers& SharedServers::Get() { return Start().servers; }
const std::string& SharedServers::Folder() { return Start().folder.path(); }

std::string SharedServers::NewRepositoryPath() {
  return Folder() + "/repository-" + std::to_string(++Start().repositories);
}

SourceSpec SharedServers::Https(const std::string& path, const std::string& place) {
  SourceSpec spec;
  spec.repository =
      "https://127.0.0.1:" + Get().Port("httpsPort") + "/" + place + "/" + Served(path);
  spec.credentials.ca_file = Get().File("ca.pem");
  return spec;
}

SourceSpec SharedServers::Ssh(const std::string& path, const std::string& known_hosts_file) {
  SourceSpec spec;
  spec.repository = "ssh://root@127.0.0.1:" + Get().Port("sshPort") + path + "/.git";
  spec.credentials.ssh_key_file = Get().File("client_key");
  spec.credentials.known_hosts_file = known_hosts_file;
  return spec;
}

}  // namespace reconcile
