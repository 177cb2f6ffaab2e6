#pragma once

#include <string>
#include <string_view>

namespace reconcile {

// Text from outside must not act where it is shown (FAULTS 22). Both keep printable UTF-8 and write
// control characters as \n or \x1b.

// For quoted fields of one log line: as EscapeForTerminal, and quotes and backslashes too.
std::string EscapeForLog(std::string_view text);

// For a terminal: also the C1 controls, which some terminals obey, and the characters that reorder
// what is read (Unicode TR36), as \u202e. Quotes and backslashes stay as they are.
std::string EscapeForTerminal(std::string_view text);

// For a terminal, of JSON or YAML text: what EscapeForTerminal hides inside of strings is written
// as the escape that both have for it, so that the text means what it meant. `text` has such
// characters in double-quoted strings alone.
std::string EscapeForJson(std::string_view text);

}  // namespace reconcile
