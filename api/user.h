#pragma once

#include <string>
#include <vector>

namespace reconcile {

// Who asks, as a certificate or a token says.
struct ApiUser {
  std::string name;
  std::vector<std::string> groups;
  friend bool operator==(const ApiUser&, const ApiUser&) = default;
};

}  // namespace reconcile
