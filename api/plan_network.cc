#include "api/plan_network.h"

namespace reconcile {

Value EncodeNetwork(const std::vector<NetworkChange>& changes) {
  Value list = Value::MakeList();
  for (const NetworkChange& change : changes) {
    Value value = Value::MakeMap();
    value.Set("kind", Value::String(std::string(ToString(change.key.kind))));
    value.Set("namespace", Value::String(change.key.namespace_name));
    value.Set("name", Value::String(change.key.name));
    value.Set("what", Value::String(std::string(ToString(change.item))));
    value.Set("before", Value::String(change.before));
    value.Set("after", Value::String(change.after));
    list.Append(std::move(value));
  }
  return list;
}

}  // namespace reconcile
