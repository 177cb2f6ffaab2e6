#include "schema/shapes_pod.h"

namespace reconcile {

namespace {

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
                      {"labelSelector", PodLabelSelectorShape(), "Which bundles of the signer."},
                      {"optional", BoolShape(), "Go on without it when it is missing."}});
  static const ShapeTable table =
      MakeShapeTable("VolumeProjection",
                     {{"configMap", StructOf(config_map), "Keys of a ConfigMap."},
                      {"secret", StructOf(secret), "Keys of a Secret."},
                      {"downwardAPI", StructOf(downward), "Fields of the pod."},
                      {"serviceAccountToken", StructOf(token), "A token for the API."},
                      {"clusterTrustBundle", StructOf(bundle), "Certificates that are trusted."}});
  return StructOf(table);
}

void AddLocalSources(ShapeTable* volume) {
  static const ShapeTable empty_dir = MakeShapeTable(
      "EmptyDirVolumeSource", {{"medium", StringShape(), "Memory for a tmpfs."},
                               {"sizeLimit", QuantityShape(), "The most it may hold."}});
  static const ShapeTable host_path = MakeShapeTable(
      "HostPathVolumeSource", {{"path", StringShape(), "The path on the host.", kRequired},
                               {"type",
                                OneOf({"", "DirectoryOrCreate", "Directory", "FileOrCreate", "File",
                                       "Socket", "CharDevice", "BlockDevice"}),
                                "What must be there."}});
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
  volume->Field("hostPath", StructOf(host_path)).Doc("A file or folder of the host.");
  volume->Field("configMap", StructOf(config_map)).Doc("Keys of a ConfigMap as files.");
  volume->Field("secret", StructOf(secret)).Doc("Keys of a Secret as files.");
  volume->Field("downwardAPI", StructOf(downward)).Doc("Fields of the pod as files.");
  volume->Field("projected", StructOf(projected)).Doc("Several sources in one folder.");
  volume->Field("persistentVolumeClaim", StructOf(claim)).Doc("What a claim is bound to.");
  volume->Field("ephemeral", StructOf(ephemeral)).Doc("A claim that goes with the pod.");
  volume->Field("image", StructOf(image)).Doc("The files of an image.");
}

}  // namespace

Shape ClaimTemplateSpecShape() {
  static const ShapeTable source =
      MakeShapeTable("TypedObjectReference", {{"apiGroup", StringShape(), "Its API group."},
                                              {"kind", StringShape(), "Its kind.", kRequired},
                                              {"name", StringShape(), "Its name.", kRequired},
                                              {"namespace", StringShape(), "Its namespace."}});
  static const ShapeTable table = MakeShapeTable(
      "PersistentVolumeClaimSpec",
      {{"accessModes",
        ListOf(OneOf({"ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"})),
        "How it may be mounted."},
       {"selector", PodLabelSelectorShape(), "Which volumes may be bound to it."},
       {"resources", ResourcesShape(), "How much storage it asks for."},
       {"volumeName", StringShape(), "The volume it is bound to."},
       {"storageClassName", StringShape(), "The StorageClass that makes it."},
       {"volumeMode", OneOf({"Filesystem", "Block"}), "Files, or a device.", false, "Filesystem"},
       {"dataSource", StructOf(source), "What it begins as a copy of."},
       {"dataSourceRef", StructOf(source), "What it begins as a copy of."},
       {"volumeAttributesClassName", StringShape(), "Its VolumeAttributesClass."}});
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
    ShapeTable t =
        MakeShapeTable("PersistentVolumeClaimTemplate",
                       {{"metadata", StructOf(metadata), "Name, labels, annotations."},
                        {"spec", ClaimTemplateSpecShape(), "What is asked for.", kRequired}});
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
    AddRemoteVolumeSources(&t);
    return t;
  }();
  return StructOf(table);
}

Shape VolumeMountShape() {
  static const ShapeTable table =
      MakeShapeTable("VolumeMount",
                     {{"name", StringShape(), "Name of one of the pod's volumes.", kRequired},
                      {"mountPath", StringShape(), "Where it appears in the container.", kRequired},
                      {"readOnly", BoolShape(), "Whether it cannot be written to."},
                      {"subPath", StringShape(), "The part of the volume that is mounted."},
                      {"subPathExpr", StringShape(), "The same, with $(NAME) for variables."},
                      {"mountPropagation", OneOf({"None", "HostToContainer", "Bidirectional"}),
                       "Whether later mounts are seen.", false, "None"},
                      {"recursiveReadOnly", OneOf({"Disabled", "IfPossible", "Enabled"}),
                       "Whether readOnly holds for mounts below it.", false, "Disabled"}},
                     "mountPath");
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
