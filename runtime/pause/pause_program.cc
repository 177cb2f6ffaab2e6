#include "runtime/image_archive.h"

extern "C" {
extern const char reconcile_pause_begin[];
extern const char reconcile_pause_end[];
}

namespace reconcile {

std::string_view PauseProgram() {
  return {reconcile_pause_begin, static_cast<size_t>(reconcile_pause_end - reconcile_pause_begin)};
}

}  // namespace reconcile
