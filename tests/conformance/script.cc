#include "tests/conformance/script.h"

#include <cstdlib>

namespace reconcile {
namespace {

constexpr int64_t kForEverS = 100'000;

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
  Result<FakeProgram> Read(const std::string& text) {
    for (const std::string& statement : Statements(text)) {
      if (ended_) break;
      if (!Take(statement)) {
        return InvalidError("the simulator does not know the command `" + statement + "`");
      }
    }
    if (!ended_) End(0);
    return program_;
  }

 private:
  bool Take(const std::string& statement) {
    const size_t space = statement.find(' ');
    const std::string word = statement.substr(0, space);
    const std::string rest = space == std::string::npos ? "" : Trimmed(statement.substr(space));
    if (word == "sleep") return Sleep(rest);
    if (word == "echo") {
      program_.output.push_back(rest);
      return true;
    }
    if (word == "trap") return Trap(rest);
    if (word != "exit") return false;
    End(std::atoi(rest.c_str()));
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
    program_.stop_takes_ms = 5;
    program_.stop_exit_code = std::atoi(rest.c_str() + kBegin.size());
    return true;
  }

  void End(int code) {
    program_.exit_after_ms = now_ms_;
    program_.exit_code = code;
    ended_ = true;
  }

  FakeProgram program_{.stop_takes_ms = -1};
  int64_t now_ms_ = 0;
  bool ended_ = false;
};

}  // namespace

Result<FakeProgram> ReadScript(const std::vector<std::string>& command) {
  if (command.size() == 3 && command[0] == "sh" && command[1] == "-c") {
    return Reader().Read(command[2]);
  }
  std::string text;
  for (const std::string& word : command) text += (text.empty() ? "" : " ") + word;
  return Reader().Read(text);
}

}  // namespace reconcile
