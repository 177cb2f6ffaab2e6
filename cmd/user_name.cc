#include "cmd/user_name.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace reconcile {

std::string UserName() {
  const char* caller = std::getenv("SUDO_USER");
  if (::getuid() == 0 && caller != nullptr) return caller;
  std::array<char, 4096> text{};
  struct passwd entry = {};
  struct passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, text.data(), text.size(), &found) != 0 || found == nullptr) {
    return "user " + std::to_string(::getuid());
  }
  return found->pw_name;
}

}  // namespace reconcile
