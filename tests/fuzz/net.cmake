reconcile_fuzz(fuzz_dns SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_dns.cc LIBS net_dns)
reconcile_fuzz(fuzz_ip_output SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_ip_output.cc LIBS net)
