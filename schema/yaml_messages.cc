#include "schema/yaml_messages.h"

#include <yaml-cpp/exceptions.h>

#include <algorithm>
#include <iterator>
#include <optional>

namespace reconcile {
namespace {

namespace ErrorMsg = YAML::ErrorMsg;

struct Meaning {
  std::string_view message;
  std::string_view meaning;
};
// Of those that need no look at the text.
const Meaning kMeanings[] = {
    {ErrorMsg::END_OF_SEQ_FLOW, "a ',' or the closing ']' of a list is missing before this"},
    {ErrorMsg::END_OF_MAP_FLOW, "a ',' or the closing '}' of a map is missing before this"},
    {ErrorMsg::FLOW_END, "this bracket closes none that is open"},
    {ErrorMsg::BLOCK_ENTRY,
     "a list item ('- ') cannot begin here: a list begins on a line of its own, below its key"},
    {ErrorMsg::MAP_KEY, "a key cannot begin here: it begins on a line of its own"},
    {ErrorMsg::UNKNOWN_TOKEN, "no value can begin with this character: put the value in quotes"},
    {ErrorMsg::INVALID_ESCAPE,
     "there is no such escape: in double quotes '\\' begins one; write '\\\\', or use single "
     "quotes"},
    {ErrorMsg::EOF_IN_SCALAR, "a quote is never closed"},
    {ErrorMsg::DOC_IN_SCALAR, "a quote is not closed before this document marker"},
    {ErrorMsg::TAB_IN_INDENTATION, "a tab in the indentation; YAML takes spaces only"},
    {ErrorMsg::UNKNOWN_ANCHOR,
     "a value that begins with '*' is an alias, and no anchor (&) of its name stands before it: "
     "put the value in quotes if it is text"},
    {ErrorMsg::ALIAS_NOT_FOUND,
     "a value that begins with '*' is an alias: put it in quotes if it is text"},
    {ErrorMsg::CHAR_IN_ALIAS,
     "a value that begins with '*' is an alias: put it in quotes if it is text"},
    {ErrorMsg::ANCHOR_NOT_FOUND,
     "a value that begins with '&' is an anchor: put it in quotes if it is text"},
    {ErrorMsg::CHAR_IN_ANCHOR,
     "a value that begins with '&' is an anchor: put it in quotes if it is text"},
    {ErrorMsg::CHAR_IN_BLOCK,
     "behind '|' or '>' nothing but '+', '-' and a digit may stand: the text begins on the next "
     "line"},
};

// Where the line of `offset` begins, and where its text does.
struct Line {
  size_t begin = 0;
  size_t text = 0;
};
Line LineOf(std::string_view text, size_t offset) {
  Line line;
  const size_t before = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  line.begin = before == std::string_view::npos ? 0 : before + 1;
  line.text = std::min(text.find_first_not_of(' ', line.begin), text.size());
  return line;
}

// A ": " where no key can be.
std::string ExplainColon(std::string_view text, size_t* offset) {
  const Line line = LineOf(text, *offset);
  const std::string_view before = text.substr(line.text, *offset - line.text);
  if (before.find(": ") != std::string_view::npos || before.find('{') != std::string_view::npos) {
    return "a ':' that cannot stand here, behind a key and its value: put the value in quotes if "
           "the ':' belongs to it";
  }
  *offset = line.text;
  return "this line is indented further than the one before it, whose key has its value already: "
         "begin it in the same column, or leave the value of that key to the lines below it";
}

bool BeginsItem(std::string_view text, size_t at) {
  return text.substr(at, 2) == "- " || text.substr(at, 2) == "-\n";
}

// The last line before `line` that is not blank and begins in its column or left of it; nothing
// when there is none.
std::optional<Line> LineAbove(std::string_view text, const Line& line) {
  for (Line above = line; above.begin > 0;) {
    above = LineOf(text, above.begin - 1);
    const bool is_blank = above.text >= text.size() || text[above.text] == '\n' ||
                          text[above.text] == '\r' || text[above.text] == '#';
    if (!is_blank && above.text - above.begin <= line.text - line.begin) return above;
  }
  return std::nullopt;
}

// Something in a block where its next key or item, or its end, should be.
std::string ExplainBlock(std::string_view text, size_t offset) {
  const Line line = LineOf(text, offset);
  if (offset >= text.size()) return "the text ends before the value that it began does";
  if (offset > line.text) return "unexpected text: the value before it is complete";
  const std::optional<Line> above = LineAbove(text, line);
  const bool is_same_column = above && above->text - above->begin == line.text - line.begin;
  if (is_same_column && BeginsItem(text, above->text) && !BeginsItem(text, line.text)) {
    return "a list item ('- ') is expected in the column of the list items above: indent this line "
           "further if it belongs to an item, or less if the list has ended";
  }
  if (is_same_column && BeginsItem(text, line.text)) {
    return "a list item ('- ') in the column of keys: begin the list below the key that it is the "
           "value of";
  }
  return "the indentation of this line fits none of the lines above it: begin it in the column of "
         "those that it belongs to";
}

}  // namespace

std::string ExplainYamlError(std::string_view message, std::string_view text, size_t* offset) {
  // What the parser puts behind a colon is taken from the text.
  const auto is = [&](std::string_view known) {
    return message.substr(0, message.find(": ")) == known.substr(0, known.find(": "));
  };
  *offset = std::min(*offset, text.size());
  if (is(ErrorMsg::MAP_VALUE)) return ExplainColon(text, offset);
  if (is(ErrorMsg::END_OF_MAP) || is(ErrorMsg::END_OF_SEQ)) return ExplainBlock(text, *offset);
  const auto found = std::find_if(std::begin(kMeanings), std::end(kMeanings),
                                  [&](const Meaning& one) { return is(one.message); });
  if (found != std::end(kMeanings)) return std::string(found->meaning);
  return "not valid YAML: " + std::string(message.substr(0, message.find(": ")));
}

}  // namespace reconcile
