reconcile_fuzz(fuzz_link_messages
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_link_messages.cc
  LIBS link)
