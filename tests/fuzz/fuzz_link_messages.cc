// Whatever bytes arrive: refused with a reason, or read into what reads the same when written.
#include <cstdint>
#include <cstdlib>

#include "link/messages.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace reconcile;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<Assignment> assignment = ReadAssignment(text);
  if (assignment.ok()) {
    const std::string written = *WriteAssignment(*assignment);
    const Result<Assignment> again = ReadAssignment(written);
    if (!again.ok() || *WriteAssignment(*again) != written) std::abort();
  }
  const Result<Report> report = ReadReport(text);
  if (report.ok()) {
    const std::string written = *WriteReport(*report);
    const Result<Report> again = ReadReport(written);
    if (!again.ok() || *WriteReport(*again) != written) std::abort();
  }
  return 0;
}
