reconcile_test(net_dns_contract_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/dns_rules_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/dns_server_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/dns_world.cc
          ${CMAKE_CURRENT_LIST_DIR}/../net/namespaces.cc
  LIBS net_dns_io base_io
  LABELS contract)
