#include "schema/shapes_pod.h"

namespace reconcile {

namespace {

constexpr std::string_view kRequiredTerms = "requiredDuringSchedulingIgnoredDuringExecution";
constexpr std::string_view kPreferredTerms = "preferredDuringSchedulingIgnoredDuringExecution";

Shape NodeAffinityShape() {
  static const ShapeTable preferred = MakeShapeTable(
      "PreferredSchedulingTerm",
      {{"weight", Int32Shape(), "What it counts, 1 to 100.", kRequired},
       {"preference", NodeSelectorTermShape(), "What the node should have.", kRequired}});
  static const ShapeTable table = [] {
    ShapeTable t("NodeAffinity");
    t.Field(kRequiredTerms, NodeSelectorShape()).ActedOn().Doc("What the node must have.");
    t.Field(kPreferredTerms, ListOf(StructOf(preferred)))
        .ActedOn()
        .Doc("What the node should have.");
    return t;
  }();
  return StructOf(table);
}

Shape PodAffinityTermShape() {
  static const ShapeTable table = MakeShapeTable(
      "PodAffinityTerm",
      {{"topologyKey", StringShape(), "The node's label that says what is together.", kRequired},
       {"labelSelector", LabelSelectorShape(), "The pods that are meant."},
       {"namespaces", ListOf(StringShape()), "Where they are; this namespace when none is named."},
       {"namespaceSelector", LabelSelectorShape(), "Where they are, by the namespaces' labels."},
       {"matchLabelKeys", ListOf(StringShape()), "Labels whose values are this pod's."},
       {"mismatchLabelKeys", ListOf(StringShape()), "Labels whose values are not this pod's."}});
  return StructOf(table);
}

// PodAffinity and PodAntiAffinity have the same fields.
const StructTable& PodAffinityTable() {
  static const ShapeTable weighted = MakeShapeTable(
      "WeightedPodAffinityTerm",
      {{"weight", Int32Shape(), "What it counts, 1 to 100.", kRequired},
       {"podAffinityTerm", PodAffinityTermShape(), "The pods that are meant.", kRequired}});
  static const ShapeTable table = [] {
    ShapeTable t("PodAffinity");
    t.Field(kRequiredTerms, ListOf(PodAffinityTermShape())).ActedOn().Doc("What must hold.");
    t.Field(kPreferredTerms, ListOf(StructOf(weighted))).ActedOn().Doc("What should hold.");
    return t;
  }();
  return table;
}

}  // namespace

Shape AffinityShape() {
  static const ShapeTable table = MakeShapeTable(
      "Affinity",
      {{"nodeAffinity", NodeAffinityShape(), "The nodes to run on."},
       {"podAffinity", StructOf(PodAffinityTable()), "The pods to be near to."},
       {"podAntiAffinity", StructOf(PodAffinityTable()), "The pods to keep away from."}});
  return StructOf(table);
}

Shape TopologySpreadShape() {
  static const ShapeTable table = [] {
    ShapeTable t = MakeShapeTable(
        "TopologySpreadConstraint",
        {{"maxSkew", Int32Shape(), "How unequal the spread may be, from 1.", kRequired},
         {"topologyKey", StringShape(), "The node's label that pods are spread over.", kRequired},
         {"labelSelector", LabelSelectorShape(), "The pods that are counted."},
         {"minDomains", Int32Shape(), "How many different nodes or zones there must be."},
         {"nodeAffinityPolicy", OneOf({"Honor", "Ignore"}), "Whether affinity leaves nodes out.",
          false, "Honor"},
         {"matchLabelKeys", ListOf(StringShape()), "Labels whose values are this pod's."}},
        "topologyKey");
    t.Field("nodeTaintsPolicy", OneOf({"Honor", "Ignore"}))
        .ActedOn()
        .Default("Ignore")
        .Doc("Whether taints leave nodes out.");
    t.Field("whenUnsatisfiable", OneOf({"DoNotSchedule", "ScheduleAnyway"}))
        .Required()
        .Doc("Whether a pod that would break it waits.");
    return t;
  }();
  return StructOf(table);
}

}  // namespace reconcile
