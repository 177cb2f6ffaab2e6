#include "api/live_rows.h"

#include "api/columns.h"
#include "api/object_health.h"
#include "schema/core.h"
#include "schema/job.h"
#include "schema/pod.h"
#include "schema/sets.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

void SetText(const char* name, const std::string& text, Value* row) {
  if (!text.empty()) row->Set(name, Value::String(text));
}

void SetPodCells(const Pod& pod, Value* row) {
  int64_t restarts = 0;
  for (const auto* statuses :
       {&pod.status.container_statuses, &pod.status.init_container_statuses}) {
    for (const ContainerStatus& container : *statuses) restarts += container.restart_count;
  }
  SetText("node", pod.spec.node_name, row);
  SetText("ip", pod.status.pod_ip, row);
  row->Set("ready", Value::String(CellsOf(pod, WallTime{})[1]));
  row->Set("restarts", Value::Int(restarts));
}

void SetCounts(int64_t ready, int64_t updated, int64_t wanted, Value* row) {
  row->Set("ready", Value::Int(ready));
  row->Set("updated", Value::Int(updated));
  row->Set("wanted", Value::Int(wanted));
}

void SetImages(const PodSpec& spec, Value* row) {
  Value images = Value::MakeList();
  for (const Container& container : spec.containers) images.Append(Value::String(container.image));
  row->Set("images", std::move(images));
}

void SetNodeCells(const Node& node, Value* row) {
  for (const NodeAddress& address : node.status.addresses) {
    if (address.type == "InternalIP") SetText("address", address.address, row);
  }
  SetText("version", node.status.node_info.agent_version, row);
  row->Set("cordoned", Value::Bool(IsUnschedulable(node)));
  const ResourceList& allocatable = node.status.allocatable;
  const auto cpu = allocatable.find("cpu");
  const auto memory = allocatable.find("memory");
  if (cpu != allocatable.end()) row->Set("cpuMilli", Value::Int(cpu->second.Milli()));
  if (memory != allocatable.end()) row->Set("memoryBytes", Value::Int(memory->second.Units()));
}

void SetSetCells(const Object& object, Value* row) {
  if (const auto* deployment = As<Deployment>(object)) {
    const DeploymentStatus& status = deployment->status;
    SetCounts(status.ready_replicas, status.updated_replicas, deployment->spec.replicas, row);
    SetImages(deployment->spec.pod_template.spec, row);
  } else if (const auto* replica_set = As<ReplicaSet>(object)) {
    const ReplicaSetStatus& status = replica_set->status;
    SetCounts(status.ready_replicas, status.replicas, replica_set->spec.replicas, row);
    SetImages(replica_set->spec.pod_template.spec, row);
    const auto revision = object.metadata.annotations.find("deployment.kubernetes.io/revision");
    if (revision != object.metadata.annotations.end()) SetText("revision", revision->second, row);
  } else if (const auto* set = As<StatefulSet>(object)) {
    SetCounts(set->status.ready_replicas, set->status.updated_replicas, set->spec.replicas, row);
    SetImages(set->spec.pod_template.spec, row);
  } else if (const auto* daemons = As<DaemonSet>(object)) {
    const DaemonSetStatus& status = daemons->status;
    SetCounts(status.number_ready, status.updated_number_scheduled, status.desired_number_scheduled,
              row);
    SetImages(daemons->spec.pod_template.spec, row);
  } else if (const auto* job = As<Job>(object)) {
    SetCounts(job->status.succeeded, job->status.active, job->spec.completions.value_or(1), row);
    SetImages(job->spec.pod_template.spec, row);
  } else if (const auto* cron_job = As<CronJob>(object)) {
    SetText("schedule", cron_job->spec.schedule, row);
    row->Set("stopped", Value::Bool(cron_job->spec.suspend));
  }
}

}  // namespace

std::string LiveId(const Object& object) {
  return object.metadata.uid.empty() ? ToString(object.key()) : object.metadata.uid;
}

Value LiveRow(const Object& object, const ClusterState& state) {
  Value row = Value::MakeMap();
  const ObjectMeta& metadata = object.metadata;
  row.Set("kind", Value::String(std::string(InfoOf(object.kind).plural)));
  row.Set("uid", Value::String(LiveId(object)));
  SetText("namespace", metadata.namespace_name, &row);
  row.Set("name", Value::String(metadata.name));
  const OwnerReference* owner = ControllerOf(metadata);
  if (owner != nullptr) row.Set("owner", Value::String(owner->uid));
  if (metadata.creation_timestamp) {
    row.Set("created", Value::String(FormatRfc3339(*metadata.creation_timestamp)));
  }
  const ObjectHealth health = HealthOf(object, state);
  row.Set("health", Value::String(std::string(ToString(health.health))));
  SetText("word", health.word, &row);
  SetText("why", health.why, &row);
  if (const auto* pod = As<Pod>(object)) {
    SetPodCells(*pod, &row);
  } else if (const auto* node = As<Node>(object)) {
    SetNodeCells(*node, &row);
  } else {
    SetSetCells(object, &row);
  }
  return row;
}

}  // namespace reconcile
