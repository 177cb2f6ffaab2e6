#pragma once

#include <optional>
#include <string>

#include "link/certificates.h"
#include "link/enrollment_state.h"

namespace reconcile {

// The files of enrollment's folder: the list, and two of each CA.
inline constexpr const char* kEnrollmentStateFile = "enrollment.json";
std::string AuthorityCertificateFile(int number);
std::string AuthorityKeyFile(int number);

struct FileProblem {
  std::string file;
  std::string why;
};
// Whether `keys`, from a CA's two files, is the CA that the list names: what is wrong with which
// file, or nothing.
std::optional<FileProblem> CheckAuthorityFiles(const std::string& cluster_id,
                                               const AuthorityRecord& record, const KeyPair& keys);

}  // namespace reconcile
