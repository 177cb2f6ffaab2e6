#include <algorithm>

#include "agent/agent_core.h"
#include "agent/containers.h"
#include "agent/end_messages.h"
#include "base/log.h"
#include "base/utf8.h"

namespace reconcile {
namespace {

constexpr int kEndFileMode = 0666;  // whoever the program is, it may write to it
constexpr int kMaxEndReads = 3;     // of one message; then why it cannot be read is the message
constexpr int64_t kAwaitEndsMs = 1'000;  // news wait as long as this for why something ended

}  // namespace

// A new, empty file; those of attempts that are no longer there go.
Status Agent::Core::MakeEndFile(const RunContainer& action) {
  const std::string folder = EndFilesFolder(action.pod_uid, action.container);
  const std::string file = EndFilePath(action.pod_uid, action.container, action.attempt);
  const Result<std::vector<std::string>> names = files_->List(folder);
  if (!names.ok()) return names.status();
  std::set<std::string> kept;
  for (const auto& [id, container] : seen_.containers) kept.insert(EndFileOf(container));
  for (const std::string& name : *names) {
    const std::string path = folder + "/" + name;
    if (!kept.contains(path)) RETURN_IF_ERROR(files_->RemoveTree(path));
  }
  seen_.pod_folders.insert(action.pod_uid);
  return files_->Write(file, "", kEndFileMode);
}

void Agent::Core::RemoveEndFile(const std::string& path) {
  if (path.empty()) return;
  const Status removed = files_->RemoveTree(path);
  if (!removed.ok()) LogWarning("a file is left behind", {{"error", removed.message()}});
}

void Agent::Core::Run(const Operation& operation, const ReadEndMessage& action) {
  const Result<std::string> text = files_->ReadEnd(action.file, kMaxEndMessageBytes);
  if (text.ok() && !text->empty()) return OnEndRead(operation, action, *text);
  const bool absent = text.status().code() == StatusCode::kNotFound;
  if (!text.ok() && !absent) {
    return OnEndRead(operation, action,
                     "Error on reading termination message: " + text.status().message());
  }
  if (!action.from_log) return OnEndRead(operation, action, "");
  ReadEndOfLog(operation, action);
}

void Agent::Core::ReadEndOfLog(const Operation& operation, const ReadEndMessage& action) {
  LogOptions options;
  options.tail_lines = kEndLogLines;
  const auto end = std::make_shared<std::string>();
  end_logs_[action.container_id] = runtime_->ReadLogs(
      action.container_id, options,
      Guarded([this, end, id = action.container_id](LogStream, std::string_view bytes) {
        end->append(bytes);
        if (end->size() > kMaxEndLogBytes) end->erase(0, end->size() - kMaxEndLogBytes);
        end_logs_[id].Taken(bytes.size());
      }),
      Guarded([this, end, operation, action](const Status& status) {
        end_logs_.erase(action.container_id);
        if (status.ok()) return OnEndRead(operation, action, *end);
        OnLogNotRead(operation, action, status);
      }));
}

void Agent::Core::OnLogNotRead(const Operation& operation, const ReadEndMessage& action,
                               const Status& status) {
  const auto failed = seen_.failed.find(operation.key);
  const int32_t before = failed == seen_.failed.end() ? 0 : failed->second.count;
  if (status.code() == StatusCode::kUnavailable && before + 1 < kMaxEndReads) {
    return Fail(operation.key, status, false);
  }
  OnEndRead(operation, action,
            "Error on reading termination message from logs: " + status.message());
}

void Agent::Core::OnEndRead(const Operation& operation, const ReadEndMessage& action,
                            std::string_view text) {
  if (seen_.containers.contains(action.container_id)) {
    seen_.end_messages[action.container_id] = EndOfUtf8(ToValidUtf8(text), kMaxEndMessageBytes);
  }
  Succeed(operation.key);
}

void Agent::Core::ForgetEnds() {
  std::erase_if(seen_.end_messages,
                [&](const auto& entry) { return !seen_.containers.contains(entry.first); });
}

void Agent::Core::NoteReads(bool reads_ends) {
  if (!reads_ends) ends_awaited_until_.reset();
  if (!reads_ends || ends_awaited_until_) return;
  ends_awaited_until_ = loop_->now().mono + kAwaitEndsMs;
  After(kAwaitEndsMs, [this] { ReportIfChanged(); });
}

bool Agent::Core::AwaitsEnds() const {
  return ends_awaited_until_ && loop_->now().mono < *ends_awaited_until_;
}

}  // namespace reconcile
