#include "cmd/config.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

struct ReadOutcome {
  Config config;
  std::vector<std::string> errors;
};

ReadOutcome Read(std::string_view text) {
  ReadOutcome read;
  Problems problems;
  ReadConfig(text, "reconcile.yaml", &read.config, &problems);
  for (const Problem& problem : problems.errors) read.errors.push_back(problem.ToString());
  return read;
}

TEST(Config, ReadsEverySetting) {
  const ReadOutcome read = Read(R"(dataFolder: /data
socket: /run/x.sock
dockerSocket: /run/docker.sock
listen: 192.0.2.7:7000
apiListen: 192.0.2.7:6443
advertise: control.example.com:443
controller: {address: "192.0.2.8"}
podCIDR: 10.50.0.0/16
serviceCIDR: 10.60.0.0/20
clusterDomain: example.internal
networkBackend: host-gw
hosts: {silentAfterSeconds: 10, replaceAfterSeconds: 0}
logLevel: debug
logFormat: json
dns:
  upstreamNameservers: [192.0.2.1, "[2001:db8::1]:5300"]
  stubDomains: {corp.example: ["192.0.2.53:5353", 2001:db8::53], 2.0.192.in-addr.arpa: [192.0.2.53]}
node:
  name: host-7
  address: 192.0.2.7
  labels: {disk: ssd}
sources:
- {name: main, repository: /srv/a, revision: v1, path: deploy}
- {name: extra, repository: /srv/b}
deletionBreaker: {maxObjects: 7, maxPercent: 20, minForPercent: 2, windowSeconds: 60}
)");
  EXPECT_EQ(read.errors, std::vector<std::string>());
  EXPECT_EQ(read.config.data_folder, "/data");
  EXPECT_EQ(read.config.socket_path, "/run/x.sock");
  EXPECT_EQ(read.config.docker_socket, "/run/docker.sock");
  EXPECT_EQ(read.config.listen, "192.0.2.7:7000");
  EXPECT_EQ(read.config.api_listen, "192.0.2.7:6443");
  EXPECT_EQ(read.config.advertise, "control.example.com:443");
  EXPECT_EQ(read.config.controller_address, "192.0.2.8");
  EXPECT_EQ(read.config.pod_cidr, "10.50.0.0/16");
  EXPECT_EQ(read.config.service_cidr, "10.60.0.0/20");
  EXPECT_EQ(read.config.cluster_domain, "example.internal");
  EXPECT_EQ(read.config.network_backend, "host-gw");
  EXPECT_EQ(read.config.silent_after_ms, 10'000);
  EXPECT_EQ(read.config.replace_after_ms, 0);
  EXPECT_EQ(read.config.log_level, "debug");
  EXPECT_EQ(read.config.log_format, "json");
  EXPECT_EQ(read.config.dns_upstreams,
            (std::vector<DnsUpstream>{{"192.0.2.1", 53}, {"2001:db8::1", 5300}}));
  EXPECT_EQ(read.config.stub_domains,
            (std::vector<StubDomain>{{"corp.example", {{"192.0.2.53", 5353}, {"2001:db8::53", 53}}},
                                     {"2.0.192.in-addr.arpa", {{"192.0.2.53", 53}}}}));
  EXPECT_EQ(read.config.node_name, "host-7");
  EXPECT_EQ(read.config.node_address, "192.0.2.7");
  EXPECT_EQ(read.config.node_labels.at("disk"), "ssd");
  ASSERT_EQ(read.config.sources.size(), 2U);
  EXPECT_EQ(read.config.sources[0].spec, (SourceSpec{"/srv/a", "v1", "deploy"}));
  EXPECT_EQ(read.config.sources[1].name, "extra");
  EXPECT_EQ(read.config.breaker.max_objects, 7);
  EXPECT_EQ(read.config.breaker.max_percent, 20);
  EXPECT_EQ(read.config.breaker.min_for_percent, 2);
  EXPECT_EQ(read.config.breaker.window_ms, 60'000);
}

TEST(Config, ReadsWhatAHostIsShortOf) {
  const ReadOutcome read = Read(R"(node:
  evictionHard: {memory.available: 200Mi, nodefs.available: "7%", pid.available: 0}
  evictionPressureTransitionSeconds: 30
  imageGCHighThresholdPercent: 70
  imageGCLowThresholdPercent: 60
  imageMinimumGCAgeSeconds: 10
)");
  EXPECT_EQ(read.errors, std::vector<std::string>());
  PressureLimits pressure;
  pressure.thresholds[0] = {.amount = 200 << 20};
  pressure.thresholds[1] = {.percent = 7};
  pressure.thresholds[5] = {};
  pressure.transition_ms = 30'000;
  EXPECT_EQ(read.config.pressure, pressure) << "the others keep their defaults";
  EXPECT_EQ(read.config.images, (ImageLimits{70, 60, 10'000}));
}

TEST(Config, RefusesThresholdsThatMeanNothing) {
  const auto error_of = [](const std::string& text) {
    const ReadOutcome read = Read(text);
    return read.errors.empty() ? "" : read.errors.front();
  };
  EXPECT_EQ(error_of("node: {evictionHard: {memory.available: much}}"),
            "reconcile.yaml:1:41: node.evictionHard.memory.available: must be an amount, as 100Mi, "
            "or a percentage, as 10%, is 'much'");
  EXPECT_TRUE(error_of("node: {evictionHard: {memory: 1Mi}}")
                  .starts_with("reconcile.yaml:1:23: node.evictionHard.memory: unknown setting"));
  EXPECT_EQ(error_of("node: {imageGCHighThresholdPercent: 50}"),
            "reconcile.yaml:1:7: node: imageGCLowThresholdPercent (80) must be below "
            "imageGCHighThresholdPercent (50)");
}

TEST(Config, NamesAnUnknownSettingWithItsPlace) {
  const ReadOutcome read = Read("socket: /run/x.sock\nnode:\n  nmae: host\n");
  ASSERT_EQ(read.errors.size(), 1U);
  EXPECT_EQ(read.errors[0],
            "reconcile.yaml:3:3: node.nmae: unknown setting; known here: address, "
            "evictionHard, evictionPressureTransitionSeconds, imageGCHighThresholdPercent, "
            "imageGCLowThresholdPercent, imageMinimumGCAgeSeconds, labels, name");
}

TEST(Config, RefusesAWrongType) {
  const ReadOutcome read = Read("socket: 7\nsources: none\ndeletionBreaker: {maxPercent: 101}\n");
  ASSERT_EQ(read.errors.size(), 3U);
  EXPECT_EQ(read.errors[0].substr(0, 42), "reconcile.yaml:1:9: socket: must be a stri");
  EXPECT_NE(read.errors[1].find("sources: must be a list"), std::string::npos);
  EXPECT_NE(read.errors[2].find("from 0 to 100"), std::string::npos);
}

TEST(Config, RefusesValuesThatCannotWork) {
  const auto error_of = [](const std::string& text) {
    const ReadOutcome read = Read(text);
    return read.errors.size() == 1 ? read.errors[0] : "";
  };
  EXPECT_EQ(error_of("listen: control:7443"),
            "reconcile.yaml:1:9: listen: 'control' is a name: give an address of this host, or "
            "0.0.0.0 for all");
  EXPECT_EQ(error_of("advertise: 0.0.0.0:7443"),
            "reconcile.yaml:1:12: advertise: 0.0.0.0 is no address that a host can dial");
  EXPECT_EQ(error_of("controller: {address: 'control:x'}"),
            "reconcile.yaml:1:23: controller.address: the port in 'control:x' must be a number "
            "from 1 to 65535");
  EXPECT_EQ(error_of("podCIDR: banana"),
            "reconcile.yaml:1:10: podCIDR: \"banana\" is not an IPv4 block like 10.42.0.0/16");
  EXPECT_EQ(error_of("podCIDR: 10.42.7.0/16"),
            "reconcile.yaml:1:10: podCIDR: has host bits set; write 10.42.0.0/16");
  EXPECT_EQ(
      error_of("podCIDR: 10.42.7.0/25"),
      "reconcile.yaml:1:10: podCIDR: 10.42.7.0/25 is too small: every host takes a /24 of it");
  EXPECT_EQ(error_of("serviceCIDR: 10.60.0.0/29"),
            "reconcile.yaml:1:14: serviceCIDR: 10.60.0.0/29 is too small: the longest prefix is "
            "/28");
  EXPECT_EQ(error_of("serviceCIDR: 10.60.0.1/28"),
            "reconcile.yaml:1:14: serviceCIDR: has host bits set; write 10.60.0.0/28");
  EXPECT_NE(error_of("clusterDomain: A_b"), "");
  EXPECT_EQ(error_of("networkBackend: bgp"),
            "reconcile.yaml:1:17: networkBackend: must be vxlan or host-gw, is 'bgp'");
  EXPECT_EQ(error_of("hosts: {silentAfterSeconds: 2}"),
            "reconcile.yaml:1:29: hosts.silentAfterSeconds: must be a number from 3 to 86400, "
            "is integer");
  EXPECT_EQ(error_of("dns: {upstreamNameservers: [ns.corp.example]}"),
            "reconcile.yaml:1:29: dns.upstreamNameservers: 'ns.corp.example' is no name server's "
            "address like 192.0.2.53 or 192.0.2.53:5353");
  EXPECT_EQ(error_of("dns: {stubDomains: {corp.example: []}}"),
            "reconcile.yaml:1:35: dns.stubDomains.corp.example: must be a list of 1 to 8 name "
            "servers' addresses");
  EXPECT_TRUE(error_of("dns: {stubDomains: {Corp_: [192.0.2.53]}}")
                  .starts_with("reconcile.yaml:1:21: dns.stubDomains.Corp_: "));
  EXPECT_EQ(error_of("logLevel: loud"),
            "reconcile.yaml:1:11: logLevel: must be info or debug, is 'loud'");
  EXPECT_EQ(error_of("logFormat: xml"),
            "reconcile.yaml:1:12: logFormat: must be text or json, is 'xml'");
  EXPECT_EQ(error_of("dataFolder: data"),
            "reconcile.yaml:1:13: dataFolder: must be an absolute path, is 'data'");
  EXPECT_EQ(
      error_of("node: {address: 10.0.0.300}"),
      "reconcile.yaml:1:17: node.address: \"10.0.0.300\" is not an IPv4 address like 10.42.0.7");
  EXPECT_TRUE(error_of("socket: /" + std::string(107, 'a')).ends_with("may have 107"));
  EXPECT_TRUE(error_of("node: {name: My_Host}").starts_with("reconcile.yaml:1:14: node.name: "));
  EXPECT_TRUE(
      error_of("node: {labels: {'a b': c}}").starts_with("reconcile.yaml:1:17: node.labels.a b"));
}

TEST(Config, RefusesASourceWithoutRepositoryAndASecondOfOneName) {
  const ReadOutcome read = Read("sources:\n- {name: a}\n- {name: a, repository: /x}\n");
  ASSERT_EQ(read.errors.size(), 2U);
  EXPECT_NE(read.errors[0].find("needs a name and a repository"), std::string::npos);
  EXPECT_NE(read.errors[1].find("the name 'a' is taken"), std::string::npos);
}

TEST(Config, RefusesDependenciesOnNobodyAndInACircle) {
  const auto source = [](const std::string& name, const std::string& on) {
    return "- {name: " + name + ", repository: /x, dependsOn: [" + on + "]}\n";
  };
  const ReadOutcome good =
      Read("sources:\n" + source("a", "b, c") + source("b", "c") + source("c", ""));
  EXPECT_EQ(good.errors, std::vector<std::string>());
  EXPECT_EQ(good.config.sources[0].spec.depends_on, (std::vector<std::string>{"b", "c"}));
  const ReadOutcome unknown = Read("sources:\n" + source("a", "z"));
  ASSERT_EQ(unknown.errors.size(), 1U);
  EXPECT_NE(unknown.errors[0].find("sources[0].dependsOn: no source is named 'z'"),
            std::string::npos);
  const ReadOutcome circle =
      Read("sources:\n" + source("a", "b") + source("b", "c") + source("c", "b"));
  ASSERT_EQ(circle.errors.size(), 2U) << "a only leads there";
  EXPECT_NE(circle.errors[0].find("sources[1].dependsOn: depends on itself: b -> c -> b"),
            std::string::npos);
}

TEST(Config, ReadsEverySettingOfARemoteSource) {
  const ReadOutcome read = Read(R"(sources:
- name: shop
  repository: https://git.example.org/team/shop.git
  semver: ">=1.2 <2"
  path: deploy
  namespaces: [shop, shop-test]
  ignoreGroups: [monitoring.coreos.com]
  interval: 1m
  suspend: true
  apply: manual
  credentials:
    tokenFile: /keys/token
    caFile: /keys/ca.pem
    clientCertificateFile: /keys/client.pem
    clientKeyFile: /keys/client.key
  webhook: {secretFile: /keys/hook, provider: gitea}
- name: tools
  repository: git@git.example.org:team/tools.git
  revision: refs/heads/main
  credentials: {sshKeyFile: /keys/id, knownHostsFile: /keys/hosts}
- name: more
  repository: https://git.example.org/more
  credentials: {usernameFile: /keys/user, passwordFile: /keys/password}
)");
  EXPECT_EQ(read.errors, std::vector<std::string>());
  ASSERT_EQ(read.config.sources.size(), 3U);
  const SourceSpec& shop = read.config.sources[0].spec;
  EXPECT_EQ(shop.semver, ">=1.2 <2");
  EXPECT_EQ(shop.ignore_groups, (std::vector<std::string>{"monitoring.coreos.com"}));
  EXPECT_EQ(shop.namespaces, (std::vector<std::string>{"shop", "shop-test"}));
  EXPECT_EQ(shop.interval, "1m");
  EXPECT_TRUE(shop.suspend);
  EXPECT_EQ(shop.apply, "manual");
  EXPECT_EQ(shop.credentials.token_file, "/keys/token");
  EXPECT_EQ(shop.credentials.client_key_file, "/keys/client.key");
  ASSERT_TRUE(shop.webhook);
  EXPECT_EQ(shop.webhook->provider, "gitea");
  EXPECT_EQ(read.config.sources[1].spec.credentials.ssh_key_file, "/keys/id");
  EXPECT_EQ(read.config.sources[2].spec.credentials.username_file, "/keys/user");
}

TEST(Config, RefusesRemoteSourcesThatCannotWork) {
  const auto expect = [](const std::string& settings, const std::string& part) {
    const ReadOutcome read = Read("sources:\n- {name: a, " + settings + "}\n");
    ASSERT_EQ(read.errors.size(), 1U) << settings;
    EXPECT_NE(read.errors[0].find(part), std::string::npos) << read.errors[0];
    EXPECT_TRUE(read.errors[0].starts_with("reconcile.yaml:2:")) << read.errors[0];
  };
  expect("repository: 'ext::sh'", "the transport \"ext\" is not used");
  expect("repository: 'https://user:canary@host/x'", "has a user or a password in it");
  expect("repository: srv/git", "must be an absolute path or a URL");
  expect("repository: 'https://h/x', interval: 1s", "sources[0].interval: must be a duration");
  expect("repository: 'https://h/x', semver: latest", "no comparison of versions");
  expect("repository: 'https://h/x', semver: 1.x, revision: main", "exclude each other");
  expect("repository: 'https://h/x', namespaces: shop", "must be a list of strings");
  expect("repository: 'https://h/x', namespaces: [A_b]", "sources[0].namespaces");
  expect("repository: 'https://h/x', suspend: 1", "must be true or false");
  expect("repository: 'https://h/x', apply: never", "apply: must be auto or manual");
  expect("repository: 'https://h/x', credentials: {tokenFile: x}", "must be an absolute path");
  expect("repository: 'https://h/x', credentials: {token: x}",
         "unknown setting; known here: caFile");
  expect("repository: 'https://h/x', webhook: {secretFile: /x, provider: svn}", "must be github");
  expect("repository: 'https://h/x', webhook: {provider: github}", "needs a secretFile");
  expect("repository: 'git@h:x'", "needs sshKeyFile");
  expect("repository: /srv/git, credentials: {tokenFile: /x}", "takes none");
}

TEST(Config, TakesAsManySourcesAsItsLimitSays) {
  std::string text = "sources:\n";
  for (size_t i = 0; i < kMaxSources; ++i) {
    text += "- {name: s" + std::to_string(i) + ", repository: /srv/git}\n";
  }
  EXPECT_TRUE(Read(text).errors.empty());
  const ReadOutcome read = Read(text + "- {name: more, repository: /srv/git}\n");
  ASSERT_EQ(read.errors.size(), 1U);
  EXPECT_NE(read.errors[0].find("kMaxSources"), std::string::npos);
}

TEST(Config, KeepsDefaultsForWhatIsUnset) {
  const ReadOutcome read = Read("# nothing\nsocket: null\n");
  EXPECT_TRUE(read.errors.empty());
  EXPECT_EQ(read.config.socket_path, Config().socket_path);
}

TEST(Config, RefusesADuplicateSetting) {
  EXPECT_EQ(Read("socket: /a\nsocket: /b\n").errors.size(), 1U);
}

}  // namespace
}  // namespace reconcile
