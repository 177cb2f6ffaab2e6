#include "api/history_view.h"

namespace reconcile {
namespace {

// In tenths, so that people and machines read the same figure.
double SharePercent(int64_t took_ms, int64_t total_ms) {
  if (total_ms <= 0) return 0;
  return static_cast<double>((took_ms * 1'000 + total_ms / 2) / total_ms) / 10;
}

Value EncodeTiming(const TraceSummary& timing) {
  Value stages = Value::MakeList();
  for (const TraceStage& stage : timing.stages) {
    Value encoded = Value::MakeMap();
    encoded.Set("name", Value::String(stage.name));
    encoded.Set("atMs", Value::Int(stage.at_ms));
    encoded.Set("tookMs", Value::Int(stage.took_ms));
    encoded.Set("sharePercent", Value::Double(SharePercent(stage.took_ms, timing.total_ms)));
    if (stage.median_ms) encoded.Set("medianMs", Value::Int(*stage.median_ms));
    stages.Append(std::move(encoded));
  }
  Value value = Value::MakeMap();
  value.Set("stages", std::move(stages));
  value.Set("totalMs", Value::Int(timing.total_ms));
  value.Set("pod", Value::String(timing.pod));
  value.Set("node", Value::String(timing.node));
  value.Set("pods", Value::Int(timing.pods));
  value.Set("podsReady", Value::Int(timing.pods_ready));
  value.Set("ended", Value::Bool(timing.ended));
  value.Set("note", Value::String(timing.note));
  return value;
}

void SetStamp(const char* name, const std::optional<WallTime>& time, Value* value) {
  if (time) value->Set(name, Value::String(FormatRfc3339(*time)));
}

void SetCount(const char* name, const std::optional<int64_t>& count, Value* value) {
  if (count) value->Set(name, Value::Int(*count));
}

Value EncodeChangeCounts(const RevisionChanges& changes) {
  Value value = Value::MakeMap();
  value.Set("created", Value::Int(changes.created));
  value.Set("changed", Value::Int(changes.changed));
  value.Set("deleted", Value::Int(changes.deleted));
  return value;
}

Value EncodeOutcome(const RevisionOutcome& outcome) {
  Value value = Value::MakeMap();
  value.Set("result", Value::String(outcome.result));
  SetStamp("at", outcome.at, &value);
  SetCount("tookMs", outcome.took_ms, &value);
  SetCount("podsStarted", outcome.pods_started, &value);
  SetCount("podsStopped", outcome.pods_stopped, &value);
  return value;
}

}  // namespace

Value EncodeHistory(const std::vector<Controller::HistoryEntry>& entries) {
  Value items = Value::MakeList();
  for (const Controller::HistoryEntry& entry : entries) {
    const SourceRevision& revision = entry.revision;
    Value item = Value::MakeMap();
    item.Set("revision", Value::String(revision.commit));
    item.Set("source", Value::String(entry.source));
    item.Set("result", Value::String(revision.result));
    item.Set("inForce", Value::Bool(entry.in_force));
    item.Set("message", Value::String(revision.message));
    item.Set("author", Value::String(revision.author));
    item.Set("subject", Value::String(revision.subject));
    SetStamp("committedAt", revision.committed_at, &item);
    SetStamp("at", revision.at, &item);
    if (revision.changes) item.Set("changes", EncodeChangeCounts(*revision.changes));
    if (revision.outcome) item.Set("outcome", EncodeOutcome(*revision.outcome));
    if (entry.timing) item.Set("timing", EncodeTiming(*entry.timing));
    items.Append(std::move(item));
  }
  Value value = Value::MakeMap();
  value.Set("items", std::move(items));
  return value;
}

}  // namespace reconcile
