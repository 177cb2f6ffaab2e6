#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reconcile {

// The lines of a manifest, for messages that show them. Lines of documents that hold a Secret, or
// that may, are not shown: not its data alone, as a mistyped key would hide that (FAULTS 25). Nor
// are files that only kustomizations read, lists, which may be patches of a Secret, and
// kustomizations with patches in them. What kustomizations name, SecretFiles knows.
class ShownLines {
 public:
  // `path` says whether the text is YAML or JSON.
  ShownLines(const std::string& path, std::shared_ptr<const std::string> text);
  // Without its line break; `number` counts from 1. Nothing when it is not to be shown.
  std::optional<std::string_view> Line(int number) const;

 private:
  struct Range {
    int first;
    int last;
  };
  void HideSecrets(const std::string& path);

  std::shared_ptr<const std::string> text_;
  std::vector<std::string_view> lines_;
  std::vector<Range> hidden_;
};

}  // namespace reconcile
