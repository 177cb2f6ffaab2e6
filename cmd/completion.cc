#include <iostream>

#include "cmd/commands.h"

namespace reconcile {
namespace {

std::string Words(const CLI::App& app) {
  std::string words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
    for (const std::string& name : option->get_snames()) words += "-" + name + " ";
  }
  return words;
}

std::vector<const CLI::App*> Subcommands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// Derived from the command tree, so that it cannot fall behind it.
std::string BashCompletion(const CLI::App& app) {
  std::string names;
  std::string cases;
  for (const CLI::App* command : Subcommands(app)) {
    names += command->get_name() + " ";
    cases += "    " + command->get_name() + ") words=\"" + Words(*command) + "\" ;;\n";
  }
  return "_reconcile() {\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\" words=\"\" command=\"\" word\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case $word in -*) ;; *) command=$word; break ;; esac\n"
         "  done\n"
         "  case $command in\n"
         "    \"\") words=\"" +
         names + "--dry-run " + Words(app) + "\" ;;\n" + cases +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$current\"))\n"
         "}\n"
         "complete -o filenames -F _reconcile reconcile\n";
}

std::string ZshCompletion(const CLI::App& app) {
  return "autoload -U +X bashcompinit && bashcompinit\n" + BashCompletion(app);
}

std::string FishCompletion(const CLI::App& app) {
  std::string text;
  for (const CLI::App* command : Subcommands(app)) {
    text += "complete -c reconcile -n __fish_use_subcommand -a " + command->get_name() + "\n";
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        text += "complete -c reconcile -n '__fish_seen_subcommand_from " + command->get_name() +
                "' -l " + name + "\n";
      }
    }
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
