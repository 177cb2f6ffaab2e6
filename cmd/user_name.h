#pragma once

#include <string>

namespace reconcile {

// Who gives a command: the user, of `sudo` the one who called it. For what is kept of it; it proves
// nothing.
std::string UserName();

}  // namespace reconcile
