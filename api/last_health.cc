#include "api/last_health.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace reconcile {
namespace {

std::string QuestionOf(const ApiRequest& request) {
  std::string question = request.path;
  for (const auto& [name, value] : request.query) {
    question += "\n" + name + "=" + value;
  }
  return question;
}

}  // namespace

bool LastHealth::IsAskedBy(const ApiRequest& request) {
  constexpr std::array<std::string_view, 3> kPaths = {"/healthz", "/livez", "/readyz"};
  return request.method == "GET" &&
         std::any_of(kPaths.begin(), kPaths.end(), [&](std::string_view path) {
           return request.path == path || request.path.starts_with(std::string(path) + "/");
         });
}

void LastHealth::Note(const ApiRequest& request, const ApiResponse& answer, MonoTime now) {
  const std::string question = QuestionOf(request);
  const bool is_known = noted_.contains(question);
  if (!is_known && noted_.size() >= kMostKept) {
    std::erase_if(noted_, [&](const auto& noted) { return now - noted.second.at > kFreshMs; });
    if (noted_.size() >= kMostKept) return;
  }
  noted_[question] = {answer, now};
}

std::optional<ApiResponse> LastHealth::Find(const ApiRequest& request, MonoTime now) const {
  const auto found = noted_.find(QuestionOf(request));
  if (found == noted_.end() || now - found->second.at > kFreshMs) return std::nullopt;
  return found->second.answer;
}

}  // namespace reconcile
