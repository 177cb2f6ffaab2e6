reconcile_fuzz(fuzz_join_token SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_join_token.cc LIBS link)
reconcile_fuzz(fuzz_certificates SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_certificates.cc LIBS link_io)
