#include "schema/tables_kept.h"

namespace reconcile {

namespace {

constexpr std::string_view kCloudOnly =
    "this storage is a cloud's or a vendor's, and has no driver here";

// What most sources have.
void AddMount(ShapeTable* source) {
  source->Field("fsType", StringShape(), "The file system, as ext4.");
  source->Field("readOnly", BoolShape(), "Whether it can only be read.");
}

// A source that names one volume by `id`.
ShapeTable Named(std::string_view name, std::string_view id, std::string_view doc) {
  ShapeTable t(name);
  t.Field(id, StringShape(), doc).Required();
  AddMount(&t);
  return t;
}

Shape NfsShape() {
  static const ShapeTable table = [] {
    ShapeTable t("NFSVolumeSource");
    t.Field("server", StringShape(), "The server's name or address.").Required();
    t.Field("path", StringShape(), "What it exports.").Required();
    t.Field("readOnly", BoolShape(), "Whether it can only be read.");
    return t;
  }();
  return StructOf(table);
}

Shape HostPathShape() {
  static const ShapeTable table = [] {
    ShapeTable t("HostPathVolumeSource");
    t.Field("path", StringShape(), "The path on the host.").Required();
    t.Field("type",
            OneOf({"", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket",
                   "CharDevice", "BlockDevice"}),
            "What must be there.");
    return t;
  }();
  return StructOf(table);
}

Shape LocalShape() {
  static const ShapeTable table = [] {
    ShapeTable t("LocalVolumeSource");
    t.Field("path", StringShape(), "The disk, partition or folder on the node.").Required();
    t.Field("fsType", StringShape(), "The file system of a disk.");
    return t;
  }();
  return StructOf(table);
}

Shape CsiShape() {
  static const ShapeTable table = [] {
    ShapeTable t = Named("CSIPersistentVolumeSource", "volumeHandle", "The driver's name for it.");
    t.Field("driver", StringShape(), "The driver's name.").Required();
    t.Field("volumeAttributes", StringMapShape(), "What the driver is told.");
    for (const char* secret :
         {"controllerPublishSecretRef", "controllerExpandSecretRef", "nodeStageSecretRef",
          "nodePublishSecretRef", "nodeExpandSecretRef"}) {
      t.Field(secret, SecretReferenceShape(), "A Secret for the driver.");
    }
    return t;
  }();
  return StructOf(table);
}

Shape IscsiShape() {
  static const ShapeTable table = [] {
    ShapeTable t = Named("ISCSIPersistentVolumeSource", "iqn", "The target's name.");
    t.Field("targetPortal", StringShape(), "The target's address.").Required();
    t.Field("portals", ListOf(StringShape()), "More addresses of it.");
    t.Field("lun", Int32Shape(), "The unit's number.");
    t.Field("iscsiInterface", StringShape(), "The initiator's interface.").Default("default");
    t.Field("initiatorName", StringShape(), "The initiator's name.");
    t.Field("chapAuthDiscovery", BoolShape(), "Whether discovery needs a password.");
    t.Field("chapAuthSession", BoolShape(), "Whether a session needs one.");
    t.Field("secretRef", SecretReferenceShape(), "The Secret with the password.");
    return t;
  }();
  return StructOf(table);
}

Shape FcShape() {
  static const ShapeTable table = [] {
    ShapeTable t("FCVolumeSource");
    AddMount(&t);
    t.Field("targetWWNs", ListOf(StringShape()), "The target's names.");
    t.Field("lun", Int32Shape(), "The unit's number.");
    t.Field("wwids", ListOf(StringShape()), "Or the volume's identifiers.");
    return t;
  }();
  return StructOf(table);
}

Shape AwsShape() {
  static const ShapeTable table = [] {
    ShapeTable t = Named("AWSElasticBlockStoreVolumeSource", "volumeID", "The volume's id.");
    t.Field("partition", Int32Shape(), "The partition's number.");
    return t;
  }();
  return StructOf(table);
}

Shape GceShape() {
  static const ShapeTable table = [] {
    ShapeTable t = Named("GCEPersistentDiskVolumeSource", "pdName", "The disk's name.");
    t.Field("partition", Int32Shape(), "The partition's number.");
    return t;
  }();
  return StructOf(table);
}

Shape CinderShape() {
  static const ShapeTable table = [] {
    ShapeTable t = Named("CinderPersistentVolumeSource", "volumeID", "The volume's id.");
    t.Field("secretRef", SecretReferenceShape(), "The Secret for the cloud.");
    return t;
  }();
  return StructOf(table);
}

Shape PortworxShape() {
  static const ShapeTable table = Named("PortworxVolumeSource", "volumeID", "The volume's id.");
  return StructOf(table);
}

Shape PhotonShape() {
  static const ShapeTable table = [] {
    ShapeTable t("PhotonPersistentDiskVolumeSource");
    t.Field("pdID", StringShape(), "The disk's id.").Required();
    t.Field("fsType", StringShape(), "The file system, as ext4.");
    return t;
  }();
  return StructOf(table);
}

Shape AzureDiskShape() {
  static const ShapeTable table = [] {
    ShapeTable t = Named("AzureDiskVolumeSource", "diskName", "The disk's name.");
    t.Field("diskURI", StringShape(), "Where it is.").Required();
    t.Field("cachingMode", OneOf({"None", "ReadOnly", "ReadWrite"}), "What the host caches.");
    t.Field("kind", OneOf({"Shared", "Dedicated", "Managed"}), "How it is kept.");
    return t;
  }();
  return StructOf(table);
}

Shape AzureFileShape() {
  static const ShapeTable table = [] {
    ShapeTable t("AzureFilePersistentVolumeSource");
    t.Field("secretName", StringShape(), "The Secret for the account.").Required();
    t.Field("secretNamespace", StringShape(), "The Secret's namespace.");
    t.Field("shareName", StringShape(), "The share's name.").Required();
    t.Field("readOnly", BoolShape(), "Whether it can only be read.");
    return t;
  }();
  return StructOf(table);
}

Shape VsphereShape() {
  static const ShapeTable table = [] {
    ShapeTable t("VsphereVirtualDiskVolumeSource");
    t.Field("volumePath", StringShape(), "The disk's path.").Required();
    t.Field("fsType", StringShape(), "The file system, as ext4.");
    t.Field("storagePolicyName", StringShape(), "The storage policy.");
    t.Field("storagePolicyID", StringShape(), "The storage policy's id.");
    return t;
  }();
  return StructOf(table);
}

Shape CephFsShape() {
  static const ShapeTable table = [] {
    ShapeTable t("CephFSPersistentVolumeSource");
    t.Field("monitors", ListOf(StringShape()), "Addresses of the monitors.").Required();
    t.Field("path", StringShape(), "The folder to mount.").Default("/");
    t.Field("user", StringShape(), "The user's name.").Default("admin");
    t.Field("secretFile", StringShape(), "The key's file on the host.");
    t.Field("secretRef", SecretReferenceShape(), "Or the Secret with the key.");
    t.Field("readOnly", BoolShape(), "Whether it can only be read.");
    return t;
  }();
  return StructOf(table);
}

Shape RbdShape() {
  static const ShapeTable table = [] {
    ShapeTable t = Named("RBDPersistentVolumeSource", "image", "The image's name.");
    t.Field("monitors", ListOf(StringShape()), "Addresses of the monitors.").Required();
    t.Field("pool", StringShape(), "The pool's name.").Default("rbd");
    t.Field("user", StringShape(), "The user's name.").Default("admin");
    t.Field("keyring", StringShape(), "The keyring's file on the host.")
        .Default("/etc/ceph/keyring");
    t.Field("secretRef", SecretReferenceShape(), "Or the Secret with the key.");
    return t;
  }();
  return StructOf(table);
}

Shape GlusterfsShape() {
  static const ShapeTable table = [] {
    ShapeTable t("GlusterfsPersistentVolumeSource");
    t.Field("endpoints", StringShape(), "The Endpoints with the servers.").Required();
    t.Field("endpointsNamespace", StringShape(), "Their namespace.");
    t.Field("path", StringShape(), "The volume's name.").Required();
    t.Field("readOnly", BoolShape(), "Whether it can only be read.");
    return t;
  }();
  return StructOf(table);
}

Shape FlexVolumeShape() {
  static const ShapeTable table = [] {
    ShapeTable t = Named("FlexPersistentVolumeSource", "driver", "The driver's name.");
    t.Field("secretRef", SecretReferenceShape(), "A Secret for the driver.");
    t.Field("options", StringMapShape(), "What the driver is told.");
    return t;
  }();
  return StructOf(table);
}

}  // namespace

void AddVolumeSources(ShapeTable* spec) {
  const auto add = [spec](std::string_view name, const Shape& shape, std::string_view doc) {
    spec->Field(name, shape, doc).Immutable();
  };
  add("nfs", NfsShape(), "A folder of an NFS server.");
  add("hostPath", HostPathShape(), "A path on the host, for tests on one host.");
  add("local", LocalShape(), "A disk or folder of one node.");
  add("csi", CsiShape(), "A volume of a CSI driver.");
  add("iscsi", IscsiShape(), "An iSCSI unit.");
  add("fc", FcShape(), "A Fibre Channel unit.");
  const auto cloud = [spec](std::string_view name, const Shape& shape, std::string_view doc) {
    spec->Field(name, shape, doc).Immutable().Accepted(kCloudOnly);
  };
  cloud("awsElasticBlockStore", AwsShape(), "A disk of AWS.");
  cloud("gcePersistentDisk", GceShape(), "A disk of GCE.");
  cloud("cinder", CinderShape(), "A volume of OpenStack.");
  cloud("portworxVolume", PortworxShape(), "A volume of Portworx.");
  cloud("photonPersistentDisk", PhotonShape(), "A disk of Photon.");
  cloud("azureDisk", AzureDiskShape(), "A disk of Azure.");
  cloud("azureFile", AzureFileShape(), "A file share of Azure.");
  cloud("vsphereVolume", VsphereShape(), "A disk of vSphere.");
  cloud("cephfs", CephFsShape(), "A folder of CephFS.");
  cloud("rbd", RbdShape(), "An image of Ceph.");
  cloud("glusterfs", GlusterfsShape(), "A volume of GlusterFS.");
  cloud("flexVolume", FlexVolumeShape(), "A volume of a FlexVolume driver.");
  spec->Refused("flocker quobyte scaleIO storageos",
                "Kubernetes itself has no driver for it any more");
}

}  // namespace reconcile
