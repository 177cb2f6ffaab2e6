#include "schema/tables.h"

namespace reconcile {

template <>
const StructTable& TableOf<ObjectReference>() {
  static const StructTable table = [] {
    Table<ObjectReference> t("ObjectReference");
    t.Field<&ObjectReference::api_version>("apiVersion").Doc("The object's apiVersion.");
    t.Field<&ObjectReference::kind>("kind").Doc("Its kind.");
    t.Field<&ObjectReference::namespace_name>("namespace").Doc("Its namespace.");
    t.Field<&ObjectReference::name>("name").Doc("Its name.");
    t.Field<&ObjectReference::uid>("uid").Doc("Its uid.");
    t.SystemSet("resourceVersion fieldPath");
    return t;
  }();
  return table;
}

namespace {

const StructTable& EventSourceTable() {
  static const StructTable table = [] {
    Table<Event> t("EventSource");
    t.Field<&Event::component>("component").Doc("scheduler, agent, ...");
    t.Field<&Event::host>("host");
    return t;
  }();
  return table;
}

const StructTable& ClusterSpecTable() {
  static const StructTable table = [] {
    Table<Cluster> t("ClusterSpec");
    t.Field<&Cluster::cluster_id>("clusterId");
    t.Field<&Cluster::lineage>("lineage").Doc("Changes when a backup is restored.");
    t.Field<&Cluster::lineage_began_ms>("lineageBegan").Doc("In milliseconds since 1970.");
    t.Field<&Cluster::lineage_proof>("lineageProof").Doc("The CA's signature of the lineage.");
    t.Field<&Cluster::recovering>("recovering").Doc("What hosts run is still being learned.");
    t.Field<&Cluster::missing_nodes>("missingNodes").Doc("Not heard since the model was lost.");
    t.Field<&Cluster::revoked_nodes>("revokedNodes").Doc("Revoked, and not back in order since.");
    t.Field<&Cluster::epoch>("epoch").Doc("Grows with every start of a controller.");
    t.Field<&Cluster::pod_cidr>("podCIDR").Doc("Addresses of all pods.");
    t.Field<&Cluster::service_cidr>("serviceCIDR").Doc("Addresses of Services.");
    t.Field<&Cluster::cluster_domain>("clusterDomain").Doc("What names of Services end with.");
    t.Field<&Cluster::network_backend>("networkBackend").Doc("vxlan or host-gw.");
    t.Field<&Cluster::unreachable_toleration_ms>("unreachableTolerationMs")
        .Always()
        .Doc("For how long pods stay on a host that is silent.");
    return t;
  }();
  return table;
}

}  // namespace

template <>
const StructTable& TableOf<Event>() {
  static const StructTable table = [] {
    static const GroupType source(EventSourceTable());
    Table<Event> t("Event");
    AddTypeMeta(&t);
    t.Field<&Event::metadata>("metadata").Required().Doc("Name, namespace.");
    t.Field<&Event::involved_object>("involvedObject").Always().Doc("What it happened to.");
    t.Field<&Event::reason>("reason").Doc("A word for programs.");
    t.Field<&Event::message>("message").Doc("A sentence for people.");
    t.Field<&Event::type>("type").Doc("Normal or Warning.");
    t.Group("source", source).Doc("Who says so.");
    t.Field<&Event::count>("count").Doc("How often it happened.");
    t.Field<&Event::first_timestamp>("firstTimestamp");
    t.Field<&Event::last_timestamp>("lastTimestamp");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<SourceCredentials>() {
  static const StructTable table = [] {
    using C = SourceCredentials;
    Table<C> t("SourceCredentials");
    t.Field<&C::token_file>("tokenFile").Doc("File with a token, for https.");
    t.Field<&C::username_file>("usernameFile").Doc("File with a user name, for https.");
    t.Field<&C::password_file>("passwordFile").Doc("File with a password, for https.");
    t.Field<&C::ca_file>("caFile").Doc(
        "Certificates of the CAs to trust, instead of the system's.");
    t.Field<&C::client_certificate_file>("clientCertificateFile").Doc("For https, PEM.");
    t.Field<&C::client_key_file>("clientKeyFile").Doc("For https, PEM.");
    t.Field<&C::ssh_key_file>("sshKeyFile").Doc("Private key, for ssh.");
    t.Field<&C::known_hosts_file>("knownHostsFile")
        .Doc("Host keys to trust, instead of those that a person accepted.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<SourceWebhookSpec>() {
  static const StructTable table = [] {
    Table<SourceWebhookSpec> t("SourceWebhookSpec");
    t.Field<&SourceWebhookSpec::secret_file>("secretFile").Doc("File with the shared secret.");
    t.Field<&SourceWebhookSpec::provider>("provider")
        .Default("generic")
        .Doc("github, gitlab, gitea or generic.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<SourceSpec>() {
  static const StructTable table = [] {
    Table<SourceSpec> t("SourceSpec");
    t.Field<&SourceSpec::repository>("repository")
        .Required()
        .Doc("Path or URL of the Git repository.");
    t.Field<&SourceSpec::revision>("revision").Default("HEAD").Doc("Branch, tag or commit.");
    t.Field<&SourceSpec::path>("path").Default("the root").Doc("Folder of the manifests.");
    t.Field<&SourceSpec::semver>("semver").Doc("Instead: the highest tag in this range.");
    t.Field<&SourceSpec::namespaces>("namespaces")
        .Default("all")
        .Doc("Namespaces it may declare objects in.");
    t.Field<&SourceSpec::ignore_groups>("ignoreGroups")
        .Doc("Groups of custom resources that are passed over.");
    t.Field<&SourceSpec::interval>("interval")
        .Default("15s")
        .Doc("Between looks at a remote repository.");
    t.Field<&SourceSpec::depends_on>("dependsOn")
        .Doc("Sources that are to be applied and healthy before a commit of this one is.");
    t.Field<&SourceSpec::suspend>("suspend").Doc("Change nothing of it for now.");
    t.Field<&SourceSpec::apply>("apply").Default("auto").Doc(
        "auto, or manual: a commit waits for reconcile apply.");
    t.Field<&SourceSpec::credentials>("credentials").Doc("Names of files, read at each fetch.");
    t.Field<&SourceSpec::webhook>("webhook").Doc("Who may ask to look at it now.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<HeldPrune>() {
  static const StructTable table = [] {
    Table<HeldPrune> t("HeldPrune");
    t.Field<&HeldPrune::commit>("commit");
    t.Field<&HeldPrune::plan_hash>("planHash").Doc("What reconcile confirm takes.");
    t.Field<&HeldPrune::reason>("reason").Doc("Which limit, with its figures.");
    t.Field<&HeldPrune::objects>("objects").Doc("The first of the objects it would remove.");
    t.Field<&HeldPrune::object_count>("objectCount");
    t.Field<&HeldPrune::confirmed>("confirmed");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<RecentPrune>() {
  static const StructTable table = [] {
    Table<RecentPrune> t("RecentPrune");
    t.Field<&RecentPrune::at>("at");
    t.Field<&RecentPrune::objects>("objects").Doc("Deleted, scaled to zero or created anew.");
    t.Field<&RecentPrune::objects_gone>("objectsGone").Doc("Of these, no longer there.");
    t.Field<&RecentPrune::pods>("pods").Doc("Running pods stopped.");
    t.Field<&RecentPrune::pods_gone>("podsGone").Doc("Of these, not started again.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<RevisionChanges>() {
  static const StructTable table = [] {
    Table<RevisionChanges> t("RevisionChanges");
    t.Field<&RevisionChanges::created>("created");
    t.Field<&RevisionChanges::changed>("changed");
    t.Field<&RevisionChanges::deleted>("deleted");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<RevisionOutcome>() {
  static const StructTable table = [] {
    Table<RevisionOutcome> t("RevisionOutcome");
    t.Field<&RevisionOutcome::result>("result").Doc("Converged or Replaced.");
    t.Field<&RevisionOutcome::at>("at");
    t.Field<&RevisionOutcome::took_ms>("tookMs").Doc("From the commit seen to its last pod ready.");
    t.Field<&RevisionOutcome::pods_started>("podsStarted");
    t.Field<&RevisionOutcome::pods_stopped>("podsStopped");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<SourceRevision>() {
  static const StructTable table = [] {
    Table<SourceRevision> t("SourceRevision");
    t.Field<&SourceRevision::commit>("commit");
    t.Field<&SourceRevision::author>("author");
    t.Field<&SourceRevision::subject>("subject");
    t.Field<&SourceRevision::committed_at>("committedAt").Doc("By Git.");
    t.Field<&SourceRevision::at>("at").Doc("Since when the result is this.");
    t.Field<&SourceRevision::result>("result").Doc("Applied, Waiting, Held or Failed.");
    t.Field<&SourceRevision::message>("message").Doc("Why it waits, is held or failed.");
    t.Field<&SourceRevision::changes>("changes").Doc("Objects, when it came into force.");
    t.Field<&SourceRevision::outcome>("outcome").Doc("How it went on.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<SourceSuspension>() {
  static const StructTable table = [] {
    Table<SourceSuspension> t("SourceSuspension");
    t.Field<&SourceSuspension::by>("by");
    t.Field<&SourceSuspension::reason>("reason");
    t.Field<&SourceSuspension::at>("at");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<SourceAcceptance>() {
  static const StructTable table = [] {
    Table<SourceAcceptance> t("SourceAcceptance");
    t.Field<&SourceAcceptance::commit>("commit");
    t.Field<&SourceAcceptance::by>("by");
    t.Field<&SourceAcceptance::at>("at");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<SourcePin>() {
  static const StructTable table = [] {
    Table<SourcePin> t("SourcePin");
    t.Field<&SourcePin::commit>("commit");
    t.Field<&SourcePin::from>("from").Doc("Another commit than this at the revision ends it.");
    t.Field<&SourcePin::by>("by");
    t.Field<&SourcePin::reason>("reason");
    t.Field<&SourcePin::at>("at");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<SourceWaiting>() {
  static const StructTable table = [] {
    Table<SourceWaiting> t("SourceWaiting");
    t.Field<&SourceWaiting::commit>("commit");
    t.Field<&SourceWaiting::author>("author");
    t.Field<&SourceWaiting::subject>("subject");
    t.Field<&SourceWaiting::problem>("problem").Doc("Why it could not be applied.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<SourceStatus>() {
  static const StructTable table = [] {
    Table<SourceStatus> t("SourceStatus");
    t.Field<&SourceStatus::seen_commit>("seenCommit").Doc("The newest commit looked at.");
    t.Field<&SourceStatus::applied_commit>("appliedCommit").Doc("The last good commit, in force.");
    t.Field<&SourceStatus::applying_commit>("applyingCommit")
        .Doc("The commit that is being applied, while sync waves of it wait.");
    t.Field<&SourceStatus::applied_author>("appliedAuthor");
    t.Field<&SourceStatus::applied_subject>("appliedSubject");
    t.Field<&SourceStatus::applied_reference>("appliedReference")
        .Doc("The branch or tag that named it.");
    t.Field<&SourceStatus::applied_at>("appliedAt");
    t.Field<&SourceStatus::conditions>("conditions").Doc("Ready.");
    t.Field<&SourceStatus::held>("held").Doc("Deletions that wait for a person.");
    t.Field<&SourceStatus::suspended>("suspended").Doc("By reconcile suspend.");
    t.Field<&SourceStatus::accepted>("accepted").Doc("By reconcile apply, and not applied yet.");
    t.Field<&SourceStatus::pin>("pin").Doc("By reconcile rollback.");
    t.Field<&SourceStatus::waiting>("waiting").Doc("The newest commit: for reconcile apply.");
    t.Field<&SourceStatus::read_otherwise>("readOtherwise")
        .Doc("Whether the configuration says otherwise now what the commit in force means.");
    t.Field<&SourceStatus::recent_prunes>("recentPrunes")
        .Doc("What commits of the last hour removed without a person's confirmation.");
    t.Field<&SourceStatus::let_through>("letThrough")
        .Doc("Marks of deletions that were let through and wait for their sync wave.");
    t.Field<&SourceStatus::history>("history").Doc("The last commits, newest first.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<Source>() {
  static const StructTable table = [] {
    Table<Source> t("Source");
    AddTypeMeta(&t);
    t.Field<&Source::metadata>("metadata").Required().Doc("Name.");
    t.Field<&Source::spec>("spec").Required().Doc("From the controller's configuration.");
    t.Field<&Source::status>("status").ReadOnly().Doc("How following it goes.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<Cluster>() {
  static const StructTable table = [] {
    static const GroupType spec(ClusterSpecTable());
    Table<Cluster> t("Cluster");
    AddTypeMeta(&t);
    t.Field<&Cluster::metadata>("metadata").Required().Doc("Name.");
    t.Group("spec", spec).Doc("The identity that agents check.");
    return t;
  }();
  return table;
}

}  // namespace reconcile
