#include "source/git_records.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "source/manifest_names.h"

namespace reconcile {
namespace {

constexpr std::string_view kMagic = "RGR1";
constexpr size_t kIdLength = 40;
constexpr size_t kMaxFieldBytes = UINT32_MAX;
// What a named file's record says of it, together.
constexpr uint64_t kIsLink = 1;
constexpr uint64_t kHasBytes = 2;

enum class RecordKind : uint8_t {
  kCommit = 'C',
  kFile = 'F',
  kKnownFile = 'K',
  kNamedFile = 'N',
  kWarning = 'W',
  kError = 'E',
  kEnd = 'Z',
};

void AppendNumber(uint64_t value, int bytes, std::string* out) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

void AppendText(std::string_view text, std::string* out) {
  CHECK(text.size() <= kMaxFieldBytes);
  AppendNumber(text.size(), 4, out);
  out->append(text);
}

// At most `max_bytes` of UTF-8.
void AppendCleanText(std::string_view text, size_t max_bytes, std::string* out) {
  constexpr std::string_view kReplacement = "\xef\xbf\xbd";
  std::string clean;
  for (size_t at = 0; at < text.size();) {
    const size_t length = Utf8SequenceLength(text, at);
    const std::string_view next = length == 0 ? kReplacement : text.substr(at, length);
    if (clean.size() + next.size() > max_bytes) break;
    clean += next;
    at += std::max<size_t>(length, 1);
  }
  AppendText(clean, out);
}

void AppendRecord(RecordKind kind, std::string_view payload, std::string* out) {
  out->push_back(static_cast<char>(kind));
  AppendText(payload, out);
}

// Takes fields from the front of bytes; after the first that is not there, nothing more is.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : left_(bytes) {}

  uint64_t Number(int bytes) {
    const std::string_view taken = Bytes(static_cast<size_t>(bytes));
    uint64_t value = 0;
    for (size_t i = taken.size(); i > 0; --i) {
      value = value << 8 | static_cast<unsigned char>(taken[i - 1]);
    }
    return value;
  }
  std::string_view Bytes(size_t size) {
    if (!ok_ || size > left_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }
  std::string_view Field() { return Bytes(static_cast<size_t>(Number(4))); }
  std::string Text(size_t max_bytes) {
    const std::string_view field = Field();
    if (field.size() > max_bytes || FindInvalidUtf8(field) != std::string_view::npos) ok_ = false;
    return ok_ ? std::string(field) : std::string();
  }
  bool ok() const { return ok_; }
  bool AtEnd() const { return ok_ && left_.empty(); }

 private:
  std::string_view left_;
  bool ok_ = true;
};

bool IsObjectId(std::string_view id) {
  return id.size() == kIdLength && std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

class Decoder {
 public:
  Decoder(const GitLimits& limits, const BlobMap& known) : limits_(limits), known_(known) {}

  Result<FetchedCommit> Run(std::string_view stream) {
    FieldReader reader(stream);
    if (reader.Bytes(kMagic.size()) != kMagic) return Malformed("its header");
    while (!ended_ && !error_) {
      const auto kind = static_cast<RecordKind>(reader.Number(1));
      const std::string_view payload = reader.Field();
      if (!reader.ok()) return Malformed("its end: it stopped early");
      if (const char* wrong = TakeRecord(kind, payload)) return Malformed(wrong);
      if (limit_) return *limit_;
    }
    if (!reader.AtEnd()) return Malformed("what follows its end");
    if (error_) return *error_;
    return std::move(commit_);
  }

 private:
  static Status Malformed(std::string_view where) {
    return InternalError("the reader of the repository answered wrongly in " + std::string(where));
  }

  // nullptr, or what is wrong.
  const char* TakeRecord(RecordKind kind, std::string_view payload) {
    if (commit_.id.empty() && kind != RecordKind::kCommit && kind != RecordKind::kError) {
      return "its order: no commit at its start";
    }
    switch (kind) {
      case RecordKind::kCommit:
        return TakeCommit(FieldReader(payload)) ? nullptr : "the commit";
      case RecordKind::kFile:
        return TakeFile(FieldReader(payload)) ? nullptr : "a file";
      case RecordKind::kKnownFile:
        return TakeKnownFile(FieldReader(payload)) ? nullptr : "a known file";
      case RecordKind::kNamedFile:
        return TakeNamedFile(FieldReader(payload)) ? nullptr : "a file that is named";
      case RecordKind::kWarning:
        return TakeWarning(FieldReader(payload)) ? nullptr : "a warning";
      case RecordKind::kError:
        return TakeError(FieldReader(payload)) ? nullptr : "an error";
      case RecordKind::kEnd:
        return TakeEnd(FieldReader(payload)) ? nullptr : "the number of files";
    }
    return "a record of unknown kind";
  }

  bool TakeCommit(FieldReader reader) {
    if (!commit_.id.empty()) return false;
    FetchedCommit commit;
    commit.id = reader.Text(kIdLength);
    commit.author = reader.Text(kMaxCommitTextBytes);
    commit.subject = reader.Text(kMaxCommitTextBytes);
    commit.committed_at.ms = static_cast<int64_t>(reader.Number(8));
    const uint64_t count = reader.Number(4);
    if (count > kMaxConfirmations) return false;
    for (uint64_t i = 0; i < count; ++i) {
      commit.confirmations.push_back(reader.Text(kMaxCommitTextBytes));
    }
    if (!reader.AtEnd() || !IsObjectId(commit.id)) return false;
    commit_ = std::move(commit);
    return true;
  }

  bool TakeFile(FieldReader reader) {
    ManifestFile file;
    file.path = reader.Text(kMaxManifestPathBytes);
    file.blob_id = reader.Text(kIdLength);
    const std::string_view bytes = reader.Field();
    if (!reader.AtEnd() || bytes.size() > limits_.max_blob_bytes || !IsObjectId(file.blob_id)) {
      return false;
    }
    file.bytes = std::make_shared<const std::string>(bytes);
    return received_.emplace(file.blob_id, file.bytes).second && AddFile(std::move(file));
  }

  bool TakeKnownFile(FieldReader reader) {
    ManifestFile file;
    file.path = reader.Text(kMaxManifestPathBytes);
    file.blob_id = reader.Text(kIdLength);
    if (!reader.AtEnd()) return false;
    file.bytes = FindBlob(file.blob_id);
    return file.bytes != nullptr && AddFile(std::move(file));
  }

  bool TakeNamedFile(FieldReader reader) {
    const uint64_t flags = reader.Number(1);
    ManifestFile file;
    file.symbolic_link = (flags & kIsLink) != 0;
    file.path = reader.Text(kMaxManifestPathBytes);
    file.blob_id = reader.Text(kIdLength);
    if (flags > (kIsLink | kHasBytes) || !IsReachedPath(file.path)) return false;
    if ((flags & kHasBytes) != 0) {
      const std::string_view bytes = reader.Field();
      if (bytes.size() > limits_.max_blob_bytes || !IsObjectId(file.blob_id)) return false;
      file.bytes = std::make_shared<const std::string>(bytes);
      if (!received_.emplace(file.blob_id, file.bytes).second) return false;
    } else if ((file.bytes = FindBlob(file.blob_id)) == nullptr) {
      return false;
    }
    if (!reader.AtEnd() || files() >= limits_.max_files) return false;
    CountBytes(file);
    named_.push_back(std::move(file));
    return true;
  }

  std::shared_ptr<const std::string> FindBlob(const std::string& id) const {
    const auto received = received_.find(id);
    if (received != received_.end()) return received->second;
    const auto known = known_.find(id);
    return known == known_.end() ? nullptr : known->second;
  }

  size_t files() const { return commit_.files.size() + named_.size(); }

  // The child does not know the size of what it did not send.
  void CountBytes(const ManifestFile& file) {
    total_bytes_ += file.bytes->size();
    if (total_bytes_ <= limits_.max_total_bytes) return;
    limit_ = InvalidError("the size of all manifests passes the limit max_total_bytes = " +
                          std::to_string(limits_.max_total_bytes));
  }

  bool AddFile(ManifestFile file) {
    CountBytes(file);
    const bool ascends = commit_.files.empty() || commit_.files.back().path < file.path;
    if (!ascends || !IsSourcePath(file.path) || files() >= limits_.max_files) return false;
    commit_.files.push_back(std::move(file));
    return true;
  }

  bool TakeWarning(FieldReader reader) {
    Problem warning;
    warning.file = reader.Text(kMaxGitMessageBytes);
    warning.message = reader.Text(kMaxGitMessageBytes);
    if (!reader.AtEnd() || commit_.warnings.size() > kMaxGitWarnings) return false;
    commit_.warnings.push_back(std::move(warning));
    return true;
  }

  bool TakeError(FieldReader reader) {
    const uint64_t code = reader.Number(1);
    std::string message = reader.Text(kMaxGitMessageBytes);
    if (!reader.AtEnd() || code == static_cast<uint64_t>(StatusCode::kOk) ||
        code > static_cast<uint64_t>(StatusCode::kInternal)) {
      return false;
    }
    error_ = Status(static_cast<StatusCode>(code), std::move(message));
    return true;
  }

  bool TakeEnd(FieldReader reader) {
    ended_ = reader.Number(4) == files() && reader.AtEnd() && JoinNamed();
    return ended_;
  }

  // False when a path is there twice.
  bool JoinNamed() {
    std::vector<ManifestFile>& all = commit_.files;
    std::move(named_.begin(), named_.end(), std::back_inserter(all));
    std::sort(all.begin(), all.end(),
              [](const ManifestFile& a, const ManifestFile& b) { return a.path < b.path; });
    return std::adjacent_find(all.begin(), all.end(),
                              [](const ManifestFile& a, const ManifestFile& b) {
                                return a.path == b.path;
                              }) == all.end();
  }

  const GitLimits& limits_;
  const BlobMap& known_;
  FetchedCommit commit_;
  std::vector<ManifestFile> named_;
  BlobMap received_;
  size_t total_bytes_ = 0;
  bool ended_ = false;
  std::optional<Status> error_;  // the child's
  std::optional<Status> limit_;  // our own
};

}  // namespace

void AppendGitHeader(std::string* out) { out->append(kMagic); }

void AppendGitCommit(const FetchedCommit& commit, std::string* out) {
  std::string payload;
  AppendText(commit.id, &payload);
  AppendCleanText(commit.author, kMaxCommitTextBytes, &payload);
  AppendCleanText(commit.subject, kMaxCommitTextBytes, &payload);
  AppendNumber(static_cast<uint64_t>(commit.committed_at.ms), 8, &payload);
  const size_t confirmations = std::min(commit.confirmations.size(), kMaxConfirmations);
  AppendNumber(confirmations, 4, &payload);
  for (size_t i = 0; i < confirmations; ++i) {
    AppendCleanText(commit.confirmations[i], kMaxCommitTextBytes, &payload);
  }
  AppendRecord(RecordKind::kCommit, payload, out);
}

void AppendGitFile(std::string_view path, std::string_view blob_id, std::string_view bytes,
                   std::string* out) {
  std::string payload;
  payload.reserve(path.size() + blob_id.size() + bytes.size() + 12);
  AppendText(path, &payload);
  AppendText(blob_id, &payload);
  AppendText(bytes, &payload);
  AppendRecord(RecordKind::kFile, payload, out);
}

void AppendGitKnownFile(std::string_view path, std::string_view blob_id, std::string* out) {
  std::string payload;
  AppendText(path, &payload);
  AppendText(blob_id, &payload);
  AppendRecord(RecordKind::kKnownFile, payload, out);
}

void AppendGitNamedFile(std::string_view path, bool symbolic_link, std::string_view blob_id,
                        const std::string_view* bytes, std::string* out) {
  std::string payload;
  AppendNumber((symbolic_link ? kIsLink : 0) | (bytes != nullptr ? kHasBytes : 0), 1, &payload);
  AppendText(path, &payload);
  AppendText(blob_id, &payload);
  if (bytes != nullptr) AppendText(*bytes, &payload);
  AppendRecord(RecordKind::kNamedFile, payload, out);
}

void AppendGitWarning(std::string_view file, std::string_view message, std::string* out) {
  std::string payload;
  AppendCleanText(file, kMaxGitMessageBytes, &payload);
  AppendCleanText(message, kMaxGitMessageBytes, &payload);
  AppendRecord(RecordKind::kWarning, payload, out);
}

void AppendGitError(const Status& status, std::string* out) {
  std::string payload;
  AppendNumber(static_cast<uint64_t>(status.code()), 1, &payload);
  AppendCleanText(status.message(), kMaxGitMessageBytes, &payload);
  AppendRecord(RecordKind::kError, payload, out);
}

void AppendGitEnd(size_t files, std::string* out) {
  std::string payload;
  AppendNumber(files, 4, &payload);
  AppendRecord(RecordKind::kEnd, payload, out);
}

Result<FetchedCommit> DecodeGitRecords(std::string_view stream, const GitLimits& limits,
                                       const BlobMap& known) {
  return Decoder(limits, known).Run(stream);
}

}  // namespace reconcile
