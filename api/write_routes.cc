#include "api/write_routes.h"

#include <algorithm>

#include "api/endpoints_view.h"
#include "api/git_refusals.h"
#include "api/json_patch.h"
#include "api/object_encoding.h"
#include "api/patched.h"
#include "api/pod_removal_routes.h"
#include "api/protobuf_reader.h"
#include "api/routes.h"
#include "api/scale_route.h"
#include "api/told_by.h"
#include "api/user_view.h"
#include "api/would_be.h"
#include "api/write_options.h"
#include "base/utf8.h"
#include "reconciler/restart.h"

namespace reconcile {
namespace {

ObjectKey KeyOf(const ResourcePath& path) { return {path.kind, path.namespace_name, path.name}; }

ApiResponse Shown(const ObjectPtr& object, const ApiRequest& request, int code, WallTime now) {
  Refusal refusal;
  const std::optional<ObjectEncoding> encoding = ChooseEncoding(request, &refusal);
  if (!encoding) return RefusalResponse(refusal);
  ApiResponse response;
  response.code = code;
  response.body = WriteObject(object, *encoding, now);
  return response;
}

// Members in one order, so that values can be compared; what says nothing is left out.
Value Canonical(const Value& value) {
  if (value.IsList()) {
    Value list = Value::MakeList();
    for (const Value& element : value.AsList()) list.Append(Canonical(element));
    return list;
  }
  if (!value.IsMap()) return value;
  Value::Map members;
  for (const Value::Member& member : value.AsMap()) {
    Value inner = Canonical(member.value);
    const bool is_empty = inner.IsNull() || (inner.IsMap() && inner.AsMap().empty());
    if (!is_empty) members.push_back({member.key, std::move(inner), Mark{}});
  }
  std::sort(members.begin(), members.end(),
            [](const Value::Member& a, const Value::Member& b) { return a.key < b.key; });
  return Value::MakeMap(std::move(members));
}

bool IsSame(const Value& a, const Value& b) { return Canonical(a) == Canonical(b); }

Value* Descend(Value* value, std::initializer_list<std::string_view> steps) {
  for (const std::string_view step : steps) {
    if (value != nullptr) value = MutableMember(step, value);
  }
  return value != nullptr && value->IsMap() ? value : nullptr;
}

Value WithoutUnschedulable(Value node) {
  if (Value* const spec = Descend(&node, {"spec"})) EraseMember("unschedulable", spec);
  return node;
}

bool IsUnschedulableIn(const Value& node) {
  const Value* spec = node.Find("spec");
  const Value* word = spec == nullptr ? nullptr : spec->Find("unschedulable");
  return word != nullptr && word->type() == Value::Type::kBool && word->AsBool();
}

// With what the annotation was.
Value WithoutRestart(Value deployment, std::string* mark) {
  Value* const annotations = Descend(&deployment, {"spec", "template", "metadata", "annotations"});
  if (annotations == nullptr) return deployment;
  *mark = annotations->GetString(kRestartedAt);
  EraseMember(kRestartedAt, annotations);
  return deployment;
}

// A mark that one of the Deployment's ReplicaSets has is that of an undo.
bool IsOfReplicaSet(const Object& deployment, const std::string& mark, const ClusterState& state) {
  bool found = false;
  state.by_owner().ForEach(deployment.metadata.uid, [&](const ObjectKey& key) {
    const auto set = As<ReplicaSet>(state.Find(key));
    if (set == nullptr) return;
    const StringMap& annotations = set->spec.pod_template.metadata.annotations;
    const auto known = annotations.find(kRestartedAt);
    found = found || (known != annotations.end() && known->second == mark);
  });
  return found;
}

bool IsRestart(const Value& before, const Value& after, const Object& deployment,
               const ClusterState& state) {
  std::string mark_before;
  std::string mark_after;
  const Value rest = WithoutRestart(before, &mark_before);
  return IsSame(rest, WithoutRestart(after, &mark_after)) && !mark_after.empty() &&
         mark_after != mark_before && !IsOfReplicaSet(deployment, mark_after, state);
}

// What names the object cannot be changed; and what the client has seen must be what there is.
std::optional<Refusal> CheckIdentity(const ObjectKey& key, const Object* object,
                                     const Value& written) {
  const KindInfo& info = InfoOf(key.kind);
  if (written.GetString("kind") != info.name ||
      written.GetString("apiVersion") != info.api_version) {
    return BadRequest("the object is of another kind than the path: " + std::string(info.name) +
                      " of " + std::string(info.api_version));
  }
  static const Value kNothing = Value::MakeMap();
  const Value* found = written.Find("metadata");
  const Value& metadata = found == nullptr ? kNothing : *found;
  if (metadata.GetString("name", key.name) != key.name) {
    return BadRequest("the object's name is not the one of the path, " + key.name);
  }
  if (info.namespaced &&
      metadata.GetString("namespace", key.namespace_name) != key.namespace_name) {
    return BadRequest("the object's namespace is not the one of the path, " + key.namespace_name);
  }
  if (object == nullptr) return std::nullopt;
  const std::string uid = metadata.GetString("uid");
  if (!uid.empty() && uid != object->metadata.uid) {
    return ChangedMeanwhile(key, "the uid is of another object that had this name");
  }
  const std::string version = metadata.GetString("resourceVersion");
  if (!version.empty() && version != std::to_string(object->metadata.resource_version)) {
    return ChangedMeanwhile(key,
                            "the object has been modified; please apply your changes to the latest "
                            "version and try again");
  }
  return std::nullopt;
}

std::string NameIn(const Value& object) {
  const Value* metadata = object.Find("metadata");
  return metadata == nullptr ? "" : metadata->GetString("name");
}

// Every object's first field is its metadata, whose first field is the name.
std::string NameInProtobuf(std::string_view body) {
  const auto object = ProtobufObject(body);
  const auto metadata = object ? ProtobufField(*object, 1) : std::nullopt;
  const auto name = metadata ? ProtobufField(*metadata, 1) : std::nullopt;
  return name && FindInvalidUtf8(*name) == std::string_view::npos ? std::string(*name) : "";
}

// A change and what it is answered with.
class Update {
 public:
  Update(Controller* controller, const ResourcePath& path, const ApiRequest& request, Now now)
      : controller_(controller),
        key_(KeyOf(path)),
        request_(request),
        now_(now),
        state_(controller->State()),
        object_(FindInView(key_, *state_)) {}

  ApiResponse Change();
  ApiResponse Create();

 private:
  ApiResponse DoCordon(bool is_cordon);
  ApiResponse DoRestart();
  ApiResponse Told(const Status& status);
  ApiResponse WouldBecome(const Value& written, int code);

  Controller* const controller_;
  ObjectKey key_;
  const ApiRequest& request_;
  const Now now_;
  const std::shared_ptr<const ClusterState> state_;
  ObjectPtr object_;
  bool is_dry_run_ = false;
};

ApiResponse Update::Told(const Status& status) {
  if (status.code() == StatusCode::kInvalid) {
    return RefusalResponse(RefusalOf(
        key_, 403, "Forbidden",
        QualifiedPlural(key_.kind) + " \"" + key_.name + "\" is forbidden: " + status.message()));
  }
  if (!status.ok()) return ErrorResponse(status);
  return Shown(controller_->State()->Find(key_), request_, 200, now_.wall);
}

ApiResponse Update::DoCordon(bool is_cordon) {
  if (is_dry_run_) {
    Node shown = *As<Node>(*object_);
    shown.spec.unschedulable = is_cordon;
    if (!is_cordon) shown.status.cordon.reset();
    return Shown(std::make_shared<Node>(shown), request_, 200, now_.wall);
  }
  const Controller::Told told = ToldBy(request_);
  return Told(is_cordon ? controller_->Cordon(key_.name, told)
                        : controller_->Uncordon(key_.name, told));
}

ApiResponse Update::DoRestart() {
  if (!is_dry_run_) {
    return Told(controller_->Restart(key_.namespace_name, key_.name, ToldBy(request_)));
  }
  const auto shown = std::make_shared<Deployment>(*As<Deployment>(*object_));
  const Status marked = MarkRestart({.by = {}, .reason = {}, .at = now_.wall}, shown.get());
  return marked.ok() ? Shown(shown, request_, 200, now_.wall) : Told(marked);
}

ApiResponse Update::WouldBecome(const Value& written, int code) {
  Refusal refusal;
  const ObjectPtr object = WouldBe(key_, object_, written, *state_, now_.wall, &refusal);
  if (object == nullptr) return RefusalResponse(refusal);
  return Shown(object, request_, code, now_.wall);
}

ApiResponse Update::Change() {
  const bool may_create = request_.content_type == "application/apply-patch+yaml";
  if (object_ == nullptr && may_create) return Create();
  if (object_ == nullptr) return RefusalResponse(NotFoundObject(key_));
  const Result<WriteOptions> options = ReadWriteOptions(request_);
  if (!options.ok()) return RefusalResponse(BadRequest(options.status().message()));
  is_dry_run_ = options->is_dry_run;
  // Typed clients may send whole objects in protobuf: of nothing that may be changed here.
  const bool is_opaque = request_.method == "PUT" && request_.content_type != "application/json";
  if (is_opaque && !is_dry_run_) return RefusalResponse(ChangedInGit(*object_, *state_));
  const Value current = EncodeForReaders(*object_);  // clients change what they read
  Refusal refusal;
  const std::optional<Value> patched = Patched(current, request_, &refusal);
  if (!patched && refusal.code == 422) {  // clients say of what
    refusal.name = key_.name;
    refusal.kind = std::string(ToString(key_.kind));
  }
  if (!patched) return RefusalResponse(refusal);
  if (auto wrong = CheckIdentity(key_, object_.get(), *patched)) return RefusalResponse(*wrong);
  if (IsSame(current, *patched)) return Shown(object_, request_, 200, now_.wall);
  if (key_.kind == Kind::kNode &&
      IsSame(WithoutUnschedulable(current), WithoutUnschedulable(*patched))) {
    return DoCordon(IsUnschedulableIn(*patched));
  }
  if (IsRestart(current, *patched, *object_, *state_)) {
    if (key_.kind == Kind::kDeployment) return DoRestart();
    if (!InfoOf(key_.kind).not_acted_on.empty()) return RefusalResponse(NothingToRestart(key_));
  }
  const bool is_made = ControllerOf(object_->metadata) != nullptr;
  if (!is_dry_run_ || is_made || !InfoOf(key_.kind).declarable) {
    return RefusalResponse(ChangedInGit(*object_, *state_));
  }
  return WouldBecome(*patched, 200);
}

ApiResponse Update::Create() {
  const Result<WriteOptions> options = ReadWriteOptions(request_);
  if (!options.ok()) return RefusalResponse(BadRequest(options.status().message()));
  Refusal refusal;
  const std::optional<Value> body = BodyObject(request_, &refusal);
  if (!body && (options->is_dry_run || refusal.code != 415)) return RefusalResponse(refusal);
  if (key_.name.empty()) key_.name = body ? NameIn(*body) : NameInProtobuf(request_.body);
  if (!body) return RefusalResponse(CreatedInGit(key_, *state_));
  object_ = key_.name.empty() ? nullptr : FindInView(key_, *state_);
  if (auto wrong = CheckIdentity(key_, nullptr, *body)) return RefusalResponse(*wrong);
  if (options->is_dry_run && object_ != nullptr) return RefusalResponse(AlreadyExists(key_));
  if (options->is_dry_run && InfoOf(key_.kind).declarable) return WouldBecome(*body, 201);
  return RefusalResponse(object_ == nullptr ? CreatedInGit(key_, *state_)
                                            : ChangedInGit(*object_, *state_));
}

// Of a kind whose objects are Git's.
ApiResponse DeleteOfGit(const ResourcePath& path, const ApiRequest& request,
                        const ClusterState& state) {
  const Result<WriteOptions> options = ReadDeleteOptions(request);
  if (!options.ok()) return RefusalResponse(BadRequest(options.status().message()));
  const ObjectKey key = KeyOf(path);
  const ObjectPtr object = FindInView(key, state);
  if (object == nullptr) return RefusalResponse(NotFoundObject(key));
  if (options->is_dry_run && !object->metadata.origin.source.empty()) return SuccessResponse();
  return RefusalResponse(ChangedInGit(*object, state, GitEdit::kRemove));
}

ApiResponse Deletion(Controller* controller, const ResourcePath& path, const ApiRequest& request,
                     Now now) {
  if (path.kind == Kind::kPod) return HandlePodDeletion(controller, path, request, now);
  if (!path.name.empty()) return DeleteOfGit(path, request, *controller->State());
  return RefusalResponse(RefusalOf(
      KeyOf(path), 403, "Forbidden",
      QualifiedPlural(path.kind) +
          " is forbidden: many at once are deleted in Git alone; one by one is said where"));
}

}  // namespace

ApiResponse HandleWrite(Controller* controller, const ResourcePath& path, const ApiRequest& request,
                        Now now) {
  const std::string& part = path.subresource;
  if (part == "eviction" && path.kind == Kind::kPod) {
    return HandleEviction(controller, path, request, now);
  }
  if (part == "scale" && HasScale(path.kind)) {
    return HandleScale(path, request, *controller->State());
  }
  if (!part.empty()) return RefusalResponse(UnknownPath());
  Update update(controller, path, request, now);
  const bool is_named = !path.name.empty();
  if (request.method == "POST" && !is_named) return update.Create();
  if (request.method == "PUT" && is_named) return update.Change();
  if (request.method == "PATCH" && is_named) return update.Change();
  if (request.method == "DELETE") return Deletion(controller, path, request, now);
  return RefusalResponse(MethodNotAllowed());
}

std::optional<ApiResponse> HandleWorkloadOperation(Controller* controller,
                                                   const ApiRequest& request,
                                                   const std::string& verb) {
  if (verb != "restart") return std::nullopt;
  return ResponseOf(controller->Restart(request.Query("namespace"), request.Query("deployment"),
                                        ToldBy(request)));
}

}  // namespace reconcile
