#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reconcile {

// Words of the lines in which an agent keeps what it knows of programs by id, for its next run
// (kept_probes.h, kept_hooks.h). Pure.

inline constexpr std::string_view kKeptUnknown = "-";

std::string KeptMs(const std::optional<int64_t>& ms);
// False: the word is neither "0" nor "1".
bool ReadKeptFlag(const std::string& word, bool* flag);
// False: the word is neither kKeptUnknown, which leaves `ms` alone, nor a number.
bool ReadKeptMs(const std::string& word, std::optional<int64_t>* ms);

}  // namespace reconcile
