reconcile_test(net_dns_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/answer_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/cache_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/cluster_zone_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/forwarder_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/from_objects_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/message_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/packets.cc
          ${CMAKE_CURRENT_LIST_DIR}/resolv_conf_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/zone_test.cc
  LIBS net_dns LABELS unit)
