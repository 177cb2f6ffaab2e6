#include "cmd/plan_file.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "cmd/keys_file.h"
#include "schema/text.h"

namespace reconcile {

Status WritePlanFile(const std::string& path, const SavedPlan& plan) {
  const std::string beside = path + ".new-" + std::to_string(::getpid());
  RETURN_IF_ERROR(WriteNewFile(beside, WriteSavedPlan(plan)));
  if (::rename(beside.c_str(), path.c_str()) == 0) return OkStatus();
  const Status failure = ErrnoError("write", path);
  ::unlink(beside.c_str());
  return failure;
}

Result<PlanFile> ReadPlanFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) return InvalidError(ErrnoError("read", path).message());
  std::string text;
  std::string part(1 << 16, '\0');
  while (file.read(part.data(), static_cast<std::streamsize>(part.size())) || file.gcount() > 0) {
    text.append(part, 0, static_cast<size_t>(file.gcount()));
    if (text.size() > kMaxSavedPlanBytes) {
      return InvalidError(Quoted(path) + " is larger than a saved plan can be");
    }
  }
  if (file.bad()) return ErrnoError("read", path);
  Result<SavedPlan> plan = ReadSavedPlan(text);
  if (!plan.ok()) return plan.status().WithContext(path);
  return PlanFile{std::move(text), std::move(plan).value()};
}

}  // namespace reconcile
