#include <iostream>
#include <set>

#include "cmd/command_tree.h"
#include "cmd/commands.h"

namespace reconcile {
namespace {

// `--dry-run` stands for a command, and is none of the parser's options (main.cc).
constexpr std::string_view kDryRunCommand = "plan";

// A command and what is typed for it: "get", "token create".
struct NamedCommand {
  std::string words;
  const CLI::App* app = nullptr;
};

// All below `app`, each before its own subcommands.
std::vector<NamedCommand> AllCommands(const CLI::App& app, const std::string& above = "") {
  std::vector<NamedCommand> all;
  for (const CLI::App* command : CommandsOf(app)) {
    const std::string words = above + command->get_name();
    all.push_back({words, command});
    for (NamedCommand& below : AllCommands(*command, words + " ")) all.push_back(std::move(below));
  }
  return all;
}

std::string NamesOfSubcommands(const CLI::App& app) {
  std::string names;
  for (const CLI::App* command : CommandsOf(app)) names += command->get_name() + " ";
  return names;
}

// Every name of every option of `app`, with a blank behind each.
std::string OptionWords(const CLI::App& app) {
  std::string words;
  for (const CLI::Option* option : OptionsOf(app)) {
    for (const std::string& name : NamesOf(*option)) words += name + " ";
  }
  return words;
}

// The names of options that take a value, of all commands, as a pattern of a shell's `case`.
std::string ValuePattern(const CLI::App& app) {
  std::vector<NamedCommand> all = AllCommands(app);
  all.push_back({"", &app});
  std::set<std::string> names;
  for (const NamedCommand& command : all) {
    for (const CLI::Option* option : OptionsOf(*command.app)) {
      if (!TakesValue(*option)) continue;
      for (const std::string& name : NamesOf(*option)) names.insert(name);
    }
  }
  std::string pattern;
  for (const std::string& name : names) pattern += (pattern.empty() ? "" : "|") + name;
  return pattern;
}

// "token create" and the like, as a pattern of a shell's `case`.
std::string NestedPattern(const CLI::App& app) {
  std::string pattern;
  for (const NamedCommand& command : AllCommands(app)) {
    if (command.words.find(' ') == std::string::npos) continue;
    pattern += (pattern.empty() ? "\"" : "|\"") + command.words + "\"";
  }
  return pattern;
}

std::string Replaced(std::string text, const std::string& mark, const std::string& by) {
  return text.replace(text.find(mark), mark.size(), by);
}

// `flag` is an option whose value comes next. bash takes `--flag=value` apart at the equals sign.
constexpr const char* kBashScript = R"sh(_reconcile() {
  local current="${COMP_WORDS[COMP_CWORD]}" words="" command="" flag="" word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $flag:$word in
      *:=) ;;
      :--dry-run) command=@DRY_RUN@ ;;
      :-*) case $word in @VALUES@) flag=$word ;; esac ;;
      :*)
        case "$command $word" in
          " $word") command=$word ;;
          @NESTED@) command="$command $word" ;;
        esac ;;
      *) flag="" ;;
    esac
  done
  [ "$current" != = ] || current=""
  case $flag:$command in
    :) words="@NAMES@--dry-run @GLOBAL@" ;;
@CASES@  esac
  words="$words $("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$current" 2>/dev/null)"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _reconcile reconcile
)sh";

// Derived from the command tree, so that it cannot fall behind it.
std::string BashCompletion(const CLI::App& app) {
  const std::string global = OptionWords(app);
  std::string cases;
  for (const NamedCommand& command : AllCommands(app)) {
    cases += "    \":" + command.words + "\") words=\"" + NamesOfSubcommands(*command.app) +
             OptionWords(*command.app) + global + "\" ;;\n";
  }
  std::string script = Replaced(kBashScript, "@DRY_RUN@", std::string(kDryRunCommand));
  script = Replaced(script, "@VALUES@", ValuePattern(app));
  script = Replaced(script, "@NESTED@", NestedPattern(app));
  script = Replaced(script, "@NAMES@", NamesOfSubcommands(app));
  script = Replaced(script, "@GLOBAL@", global);
  return Replaced(script, "@CASES@", cases);
}

std::string ZshCompletion(const CLI::App& app) {
  return "autoload -U +X bashcompinit && bashcompinit\n" + BashCompletion(app);
}

// In single quotes for fish.
std::string FishQuoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

// "complete" lines for the options of `app`, offered where `condition` holds.
std::string FishOptions(const CLI::App& app, const std::string& condition) {
  std::string text;
  for (const CLI::Option* option : OptionsOf(app)) {
    if (!option->nonpositional()) continue;
    text += "complete -c reconcile" + (condition.empty() ? "" : " -n " + FishQuoted(condition));
    for (const std::string& name : option->get_lnames()) text += " -l " + name;
    for (const std::string& name : option->get_snames()) text += " -s " + name;
    if (TakesValue(*option)) text += " -r";
    text += " -d " + FishQuoted(option->get_description()) + "\n";
  }
  return text;
}

std::string FishCommand(const CLI::App& command, const std::string& condition) {
  return "complete -c reconcile -n " + FishQuoted(condition) + " -a " + command.get_name() +
         " -d " + FishQuoted(command.get_description()) + "\n";
}

// The subcommands of `command`, where none of them is chosen yet, and their options.
std::string FishSubcommands(const CLI::App& command, const std::string& chosen) {
  std::string text;
  for (const CLI::App* below : CommandsOf(command)) {
    const std::string seen = "; and __fish_seen_subcommand_from " + below->get_name();
    text += FishCommand(
        *below, chosen + "; and not __fish_seen_subcommand_from " + NamesOfSubcommands(command));
    text += FishOptions(*below, chosen + seen);
  }
  return text;
}

std::string FishCompletion(const CLI::App& app) {
  const std::string no_command = "__fish_use_subcommand; and not __fish_contains_opt dry-run";
  std::string text = FishOptions(app, "");
  text +=
      "complete -c reconcile -n 'not __fish_use_subcommand' -a '(reconcile complete -- "
      "(commandline "
      "-opc)[2..-1] (commandline -ct) 2>/dev/null)'\n";
  text += "complete -c reconcile -n " + FishQuoted(no_command) +
          " -l dry-run -d 'the same as the command plan'\n";
  for (const CLI::App* command : CommandsOf(app)) {
    const std::string& name = command->get_name();
    std::string chosen = "__fish_seen_subcommand_from " + name;
    if (name == kDryRunCommand) chosen += "; or __fish_contains_opt dry-run";
    text += FishCommand(*command, no_command) + FishOptions(*command, chosen) +
            FishSubcommands(*command, chosen);
  }
  return text;
}

}  // namespace

void AddCompletionCommand(CLI::App* app, CommandContext*) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app->add_subcommand("completion", "Print a shell's completion script");
  command->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  SetExamples(command, {"source <(reconcile completion bash)",
                        "reconcile completion fish > ~/.config/fish/completions/reconcile.fish"});
  command->callback([app, shell] {
    if (*shell == "bash") std::cout << BashCompletion(*app);
    if (*shell == "zsh") std::cout << ZshCompletion(*app);
    if (*shell == "fish") std::cout << FishCompletion(*app);
  });
}

}  // namespace reconcile
