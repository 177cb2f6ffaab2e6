#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace reconcile {

// The command line as it was declared, for what is derived from it: completions, the manual. What
// is hidden from --help (group "") is left out.
std::vector<const CLI::App*> CommandsOf(const CLI::App& app);
std::vector<const CLI::Option*> OptionsOf(const CLI::App& app);  // positionals too
bool TakesValue(const CLI::Option& option);
// "--file", "-f".
std::vector<std::string> NamesOf(const CLI::Option& option);

}  // namespace reconcile
