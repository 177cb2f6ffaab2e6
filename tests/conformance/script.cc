#include "tests/conformance/script.h"

#include <cstdlib>
#include <sstream>

#include "schema/quantity.h"

namespace reconcile {
namespace {

constexpr int64_t kForEverS = 100'000;
constexpr std::string_view kInto = " > ";
constexpr std::string_view kRemove = "busybox rm ";

std::string Trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \n\t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \n\t") - first + 1);
}

std::vector<std::string> Statements(const std::string& text) {
  std::vector<std::string> statements;
  std::string statement;
  bool quoted = false;
  for (const char c : text + ";") {
    if (c == '\'') quoted = !quoted;
    if ((c == ';' || c == '\n') && !quoted) {
      if (!Trimmed(statement).empty()) statements.push_back(Trimmed(statement));
      statement.clear();
    } else {
      statement += c;
    }
  }
  return statements;
}

class Reader {
 public:
  Result<Script> Read(const std::string& text) {
    for (const std::string& statement : Statements(text)) {
      if (ended_) break;
      if (!Take(statement)) {
        return InvalidError("the simulator does not know the command `" + statement + "`");
      }
    }
    if (!ended_) End(0);
    return script_;
  }

 private:
  bool Take(const std::string& statement) {
    const size_t space = statement.find(' ');
    const std::string word = statement.substr(0, space);
    const std::string rest = space == std::string::npos ? "" : Trimmed(statement.substr(space));
    if (word == "sleep") return Sleep(rest);
    if (word == "echo" && rest.find(kInto) != std::string::npos) {
      const size_t into = rest.find(kInto);
      return SetFile(rest.substr(into + kInto.size()), rest.substr(0, into) + "\n");
    }
    if (statement.starts_with(kRemove))
      return SetFile(statement.substr(kRemove.size()), std::nullopt);
    if (word == "httpd") return Listen(rest);
    if (word == ":") return Takes(rest);
    if (word == "echo") {
      script_.program.output.push_back(rest);
      return true;
    }
    if (word == "trap") return Trap(rest);
    if (word != "exit") return false;
    End(std::atoi(rest.c_str()));
    return true;
  }

  bool SetFile(const std::string& path, std::optional<std::string> content) {
    script_.files[path].emplace_back(now_ms_, std::move(content));
    return path.starts_with('/');
  }

  bool Takes(const std::string& rest) {
    std::istringstream words(rest);
    std::string takes;
    std::string amount;
    std::string of;
    std::string what;
    words >> takes >> amount >> of >> what;
    const Result<Quantity> bytes = Quantity::Parse(amount);
    if (takes != "takes" || of != "of" || !bytes.ok()) return false;
    ContainerUse& use = script_.program.use;
    (what == "memory" ? use.memory_bytes : use.disk_bytes) = bytes->Units();
    return what == "memory" || what == "disk";
  }

  bool Listen(const std::string& rest) {
    constexpr std::string_view kPort = "-p ";
    if (!rest.starts_with(kPort) || !rest.ends_with(" -h /")) return false;
    script_.listens[std::atoi(rest.c_str() + kPort.size())] = now_ms_;
    return true;
  }

  bool Sleep(const std::string& rest) {
    const double seconds = std::atof(rest.c_str());
    if (seconds >= kForEverS) {
      ended_ = true;
    } else {
      now_ms_ += static_cast<int64_t>(seconds * 1000);
    }
    return seconds > 0;
  }

  bool Trap(const std::string& rest) {
    constexpr std::string_view kBegin = "'exit ";
    if (!rest.starts_with(kBegin) || !rest.ends_with("TERM")) return false;
    script_.program.stop_takes_ms = 5;
    script_.program.stop_exit_code = std::atoi(rest.c_str() + kBegin.size());
    return true;
  }

  void End(int code) {
    script_.program.exit_after_ms = now_ms_;
    script_.program.exit_code = code;
    ended_ = true;
  }

  Script script_{.program = {.stop_takes_ms = -1}, .files = {}, .listens = {}};
  int64_t now_ms_ = 0;
  bool ended_ = false;
};

}  // namespace

Result<Script> ReadScript(const std::vector<std::string>& command) {
  if (command.size() == 3 && command[0] == "sh" && command[1] == "-c") {
    return Reader().Read(command[2]);
  }
  std::string text;
  for (const std::string& word : command) text += (text.empty() ? "" : " ") + word;
  return Reader().Read(text);
}

std::optional<std::string> Script::Content(const std::string& file, int64_t age_ms) const {
  std::optional<std::string> content;
  const auto changes = files.find(file);
  if (changes == files.end()) return content;
  for (const auto& [since_ms, written] : changes->second) {
    if (since_ms <= age_ms) content = written;
  }
  return content;
}

bool Script::Listens(int32_t port, int64_t age_ms) const {
  const auto since_ms = listens.find(port);
  return since_ms != listens.end() && since_ms->second <= age_ms;
}

FakeCommand RunInScript(const Script& script, const std::vector<std::string>& command,
                        int64_t age_ms) {
  FakeCommand does;
  if (command.size() == 2 && command[0] == "sleep") {
    does.takes_ms = std::atoi(command[1].c_str()) * 1000;
  } else if (command.size() == 2 && command[0] == "cat") {
    if (script.Has(command[1], age_ms)) return does;
    does.exit_code = 1;
    does.output = "cat: can't open '" + command[1] + "': No such file or directory\n";
  } else if (command != std::vector<std::string>{"true"}) {
    does.exit_code = command == std::vector<std::string>{"false"} ? 1 : 127;
  }
  return does;
}

ProbeOutcome AnswerOf(const Script& script, const Probe& probe, int64_t age_ms) {
  const auto* tcp = std::get_if<TcpProbe>(&probe.action);
  const auto* http = std::get_if<HttpProbe>(&probe.action);
  const int32_t port = tcp != nullptr ? tcp->port : http != nullptr ? http->port : 0;
  if (!script.Listens(port, age_ms)) return {false, "Connection refused"};
  if (http == nullptr || http->of_hook) return {true, ""};
  return OutcomeOfHttpStatus(script.Has(http->path, age_ms) ? 200 : 404);
}

}  // namespace reconcile
