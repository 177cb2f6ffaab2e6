#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace reconcile {

// `text` as messages show it: control characters escaped, cut at kShownTextBytes.
inline constexpr size_t kShownTextBytes = 80;
std::string ShortText(std::string_view text);
// `text` as it is, of more than `max_bytes` only the beginning and "...", never half a UTF-8
// sequence.
std::string CutText(std::string_view text, size_t max_bytes);
std::string Quoted(std::string_view text);  // ShortText in double quotes

// Without the `spaces` at either end.
std::string_view Trimmed(std::string_view text, std::string_view spaces = " \t\r\n");

// `a, b, c` with each in double quotes.
std::string QuotedList(const std::vector<std::string_view>& words);

// Of `known`, the word closest to `word` by edits (insert, delete, change, swap neighbours; a
// change of case counts least); empty when `known` is.
std::string_view NearestWord(std::string_view word, const std::vector<std::string_view>& known);
// Whether they are close enough for "did you mean".
bool IsSimilar(std::string_view word, std::string_view known);

// Letters of ASCII in upper and lower case are the same.
bool EqualIgnoringCase(std::string_view a, std::string_view b);

// RFC 4648 with padding. Decoding passes over line breaks, as Go's decoder does; false when `text`
// is not base64.
std::string EncodeBase64(std::string_view bytes);
bool DecodeBase64(std::string_view text, std::string* bytes);

}  // namespace reconcile
