#include "runtime/image_archive.h"
#include "runtime/start_program.h"

extern "C" {
extern const char reconcile_pause_begin[];
extern const char reconcile_pause_end[];
extern const char reconcile_start_begin[];
extern const char reconcile_start_end[];
}

namespace reconcile {

std::string_view PauseProgram() {
  return {reconcile_pause_begin, static_cast<size_t>(reconcile_pause_end - reconcile_pause_begin)};
}

std::string_view StartProgram() {
  return {reconcile_start_begin, static_cast<size_t>(reconcile_start_end - reconcile_start_begin)};
}

}  // namespace reconcile
