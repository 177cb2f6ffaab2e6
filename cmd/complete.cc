#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <set>

#include "cmd/api_client.h"
#include "cmd/command_tree.h"
#include "cmd/commands.h"
#include "cmd/completion_target.h"
#include "cmd/value_at.h"

namespace reconcile {
namespace {

constexpr unsigned kDeadlineSeconds = 1;
constexpr size_t kMaxCandidates = 2'000;

// A shell waits: nothing is better than something late.
void GiveUp(int) { ::_exit(kExitOk); }

void AddValuedOptions(const CLI::App& app, std::set<std::string>* names) {
  for (const CLI::Option* option : OptionsOf(app)) {
    if (!TakesValue(*option)) continue;
    for (const std::string& name : NamesOf(*option)) names->insert(name);
  }
  for (const CLI::App* command : CommandsOf(app)) AddValuedOptions(*command, names);
}

std::vector<std::string> NamesFor(const CompletionTarget& target, const std::string& socket_path) {
  if (!target.kind) return KindWords();
  ApiClient client(target.socket.empty() ? socket_path : target.socket);
  const Result<Value> table =
      client.Get(PathOf(*target.kind, target.all_namespaces ? "" : target.namespace_name, ""),
                 {{"includeObject", "None"}}, true);
  std::vector<std::string> names;
  if (!table.ok()) return names;
  for (const Value& row : table->GetList("rows")) {
    const Value::List& cells = row.GetList("cells");
    if (!cells.empty()) names.push_back(target.before_name + TextOf(cells.front()));
  }
  return names;
}

void Complete(const CLI::App& app, std::vector<std::string> words, const CommandContext& context) {
  ::signal(SIGALRM, GiveUp);
  ::alarm(kDeadlineSeconds);
  std::set<std::string> valued;
  AddValuedOptions(app, &valued);
  std::string current = words.empty() ? "" : words.back();
  if (!words.empty()) words.pop_back();
  if (current == "=") current.clear();
  const std::optional<CompletionTarget> target = WhatToComplete(words, current, valued);
  if (!target) return;
  size_t count = 0;
  for (const std::string& name : NamesFor(*target, context.socket_path)) {
    if (!name.starts_with(current) || !IsPlainWord(name)) continue;
    std::cout << name << "\n";
    if (++count == kMaxCandidates) return;
  }
}

}  // namespace

void AddCompleteCommand(CLI::App* app, CommandContext* context) {
  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app->add_subcommand(
      "complete", "For completion scripts: print the names that may come next, or nothing");
  command->add_option("WORDS", *words, "the line so far, behind --; its last word may be empty");
  command->group("");  // for shells
  command->callback([app, words, context] { Complete(*app, *words, *context); });
}

}  // namespace reconcile
