#include "runtime/image_reference.h"

namespace reconcile {
namespace {

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool IsImageId(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  return text.substr(0, kPrefix.size()) == kPrefix;
}

Status Validate(std::string_view text) {
  if (text.empty()) return InvalidError("image reference is empty");
  if (text.size() > kMaxReferenceLength) {
    return InvalidError("image reference is longer than " + std::to_string(kMaxReferenceLength) +
                        " bytes");
  }
  for (const char c : text) {
    if (!IsAlphanumeric(c) && std::string_view("._-/:@").find(c) == std::string_view::npos) {
      return InvalidError("image reference \"" + std::string(text) + "\" is not valid");
    }
  }
  // An empty or dotted path element would change which call of the engine the URL means.
  size_t start = 0;
  while (start <= text.size()) {
    const size_t end = std::min(text.find('/', start), text.size());
    const std::string_view part = text.substr(start, end - start);
    if (part.empty() || part.find("..") != std::string_view::npos || part == ".") {
      return InvalidError("image reference \"" + std::string(text) + "\" is not valid");
    }
    start = end + 1;
  }
  return OkStatus();
}

// A colon in a name stands before a port, in a first element that more follows.
bool IsName(std::string_view name) {
  const size_t colon = name.find(':');
  if (colon == std::string_view::npos) return !name.empty();
  const size_t slash = name.find('/');
  if (slash == std::string_view::npos || colon > slash || colon == 0) return false;
  const std::string_view port = name.substr(colon + 1, slash - colon - 1);
  return !port.empty() && port.find_first_not_of("0123456789") == std::string_view::npos &&
         name.find(':', slash) == std::string_view::npos;
}

}  // namespace

Result<ImageReference> ParseImageReference(std::string_view text) {
  RETURN_IF_ERROR(Validate(text));
  const auto refuse = [&] {
    return InvalidError("image reference \"" + std::string(text) + "\" is not valid");
  };
  if (const size_t at = text.find('@'); at != std::string_view::npos) {
    const std::string_view digest = text.substr(at + 1);
    if (digest.find_first_of("@/") != std::string_view::npos ||
        digest.find(':') == std::string_view::npos) {
      return refuse();
    }
    std::string_view name = text.substr(0, at);
    // "name:tag@digest": the digest decides.
    const size_t colon = name.rfind(':');
    if (colon != std::string_view::npos && name.find('/', colon) == std::string_view::npos) {
      name = name.substr(0, colon);
    }
    if (!IsName(name)) return refuse();
    return ImageReference{std::string(name), std::string(digest)};
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.find('/', colon) != std::string_view::npos) {
    if (!IsName(text)) return refuse();
    return ImageReference{std::string(text), "latest"};
  }
  if (!IsName(text.substr(0, colon)) || colon + 1 == text.size()) return refuse();
  return ImageReference{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

std::string NormalizeReference(std::string_view text) {
  if (IsImageId(text)) return std::string(text);
  const Result<ImageReference> parsed = ParseImageReference(text);
  if (!parsed.ok()) return std::string(text);
  const bool digest = text.find('@') != std::string_view::npos;
  return parsed->name + (digest ? "@" : ":") + parsed->tag;
}

Status ValidateContainerName(std::string_view name) {
  bool valid = name.size() >= 2 && name.size() <= kMaxContainerNameLength;
  for (size_t i = 0; valid && i < name.size(); ++i) {
    valid = IsAlphanumeric(name[i]) ||
            (i > 0 && std::string_view("_.-").find(name[i]) != std::string_view::npos);
  }
  if (valid) return OkStatus();
  return InvalidError("container name \"" + std::string(name.substr(0, 300)) +
                      "\" is not valid: two or more of a-z, A-Z, 0-9, '_', '.', '-', beginning "
                      "with a letter or digit");
}

}  // namespace reconcile
