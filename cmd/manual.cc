#include <algorithm>
#include <iostream>

#include "base/version.h"
#include "cmd/command_tree.h"
#include "cmd/commands.h"

namespace reconcile {
namespace {

// One line of text for roff (groff_man(7)): hyphens that can be copied, nothing taken for a
// request.
std::string Roff(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  const bool request = escaped.starts_with('.') || escaped.starts_with('\'');
  return request ? "\\&" + escaped : escaped;
}

std::string OptionText(const CLI::Option& option) {
  std::string names;
  if (!option.nonpositional()) names = "\\fI" + Roff(option.get_name(true)) + "\\fR";
  for (const std::string& name : NamesOf(option)) {
    names += (names.empty() ? "\\fB" : ", \\fB") + Roff(name) + "\\fR";
  }
  if (TakesValue(option)) names += " \\fI" + Roff(option.get_type_name()) + "\\fR";
  return ".TP\n" + names + "\n" + Roff(option.get_description()) + "\n";
}

std::string OptionsText(const CLI::App& app) {
  std::string text;
  for (const CLI::Option* option : OptionsOf(app)) {
    if (!option->check_lname("help")) text += OptionText(*option);
  }
  return text;
}

// The examples under a command's --help, as they are.
std::string FooterText(const CLI::App& app) {
  const std::string footer = app.get_footer();
  if (footer.empty()) return "";
  std::string text = ".PP\n.nf\n";
  for (size_t start = 0; start < footer.size();) {
    const size_t end = std::min(footer.find('\n', start), footer.size());
    if (end > start) text += Roff(footer.substr(start, end - start)) + "\n";
    start = end + 1;
  }
  return text + ".fi\n";
}

// A command, and the commands below it, each under its whole name.
std::string CommandText(const CLI::App& command, const std::string& above) {
  const std::string name = above.empty() ? command.get_name() : above + " " + command.get_name();
  std::string text = ".SS " + Roff(name) + "\n" + Roff(command.get_description()) + "\n" +
                     OptionsText(command) + FooterText(command);
  for (const CLI::App* below : CommandsOf(command)) text += CommandText(*below, name);
  return text;
}

constexpr const char* kEnd = R"(.SH EXIT STATUS
.TP
\fB0\fR
done; \-\-dry\-run: no change; status: converged
.TP
\fB1\fR
\-\-dry\-run: there are changes; status: not converged
.TP
\fB2\fR
bad usage or bad input
.TP
\fB3\fR
no controller answers
.TP
\fB4\fR
no such object
.TP
\fB5\fR
anything else
.SH FILES
.TP
\fI/etc/reconcile/*.yaml\fR
settings, in the order of the files' names
.TP
\fI/var/lib/reconcile\fR
database, keys of the cluster, what an agent remembers
.TP
\fI/run/reconcile/reconcile.sock\fR
where commands reach the controller of this host
.TP
\fI/usr/share/doc/reconcile/operations.md\fR
installing, joining, upgrading, backing up, and what to do when
)";

std::string ManualText(const CLI::App& app) {
  std::string text = ".TH RECONCILE 1 \"\" \"reconcile " + Roff(std::string(kVersion)) +
                     "\" \"User Commands\"\n.SH NAME\nreconcile \\- GitOps orchestrator for plain "
                     "Docker hosts\n.SH SYNOPSIS\n.B reconcile\n[\\fIOPTIONS\\fR] "
                     "\\fICOMMAND\\fR [\\fIARGUMENTS\\fR]\n.SH DESCRIPTION\n" +
                     Roff(app.get_description()) + "\n.SH OPTIONS\n" + OptionsText(app) +
                     ".SH COMMANDS\n";
  for (const CLI::App* command : CommandsOf(app)) text += CommandText(*command, "");
  return text + kEnd;
}

}  // namespace

void AddManualCommand(CLI::App* app, CommandContext*) {
  CLI::App* command = app->add_subcommand("manual", "Print the manual page for man(1)");
  command->group("");  // for packagers
  command->callback([app] { std::cout << ManualText(*app); });
}

}  // namespace reconcile
