#pragma once

#include <string>
#include <vector>

#include "api/http.h"
#include "base/value.h"

namespace reconcile {

// A failure as Kubernetes' clients read it: `reason` is the word that they act on, `name`, `group`
// and `kind` (the plural) say of what.
struct Refusal {
  struct Cause {
    std::string reason;
    std::string message;
    std::string field = {};
  };
  int code = 500;
  std::string reason;
  std::string message;
  std::string name = {};
  std::string group = {};
  std::string kind = {};
  std::vector<Cause> causes = {};
};
Value StatusObject(const Refusal& refusal);  // kind Status
ApiResponse RefusalResponse(const Refusal& refusal);
// With the reason that Kubernetes gives for this HTTP code.
ApiResponse RefusalResponse(int code, const std::string& message);

// Reasons that several routes give.
Refusal BadRequest(std::string message);
Refusal UnknownPath();                 // of a path that nothing is served on
Refusal MethodNotAllowed();            // of one on which this method is not
Refusal NotAcceptable();               // none of the media types that the client takes
Refusal Expired(std::string message);  // what the client has seen is too old to go on from

}  // namespace reconcile
