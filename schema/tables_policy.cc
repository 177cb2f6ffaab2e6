#include "schema/tables_kept.h"

namespace reconcile {

namespace {

Shape MetricTargetShape() {
  static const ShapeTable table = [] {
    ShapeTable t("MetricTarget");
    t.Field("type", OneOf({"Utilization", "Value", "AverageValue"}), "What is compared.")
        .Required();
    t.Field("value", QuantityShape(), "With type Value.");
    t.Field("averageValue", QuantityShape(), "With type AverageValue: of each pod.");
    t.Field("averageUtilization", Int32Shape(),
            "With type Utilization: percent of what the pods request.");
    return t;
  }();
  return StructOf(table);
}

Shape MetricIdentifierShape() {
  static const ShapeTable table = [] {
    ShapeTable t("MetricIdentifier");
    t.Field("name", StringShape(), "The metric's name.").Required();
    t.Field("selector", LabelSelectorShape(), "Labels of the metric.");
    return t;
  }();
  return StructOf(table);
}

Shape ScaleTargetShape() {
  static const ShapeTable table = [] {
    ShapeTable t("CrossVersionObjectReference");
    t.Field("apiVersion", StringShape(), "The object's apiVersion.");
    t.Field("kind", StringShape(), "Its kind.").Required();
    t.Field("name", StringShape(), "Its name.").Required();
    return t;
  }();
  return StructOf(table);
}

// A metric's source: `extra` rows and the target.
ShapeTable MetricSource(std::string_view name) {
  ShapeTable t(name);
  t.Field("target", MetricTargetShape(), "What it should be.").Required();
  return t;
}

Shape MetricsShape() {
  static const ShapeTable resource = [] {
    ShapeTable t = MetricSource("ResourceMetricSource");
    t.Field("name", StringShape(), "cpu or memory.").Required();
    return t;
  }();
  static const ShapeTable container = [] {
    ShapeTable t = MetricSource("ContainerResourceMetricSource");
    t.Field("name", StringShape(), "cpu or memory.").Required();
    t.Field("container", StringShape(), "The container's name.").Required();
    return t;
  }();
  static const ShapeTable pods = [] {
    ShapeTable t = MetricSource("PodsMetricSource");
    t.Field("metric", MetricIdentifierShape(), "Which one.").Required();
    return t;
  }();
  static const ShapeTable object = [] {
    ShapeTable t = MetricSource("ObjectMetricSource");
    t.Field("metric", MetricIdentifierShape(), "Which one.").Required();
    t.Field("describedObject", ScaleTargetShape(), "The object that it is of.").Required();
    return t;
  }();
  static const ShapeTable external = [] {
    ShapeTable t = MetricSource("ExternalMetricSource");
    t.Field("metric", MetricIdentifierShape(), "Which one.").Required();
    return t;
  }();
  static const ShapeTable table = [] {
    ShapeTable t("MetricSpec");
    t.Field("type", OneOf({"Resource", "ContainerResource", "Pods", "Object", "External"}),
            "Which of the fields below says what is measured.")
        .Required();
    t.Field("resource", StructOf(resource), "What the pods use.");
    t.Field("containerResource", StructOf(container), "What one container of each pod uses.");
    t.Field("pods", StructOf(pods), "A metric of each pod.");
    t.Field("object", StructOf(object), "A metric of one object.");
    t.Field("external", StructOf(external), "A metric from elsewhere.");
    return t;
  }();
  return ListOf(StructOf(table));
}

Shape ScalingRulesShape() {
  static const ShapeTable policy = [] {
    ShapeTable t("HPAScalingPolicy");
    t.Field("type", OneOf({"Pods", "Percent"}), "What value counts.").Required();
    t.Field("value", Int32Shape(), "How much at once.").Required();
    t.Field("periodSeconds", Int32Shape(), "In how long, 1 to 1800.").Required();
    return t;
  }();
  static const ShapeTable table = [] {
    ShapeTable t("HPAScalingRules");
    t.Field("stabilizationWindowSeconds", Int32Shape(), "How far it looks back, 0 to 3600.");
    t.Field("selectPolicy", OneOf({"Max", "Min", "Disabled"}), "Which of the policies counts.")
        .Default("Max");
    t.Field("policies", ListOf(StructOf(policy)), "How fast it may go.");
    t.Field("tolerance", QuantityShape(), "How far off the target is near enough.");
    return t;
  }();
  return StructOf(table);
}

Shape AutoscalerSpecShape() {
  static const ShapeTable behavior = [] {
    ShapeTable t("HorizontalPodAutoscalerBehavior");
    t.Field("scaleUp", ScalingRulesShape(), "How replicas are added.");
    t.Field("scaleDown", ScalingRulesShape(), "How replicas are taken away.");
    return t;
  }();
  static const ShapeTable table = [] {
    ShapeTable t("HorizontalPodAutoscalerSpec");
    t.Field("scaleTargetRef", ScaleTargetShape(), "What is scaled.").Required();
    t.Field("minReplicas", Int32Shape(), "The fewest replicas.").Default("1");
    t.Field("maxReplicas", Int32Shape(), "The most replicas.").Required();
    t.Field("metrics", MetricsShape(), "What is measured, and what it should be.");
    t.Field("behavior", StructOf(behavior), "How fast it goes.");
    return t;
  }();
  return StructOf(table);
}

Shape BudgetSpecShape() {
  static const ShapeTable table = [] {
    ShapeTable t("PodDisruptionBudgetSpec");
    t.Field("minAvailable", IntOrStringShape(), "Pods that must stay, or percent of them.")
        .ActedOn();
    t.Field("maxUnavailable", IntOrStringShape(), "Or pods that may be away.").ActedOn();
    t.Field("selector", LabelSelectorShape(), "Labels of the pods.").ActedOn();
    t.Field("unhealthyPodEvictionPolicy", OneOf({"IfHealthyBudget", "AlwaysAllow"}),
            "When pods that are not ready may go.")
        .ActedOn()
        .Default("IfHealthyBudget");
    return t;
  }();
  return StructOf(table);
}

Shape QuotaSpecShape() {
  static const ShapeTable expression = [] {
    ShapeTable t("ScopedResourceSelectorRequirement");
    t.Field("scopeName", StringShape(), "The scope's name.").Required();
    t.Field("operator", OneOf({"In", "NotIn", "Exists", "DoesNotExist"}),
            "How the values are compared.")
        .Required();
    t.Field("values", ListOf(StringShape()), "What it is compared with.");
    return t;
  }();
  static const ShapeTable selector = [] {
    ShapeTable t("ScopeSelector");
    t.Field("matchExpressions", ListOf(StructOf(expression)), "Conditions that all hold.");
    return t;
  }();
  static const ShapeTable table = [] {
    ShapeTable t("ResourceQuotaSpec");
    t.Field("hard", QuantityMapShape(), "The most of each resource in the namespace.");
    t.Field("scopes", ListOf(StringShape()), "Which objects count.");
    t.Field("scopeSelector", StructOf(selector), "Which objects count.");
    return t;
  }();
  return StructOf(table);
}

Shape LimitRangeSpecShape() {
  static const ShapeTable item = [] {
    ShapeTable t("LimitRangeItem");
    t.KeyedBy("type");
    t.Field("type", StringShape(), "Container, Pod or PersistentVolumeClaim.").Required();
    t.Field("max", QuantityMapShape(), "The most of each resource.");
    t.Field("min", QuantityMapShape(), "The least of each resource.");
    t.Field("default", QuantityMapShape(), "Limits of containers that have none.");
    t.Field("defaultRequest", QuantityMapShape(), "Requests of containers that have none.");
    t.Field("maxLimitRequestRatio", QuantityMapShape(), "How far limits may exceed requests.");
    return t;
  }();
  static const ShapeTable table = [] {
    ShapeTable t("LimitRangeSpec");
    t.Field("limits", ListOf(StructOf(item)), "Limits by what they are for.").Required();
    return t;
  }();
  return StructOf(table);
}

Shape LeaseSpecShape() {
  static const ShapeTable table = [] {
    ShapeTable t("LeaseSpec");
    t.Field("holderIdentity", StringShape(), "Who holds it.");
    t.Field("leaseDurationSeconds", Int32Shape(), "For how long, unless it is renewed.");
    t.Field("acquireTime", StringShape(), "Since when.");
    t.Field("renewTime", StringShape(), "When it was renewed.");
    t.Field("leaseTransitions", Int32Shape(), "How often its holder changed.");
    t.Field("strategy", StringShape(), "How the holder is chosen.");
    t.Field("preferredHolder", StringShape(), "Who should have it.");
    return t;
  }();
  return StructOf(table);
}

template <typename T>
const StructTable& SpecTable(const Shape& spec) {
  static const StructTable table = [&] {
    Table<T> t = KeptTable<T>();
    KeptRow(&t, "spec", spec, "What is wanted.");
    t.SystemSet("status");
    return t;
  }();
  return table;
}

}  // namespace

template <>
const StructTable& TableOf<HorizontalPodAutoscaler>() {
  static const StructTable& table = SpecTable<HorizontalPodAutoscaler>(AutoscalerSpecShape());
  return table;
}

template <>
const StructTable& TableOf<PodDisruptionBudgetStatus>() {
  static const StructTable table = [] {
    using BudgetStatus = PodDisruptionBudgetStatus;
    Table<BudgetStatus> t("PodDisruptionBudgetStatus");
    t.Field<&BudgetStatus::observed_generation>("observedGeneration");
    t.Field<&BudgetStatus::disruptions_allowed>("disruptionsAllowed")
        .Always()
        .Doc("Pods that may be taken away now.");
    t.Field<&BudgetStatus::current_healthy>("currentHealthy").Always().Doc("Pods that are ready.");
    t.Field<&BudgetStatus::desired_healthy>("desiredHealthy")
        .Always()
        .Doc("Pods that must be ready.");
    t.Field<&BudgetStatus::expected_pods>("expectedPods")
        .Always()
        .Doc("Pods that there should be.");
    t.Field<&BudgetStatus::conditions>("conditions").Doc("DisruptionAllowed.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<PodDisruptionBudget>() {
  static const StructTable table = [] {
    Table<PodDisruptionBudget> t = KeptTable<PodDisruptionBudget>();
    KeptRow(&t, "spec", BudgetSpecShape(), "What is wanted.").ActedOn();
    t.Field<&PodDisruptionBudget::status>("status").ReadOnly().Doc("What may be taken away now.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ResourceQuota>() {
  static const StructTable& table = SpecTable<ResourceQuota>(QuotaSpecShape());
  return table;
}

template <>
const StructTable& TableOf<LimitRange>() {
  static const StructTable& table = SpecTable<LimitRange>(LimitRangeSpecShape());
  return table;
}

template <>
const StructTable& TableOf<Lease>() {
  static const StructTable& table = SpecTable<Lease>(LeaseSpecShape());
  return table;
}

template <>
const StructTable& TableOf<PriorityClass>() {
  static const StructTable table = [] {
    Table<PriorityClass> t = KeptTable<PriorityClass>();
    KeptRow(&t, "value", Int32Shape(), "The priority, at most a billion.").ActedOn().Immutable();
    KeptRow(&t, "globalDefault", BoolShape(), "Whether pods have it that name none.").ActedOn();
    KeptRow(&t, "description", StringShape(), "What it is for.").ActedOn();
    KeptRow(&t, "preemptionPolicy", OneOf({"PreemptLowerPriority", "Never"}),
            "Whether pods of lower priority make room.")
        .ActedOn()
        .Default("PreemptLowerPriority")
        .Immutable();
    return t;
  }();
  return table;
}

}  // namespace reconcile
