reconcile_test(net_contract_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/docker_firewall_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/host_network_contract_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/kernel_network_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/service_addresses_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/namespaces.cc
          ${CMAKE_CURRENT_LIST_DIR}/worlds.cc
          ${CMAKE_CURRENT_LIST_DIR}/health_server_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/await_program_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/pod_ports_test.cc
  LIBS net_io net base_io
  LABELS contract)
