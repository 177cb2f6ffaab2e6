#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/value.h"
#include "schema/object.h"

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
  // Calls `on_event` with each event of a watch, {"type", "object"}, until it ends or this returns
  // false. The controller's words when it ends by an ERROR event: Unavailable when what was to come
  // is kept no longer, so that one lists again.
  Status Watch(const std::string& path, Query query, bool as_table,
               const std::function<bool(const Value&)>& on_event);
  // How long an answer may take.
  void LimitTo(int64_t timeout_ms) { timeout_ms_ = timeout_ms; }

 private:
  Status StreamAs(const std::string& accept, const std::string& path, const Query& query,
                  const std::function<bool(std::string_view)>& on_data);

  std::string socket_path_;
  int64_t timeout_ms_ = 90'000;
};

// What an answer with an error says, in the controller's words.
Status StatusOfAnswer(int http_code, const std::string& body);
// Why nobody answered on the socket, and what to do about it.
Status WhyUnreachable(const std::string& socket_path);

// `text` percent-encoded for one segment of a path.
std::string EncodePathSegment(const std::string& text);
// Of one object, or of all of its kind when `name` is "". `namespace_name` is "" for every
// namespace, and passed over where the kind has none.
std::string PathOf(Kind kind, const std::string& namespace_name, const std::string& name);

}  // namespace reconcile
