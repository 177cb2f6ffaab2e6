# PURE: what the cluster's DNS answers, forwards and remembers; what pods' resolv.conf says.
reconcile_library(net_dns
  SOURCES dns/answer.cc dns/cache.cc dns/cluster_zone.cc dns/forwarder.cc dns/from_objects.cc dns/message.cc dns/name.cc dns/reply.cc
          dns/resolv_conf.cc dns/zone.cc
  PUBLIC net schema)

# The DNS server: sockets, and a thread of its own.
reconcile_library(net_dns_io
  SOURCES dns/name_server.cc dns/server.cc dns/tcp_clients.cc dns/udp_batch.cc dns/upstream_sockets.cc
  PUBLIC net_dns base_io
  PRIVATE net_io)
