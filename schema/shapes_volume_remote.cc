#include "schema/shapes_pod.h"

namespace reconcile {

namespace {

constexpr std::string_view kFsTypeDoc = "The file system.";
constexpr std::string_view kReadOnlyDoc = "Whether it cannot be written to.";
constexpr std::string_view kSecretDoc = "A Secret with the login.";

ShapeRow Text(std::string_view name, std::string_view doc) { return {name, StringShape(), doc}; }
ShapeRow Needed(std::string_view name, std::string_view doc) {
  return {name, StringShape(), doc, kRequired};
}
ShapeRow FsType() { return Text("fsType", kFsTypeDoc); }
ShapeRow ReadOnly() { return {"readOnly", BoolShape(), kReadOnlyDoc}; }
ShapeRow SecretRef() { return {"secretRef", PodLocalReferenceShape(), kSecretDoc}; }
ShapeRow Texts(std::string_view name, std::string_view doc) {
  return {name, ListOf(StringShape()), doc};
}

void AddNetworkSources(ShapeTable* volume) {
  static const ShapeTable nfs =
      MakeShapeTable("NFSVolumeSource", {Needed("server", "Name or address of the server."),
                                         Needed("path", "The exported path."), ReadOnly()});
  static const ShapeTable csi = MakeShapeTable(
      "CSIVolumeSource", {Needed("driver", "Name of the CSI driver."),
                          FsType(),
                          ReadOnly(),
                          {"volumeAttributes", StringMapShape(), "What the driver asks for."},
                          {"nodePublishSecretRef", PodLocalReferenceShape(), kSecretDoc}});
  static const ShapeTable iscsi = MakeShapeTable(
      "ISCSIVolumeSource", {Needed("targetPortal", "Address of the target."),
                            Needed("iqn", "The target's name."),
                            {"lun", Int32Shape(), "Number of the unit."},
                            Text("iscsiInterface", "The initiator's interface."),
                            Texts("portals", "Further addresses of the target."),
                            {"chapAuthDiscovery", BoolShape(), "Whether discovery logs in."},
                            {"chapAuthSession", BoolShape(), "Whether sessions log in."},
                            Text("initiatorName", "The initiator's name."),
                            FsType(),
                            ReadOnly(),
                            SecretRef()});
  static const ShapeTable fc =
      MakeShapeTable("FCVolumeSource", {Texts("targetWWNs", "World-wide names of the target."),
                                        Texts("wwids", "World-wide identifiers of the volume."),
                                        {"lun", Int32Shape(), "Number of the unit."},
                                        FsType(),
                                        ReadOnly()});
  volume->Field("nfs", StructOf(nfs)).Doc("A path that an NFS server exports.");
  volume->Field("csi", StructOf(csi)).Doc("A volume of a CSI driver.");
  volume->Field("iscsi", StructOf(iscsi)).Doc("An iSCSI disk.");
  volume->Field("fc", StructOf(fc)).Doc("A Fibre Channel disk.");
}

void AddClusterSources(ShapeTable* volume) {
  static const ShapeTable ceph_fs =
      MakeShapeTable("CephFSVolumeSource",
                     {{"monitors", ListOf(StringShape()), "Addresses of the monitors.", kRequired},
                      Text("path", "The part that is mounted."),
                      Text("user", "The Ceph user."),
                      Text("secretFile", "The key's file on the host."),
                      ReadOnly(),
                      SecretRef()});
  static const ShapeTable rbd =
      MakeShapeTable("RBDVolumeSource",
                     {{"monitors", ListOf(StringShape()), "Addresses of the monitors.", kRequired},
                      Needed("image", "The image's name."),
                      Text("pool", "The pool's name."),
                      Text("user", "The Ceph user."),
                      Text("keyring", "The key's file on the host."),
                      FsType(),
                      ReadOnly(),
                      SecretRef()});
  static const ShapeTable gluster = MakeShapeTable(
      "GlusterfsVolumeSource", {Needed("endpoints", "Name of the Endpoints of the servers."),
                                Needed("path", "The volume's name."), ReadOnly()});
  static const ShapeTable flex = MakeShapeTable(
      "FlexVolumeSource", {Needed("driver", "Name of the driver on the host."),
                           FsType(),
                           ReadOnly(),
                           SecretRef(),
                           {"options", StringMapShape(), "What the driver asks for."}});
  static const ShapeTable git = MakeShapeTable(
      "GitRepoVolumeSource", {Needed("repository", "URL of the repository."),
                              Text("revision", "The commit."), Text("directory", "The folder.")});
  volume->Field("cephfs", StructOf(ceph_fs)).Doc("A Ceph file system.");
  volume->Field("rbd", StructOf(rbd)).Doc("A Ceph block device.");
  volume->Field("glusterfs", StructOf(gluster)).Doc("A Gluster volume.");
  volume->Field("flexVolume", StructOf(flex)).Doc("A volume of a driver on the host.");
  volume->Field("gitRepo", StructOf(git)).Doc("A clone of a repository; deprecated.");
}

void AddCloudSources(ShapeTable* volume) {
  static const ShapeTable aws = MakeShapeTable("AWSElasticBlockStoreVolumeSource",
                                               {Needed("volumeID", "The disk's id."),
                                                {"partition", Int32Shape(), "The partition."},
                                                FsType(),
                                                ReadOnly()});
  static const ShapeTable azure_disk = MakeShapeTable(
      "AzureDiskVolumeSource",
      {Needed("diskName", "The disk's name."),
       Needed("diskURI", "The disk's URI."),
       {"cachingMode", OneOf({"None", "ReadOnly", "ReadWrite"}), "How the host caches it."},
       {"kind", OneOf({"Shared", "Dedicated", "Managed"}), "The kind of disk."},
       FsType(),
       ReadOnly()});
  static const ShapeTable azure_file = MakeShapeTable(
      "AzureFileVolumeSource",
      {Needed("secretName", kSecretDoc), Needed("shareName", "The share's name."), ReadOnly()});
  static const ShapeTable gce = MakeShapeTable("GCEPersistentDiskVolumeSource",
                                               {Needed("pdName", "The disk's name."),
                                                {"partition", Int32Shape(), "The partition."},
                                                FsType(),
                                                ReadOnly()});
  static const ShapeTable cinder =
      MakeShapeTable("CinderVolumeSource",
                     {Needed("volumeID", "The disk's id."), FsType(), ReadOnly(), SecretRef()});
  static const ShapeTable vsphere = MakeShapeTable(
      "VsphereVirtualDiskVolumeSource", {Needed("volumePath", "The disk's path."), FsType(),
                                         Text("storagePolicyName", "The storage policy."),
                                         Text("storagePolicyID", "The storage policy's id.")});
  static const ShapeTable photon = MakeShapeTable("PhotonPersistentDiskVolumeSource",
                                                  {Needed("pdID", "The disk's id."), FsType()});
  volume->Field("awsElasticBlockStore", StructOf(aws)).Doc("A disk of AWS.");
  volume->Field("azureDisk", StructOf(azure_disk)).Doc("A disk of Azure.");
  volume->Field("azureFile", StructOf(azure_file)).Doc("A file share of Azure.");
  volume->Field("gcePersistentDisk", StructOf(gce)).Doc("A disk of Google Cloud.");
  volume->Field("cinder", StructOf(cinder)).Doc("A disk of OpenStack.");
  volume->Field("vsphereVolume", StructOf(vsphere)).Doc("A disk of vSphere.");
  volume->Field("photonPersistentDisk", StructOf(photon)).Doc("A disk of Photon.");
}

void AddVendorSources(ShapeTable* volume) {
  static const ShapeTable flocker = MakeShapeTable(
      "FlockerVolumeSource",
      {Text("datasetName", "The dataset's name."), Text("datasetUUID", "The dataset's id.")});
  static const ShapeTable portworx = MakeShapeTable(
      "PortworxVolumeSource", {Needed("volumeID", "The volume's id."), FsType(), ReadOnly()});
  static const ShapeTable quobyte =
      MakeShapeTable("QuobyteVolumeSource",
                     {Needed("registry", "Addresses of the registry."),
                      Needed("volume", "The volume's name."), Text("user", "The user."),
                      Text("group", "The group."), Text("tenant", "The tenant."), ReadOnly()});
  static const ShapeTable scale_io = MakeShapeTable(
      "ScaleIOVolumeSource", {Needed("gateway", "Address of the gateway."),
                              Needed("system", "The system's name."),
                              {"secretRef", PodLocalReferenceShape(), kSecretDoc, kRequired},
                              {"sslEnabled", BoolShape(), "Whether to use TLS."},
                              Text("protectionDomain", "The protection domain."),
                              Text("storagePool", "The pool."),
                              Text("storageMode", "Thick or thin."),
                              Text("volumeName", "The volume's name."),
                              FsType(),
                              ReadOnly()});
  static const ShapeTable storage_os =
      MakeShapeTable("StorageOSVolumeSource", {Text("volumeName", "The volume's name."),
                                               Text("volumeNamespace", "Its namespace there."),
                                               FsType(), ReadOnly(), SecretRef()});
  volume->Field("flocker", StructOf(flocker)).Doc("A dataset of Flocker.");
  volume->Field("portworxVolume", StructOf(portworx)).Doc("A volume of Portworx.");
  volume->Field("quobyte", StructOf(quobyte)).Doc("A volume of Quobyte.");
  volume->Field("scaleIO", StructOf(scale_io)).Doc("A volume of ScaleIO.");
  volume->Field("storageos", StructOf(storage_os)).Doc("A volume of StorageOS.");
}

}  // namespace

void AddRemoteVolumeSources(ShapeTable* volume) {
  AddNetworkSources(volume);
  AddClusterSources(volume);
  AddCloudSources(volume);
  AddVendorSources(volume);
}

}  // namespace reconcile
