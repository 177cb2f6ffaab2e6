#pragma once

#include "tests/contract/source/harness.h"
#include "tests/support/git_servers.h"

namespace reconcile {

// The servers that all tests of one program share, started with the first of them, and where the
// repositories lie that they serve.
class SharedServers {
 public:
  static GitServers& Get();
  static const std::string& Folder();
  // A folder for a new repository there.
  static std::string NewRepositoryPath();

  // The source's spec of a repository below Folder().
  static SourceSpec Https(const std::string& path, const std::string& place = "open");
  static SourceSpec Ssh(const std::string& path, const std::string& known_hosts_file = "");
};

}  // namespace reconcile
