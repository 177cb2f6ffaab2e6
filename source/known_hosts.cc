#include "source/known_hosts.h"

#include <algorithm>
#include <optional>

#include "base/digest.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr uint16_t kDefaultPort = 22;
constexpr size_t kSha1Bytes = 20;
constexpr size_t kMaxTypeBytes = 64;
constexpr size_t kMaxPatterns = 64;
constexpr std::string_view kFingerprintPrefix = "SHA256:";
constexpr size_t kFingerprintBytes = 43;  // base64 of 32 bytes, without padding

std::string ToLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lower;
}

// The next word of a line, which it is taken off.
std::string_view TakeWord(std::string_view* line) {
  const size_t start = std::min(line->find_first_not_of(" \t"), line->size());
  const size_t end = std::min(line->find_first_of(" \t", start), line->size());
  const std::string_view word = line->substr(start, end - start);
  line->remove_prefix(end);
  return word;
}

// Name as the file has it.
std::string NameInFile(std::string_view host, uint16_t port) {
  const std::string lower = ToLower(host);
  return port == kDefaultPort ? lower : "[" + lower + "]:" + std::to_string(port);
}

// '*' and '?', without recursion.
bool MatchesPattern(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// A key's bytes begin with its type, length first.
bool BlobHasType(std::string_view blob, std::string_view type) {
  if (blob.size() < 4 + type.size()) return false;
  size_t length = 0;
  for (size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(blob[i]);
  return length == type.size() && blob.substr(4, length) == type;
}

// Calls `take` with each line, without its end.
template <typename Take>
void ForEachLine(std::string_view text, const Take& take) {
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    std::string_view line = text.substr(start, end - start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    take(line);
    start = end + 1;
  }
}

}  // namespace

std::string HostKey::Fingerprint() const {
  std::string text = std::string(kFingerprintPrefix) + EncodeBase64(Sha256(blob));
  while (text.ends_with('=')) text.pop_back();
  return text;
}

std::string HostKey::Base64() const { return EncodeBase64(blob); }

bool IsFingerprint(std::string_view text) {
  if (!text.starts_with(kFingerprintPrefix)) return false;
  text.remove_prefix(kFingerprintPrefix.size());
  return text.size() == kFingerprintBytes && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '+' || c == '/';
         });
}

bool KnownHosts::ParseLine(std::string_view line, Entry* entry) {
  std::string_view names = TakeWord(&line);
  if (names.starts_with('@')) {
    if (names != "@revoked" && names != "@cert-authority") return false;
    entry->marker = names == "@revoked" ? Marker::kRevoked : Marker::kAuthority;
    names = TakeWord(&line);
  }
  const std::string_view type = TakeWord(&line);
  const std::string_view base64 = TakeWord(&line);
  if (names.empty() || type.empty() || type.size() > kMaxTypeBytes) return false;
  entry->key.type = type;
  if (!DecodeBase64(base64, &entry->key.blob) || !BlobHasType(entry->key.blob, type)) return false;
  constexpr std::string_view kHashed = "|1|";
  if (names.starts_with(kHashed)) {
    names.remove_prefix(kHashed.size());
    const size_t bar = names.find('|');
    return bar != std::string_view::npos && DecodeBase64(names.substr(0, bar), &entry->salt) &&
           DecodeBase64(names.substr(bar + 1), &entry->hash) && !entry->salt.empty() &&
           entry->hash.size() == kSha1Bytes;
  }
  while (!names.empty()) {
    const size_t comma = std::min(names.find(','), names.size());
    if (comma > 0) entry->patterns.push_back(ToLower(names.substr(0, comma)));
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
  return !entry->patterns.empty() && entry->patterns.size() <= kMaxPatterns;
}

KnownHosts KnownHosts::Parse(std::string_view text) {
  KnownHosts known;
  if (text.size() > kMaxTextBytes) {
    text = text.substr(0, text.rfind('\n', kMaxTextBytes) + 1);
    ++known.passed_over_;
  }
  ForEachLine(text, [&](std::string_view line) {
    const size_t first = line.find_first_not_of(" \t");
    if (first == std::string_view::npos || line[first] == '#') return;
    Entry entry;
    if (line.size() > kMaxLineBytes || known.entries_.size() >= kMaxEntries ||
        !ParseLine(line, &entry)) {
      ++known.passed_over_;
      return;
    }
    known.entries_.push_back(std::move(entry));
  });
  return known;
}

bool KnownHosts::Matches(const Entry& entry, std::string_view name) {
  if (!entry.hash.empty()) return EqualSecrets(HmacSha1(entry.salt, name), entry.hash);
  bool matches = false;
  for (const std::string_view pattern : entry.patterns) {
    if (pattern.starts_with('!')) {
      if (MatchesPattern(pattern.substr(1), name)) return false;
    } else {
      matches = matches || MatchesPattern(pattern, name);
    }
  }
  return matches;
}

HostTrust KnownHosts::Check(std::string_view host, uint16_t port, const HostKey& key) const {
  const std::string name = NameInFile(host, port);
  HostTrust trust = HostTrust::kUnknown;
  for (const Entry& entry : entries_) {
    if (entry.marker == Marker::kAuthority || !Matches(entry, name)) continue;
    const bool same = entry.key.blob == key.blob;
    if (entry.marker == Marker::kRevoked) {
      if (same) return HostTrust::kRevoked;
    } else if (same) {
      trust = HostTrust::kTrusted;
    } else if (trust == HostTrust::kUnknown) {
      trust = HostTrust::kChanged;
    }
  }
  return trust;
}

std::vector<std::string> KnownHosts::KeyTypes(std::string_view host, uint16_t port) const {
  const std::string name = NameInFile(host, port);
  std::vector<std::string> types;
  for (const Entry& entry : entries_) {
    if (entry.marker != Marker::kNone || !Matches(entry, name)) continue;
    if (std::find(types.begin(), types.end(), entry.key.type) == types.end()) {
      types.push_back(entry.key.type);
    }
  }
  return types;
}

bool KnownHosts::HasAuthority(std::string_view host, uint16_t port) const {
  const std::string name = NameInFile(host, port);
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.marker == Marker::kAuthority && Matches(entry, name);
  });
}

std::string KnownHostsLine(std::string_view host, uint16_t port, const HostKey& key) {
  return NameInFile(host, port) + " " + key.type + " " + key.Base64() + "\n";
}

std::string WithoutHost(std::string_view text, std::string_view host, uint16_t port) {
  const std::string name = NameInFile(host, port);
  std::string kept;
  ForEachLine(text, [&](std::string_view line) {
    std::string_view rest = line;
    if (ToLower(TakeWord(&rest)) != name) kept += std::string(line) + "\n";
  });
  return kept;
}

}  // namespace reconcile
