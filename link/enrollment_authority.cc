#include "link/enrollment_authority.h"

#include "link/certificate_issuer.h"

namespace reconcile {

std::string AuthorityCertificateFile(int number) { return "ca-" + std::to_string(number) + ".crt"; }
std::string AuthorityKeyFile(int number) { return "ca-" + std::to_string(number) + ".key"; }

std::optional<FileProblem> CheckAuthorityFiles(const std::string& cluster_id,
                                               const AuthorityRecord& record, const KeyPair& keys) {
  const std::string certificate_file = AuthorityCertificateFile(record.number);
  const Result<std::string> fingerprint = CertificateFingerprint(keys.certificate_pem);
  const Result<std::string> owner = ClusterIdOf(keys.certificate_pem);
  if (!fingerprint.ok() || *fingerprint != record.fingerprint || !owner.ok() ||
      *owner != cluster_id) {
    return FileProblem{certificate_file,
                       "it is not the CA that " + std::string(kEnrollmentStateFile) + " names"};
  }
  if (!IsPair(keys)) {
    return FileProblem{AuthorityKeyFile(record.number), "it is not the key of " + certificate_file};
  }
  return std::nullopt;
}

}  // namespace reconcile
