#include "schema/shapes_pod.h"

namespace reconcile {

namespace {

constexpr std::string_view kNoIdentities =
    "identities of pods are not served yet, and pods that want one are not started";
constexpr std::string_view kNoClaims =
    "claims are not bound yet, and pods that mount one are not started";
constexpr std::string_view kNotMounted =
    "volumes of this kind are not mounted yet, and pods that have one are not started";

Shape KeyToPathShape() {
  static const ShapeTable table =
      MakeShapeTable("KeyToPath",
                     {{"key", StringShape(), "The key.", kRequired},
                      {"path", StringShape(), "The file's path inside the volume.", kRequired},
                      {"mode", Int32Shape(), "The file's permission bits, 0 to 0777."}},
                     "key");
  return StructOf(table);
}

ShapeRow Items() { return {"items", ListOf(KeyToPathShape()), "Which keys become which files."}; }
ShapeRow Optional() { return {"optional", BoolShape(), "Go on without it when it is missing."}; }
ShapeRow DefaultMode() {
  return {"defaultMode", Int32Shape(), "Permission bits of the files.", false, "420"};
}

Shape DownwardFilesShape() {
  static const ShapeTable field = MakeShapeTable(
      "ObjectFieldSelector",
      {{"fieldPath", StringShape(), "metadata.labels, metadata.name and so on.", kRequired},
       {"apiVersion", StringShape(), "Version that fieldPath is written in.", false, "v1"}});
  static const ShapeTable file = MakeShapeTable(
      "DownwardAPIVolumeFile",
      {{"path", StringShape(), "The file's path inside the volume.", kRequired},
       {"fieldRef", StructOf(field), "A field of the pod."},
       {"resourceFieldRef", ResourceFieldShape(), "A limit or request of a container."},
       {"mode", Int32Shape(), "The file's permission bits, 0 to 0777."}},
      "path");
  return ListOf(StructOf(file));
}

Shape ProjectionShape() {
  static const ShapeTable config_map = MakeShapeTable(
      "ConfigMapProjection",
      {{"name", StringShape(), "Name of a ConfigMap in this namespace."}, Items(), Optional()});
  static const ShapeTable secret = MakeShapeTable(
      "SecretProjection",
      {{"name", StringShape(), "Name of a Secret in this namespace."}, Items(), Optional()});
  static const ShapeTable downward =
      MakeShapeTable("DownwardAPIProjection", {{"items", DownwardFilesShape(), "The files."}});
  static const ShapeTable token = MakeShapeTable(
      "ServiceAccountTokenProjection",
      {{"path", StringShape(), "The file's path inside the volume.", kRequired},
       {"audience", StringShape(), "Whom the token is for."},
       {"expirationSeconds", Int64Shape(), "How long it is good for.", false, "3600"}});
  static const ShapeTable bundle =
      MakeShapeTable("ClusterTrustBundleProjection",
                     {{"path", StringShape(), "The file's path inside the volume.", kRequired},
                      {"name", StringShape(), "Name of a ClusterTrustBundle."},
                      {"signerName", StringShape(), "Name of a signer."},
                      {"labelSelector", LabelSelectorShape(), "Which bundles of the signer."},
                      {"optional", BoolShape(), "Go on without it when it is missing."}});
  static const ShapeTable table = [] {
    ShapeTable t = MakeShapeTable("VolumeProjection",
                                  {{"configMap", StructOf(config_map), "Keys of a ConfigMap."},
                                   {"secret", StructOf(secret), "Keys of a Secret."},
                                   {"downwardAPI", StructOf(downward), "Fields of the pod."}});
    t.Field("serviceAccountToken", StructOf(token))
        .NotRunWith(kNoIdentities)
        .Doc("A token for the API.");
    t.Field("clusterTrustBundle", StructOf(bundle))
        .NotRunWith(kNoIdentities)
        .Doc("Certificates that are trusted.");
    return t;
  }();
  return StructOf(table);
}

void AddLocalSources(ShapeTable* volume) {
  static const ShapeTable empty_dir = [] {
    ShapeTable t("EmptyDirVolumeSource");
    t.Field("medium", StringShape())
        .NotRunWith("huge pages are not handed out, and pods that want them are not started")
        .RunWith("\"Memory\"")
        .ActedOn()
        .Doc("Memory for a tmpfs; left out for the host's disk.");
    t.Field("sizeLimit", QuantityShape())
        .Doc("The most it may hold: a tmpfs is full then, and of a disk the pod is evicted.");
    return t;
  }();
  static const ShapeTable config_map = MakeShapeTable(
      "ConfigMapVolumeSource", {{"name", StringShape(), "Name of a ConfigMap in this namespace."},
                                Items(),
                                DefaultMode(),
                                Optional()});
  static const ShapeTable secret = MakeShapeTable(
      "SecretVolumeSource", {{"secretName", StringShape(), "Name of a Secret in this namespace."},
                             Items(),
                             DefaultMode(),
                             Optional()});
  static const ShapeTable downward = MakeShapeTable(
      "DownwardAPIVolumeSource", {{"items", DownwardFilesShape(), "The files."}, DefaultMode()});
  static const ShapeTable projected = MakeShapeTable(
      "ProjectedVolumeSource",
      {{"sources", ListOf(ProjectionShape()), "What it is put together from."}, DefaultMode()});
  static const ShapeTable claim =
      MakeShapeTable("PersistentVolumeClaimVolumeSource",
                     {{"claimName", StringShape(), "Name of a claim in this namespace.", kRequired},
                      {"readOnly", BoolShape(), "Whether it cannot be written to."}});
  static const ShapeTable ephemeral = MakeShapeTable(
      "EphemeralVolumeSource",
      {{"volumeClaimTemplate", ClaimTemplateShape(), "The claim that is made for the pod."}});
  static const ShapeTable image = MakeShapeTable(
      "ImageVolumeSource",
      {{"reference", StringShape(), "Image reference, as for docker pull."},
       {"pullPolicy", OneOf({"Always", "IfNotPresent", "Never"}), "When to ask the registry."}});
  volume->Field("emptyDir", StructOf(empty_dir)).Doc("A folder that goes with the pod.");
  volume->Field("hostPath", HostPathShape()).Doc("A file or folder of the host.");
  volume->Field("configMap", StructOf(config_map)).Doc("Keys of a ConfigMap as files.");
  volume->Field("secret", StructOf(secret)).Doc("Keys of a Secret as files.");
  volume->Field("downwardAPI", StructOf(downward)).Doc("Fields of the pod as files.");
  volume->Field("projected", StructOf(projected)).Doc("Several sources in one folder.");
  volume->Field("persistentVolumeClaim", StructOf(claim))
      .NotRunWith(kNoClaims)
      .Doc("What a claim is bound to.");
  volume->Field("ephemeral", StructOf(ephemeral))
      .NotRunWith(kNoClaims)
      .Doc("A claim that goes with the pod.");
  volume->Field("image", StructOf(image)).NotRunWith(kNotMounted).Doc("The files of an image.");
}

}  // namespace

Shape HostPathShape() {
  static const ShapeTable table = MakeShapeTable(
      "HostPathVolumeSource", {{"path", StringShape(), "The path on the host.", kRequired},
                               {"type",
                                OneOf({"", "DirectoryOrCreate", "Directory", "FileOrCreate", "File",
                                       "Socket", "CharDevice", "BlockDevice"}),
                                "What must be there."}});
  return StructOf(table);
}

Shape ClaimTemplateShape() {
  static const ShapeTable metadata = [] {
    ShapeTable t = MakeShapeTable(
        "ClaimTemplateMeta", {{"name", StringShape(), "Name that volumeMounts refer to."},
                              {"labels", StringMapShape(), "Labels of the claims."},
                              {"annotations", StringMapShape(), "Annotations of the claims."}});
    t.SystemSet(
        "namespace generateName uid resourceVersion generation creationTimestamp "
        "deletionTimestamp deletionGracePeriodSeconds managedFields selfLink");
    t.Refused("finalizers ownerReferences");
    return t;
  }();
  static const ShapeTable table = [] {
    ShapeTable t = MakeShapeTable("PersistentVolumeClaimTemplate",
                                  {{"metadata", StructOf(metadata), "Name, labels, annotations."},
                                   {"spec", ClaimSpecShape(), "What is asked for.", kRequired}});
    t.SystemSet("apiVersion kind status");
    return t;
  }();
  return StructOf(table);
}

Shape VolumeShape() {
  static const ShapeTable table = [] {
    ShapeTable t("Volume");
    t.KeyedBy("name");
    t.Field("name", StringShape())
        .Required()
        .Doc("Unique within the pod; volumeMounts refer to it.");
    AddLocalSources(&t);
    for (const VolumeSourceRow& source : RemoteVolumeSources(VolumeOwner::kPod)) {
      t.Field(source.name, source.shape, source.doc).NotRunWith(kNotMounted);
    }
    return t;
  }();
  return StructOf(table);
}

Shape VolumeMountShape() {
  static const ShapeTable table = [] {
    ShapeTable t = MakeShapeTable(
        "VolumeMount",
        {{"name", StringShape(), "Name of one of the pod's volumes.", kRequired},
         {"mountPath", StringShape(), "Where it appears in the container.", kRequired},
         {"readOnly", BoolShape(), "Whether it cannot be written to."},
         {"subPath", StringShape(), "The part of the volume that is mounted; it is not updated."},
         {"subPathExpr", StringShape(), "The same, with $(NAME) for variables."},
         {"mountPropagation", OneOf({"None", "HostToContainer", "Bidirectional"}),
          "Whether later mounts are seen.", false, "None"}},
        "mountPath");
    t.Field("recursiveReadOnly", OneOf({"Disabled", "IfPossible", "Enabled"}))
        .NotRunWith("mounts below it stay as they are, and pods that want it are not started")
        .RunWith("\"IfPossible\"")
        .Default("Disabled")
        .Doc("Whether readOnly holds for mounts below it.");
    return t;
  }();
  return StructOf(table);
}

Shape VolumeDeviceShape() {
  static const ShapeTable table =
      MakeShapeTable("VolumeDevice",
                     {{"name", StringShape(), "Name of one of the pod's volumes.", kRequired},
                      {"devicePath", StringShape(), "Where the device appears.", kRequired}},
                     "devicePath");
  return StructOf(table);
}

}  // namespace reconcile
