#include "schema/shapes_pod.h"

namespace reconcile {

namespace {

constexpr std::string_view kUnmetRights = "pods that have it are not started";
constexpr std::string_view kNoSeLinux = "hosts' SELinux labels are left as they are";
constexpr std::string_view kNoWindows = "hosts run Linux";

Shape ProfileShape(std::string_view name) {
  const auto make = [](std::string_view struct_name) {
    ShapeTable table(struct_name);
    table.Field("type", OneOf({"RuntimeDefault", "Unconfined", "Localhost"}))
        .ActedOn()
        .Required()
        .Doc("Where it comes from; RuntimeDefault is the engine's, which is what is used anyway.");
    table.Field("localhostProfile", StringShape())
        .ActedOn()
        .Doc(
            "The profile on the host, for Localhost: of seccomp a file below the folder `seccomp` "
            "of the agent's data folder, of AppArmor the name of one that is loaded.");
    return table;
  };
  static const ShapeTable seccomp = make("SeccompProfile");
  static const ShapeTable apparmor = make("AppArmorProfile");
  return StructOf(name == "SeccompProfile" ? seccomp : apparmor);
}

// What pods and containers both have.
void AddCommon(ShapeTable* t) {
  static const ShapeTable se_linux =
      MakeShapeTable("SELinuxOptions", {{"user", StringShape(), "SELinux user."},
                                        {"role", StringShape(), "SELinux role."},
                                        {"type", StringShape(), "SELinux type."},
                                        {"level", StringShape(), "SELinux level."}});
  static const ShapeTable windows =
      MakeShapeTable("WindowsSecurityContextOptions",
                     {{"gmsaCredentialSpecName", StringShape(), "Name of a GMSA credential."},
                      {"gmsaCredentialSpec", StringShape(), "A GMSA credential."},
                      {"runAsUserName", StringShape(), "The Windows user."},
                      {"hostProcess", BoolShape(), "Whether it runs as a host process."}});
  t->Field("runAsUser", Int64Shape())
      .ActedOn()
      .Default("the image's")
      .Doc("User id of the processes.");
  t->Field("runAsGroup", Int64Shape())
      .ActedOn()
      .Default("the image's")
      .Doc("Group id of the processes.");
  t->Field("runAsNonRoot", BoolShape()).ActedOn().Doc("Whether to refuse to run as root.");
  t->Field("seccompProfile", ProfileShape("SeccompProfile"))
      .ActedOn()
      .Doc("The filter of system calls.");
  t->Field("appArmorProfile", ProfileShape("AppArmorProfile"))
      .ActedOn()
      .Doc("The AppArmor profile.");
  t->Field("seLinuxOptions", StructOf(se_linux)).Accepted(kNoSeLinux).Doc("The SELinux label.");
  t->Field("windowsOptions", StructOf(windows)).Accepted(kNoWindows).Doc("For Windows.");
}

}  // namespace

Shape SecurityContextShape() {
  static const ShapeTable capabilities =
      MakeShapeTable("Capabilities",
                     {{"add", ListOf(StringShape()), "Capabilities to add, such as NET_ADMIN."},
                      {"drop", ListOf(StringShape()), "Capabilities to drop; ALL for every one."}});
  static const ShapeTable table = [] {
    ShapeTable t("SecurityContext");
    t.Field("privileged", BoolShape())
        .ActedOn()
        .Doc("Whether processes have all rights of the host's root.");
    t.Field("capabilities", StructOf(capabilities))
        .ActedOn()
        .Doc("Rights of root beyond or below the engine's default.");
    t.Field("readOnlyRootFilesystem", BoolShape())
        .ActedOn()
        .Doc("Whether the image's files cannot be written to.");
    t.Field("allowPrivilegeEscalation", BoolShape())
        .ActedOn()
        .Default("false, but for privileged containers and those with SYS_ADMIN")
        .Doc("Whether a process may gain rights that its parent lacks, as by setuid programs.");
    t.Field("procMount", OneOf({"Default", "Unmasked"}))
        .ActedOn()
        .Default("Default")
        .Doc(
            "How much of /proc is seen and can be written to: Unmasked is as much as a privileged "
            "container sees.");
    AddCommon(&t);
    return t;
  }();
  return StructOf(table);
}

Shape PodSecurityContextShape() {
  static const ShapeTable sysctl =
      MakeShapeTable("Sysctl",
                     {{"name", StringShape(), "The setting's name.", kRequired},
                      {"value", StringShape(), "Its value.", kRequired}},
                     "name");
  static const ShapeTable table = [] {
    constexpr std::string_view kClaims =
        "volumes that go with the pod are always given to fsGroup, and claims are not mounted yet";
    ShapeTable t("PodSecurityContext");
    AddCommon(&t);
    t.Field("fsGroup", Int64Shape())
        .ActedOn()
        .Default("none")
        .Doc("Group id of the volumes' files; the processes have it too.");
    t.Field("fsGroupChangePolicy", OneOf({"OnRootMismatch", "Always"}))
        .Accepted(kClaims)
        .Doc("When the volumes' files are given to fsGroup.");
    t.Field("supplementalGroups", ListOf(Int64Shape()))
        .ActedOn()
        .Doc("Further group ids of the processes.");
    t.Field("supplementalGroupsPolicy", OneOf({"Merge", "Strict"}))
        .NotRunWith(kUnmetRights)
        .Default("Merge")
        .Doc("Whether the image's groups count.");
    t.Field("sysctls", ListOf(StructOf(sysctl)))
        .ActedOn()
        .Doc("Settings of the kernel in the pod's namespaces.");
    t.Field("seLinuxChangePolicy", OneOf({"Recursive", "MountOption"}))
        .Accepted(kNoSeLinux)
        .Doc("How volumes get their SELinux label.");
    return t;
  }();
  return StructOf(table);
}

}  // namespace reconcile
