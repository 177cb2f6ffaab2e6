#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/status.h"
#include "source/git_source.h"
#include "source/manifest_source.h"

namespace reconcile {

// What the child that reads a repository says to its parent: the bytes "RGR1", then records of
// a kind (one byte), a length (four bytes, little-endian) and that many bytes. A commit record,
// then files by ascending path, what kustomizations name beside them in any order, and warnings,
// then an end record with the number of all files; or, at any place, an error record. Nothing
// follows either. Texts are UTF-8.

// Blobs by hex object id.
using BlobMap = std::unordered_map<std::string, std::shared_ptr<const std::string>>;

// Bounds of what describes a commit.
inline constexpr size_t kMaxCommitTextBytes = 512;  // author, subject, a confirmation each
inline constexpr size_t kMaxConfirmations = 32;
inline constexpr size_t kMaxGitWarnings = 1000;
inline constexpr size_t kMaxGitMessageBytes = 8192;  // an error's or a warning's

// Each appends to `out`. Commit texts and messages are cut to their bounds, and what is not UTF-8
// in them (other encodings are legal in Git) becomes U+FFFD; paths must be fit to send.
void AppendGitHeader(std::string* out);
void AppendGitCommit(const FetchedCommit& commit, std::string* out);  // without files, warnings
void AppendGitFile(std::string_view path, std::string_view blob_id, std::string_view bytes,
                   std::string* out);
// A file whose blob the parent has, or was sent before.
void AppendGitKnownFile(std::string_view path, std::string_view blob_id, std::string* out);
// A file or symbolic link that a kustomization names; its path may begin with "../". `bytes` is
// null when the parent has the blob, or was sent it before.
void AppendGitNamedFile(std::string_view path, bool symbolic_link, std::string_view blob_id,
                        const std::string_view* bytes, std::string* out);
void AppendGitWarning(std::string_view file, std::string_view message, std::string* out);
void AppendGitError(const Status& status, std::string* out);
void AppendGitEnd(size_t files, std::string* out);

// The commit, or the error that the child reported. Strict: Internal for anything that the
// functions above do not write, and for a stream that ends early. `known` has the blobs that the
// parent told the child it has.
Result<FetchedCommit> DecodeGitRecords(std::string_view stream, const GitLimits& limits,
                                       const BlobMap& known);

}  // namespace reconcile
