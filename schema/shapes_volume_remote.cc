#include <deque>

#include "schema/shapes_shared.h"

namespace reconcile {

namespace {

constexpr std::string_view kSecretDoc = "A Secret with the login.";

ShapeRow Text(std::string_view name, std::string_view doc) { return {name, StringShape(), doc}; }
ShapeRow TextOr(std::string_view name, std::string_view doc, std::string_view default_text) {
  return {name, StringShape(), doc, false, default_text};
}
ShapeRow Needed(std::string_view name, std::string_view doc) {
  return {name, StringShape(), doc, kRequired};
}
ShapeRow Texts(std::string_view name, std::string_view doc) {
  return {name, ListOf(StringShape()), doc};
}
ShapeRow FsType() { return Text("fsType", "The file system, as ext4."); }
ShapeRow ReadOnly() { return {"readOnly", BoolShape(), "Whether it cannot be written to."}; }
ShapeRow Partition() { return {"partition", Int32Shape(), "The partition's number."}; }

// The remote sources of one owner.
class RemoteSources {
 public:
  explicit RemoteSources(VolumeOwner owner) : owner_(owner) {
    AddNetworkSources();
    AddCephSources();
    AddClusterSources();
    AddCloudSources();
    AddVendorSources();
  }
  const std::vector<VolumeSourceRow>& rows() const { return rows_; }

 private:
  void AddNetworkSources();
  void AddCephSources();
  void AddClusterSources();
  void AddCloudSources();
  void AddVendorSources();

  bool IsPods() const { return owner_ == VolumeOwner::kPod; }
  // The name of the source's struct: Kubernetes has two where the fields are not the same.
  std::string_view Either(std::string_view pods, std::string_view persistent) const {
    return IsPods() ? pods : persistent;
  }
  ShapeRow SecretRef(std::string_view name = "secretRef", bool is_required = false) const {
    return {name, IsPods() ? LocalReferenceShape() : SecretReferenceShape(), kSecretDoc,
            is_required};
  }
  void Add(std::string_view name, std::string_view doc, std::string_view type,
           const std::vector<ShapeRow>& fields) {
    tables_.push_back(MakeShapeTable(type, fields));
    rows_.push_back({name, StructOf(tables_.back()), doc});
  }
  // One of a cloud or a vendor.
  void AddVendors(std::string_view name, std::string_view doc, std::string_view type,
                  const std::vector<ShapeRow>& fields) {
    Add(name, doc, type, fields);
    rows_.back().is_vendors = true;
  }

  VolumeOwner owner_;
  std::deque<ShapeTable> tables_;  // the rows' shapes point to them
  std::vector<VolumeSourceRow> rows_;
};

void RemoteSources::AddNetworkSources() {
  Add("nfs", "A path that an NFS server exports.", "NFSVolumeSource",
      {Needed("server", "Name or address of the server."), Needed("path", "The exported path."),
       ReadOnly()});
  std::vector<ShapeRow> csi = {Needed("driver", "Name of the CSI driver."),
                               FsType(),
                               ReadOnly(),
                               {"volumeAttributes", StringMapShape(), "What the driver asks for."},
                               SecretRef("nodePublishSecretRef")};
  if (!IsPods()) {
    csi.push_back(Needed("volumeHandle", "The driver's name for it."));
    for (const char* secret : {"controllerPublishSecretRef", "controllerExpandSecretRef",
                               "nodeStageSecretRef", "nodeExpandSecretRef"}) {
      csi.push_back(SecretRef(secret));
    }
  }
  Add("csi", "A volume of a CSI driver.", Either("CSIVolumeSource", "CSIPersistentVolumeSource"),
      csi);
  Add("iscsi", "An iSCSI disk.", Either("ISCSIVolumeSource", "ISCSIPersistentVolumeSource"),
      {Needed("targetPortal", "Address of the target."),
       Needed("iqn", "The target's name."),
       {"lun", Int32Shape(), "Number of the unit."},
       TextOr("iscsiInterface", "The initiator's interface.", "default"),
       Texts("portals", "Further addresses of the target."),
       {"chapAuthDiscovery", BoolShape(), "Whether discovery logs in."},
       {"chapAuthSession", BoolShape(), "Whether sessions log in."},
       Text("initiatorName", "The initiator's name."),
       FsType(),
       ReadOnly(),
       SecretRef()});
  Add("fc", "A Fibre Channel disk.", "FCVolumeSource",
      {Texts("targetWWNs", "World-wide names of the target."),
       Texts("wwids", "World-wide identifiers of the volume."),
       {"lun", Int32Shape(), "Number of the unit."},
       FsType(),
       ReadOnly()});
}

void RemoteSources::AddCephSources() {
  const ShapeRow monitors = {"monitors", ListOf(StringShape()), "Addresses of the monitors.",
                             kRequired};
  AddVendors("cephfs", "A Ceph file system.",
             Either("CephFSVolumeSource", "CephFSPersistentVolumeSource"),
             {monitors, TextOr("path", "The part that is mounted.", "/"),
              TextOr("user", "The Ceph user.", "admin"),
              TextOr("secretFile", "The key's file on the host.", "/etc/ceph/user.secret"),
              ReadOnly(), SecretRef()});
  AddVendors("rbd", "A Ceph block device.", Either("RBDVolumeSource", "RBDPersistentVolumeSource"),
             {monitors, Needed("image", "The image's name."),
              TextOr("pool", "The pool's name.", "rbd"), TextOr("user", "The Ceph user.", "admin"),
              TextOr("keyring", "The key's file on the host.", "/etc/ceph/keyring"), FsType(),
              ReadOnly(), SecretRef()});
}

void RemoteSources::AddClusterSources() {
  std::vector<ShapeRow> gluster = {Needed("endpoints", "Name of the Endpoints of the servers."),
                                   Needed("path", "The volume's name."), ReadOnly()};
  if (!IsPods()) gluster.push_back(Text("endpointsNamespace", "Their namespace."));
  AddVendors("glusterfs", "A Gluster volume.",
             Either("GlusterfsVolumeSource", "GlusterfsPersistentVolumeSource"), gluster);
  AddVendors("flexVolume", "A volume of a driver on the host.",
             Either("FlexVolumeSource", "FlexPersistentVolumeSource"),
             {Needed("driver", "Name of the driver on the host."),
              FsType(),
              ReadOnly(),
              SecretRef(),
              {"options", StringMapShape(), "What the driver asks for."}});
  if (!IsPods()) return;
  Add("gitRepo", "A clone of a repository; deprecated.", "GitRepoVolumeSource",
      {Needed("repository", "URL of the repository."), Text("revision", "The commit."),
       Text("directory", "The folder.")});
}

void RemoteSources::AddCloudSources() {
  AddVendors("awsElasticBlockStore", "A disk of AWS.", "AWSElasticBlockStoreVolumeSource",
             {Needed("volumeID", "The disk's id."), Partition(), FsType(), ReadOnly()});
  AddVendors("azureDisk", "A disk of Azure.", "AzureDiskVolumeSource",
             {Needed("diskName", "The disk's name."),
              Needed("diskURI", "The disk's URI."),
              {"cachingMode", OneOf({"None", "ReadOnly", "ReadWrite"}), "How the host caches it."},
              {"kind", OneOf({"Shared", "Dedicated", "Managed"}), "The kind of disk."},
              FsType(),
              ReadOnly()});
  std::vector<ShapeRow> azure_file = {Needed("secretName", kSecretDoc),
                                      Needed("shareName", "The share's name."), ReadOnly()};
  if (!IsPods()) azure_file.push_back(Text("secretNamespace", "The Secret's namespace."));
  AddVendors("azureFile", "A file share of Azure.",
             Either("AzureFileVolumeSource", "AzureFilePersistentVolumeSource"), azure_file);
  AddVendors("gcePersistentDisk", "A disk of Google Cloud.", "GCEPersistentDiskVolumeSource",
             {Needed("pdName", "The disk's name."), Partition(), FsType(), ReadOnly()});
  AddVendors("cinder", "A disk of OpenStack.",
             Either("CinderVolumeSource", "CinderPersistentVolumeSource"),
             {Needed("volumeID", "The disk's id."), FsType(), ReadOnly(), SecretRef()});
  AddVendors("vsphereVolume", "A disk of vSphere.", "VsphereVirtualDiskVolumeSource",
             {Needed("volumePath", "The disk's path."), FsType(),
              Text("storagePolicyName", "The storage policy."),
              Text("storagePolicyID", "The storage policy's id.")});
  AddVendors("photonPersistentDisk", "A disk of Photon.", "PhotonPersistentDiskVolumeSource",
             {Needed("pdID", "The disk's id."), FsType()});
}

void RemoteSources::AddVendorSources() {
  AddVendors(
      "flocker", "A dataset of Flocker.", "FlockerVolumeSource",
      {Text("datasetName", "The dataset's name."), Text("datasetUUID", "The dataset's id.")});
  AddVendors("portworxVolume", "A volume of Portworx.", "PortworxVolumeSource",
             {Needed("volumeID", "The volume's id."), FsType(), ReadOnly()});
  AddVendors("quobyte", "A volume of Quobyte.", "QuobyteVolumeSource",
             {Needed("registry", "Addresses of the registry."),
              Needed("volume", "The volume's name."), Text("user", "The user."),
              Text("group", "The group."), Text("tenant", "The tenant."), ReadOnly()});
  AddVendors("scaleIO", "A volume of ScaleIO.",
             Either("ScaleIOVolumeSource", "ScaleIOPersistentVolumeSource"),
             {Needed("gateway", "Address of the gateway."),
              Needed("system", "The system's name."),
              SecretRef("secretRef", kRequired),
              {"sslEnabled", BoolShape(), "Whether to use TLS."},
              Text("protectionDomain", "The protection domain."),
              Text("storagePool", "The pool."),
              Text("storageMode", "Thick or thin."),
              Text("volumeName", "The volume's name."),
              FsType(),
              ReadOnly()});
  ShapeRow secret = SecretRef();
  if (!IsPods()) secret.shape = ObjectReferenceShape();
  AddVendors("storageos", "A volume of StorageOS.",
             Either("StorageOSVolumeSource", "StorageOSPersistentVolumeSource"),
             {Text("volumeName", "The volume's name."),
              Text("volumeNamespace", "Its namespace there."), FsType(), ReadOnly(), secret});
}

}  // namespace

const std::vector<VolumeSourceRow>& RemoteVolumeSources(VolumeOwner owner) {
  static const RemoteSources pods(VolumeOwner::kPod);
  static const RemoteSources persistent(VolumeOwner::kPersistentVolume);
  return owner == VolumeOwner::kPod ? pods.rows() : persistent.rows();
}

}  // namespace reconcile
