reconcile_test(net_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/compile_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/fake_network_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/ip_output_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/ipam_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/overlay_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/rules_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/service_rules_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/service_table_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/firewall_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/service_health_test.cc
  LIBS net LABELS unit)

include(${CMAKE_CURRENT_LIST_DIR}/dns/tests.cmake)
