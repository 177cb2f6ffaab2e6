#include "api/user_view.h"

#include <array>
#include <memory>
#include <utility>

#include "schema/codec.h"
#include "schema/core.h"
#include "schema/job.h"
#include "schema/kept.h"
#include "schema/network.h"
#include "schema/pod.h"
#include "schema/probe.h"
#include "schema/sets.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

constexpr std::array kProbeFields = {"startupProbe", "readinessProbe", "livenessProbe"};

void SetIfAbsent(Value* map, const std::string& key, Value value) {
  if (map->Find(key) == nullptr) map->Set(key, std::move(value));
}

void SetIfAbsent(OtherFields* fields, const char* name, Value value) {
  if (fields->Find(name) == nullptr) fields->Set(name, std::move(value));
}

Value OnlyOne(const std::string& text) { return Value::MakeList({Value::String(text)}); }

void AddServiceAddresses(const std::string& cluster_ip, Value* spec) {
  SetIfAbsent(spec, "clusterIPs", OnlyOne(cluster_ip));
  SetIfAbsent(spec, "ipFamilies", OnlyOne("IPv4"));
  SetIfAbsent(spec, "ipFamilyPolicy", Value::String("SingleStack"));
}

Value* SpecOf(Value* encoded) {
  for (Value::Member& member : encoded->AsMap()) {
    if (member.key == "spec") return &member.value;
  }
  return nullptr;
}

// What a probe is when it says nothing else (schema/probe.h).
Value FilledProbe(Value probe) {
  const Probe unset;
  SetIfAbsent(&probe, "timeoutSeconds", Value::Int(unset.timeout_ms / 1000));
  SetIfAbsent(&probe, "periodSeconds", Value::Int(unset.period_ms / 1000));
  SetIfAbsent(&probe, "successThreshold", Value::Int(unset.success_threshold));
  SetIfAbsent(&probe, "failureThreshold", Value::Int(unset.failure_threshold));
  return probe;
}

bool HasProbe(const Container& container) {
  for (const char* field : kProbeFields) {
    if (container.others.Find(field) != nullptr) return true;
  }
  return false;
}

// Containers without probes stay those that many pods share.
void FillProbes(CopyOnWriteList<Container>* containers) {
  for (size_t i = 0; i < containers->size(); ++i) {
    if (!HasProbe((*containers)[i])) continue;
    Container& container = containers->Edit()[i];
    for (const char* field : kProbeFields) {
      const Value* probe = container.others.Find(field);
      if (probe != nullptr && probe->IsMap()) container.others.Set(field, FilledProbe(*probe));
    }
  }
}

void Fill(PodSpec* spec) {
  SetIfAbsent(&spec->others, "securityContext", Value::MakeMap());
  FillProbes(&spec->init_containers);
  FillProbes(&spec->containers);
}

// The parts that Fill may change; copies of them share what they hold.
void CopyParts(const PodSpec& from, PodSpec* to) {
  to->others = from.others;
  to->init_containers = from.init_containers;
  to->containers = from.containers;
}

void Fill(Pod* pod, FilledPodParts* last) {
  if (last == nullptr) return Fill(&pod->spec);
  const PodSpec& before = last->before;
  const bool is_like_last = !last->after.containers.empty() &&
                            pod->spec.containers.IsOneWith(before.containers) &&
                            pod->spec.init_containers.IsOneWith(before.init_containers) &&
                            pod->spec.others == before.others;
  if (!is_like_last) {
    CopyParts(pod->spec, &last->before);
    CopyParts(pod->spec, &last->after);
    Fill(&last->after);
  }
  CopyParts(last->after, &pod->spec);
}

template <typename Workload>
void Fill(Workload* workload, FilledPodParts*) {
  Fill(&workload->spec.pod_template.spec);
}

void Fill(CronJob* job, FilledPodParts*) { Fill(&job->spec.job_template.spec.pod_template.spec); }

void Fill(Job* job, FilledPodParts*) {
  Fill(&job->spec.pod_template.spec);
  if (job->spec.selector || job->metadata.uid.empty()) return;
  job->spec.selector.emplace();
  job->spec.selector->match_labels = {{kJobUidLabel, job->metadata.uid}};
}

void Fill(PriorityClass* priority, FilledPodParts*) {
  SetIfAbsent(&priority->others, "preemptionPolicy", Value::String("PreemptLowerPriority"));
}

template <typename T>
bool FillAs(const Object& object, FilledPodParts* last, std::unique_ptr<Object>* filled) {
  const T* found = As<T>(object);
  if (found == nullptr) return false;
  auto copy = std::make_unique<T>(*found);
  Fill(copy.get(), last);
  *filled = std::move(copy);
  return true;
}

template <typename... Types>
std::unique_ptr<Object> FilledAsOneOf(const Object& object, FilledPodParts* last) {
  std::unique_ptr<Object> filled;
  (FillAs<Types>(object, last, &filled) || ...);
  return filled;
}

// A copy with what readers take to be there; null: the object is already as they get it.
std::unique_ptr<Object> Filled(const Object& object, FilledPodParts* last) {
  return FilledAsOneOf<Pod, ReplicationController, ReplicaSet, Deployment, StatefulSet, DaemonSet,
                       Job, CronJob, PriorityClass>(object, last);
}

}  // namespace

Value EncodeForReaders(const Object& object) {
  const std::unique_ptr<Object> filled = Filled(object, nullptr);
  Value encoded = EncodeObject(filled != nullptr ? *filled : object, EncodeFor::kUser);
  if (object.kind == Kind::kPersistentVolumeClaim) {
    Value pending = Value::MakeMap();
    pending.Set("phase", Value::String("Pending"));
    SetIfAbsent(&encoded, "status", std::move(pending));
  }
  Value* const spec = SpecOf(&encoded);
  if (spec == nullptr) return encoded;
  if (const auto* service = As<Service>(object); service != nullptr) {
    if (!service->spec.cluster_ip.empty()) AddServiceAddresses(service->spec.cluster_ip, spec);
  } else if (const auto* node = As<Node>(object); node != nullptr) {
    if (!node->spec.pod_cidr.empty()) SetIfAbsent(spec, "podCIDRs", OnlyOne(node->spec.pod_cidr));
  }
  return encoded;
}

std::string WriteForReaders(const Object& object, FilledPodParts* last) {
  const bool is_more = object.kind == Kind::kService || object.kind == Kind::kNode ||
                       object.kind == Kind::kPersistentVolumeClaim;
  if (is_more) return WriteJson(EncodeForReaders(object));
  const std::unique_ptr<Object> filled = Filled(object, last);
  return EncodeObjectJson(filled != nullptr ? *filled : object, EncodeFor::kUser);
}

}  // namespace reconcile
