#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/value.h"

namespace reconcile {

// Talks to the running controller over its Unix socket. Blocks. Unavailable when nobody answers;
// otherwise the controller's own words.
class ApiClient {
 public:
  explicit ApiClient(std::string socket_path) : socket_path_(std::move(socket_path)) {}

  using Query = std::map<std::string, std::string>;
  Result<Value> Get(const std::string& path, const Query& query = {}, bool as_table = false);
  Result<Value> Post(const std::string& path, const Query& query, const std::string& body = "");
  // Calls `on_data` with what comes of a log until it ends or this returns false. A failure amid
  // the log is the result, whatever came before.
  Status Stream(const std::string& path, const Query& query,
                const std::function<bool(std::string_view)>& on_data);

 private:
  std::string socket_path_;
};

// What an answer with an error says, in the controller's words.
Status StatusOfAnswer(int http_code, const std::string& body);
// Why nobody answered on the socket, and what to do about it.
Status WhyUnreachable(const std::string& socket_path);

// `text` percent-encoded for one segment of a path.
std::string EncodePathSegment(const std::string& text);

}  // namespace reconcile
