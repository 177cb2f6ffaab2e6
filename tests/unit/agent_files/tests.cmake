reconcile_test(agent_files_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/disk_host_files_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/fake_host_files_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/use_reader_test.cc
  LIBS agent_files_io agent_files_fake LABELS unit)
