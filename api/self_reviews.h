#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/authorization.h"
#include "api/http.h"
#include "base/status.h"

namespace reconcile {

// What users ask of themselves (`kubectl auth can-i`, `auth whoami`): POST of a
//   SelfSubjectAccessReview   whether an Access would be allowed
//   SelfSubjectRulesReview    what is allowed in a namespace
//   SelfSubjectReview         who they are
// as JSON or, as newer clients send them, in Kubernetes' protobuf. Nothing for other requests.
std::optional<ApiResponse> AnswerSelfReview(const ApiRequest& request);

inline constexpr size_t kMaxReviewBytes = 64 << 10;
inline constexpr std::string_view kProtobufType = "application/vnd.kubernetes.protobuf";

// The Access that the body of a SelfSubjectAccessReview names. Invalid, with why.
Result<Access> ReadAccessReview(std::string_view content_type, std::string_view body);
// The namespace of a SelfSubjectRulesReview.
Result<std::string> ReadRulesReview(std::string_view content_type, std::string_view body);

}  // namespace reconcile
