#include <algorithm>
#include <map>

#include "base/escape.h"
#include "cmd/secret_files.h"
#include "cmd/shown_lines.h"
#include "cmd/validation_report.h"

namespace reconcile {
namespace {

constexpr std::string_view kBold = "\033[1m";
constexpr std::string_view kRed = "\033[1;31m";
constexpr std::string_view kYellow = "\033[1;33m";
constexpr std::string_view kGreen = "\033[1;32m";
constexpr std::string_view kPlain = "\033[0m";
// Characters of a line that are shown, and how many of them before the place.
constexpr size_t kShownWidth = 120;
constexpr size_t kShownBefore = 60;

bool Continues(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// Where the character `count` behind `from` begins, in bytes.
size_t Advance(std::string_view line, size_t from, size_t count) {
  size_t at = from;
  for (; count > 0 && at < line.size(); --count) {
    ++at;
    while (at < line.size() && Continues(line[at])) ++at;
  }
  return at;
}

size_t Characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !Continues(c); }));
}

// As it is shown: a tab takes one column, so that the mark below stands where it should.
std::string Shown(std::string_view text) {
  std::string plain(text);
  std::replace(plain.begin(), plain.end(), '\t', ' ');
  return EscapeForTerminal(plain);
}

// How much of the line the mark goes under: a word or what stands in quotes.
size_t MarkedBytes(std::string_view rest) {
  if (rest.empty()) return 0;
  if (rest[0] == '"' || rest[0] == '\'') {
    const size_t end = rest.find(rest[0], 1);
    return end == std::string_view::npos ? 1 : end + 1;
  }
  const size_t end = std::min(rest.find_first_of(" \t,:]}[{#"), rest.size());
  return std::max<size_t>(end, 1);
}

class TextWriter {
 public:
  TextWriter(const std::vector<ManifestFile>& files, const std::string& source_folder, bool color)
      : color_(color), secret_files_(files, source_folder) {
    for (const ManifestFile& file : files) files_[file.path] = &file;
  }

  void Add(const Finding& finding) {
    const Problem& problem = finding.problem;
    std::string place = problem.file;
    if (problem.line > 0) {
      place += ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
    }
    if (!place.empty()) text_ += In(kBold, EscapeForTerminal(place) + ":") + " ";
    text_ += In(finding.severity == Severity::kError ? kRed : kYellow,
                std::string(ToString(finding.severity)) + ":");
    text_ += " " + EscapeForTerminal(problem.message) + " [" +
             std::string(InfoOf(problem.rule).id) + "]\n";
    if (const auto line = LineOf(problem)) AddLine(problem, *line);
  }

  std::string Take() { return std::move(text_); }

 private:
  std::string In(std::string_view style, const std::string& text) const {
    return color_ ? std::string(style) + text + std::string(kPlain) : text;
  }

  std::optional<std::string_view> LineOf(const Problem& problem) {
    if (problem.line < 1 || secret_files_.Has(problem.file)) return std::nullopt;
    // Findings come file by file: one is held at a time.
    if (lines_ == nullptr || lines_path_ != problem.file) {
      const auto file = files_.find(problem.file);
      if (file == files_.end() || file->second->bytes == nullptr) return std::nullopt;
      lines_ = std::make_unique<ShownLines>(problem.file, file->second->bytes);
      lines_path_ = problem.file;
    }
    return lines_->Line(problem.line);
  }

  void AddLine(const Problem& problem, std::string_view line) {
    const size_t column = static_cast<size_t>(std::max(problem.column, 1)) - 1;
    const size_t first = column > kShownWidth - kShownBefore ? column - kShownBefore : 0;
    const size_t begin = Advance(line, 0, first);
    const size_t place = Advance(line, begin, column - first);
    const size_t end = Advance(line, begin, kShownWidth);
    const size_t marked = std::min(place + MarkedBytes(line.substr(place)), std::max(end, place));
    const std::string number = std::to_string(problem.line);
    const std::string_view cut = begin > 0 ? "..." : "";
    text_ += "  " + number + " | " + std::string(cut) + Shown(line.substr(begin, end - begin)) +
             (end < line.size() ? "..." : "") + "\n";
    const size_t before = cut.size() + Characters(Shown(line.substr(begin, place - begin)));
    const size_t width = std::max<size_t>(Characters(Shown(line.substr(place, marked - place))), 1);
    text_ += "  " + std::string(number.size(), ' ') + " | " + std::string(before, ' ') +
             In(kGreen, "^" + std::string(width - 1, '~')) + "\n";
  }

  bool color_;
  const SecretFiles secret_files_;
  std::map<std::string_view, const ManifestFile*> files_;
  std::unique_ptr<ShownLines> lines_;
  std::string lines_path_;
  std::string text_;
};

}  // namespace

std::string ReportText(const ValidationReport& report, const std::vector<ManifestFile>& files,
                       bool color, const std::string& source_folder) {
  if (report.findings.empty()) return ReportSummary(report) + "\n";
  TextWriter writer(files, source_folder, color);
  for (const Finding& finding : report.findings) writer.Add(finding);
  return writer.Take() + ReportSummary(report) + "\n";
}

}  // namespace reconcile
