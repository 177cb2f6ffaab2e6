#pragma once

// Only for beast_api.cc and its fuzz target: whoever includes it pays for Boost.Beast.
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string>
#include <string_view>

#include "api/api_gate.h"
#include "api/request_target.h"
#include "link/http_checks.h"

namespace reconcile {

using BeastRequestParser = boost::beast::http::request_parser<boost::beast::http::string_body>;

// What the head that `parser` is done with says, or why nothing of it is to be believed.
inline HttpProblem ReadBeastHead(const BeastRequestParser& parser, ApiHead* head) {
  const auto& message = parser.get();
  HttpFraming framing;
  for (const auto& field : message) {
    const std::string name = LowerCase({field.name_string().data(), field.name_string().size()});
    const std::string_view value(field.value().data(), field.value().size());
    framing.Add(name, value);
    std::string& joined = head->headers[name];
    joined += (joined.empty() ? "" : ", ") + std::string(value);
  }
  head->request.method = std::string(message.method_string());
  HttpProblem problem = framing.Check(message.version());
  if (problem.code != 0) return problem;
  head->target = std::string(message.target().data(), message.target().size());
  const Status target =
      ReadRequestTarget({message.target().data(), message.target().size()}, &head->request);
  if (!target.ok()) return {400, target.message()};
  head->has_body = parser.chunked() || parser.content_length().value_or(0) > 0;
  return {};
}

}  // namespace reconcile
