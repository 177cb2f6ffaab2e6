#include "cmd/completion_target.h"

#include <algorithm>
#include <array>

namespace reconcile {
namespace {

// The line so far: what is no option and no value of one, and what the options say.
struct TypedLine {
  std::vector<std::string> arguments;  // the command first
  std::string open_option;             // whose value comes next
  CompletionTarget target;
};

void TakeOption(const std::string& option, const std::string& value, TypedLine* line) {
  if (option == "-n" || option == "--namespace") line->target.namespace_name = value;
  if (option == "--socket") line->target.socket = value;
}

// bash hands `--flag=value` over as three words.
TypedLine ReadLine(const std::vector<std::string>& words, const std::set<std::string>& valued) {
  TypedLine line;
  for (const std::string& word : words) {
    if (word == "=" && !line.open_option.empty()) continue;
    if (!line.open_option.empty()) {
      TakeOption(line.open_option, word, &line);
      line.open_option.clear();
    } else if (word.starts_with("-")) {
      const size_t equals = word.find('=');
      if (equals != std::string::npos) {
        TakeOption(word.substr(0, equals), word.substr(equals + 1), &line);
      } else if (valued.contains(word)) {
        line.open_option = word;
      }
      const bool is_all = word == "-A" || word == "--all-namespaces";
      line.target.all_namespaces = line.target.all_namespaces || is_all;
    } else {
      line.arguments.push_back(word);
    }
  }
  return line;
}

std::optional<Kind> KindOfOption(const std::string& option) {
  if (option == "-n" || option == "--namespace") return Kind::kNamespace;
  if (option == "--node") return Kind::kNode;
  if (option == "--source") return Kind::kSource;
  return std::nullopt;
}

struct CommandNames {
  std::string_view command;
  Kind kind;
  size_t position;  // of the argument that is a name
};
constexpr std::array kCommandNames = {
    CommandNames{"logs", Kind::kPod, 1},      CommandNames{"exec", Kind::kPod, 1},
    CommandNames{"attach", Kind::kPod, 1},    CommandNames{"port-forward", Kind::kPod, 1},
    CommandNames{"cordon", Kind::kNode, 1},   CommandNames{"uncordon", Kind::kNode, 1},
    CommandNames{"drain", Kind::kNode, 1},    CommandNames{"suspend", Kind::kSource, 1},
    CommandNames{"resume", Kind::kSource, 1}, CommandNames{"rollback", Kind::kSource, 1},
    CommandNames{"sync", Kind::kSource, 1},   CommandNames{"node", Kind::kNode, 2},
    CommandNames{"source", Kind::kSource, 2}};

bool TakesKinds(const std::string& command) {
  return command == "get" || command == "describe" || command == "tree" || command == "wait" ||
         command == "explain";
}

}  // namespace

std::optional<CompletionTarget> WhatToComplete(const std::vector<std::string>& words,
                                               const std::string& current,
                                               const std::set<std::string>& valued) {
  TypedLine line = ReadLine(words, valued);
  CompletionTarget target = line.target;
  if (!line.open_option.empty()) {
    target.kind = KindOfOption(line.open_option);
    return target.kind ? std::optional(target) : std::nullopt;
  }
  if (line.arguments.empty() || current.starts_with("-")) return std::nullopt;
  const std::string& command = line.arguments.front();
  const size_t position = line.arguments.size();
  const auto names =
      std::find_if(kCommandNames.begin(), kCommandNames.end(),
                   [&](const CommandNames& entry) { return entry.command == command; });
  const bool takes_kinds = TakesKinds(command);
  const size_t slash = current.find('/');
  if (slash != std::string::npos && (takes_kinds || command == "logs")) {
    target.kind = FindKindByWord(current.substr(0, slash));
    target.before_name = current.substr(0, slash + 1);
    return target.kind ? std::optional(target) : std::nullopt;
  }
  if (takes_kinds && (position == 1 || command == "wait")) return target;
  if (takes_kinds && position == 2 && command != "explain") {
    target.kind = FindKindByWord(line.arguments[1]);
    return target.kind ? std::optional(target) : std::nullopt;
  }
  if (names == kCommandNames.end() || names->position != position) return std::nullopt;
  target.kind = names->kind;
  return target;
}

std::vector<std::string> KindWords() {
  std::vector<std::string> words;
  for (const Kind kind : kAllKinds) words.emplace_back(InfoOf(kind).plural);
  return words;
}

bool IsPlainWord(const std::string& word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '/';
  });
}

}  // namespace reconcile
