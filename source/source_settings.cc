#include "source/source_settings.h"

#include <charconv>

#include "schema/text.h"
#include "source/repository_url.h"
#include "source/semver.h"
#include "source/webhook.h"

namespace reconcile {
namespace {

// Milliseconds of one unit; 0 for what is none.
int64_t UnitMs(char unit) {
  if (unit == 's') return 1'000;
  if (unit == 'm') return 60'000;
  return unit == 'h' ? 3'600'000 : 0;
}

bool HasAny(std::initializer_list<const std::string*> texts) {
  for (const std::string* text : texts) {
    if (!text->empty()) return true;
  }
  return false;
}

std::string CheckHttpsCredentials(const SourceCredentials& credentials) {
  if (HasAny({&credentials.ssh_key_file, &credentials.known_hosts_file})) {
    return "credentials: sshKeyFile and knownHostsFile are for ssh, the repository is fetched "
           "over https";
  }
  if (!credentials.token_file.empty() && !credentials.password_file.empty()) {
    return "credentials: tokenFile and passwordFile exclude each other";
  }
  if (!credentials.username_file.empty() &&
      !HasAny({&credentials.password_file, &credentials.token_file})) {
    return "credentials: usernameFile needs a passwordFile or a tokenFile";
  }
  if (credentials.client_certificate_file.empty() != credentials.client_key_file.empty()) {
    return "credentials: clientCertificateFile and clientKeyFile need each other";
  }
  if (!credentials.password_file.empty() && credentials.username_file.empty()) {
    return "credentials: passwordFile needs a usernameFile";
  }
  return "";
}

std::string CheckSshCredentials(const SourceCredentials& credentials) {
  if (HasAny({&credentials.token_file, &credentials.username_file, &credentials.password_file,
              &credentials.ca_file, &credentials.client_certificate_file,
              &credentials.client_key_file})) {
    return "credentials: the repository is fetched over ssh, which takes sshKeyFile and "
           "knownHostsFile only";
  }
  return credentials.ssh_key_file.empty() ? "credentials: a repository over ssh needs sshKeyFile"
                                          : "";
}

}  // namespace

Result<int64_t> ParseInterval(std::string_view text) {
  const Status wrong = InvalidError(
      "must be a duration from 5s to 24h, such as \"30s\" or "
      "\"1h30m\", is " +
      Quoted(text));
  int64_t total_ms = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    int64_t number = 0;
    const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    const size_t digits = static_cast<size_t>(parsed.ptr - rest.data());
    if (parsed.ec != std::errc() || digits == rest.size() || number < 0) return wrong;
    const int64_t unit_ms = UnitMs(rest[digits]);
    if (unit_ms == 0 || number > kMaxIntervalMs / unit_ms) return wrong;
    total_ms += number * unit_ms;
    if (total_ms > kMaxIntervalMs) return wrong;
    rest.remove_prefix(digits + 1);
  }
  if (total_ms < kMinIntervalMs) return wrong;
  return total_ms;
}

int64_t IntervalOf(const SourceSpec& spec) {
  const Result<int64_t> interval = ParseInterval(spec.interval);
  return interval.ok() ? *interval : kDefaultIntervalMs;
}

std::string CheckInterval(const std::string& text) {
  return ParseInterval(text).status().message();
}

std::string CheckSemver(const std::string& text) {
  return VersionRange::Parse(text).status().message();
}

std::string CheckApply(const std::string& text) {
  return text == "auto" || text == "manual" ? "" : "must be auto or manual, is " + Quoted(text);
}

std::string CheckWebhookProvider(const std::string& text) {
  return ParseWebhookProvider(text)
             ? ""
             : "must be github, gitlab, gitea or generic, is " + Quoted(text);
}

std::string CheckSourceSpec(const SourceSpec& spec) {
  if (!spec.revision.empty() && !spec.semver.empty()) {
    return "revision and semver exclude each other";
  }
  if (spec.webhook && spec.webhook->secret_file.empty()) return "webhook: needs a secretFile";
  if (!IsRemoteRepository(spec.repository)) {
    if (!(spec.credentials == SourceCredentials())) {
      return "credentials: the repository is a folder of this machine, which takes none";
    }
    return spec.interval.empty()
               ? ""
               : "interval: the repository is a folder of this machine, which is watched";
  }
  const Result<RepositoryUrl> url = ParseRepositoryUrl(spec.repository);
  if (!url.ok()) return "";  // said where it is written
  return url->scheme == RepositoryUrl::Scheme::kHttps ? CheckHttpsCredentials(spec.credentials)
                                                      : CheckSshCredentials(spec.credentials);
}

}  // namespace reconcile
