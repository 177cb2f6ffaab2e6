#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace reconcile {

// Something wrong at a byte of a YAML text.
struct YamlTextError {
  size_t offset = 0;
  std::string message;
};

// What YAML forbids anywhere: NUL and other control characters, what is not UTF-8, byte order marks
// within the text (the characters that go-yaml's reader refuses).
std::optional<YamlTextError> FindForbiddenCharacter(std::string_view text);

// Offset of the next line that begins with the document marker `---`, at or after `from`; npos when
// there is none.
size_t FindDocumentMarker(std::string_view text, size_t from);
// Whether the marker `---` stands at `offset`.
bool IsDocumentMarker(std::string_view text, size_t offset);
// Whether what stands at `offset` comes after a line with the document end marker `...`, with
// nothing but blank lines and comments between.
bool FollowsDocumentEnd(std::string_view text, size_t offset);

// Whether the node at `offset` (its anchor and tag included) is a quoted scalar without its closing
// quote before the end of the text, which yaml-cpp lets pass.
bool IsUnclosedQuote(std::string_view text, size_t offset);

// Offset of a tab in the indentation in front of `offset`, when nothing but blanks stands there.
std::optional<size_t> FindTabInIndent(std::string_view text, size_t offset);

}  // namespace reconcile
