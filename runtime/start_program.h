#pragma once

#include <string_view>

namespace reconcile {

// Where a container finds the program that waits for its pod's network before
// it becomes the container's command, which is the program's arguments
// (start.c).
inline constexpr std::string_view kStartProgramPath = "/.reconcile/start";

// The program compiled from runtime/programs/start.c, an ELF file. Library
// runtime_io.
std::string_view StartProgram();

}  // namespace reconcile
