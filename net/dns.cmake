# PURE: what the cluster's DNS answers, forwards and remembers; what pods' resolv.conf says.
reconcile_library(net_dns
  SOURCES dns/answer.cc dns/cache.cc dns/forwarder.cc dns/message.cc dns/name.cc dns/reply.cc
          dns/resolv_conf.cc dns/zone.cc
  PUBLIC net)
